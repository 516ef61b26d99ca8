import type { FileLayout, Metainfo, TorrentInfo } from '@shoal/metainfo';
import type { Clock, Random } from '@shoal/net';
import type { RateGate } from '../choke/rate-gate.ts';
import type { RequestSlots } from './request-slots.ts';
import { readSeedUrl, shownUrl } from './seed-url.ts';
import type { WebGeometry } from './web-parts.ts';
import { WebSeed } from './web-seed.ts';
import type {
  WebSeedIdentity,
  WebSeedMeans,
  WebSeedState,
  WebSeedSwarm,
} from './web-seed-means.ts';
import { webSeedDefaults } from './web-seed-options.ts';
import type { WebTransport } from './web-transport.ts';

export type { WebSeedState, WebSeedSwarm } from './web-seed-means.ts';

/** One web seed of a torrent, at a moment. */
export interface WebSeedStatus {
  /** As the torrent gives it, without credentials. */
  readonly url: string;
  /** `url-list` (BEP 19), or `httpseeds` (BEP 17). */
  readonly kind: 'url-list' | 'httpseeds';
  readonly state: WebSeedState;
  /** Requests under way. */
  readonly requests: number;
  /** Bytes of bodies that came from it. */
  readonly downloadedBytes: number;
  /** Bytes per second. */
  readonly downloadRate: number;
  /** Why it waits or is refused, for a person; free of control characters. */
  readonly reason: string | undefined;
}

/** What the client lends to the web seeds of all its torrents. */
export interface WebSeedHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: WebTransport;
  readonly slots: RequestSlots;
  readonly maxRequestsPerSeed: number;
  /** Where the web seeds that a torrent names may be. */
  readonly addresses: 'public' | 'any';
}

export interface WebSeedsParts {
  readonly host: WebSeedHost;
  readonly info: TorrentInfo;
  readonly layout: () => FileLayout;
  readonly gate: () => RateGate;
  readonly changed: (status: WebSeedStatus) => void;
}

/** A web seed that was named. */
interface Named {
  readonly text: string;
  readonly kind: 'url-list' | 'httpseeds';
  readonly publicOnly: boolean;
}

/**
 * The web seeds of a torrent. What they are is kept while there is no swarm to work for; what was learned of them, such as bans,
 * stays as long as the torrent.
 */
export class WebSeeds {
  readonly #parts: WebSeedsParts;
  readonly #named: Named[] = [];
  /** Made with the first swarm that wants something. */
  #seeds: WebSeed[] | undefined;
  /** Those whose URL cannot be used, and why. */
  readonly #unusable = new Map<Named, string>();
  readonly #told = new Map<WebSeed, string>();
  #swarm: WebSeedSwarm | undefined;
  #isRunning = false;
  #isFilling = false;

  constructor(parts: WebSeedsParts) {
    this.#parts = parts;
  }

  /** Those that a torrent names, and those that the user does. Undefined where there are none. */
  static of(
    parts: WebSeedsParts,
    { webSeeds, httpSeeds }: Pick<Metainfo, 'webSeeds' | 'httpSeeds'>,
    own: readonly string[] = [],
  ): WebSeeds | undefined {
    if (webSeeds.length + httpSeeds.length + own.length === 0) return undefined;
    const seeds = new WebSeeds(parts);
    const publicOnly = parts.host.addresses === 'public';
    for (const text of own) seeds.#name({ text, kind: 'url-list', publicOnly: false });
    for (const text of webSeeds) seeds.#name({ text, kind: 'url-list', publicOnly });
    for (const text of httpSeeds) seeds.#name({ text, kind: 'httpseeds', publicOnly });
    return seeds;
  }

