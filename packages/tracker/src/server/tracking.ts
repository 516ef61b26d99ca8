import type { Clock, Random } from '@shoal/net';
import { systemClock, systemRandom } from '@shoal/net';
import {
  DEFAULT_MAX_NUMWANT,
  DEFAULT_SERVER_INTERVAL,
  DEFAULT_SERVER_MIN_INTERVAL,
  DEFAULT_SERVER_NUMWANT,
  INTERVAL_JITTER,
} from './server-options.ts';
import type { TrackerServerOptions } from './server-options.ts';
import { MemorySwarmStore } from './store/memory-store.ts';
import type { SwarmStore } from './store/swarm-store.ts';

/** What a peer hears when the store or `allow` failed. */
export const OUT_OF_ORDER = 'The tracker is out of order';
/** What a peer hears when `allow` says no. */
export const NOT_TRACKED = 'This torrent is not tracked here';

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** What the server's protocols share: the store, and the terms peers are given. */
export class Tracking {
  readonly store: SwarmStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Seconds. */
  readonly minInterval: number;
  readonly allow: TrackerServerOptions['allow'];
  readonly honourIp: boolean;
  readonly #interval: number;
  readonly #maxNumwant: number;
  readonly #onError: TrackerServerOptions['onError'];
  #expiring = false;

  constructor(options: TrackerServerOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.allow = options.allow;
    this.honourIp = options.honourIp === true;
    this.#interval = Math.max(1, Math.floor(options.interval ?? DEFAULT_SERVER_INTERVAL));
    this.minInterval = Math.min(
      this.#interval,
      Math.max(1, Math.floor(options.minInterval ?? DEFAULT_SERVER_MIN_INTERVAL)),
    );
    this.#maxNumwant = options.maxNumwant ?? DEFAULT_MAX_NUMWANT;
    this.#onError = options.onError;
    this.store =
      options.store ??
      new MemorySwarmStore({ peerLifetime: 2 * this.#interval, random: this.random });
  }

  /** Seconds until a peer is to announce again; varies. */
  nextInterval(): number {
    const jitter = Math.floor(this.random.next() * INTERVAL_JITTER * this.#interval);
    return Math.max(this.minInterval, this.#interval - jitter);
  }

  /** Peers to give to one that asks for `numwant`. */
  wanted(numwant: number | undefined): number {
    return Math.min(numwant ?? DEFAULT_SERVER_NUMWANT, this.#maxNumwant);
  }

  onError(error: unknown): void {
    this.#onError?.(error);
  }

  /** Lets the store forget what is old. */
  expire(): void {
    if (this.#expiring) return;
    try {
      const done = this.store.expire(this.clock.now());
      if (!isPromise(done)) return;
      this.#expiring = true;
      done
        .catch((error: unknown) => this.onError(error))
        .finally(() => {
          this.#expiring = false;
        });
    } catch (error) {
      this.onError(error);
    }
  }
}
