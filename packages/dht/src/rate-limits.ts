import { addressKind, type Clock, type Random } from '@shoal/net';
import { NetworkHash } from './network-hash.ts';
import { TokenBucket } from './token-bucket.ts';
import type { RateLimit } from './token-bucket.ts';

/** Networks a limiter keeps buckets for: 192 KiB. */
export const DEFAULT_MAX_NETWORKS = 16_384;
/**
 * The share of a cost that counts for a network that is not public: many nodes may have one address of loopback, or of a local network
 * with address translation, and nobody out there can be harmed in its name.
 */
export const LOCAL_SHARE = 0.01;
/** Buckets in a row of the table, among which the one to forget is chosen. */
const WAYS = 4;
/** Milliseconds of a tick, in which the time of the last change is kept: 2^32 of them are 497 days. */
const TICK_MS = 10;

/** Options of {@link RateLimiter}. */
export interface RateLimiterOptions {
  /** Time. */
  readonly clock: Pick<Clock, 'now'>;
  /** For the places of networks in the table. */
  readonly random: Random;
  /** What is allowed to each network: an IPv4 address, or a /64 of IPv6. */
  readonly perNetwork: RateLimit;
  /** The share of a cost that counts for a network that is not public: see {@link LOCAL_SHARE}. Default 1. */
  readonly localShare?: number;
  /** What is allowed altogether. Default: no such limit. */
  readonly overall?: RateLimit;
  /** Networks kept; rounded up to a power of two, at least 4. Default {@link DEFAULT_MAX_NETWORKS}. */
  readonly maxNetworks?: number;
}

/**
 * Says whether what comes from an address is to be dealt with: a token bucket for each network and one for all. The table has a
 * fixed size. Where a row of it is full, the network with the fullest bucket is forgotten, which loses least: a bucket that is
 * full is as good as none.
 */
export class RateLimiter {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #startedAt: number;
  readonly #limit: RateLimit;
  readonly #localShare: number;
  readonly #overall: TokenBucket | undefined;
  readonly #networks: NetworkHash;
  readonly #rowMask: number;
  /** Hash of the network in each place; 0 where there is none. */
  readonly #tags: Uint32Array;
  readonly #levels: Float32Array;
  /** Ticks since the start at which the level was right. */
  readonly #ticks: Uint32Array;

  constructor(options: RateLimiterOptions) {
    this.#clock = options.clock;
    this.#startedAt = options.clock.now();
    this.#limit = options.perNetwork;
    this.#localShare = options.localShare ?? 1;
    this.#overall =
      options.overall === undefined ? undefined : new TokenBucket(options.overall, options.clock);
    this.#networks = new NetworkHash(options.random);
    let rows = 1;
    while (rows * WAYS < (options.maxNetworks ?? DEFAULT_MAX_NETWORKS)) rows *= 2;
    this.#rowMask = rows - 1;
    this.#tags = new Uint32Array(rows * WAYS);
    this.#levels = new Float32Array(rows * WAYS);
    this.#ticks = new Uint32Array(rows * WAYS);
  }

  /**
   * Takes `cost` from the budget of the address's network and from that of all; false, and nothing is taken, where either has
   * less. So a flood from one network is not at the others' expense.
   * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
   */
  allow(address: string, cost = 1): boolean {
    const isLocal = this.#localShare !== 1 && addressKind(address) !== 'public';
    const share = isLocal ? cost * this.#localShare : cost;
    const hash = this.#networks.of(address);
    const tick = Math.floor((this.#clock.now() - this.#startedAt) / TICK_MS);
    const place = this.#place(hash, tick);
    const level = this.#levelAt(place, tick);
    if (level < share) return false;
    if (this.#overall?.tryTake(cost) === false) return false;
    this.#levels[place] = level - share;
    this.#ticks[place] = tick;
    return true;
  }

  /** The place of the network, which it gets now where it had none. */
  #place(hash: number, tick: number): number {
    // 0 stands for nobody. The lower bits say the row, so nothing is lost by setting a higher one.
    const tag = hash === 0 ? 0x8000_0000 : hash;
    const first = (hash & this.#rowMask) * WAYS;
    let fullest = first;
    let highest = -1;
    for (let place = first; place < first + WAYS; place++) {
      const present = this.#tags[place] ?? 0;
      if (present === tag) return place;
      const level = present === 0 ? Infinity : this.#levelAt(place, tick);
      if (level > highest) {
        highest = level;
        fullest = place;
      }
    }
    this.#tags[fullest] = tag;
    this.#levels[fullest] = this.#limit.burst;
    this.#ticks[fullest] = tick;
    return fullest;
  }

  #levelAt(place: number, tick: number): number {
    const gained = (tick - (this.#ticks[place] ?? 0)) * (TICK_MS / 1000) * this.#limit.rate;
    return Math.min(this.#limit.burst, (this.#levels[place] ?? 0) + gained);
  }
}
