import type { Endpoint } from '@shoal/net';

/** Where we heard of a peer; `link` is a magnet link (`x.pe`). */
export type PeerSource = 'user' | 'tracker' | 'incoming' | 'link' | 'lsd' | 'pex' | 'dht';

/** The sources, those we trust most first. */
export const SOURCES: readonly PeerSource[] = [
  'user',
  'tracker',
  'incoming',
  'link',
  'lsd',
  'pex',
  'dht',
];

/** Milliseconds to wait after the first failure; each further one multiplies it. */
const MIN_BACK_OFF = 1_000;
const BACK_OFF_FACTOR = 4;
/** Milliseconds to wait at most. */
const MAX_BACK_OFF = 30 * 60_000;
/** A peer that is named again after more failures than this waits no longer than after so many: 4 to 5 minutes. */
const NAMED_FAILURES = 5;
/** Milliseconds to wait after an orderly end; each further one in a row doubles it. */
const MIN_RECONNECT = 5_000;

/** A peer as somebody names it. */
export interface NamedPeer extends Endpoint {
  /** 20 bytes: whom to expect there. Trackers whose lists are not compact say so (BEP 3). */
  readonly peerId?: Uint8Array;
  /** It was found under the torrent's v2 hash (BEP 52), or has agreed to it before. */
  readonly knowsV2?: boolean;
  /** It goes on with another v2 hash than ours where it is offered v2: the offer is left out. */
  readonly hasOtherV2?: boolean;
  /** Somebody says that it is a seed. */
  readonly isSeed?: boolean;
}

/** A peer that may be dialled. */
export class Candidate {
  readonly endpoint: Endpoint;
  state: 'idle' | 'dialling' | 'connected' = 'idle';
  /** Attempts that failed since the last success. */
  failures = 0;
  /** The code of the last one's error; undefined: it ended in order. */
  failure: string | undefined;
  /** Connections that ended in order, without a long one among them. */
  partings = 0;
  /** Monotonic ms before which it is not dialled. */
  notBefore = 0;
  /** Monotonic ms of the last attempt. */
  dialledAt = 0;
  /** Whom a tracker said to expect there. */
  peerId: Uint8Array | undefined;
  /** It is in the v2 swarm, as far as is known. */
  #inV2Swarm = false;
  /** It did not do with v2, or does with v1: it is dialled with the v1 hash all the same. */
  #prefersV1 = false;
  /** See {@link NamedPeer}. One of the two hashes that a magnet link has may be of another torrent, which only its metadata shows. */
  hasOtherV2 = false;
  /** It had all pieces when we last knew. */
  seed = false;
  /** Canonical priority (BEP 40), an unsigned 32-bit integer: higher is dialled first. */
  priority = 0;
  /** Monotonic ms at which a connection was last there; `Infinity` while one is, -Infinity: never in this run. */
  workedAt = -Infinity;
  /** Runs in a row, before this one, in which it could not be reached; undefined where it is not known from an earlier run. */
  missedBefore: number | undefined;
  /** Somebody has named it in this run. */
  isFresh = false;
  /** Monotonic ms of the last failure. */
  #failedAt = 0;
  /** Bit set of the sources, by their index. */
  #sources = 0;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  get sources(): PeerSource[] {
    return SOURCES.filter((_source, index) => (this.#sources & (1 << index)) !== 0);
  }

  /** The best of its sources: 0 is the most trusted. */
  get trust(): number {
    return this.#sources === 0 ? SOURCES.length : 31 - Math.clz32(this.#sources & -this.#sources);
  }

  /** It is to be dialled with the v2 hash. */
  get knowsV2(): boolean {
    return this.#inV2Swarm && !this.#prefersV1;
  }

  /** It was found under the v2 hash. */
  foundInV2(): void {
    if (this.#inV2Swarm) return;
    this.#inV2Swarm = true;
    this.#prefersV1 = false;
  }

  /** A connection has agreed on the v2 hash, or on the v1 one. */
  agreed(isV2: boolean): void {
    this.#inV2Swarm ||= isV2;
    this.#prefersV1 = !isV2;
  }

  /**
   * A source names it now. It may be there again, or our line may be: the longest waits are cut short. Not for peers' word of each
   * other, which costs them nothing and comes every minute.
   * @returns whether that changed when it may be dialled
   */
  heardFrom(source: PeerSource): boolean {
    this.isFresh = true;
    this.remember(source);
    if (source === 'pex' || this.failures <= NAMED_FAILURES) return false;
    const wait = this.notBefore - this.#failedAt;
    this.notBefore = this.#failedAt + (wait * waitAfter(NAMED_FAILURES)) / waitAfter(this.failures);
    this.failures = NAMED_FAILURES;
    return true;
  }

  /** A source has named it, whenever that was. */
  remember(source: PeerSource): void {
    this.#sources |= 1 << SOURCES.indexOf(source);
  }

  /**
   * An attempt failed: the next one tries the other hash, where there are two. `jitter` from 0 to 1 spreads the next ones. `failure`:
   * the code of its error.
   */
  backOff(now: number, jitter: number, failure?: string): void {
    this.failure = failure;
    this.failures++;
    this.#failedAt = now;
    // Neither hash is given up for good: what failed may have been the line, or who was there at the time.
    this.#prefersV1 = this.knowsV2;
    this.notBefore = now + waitAfter(this.failures) * (1 + jitter / 4);
  }

  /** A connection ended in order. */
  part(now: number, jitter: number): void {
    const wait = MIN_RECONNECT * 2 ** Math.min(this.partings, 20);
    this.partings++;
    this.notBefore = now + Math.min(MAX_BACK_OFF, wait) * (1 + jitter / 4);
  }
}

/** Milliseconds from the last of so many failures, one at least, to the next attempt. */
function waitAfter(failures: number): number {
  return Math.min(MAX_BACK_OFF, MIN_BACK_OFF * BACK_OFF_FACTOR ** Math.min(failures - 1, 10));
}

/** Whether `one` is to be dialled before `other`: fewer failures, then who was named in this run, then the higher canonical priority. */
export function dialledBefore(one: Candidate, other: Candidate): boolean {
  if (one.failures !== other.failures) return one.failures < other.failures;
  if (one.isFresh !== other.isFresh) return one.isFresh;
  return one.priority > other.priority;
}

/** Whether `one` is to be dropped before `other` when there are too many. */
export function droppedBefore(one: Candidate, other: Candidate): boolean {
  if (one.failures !== other.failures) return one.failures > other.failures;
  if (one.isFresh !== other.isFresh) return other.isFresh;
  if (one.trust !== other.trust) return one.trust > other.trust;
  return one.priority < other.priority;
}
