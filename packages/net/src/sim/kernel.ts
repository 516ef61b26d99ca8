import { ChunkMaker } from './chunk.ts';
import { EventQueue, type SimEvent } from './event-queue.ts';
import { Fingerprint } from './fingerprint.ts';
import { settle } from './settle.ts';
import type { Random } from '../contracts.ts';
import { seededRandom } from '../random.ts';

/** Figures of a simulated world, with the defaults of {@link SimWorldOptions}. */
export interface SimLimits {
  readonly watermark: number;
  readonly window: number;
  readonly closeTimeout: number;
  readonly retransmitTimeout: number;
}

/** Why {@link SimKernel.run} has stopped. */
export type RunEnd = 'until' | 'limit' | 'idle';

/** When {@link SimKernel.run} stops. */
export interface RunOptions {
  /** Asked after each event that ran code of the simulated hosts; the run ends when it answers true. */
  readonly until?: () => boolean;
  /** Most virtual milliseconds this run may take. Default: no limit. */
  readonly limit?: number;
}

/** Virtual time: the events to come, and the loop that makes them happen. */
export class SimKernel {
  readonly limits: SimLimits;
  readonly random: Random;
  readonly chunks: ChunkMaker;
  /** Of the times of all events, and of what was delivered. */
  readonly fingerprint = new Fingerprint();
  readonly #queue = new EventQueue();
  #now = 0;
  #events = 0;
  #running = false;
  /** Code of the simulated hosts ran since things last settled. */
  #touched = true;
  #holds = 0;
  #failures: unknown[] = [];

  constructor(seed: number, limits: SimLimits) {
    this.random = seededRandom(seed);
    this.chunks = new ChunkMaker(seededRandom(this.random.integer(2 ** 32)));
    this.limits = limits;
  }

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Makes something happen at a time; one that has passed means now. */
  at(time: number, action: () => void): SimEvent {
    return this.#queue.add(Math.max(time, this.#now), action);
  }

  cancel(event: SimEvent): void {
    this.#queue.cancel(event);
  }

  /** Runs code of a simulated host: what it sets off is given time to settle before the next event. */
  call(callback: () => void): void {
    this.#touched = true;
    callback();
  }

  /** As {@link call}, for code whose exceptions have nowhere to go: they end the run. */
  callOrReport(callback: () => void): void {
    try {
      this.call(callback);
    } catch (thrown) {
      this.report(thrown);
    }
  }

  /** Lets the run end with an error. */
  report(thrown: unknown): void {
    this.#failures.push(thrown);
  }

  /** Code of a simulated host is about to run otherwise than by {@link call}: a promise was settled for it. */
  touch(): void {
    this.#touched = true;
  }

  /** Keeps virtual time from moving until the answer is called. */
  hold(): () => void {
    this.#holds++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#holds--;
    };
  }

  async run(options: RunOptions): Promise<RunEnd> {
    if (this.#running) throw new Error('the world is running already');
    this.#running = true;
    try {
      return await this.#run(options.until, this.#now + (options.limit ?? Infinity));
    } finally {
      this.#running = false;
      // Whoever ran the world may do anything before running it again.
      this.#touched = true;
    }
  }

  async #run(until: (() => boolean) | undefined, end: number): Promise<RunEnd> {
    for (;;) {
      if (this.#touched) {
        await settle(() => this.#holds > 0);
        this.#touched = false;
        this.#throwFailure();
        if (until?.() === true) return 'until';
      }
      const time = this.#queue.nextTime();
      if (time === undefined) return 'idle';
      if (time > end) {
        this.#now = end;
        return 'limit';
      }
      this.#now = time;
      this.#events++;
      this.fingerprint.time(time);
      this.#queue.take()?.();
    }
  }

  #throwFailure(): void {
    const [first, ...more] = this.#failures;
    if (first === undefined) return;
    this.#failures = [];
    if (more.length > 0)
      throw new AggregateError([first, ...more], 'handlers threw in the simulated world');
    throw first instanceof Error ? first : new Error('a handler threw', { cause: first });
  }
}
