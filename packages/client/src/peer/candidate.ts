import type { Endpoint } from '@shoal/net';

/** Where we heard of a peer. */
export type PeerSource = 'user' | 'tracker' | 'incoming' | 'lsd' | 'pex' | 'dht';

/** The sources, those we trust most first. */
const SOURCES: readonly PeerSource[] = ['user', 'tracker', 'incoming', 'lsd', 'pex', 'dht'];

/** Milliseconds to wait after the first failure; each further one multiplies it. */
const MIN_BACK_OFF = 1_000;
const BACK_OFF_FACTOR = 4;
/** Milliseconds to wait at most. */
const MAX_BACK_OFF = 30 * 60_000;
/** Milliseconds to wait after an orderly end; each further one in a row doubles it. */
const MIN_RECONNECT = 5_000;

/** A peer as somebody names it. */
export interface NamedPeer extends Endpoint {
  /** 20 bytes: whom to expect there. Trackers whose lists are not compact say so (BEP 3). */
  readonly peerId?: Uint8Array;
}

/** A peer that may be dialled. */
export class Candidate {
  readonly endpoint: Endpoint;
  state: 'idle' | 'dialling' | 'connected' = 'idle';
  /** Attempts that failed since the last success. */
  failures = 0;
  /** Connections that ended in order, without a long one among them. */
  partings = 0;
  /** Monotonic ms before which it is not dialled. */
  notBefore = 0;
  /** Monotonic ms of the last attempt. */
  dialledAt = 0;
  /** Whom a tracker said to expect there. */
  peerId: Uint8Array | undefined;
  /** It had all pieces when we last knew. */
  seed = false;
  /** Canonical priority (BEP 40), an unsigned 32-bit integer: higher is dialled first. */
  priority = 0;
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

  heardFrom(source: PeerSource): void {
    this.#sources |= 1 << SOURCES.indexOf(source);
  }

  /** An attempt failed. `jitter` from 0 to 1 spreads the next ones. */
  backOff(now: number, jitter: number): void {
    const wait = MIN_BACK_OFF * BACK_OFF_FACTOR ** Math.min(this.failures, 10);
    this.failures++;
    this.notBefore = now + Math.min(MAX_BACK_OFF, wait) * (1 + jitter / 4);
  }

  /** A connection ended in order. */
  part(now: number, jitter: number): void {
    const wait = MIN_RECONNECT * 2 ** Math.min(this.partings, 20);
    this.partings++;
    this.notBefore = now + Math.min(MAX_BACK_OFF, wait) * (1 + jitter / 4);
  }
}

/** Whether `one` is to be dialled before `other`: fewer failures, then the higher canonical priority. */
export function dialledBefore(one: Candidate, other: Candidate): boolean {
  if (one.failures !== other.failures) return one.failures < other.failures;
  return one.priority > other.priority;
}

/** Whether `one` is to be dropped before `other` when there are too many. */
export function droppedBefore(one: Candidate, other: Candidate): boolean {
  if (one.failures !== other.failures) return one.failures > other.failures;
  if (one.trust !== other.trust) return one.trust > other.trust;
  return one.priority < other.priority;
}
