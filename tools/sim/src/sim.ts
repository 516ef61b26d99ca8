import { seededRandom, type Random } from '@shoal/net';
import { SimSwarm, type SwarmSetup } from '../../../packages/client/test/support/sim-swarm.ts';
import { Watch, type WatchOptions } from './watch.ts';

/** What a figure is held against. */
export interface Bound {
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Exactly this. */
  readonly is?: number;
}

/** The seed whose parameters are those the scenario states. */
export const STATED_SEED = 1;

/** A swarm under watch. */
interface Watched {
  readonly swarm: SimSwarm;
  readonly watch: Watch;
}

/** What a scenario is given: chance, swarms that are watched, and a place to say what was measured. */
export class Sim {
  readonly seed: number;
  /** For what the scenario itself leaves to chance. */
  readonly random: Random;
  readonly failures: string[] = [];
  readonly figures: string[] = [];
  readonly drawn: string[] = [];
  readonly #parameters: Random;
  readonly #watched: Watched[] = [];
  readonly #fingerprints: string[] = [];
  events = 0;
  virtualSeconds = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.#parameters = seededRandom(seed + 0x51ed);
  }

  /** Of all its worlds. */
  get fingerprint(): string {
    return this.#fingerprints.join(' ');
  }

  /** A whole number of the scenario: as stated for the usual seed, else any from `from` to `to`. */
  vary(name: string, stated: number, from: number, to: number): number {
    if (this.seed === STATED_SEED) return stated;
    const value = from + this.#parameters.integer(to - from + 1);
    this.drawn.push(`${name} ${value}`);
    return value;
  }

  /** A world with a tracker, for clients of one torrent. It is closed and looked at when the scenario is over. */
  swarm(setup: Omit<SwarmSetup, 'seed'> = {}, watch: WatchOptions = {}): SimSwarm {
    const seed = this.seed * 1_000 + this.#watched.length + this.#fingerprints.length;
    const swarm = new SimSwarm({ seed, ...setup });
    this.#watched.push({ swarm, watch: new Watch(swarm, watch) });
    return swarm;
  }

  /** What is watched of a swarm. */
  watchOf(swarm: SimSwarm): Watch {
    const found = this.#watched.find((each) => each.swarm === swarm);
    if (found === undefined) throw new Error('that swarm is closed');
    return found.watch;
  }

  /** Says what was measured, and notes a failure where it is out of bounds. */
  check(name: string, value: number, bound: Bound, unit = ''): void {
    const { atMost = Infinity, atLeast = -Infinity, is } = bound;
    const holds = value <= atMost && value >= atLeast && (is === undefined || value === is);
    const parts = [];
    if (is !== undefined) parts.push(`= ${short(is)}`);
    if (atLeast !== -Infinity) parts.push(`≥ ${short(atLeast)}`);
    if (atMost !== Infinity) parts.push(`≤ ${short(atMost)}`);
    const text = `${name} ${short(value)}${unit} (${parts.join(', ')})`;
    this.figures.push(text);
    if (!holds) this.fail(text);
  }

  /** Notes a failure where something does not hold. */
  holds(what: string, holds: boolean): void {
    if (!holds) this.fail(`not so: ${what}`);
  }

  fail(what: string): void {
    this.failures.push(what);
  }

  /** Says what was measured, without a bound. */
  figure(name: string, value: number, unit = ''): void {
    this.figures.push(`${name} ${short(value)}${unit}`);
  }

  /** Closes a swarm and looks at what must hold in every one. */
  async close(swarm: SimSwarm): Promise<void> {
    const index = this.#watched.findIndex((each) => each.swarm === swarm);
    const watched = this.#watched[index];
    if (watched === undefined) return;
    this.#watched.splice(index, 1);
    for (const failure of watched.watch.stop()) this.fail(failure);
    try {
      await swarm.close();
    } finally {
      const { world } = swarm;
      this.events += world.events;
      this.virtualSeconds += world.now / 1000;
      this.#fingerprints.push(world.fingerprint);
    }
  }

  /** Closes all that is left. */
  async finish(): Promise<void> {
    for (const { swarm } of [...this.#watched]) await this.close(swarm);
  }
}

function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(1);
}