  /** Requests under way. */
  get activeRequests(): number {
    let count = 0;
    for (const seed of this.#seeds ?? []) count += seed.activeRequests;
    return count;
  }

  /** Web seeds that send, or are asked to. */
  get activeSeeds(): number {
    let count = 0;
    for (const seed of this.#seeds ?? []) if (seed.activeRequests > 0) count += 1;
    return count;
  }

  /** All of them, in the order in which they were named. */
  status(): WebSeedStatus[] {
    const seeds = new Map(this.#seeds?.map((seed) => [seed.identity.name, seed]));
    return this.#named.map((named, index) => {
      const seed = seeds.get(nameOf(index));
      if (seed !== undefined) return this.#statusOf(seed, named);
      const reason = this.#unusable.get(named);
      const state = reason === undefined ? 'idle' : 'refused';
      return { ...nothingOf(named), state, reason };
    });
  }

  /** There is a swarm for them to work for. */
  attach(swarm: WebSeedSwarm): void {
    this.stop();
    this.#swarm = swarm;
  }

  /** They may be asked from now on. */
  start(): void {
    this.#isRunning = true;
    this.fill();
  }

  /** Ends all requests. */
  stop(): void {
    this.#isRunning = false;
    for (const seed of this.#seeds ?? []) seed.stop();
  }

  /** Once a second. */
  tick(now: number): void {
    if (!this.#isRunning) return;
    this.fill();
    for (const seed of this.#seeds ?? []) seed.tick(now);
  }

  /** Asks for more: there may be something, or memory for it, that was not there before. */
  fill(): void {
    // Whoever fills may end a request, which has others filled.
    if (!this.#isRunning || this.#isFilling) return;
    if (this.#seeds === undefined && (this.#swarm?.picker.wantedLeft ?? 0) === 0) return;
    this.#isFilling = true;
    this.#seeds ??= this.#make(this.#swarm);
    for (const seed of this.#seeds) seed.fill();
    this.#isFilling = false;
  }

  /** Other pieces are wanted than before. */
  wantedChanged(): void {
    for (const seed of this.#seeds ?? []) seed.wantedChanged();
  }

  /** Partial pieces were given up: nobody waits for their blocks any more. */
  cancelForgotten(): void {
    for (const seed of this.#seeds ?? []) seed.cancelForgotten();
  }

  /** One of them, other than `except`, would send blocks of a piece if asked. */
  wouldSend(piece: number, except?: WebSeed): boolean {
    return this.#seeds?.some((seed) => seed !== except && seed.wouldSend(piece)) === true;
  }

  /** A sender of corrupt blocks is convicted: true where it is one of these. */
  convict(name: string, piece: number): boolean {
    const seed = this.#seeds?.find((each) => each.name === name);
    seed?.convicted(piece);
    return seed !== undefined;
  }

  #name(named: Named): void {
    if (this.#named.length >= webSeedDefaults.maxSeeds) return;
    const isKnown = this.#named.some(
      ({ text, kind }) => text === named.text && kind === named.kind,
    );
    if (isKnown) return;
    this.#named.push(named);
    const read = readSeedUrl(named.text);
    if ('reason' in read) this.#unusable.set(named, read.reason);
  }

  #make(swarm: WebSeedSwarm | undefined): WebSeed[] {
    if (swarm === undefined) return [];
    const means = this.#means(swarm);
    return this.#named.flatMap((named, index) => {
      const read = readSeedUrl(named.text);
      if ('reason' in read) return [];
      const { kind, publicOnly } = named;
      const identity: WebSeedIdentity = { name: nameOf(index), url: read.url, kind, publicOnly };
      return [new WebSeed(identity, means)];
    });
  }

  #means(first: WebSeedSwarm): WebSeedMeans {
    const { host, info, layout, gate } = this.#parts;
    const { transport, slots, random, clock, maxRequestsPerSeed } = host;
    // Swarms come and go, and gates with them.
    const present = (): WebSeedSwarm => this.#swarm ?? first;
    const geometry: WebGeometry = {
      info,
      layout: layout(),
      blocksPerPiece: first.picker.blocksPerPiece,
      pieceLengthAt: (piece) => present().picker.pieceLengthAt(piece),
    };
    return {
      geometry,
      get swarm() {
        return present();
      },
      get gate() {
        return gate();
      },
      transport,
      slots,
      random,
      maxRequests: maxRequestsPerSeed,
      now: () => clock.now(),
      cursors: (except) => this.#cursors(except),
      hasOthers: (except) =>
        this.#seeds?.some((seed) => seed !== except && seed.state !== 'refused') === true,
      othersSend: (piece, except) => this.wouldSend(piece, except),
      freed: () => slots.serveWaiting(),
      changed: (seed) => this.#tell(seed),
    };
  }

  #cursors(except: WebSeed): ReadonlySet<number> {
    const cursors = new Set<number>();
    for (const seed of this.#seeds ?? []) {
      if (seed !== except && seed.cursor >= 0) cursors.add(seed.cursor);
    }
    return cursors;
  }

  /** Tells of failures, once each. */
  #tell(seed: WebSeed): void {
    const { state, reason } = seed;
    if (state !== 'waiting' && state !== 'refused') {
      if (seed.downloadedBytes > 0) this.#told.delete(seed);
      return;
    }
    const said = `${state} ${reason ?? ''}`;
    if (this.#told.get(seed) === said) return;
    this.#told.set(seed, said);
    const named = this.#named[Number(seed.name.slice(NAME_PREFIX.length))];
    if (named !== undefined) this.#parts.changed(this.#statusOf(seed, named));
  }

  #statusOf(seed: WebSeed, named: Named): WebSeedStatus {
    const { state, reason, downloadedBytes, activeRequests: requests } = seed;
    const downloadRate = seed.rate.rate(this.#parts.host.clock.now());
    return { ...nothingOf(named), state, reason, requests, downloadedBytes, downloadRate };
  }
}

/** No address begins so. */
const NAME_PREFIX = 'web seed ';

function nameOf(index: number): string {
  return `${NAME_PREFIX}${index}`;
}

function nothingOf({ text, kind }: Named): Omit<WebSeedStatus, 'state' | 'reason'> {
  return { url: shownUrl(text), kind, requests: 0, downloadedBytes: 0, downloadRate: 0 };
}
