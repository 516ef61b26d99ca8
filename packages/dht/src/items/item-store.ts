import { keyFromBytes } from '@shoal/bencode';
import type { Clock, Random } from '@shoal/net';
import { KRPC_ERROR } from '../krpc/messages.ts';
import type { PutQuery } from '../krpc/messages.ts';
import { NetworkHash } from '../network-hash.ts';
import { compareDistance } from '../node-id.ts';
import { LOCAL_SHARE, RateLimiter } from '../rate-limits.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { RateLimit } from '../token-bucket.ts';
import type { Item } from './item.ts';
import { isStoredAlready, itemFault, itemOf, replacementFault } from './put-rules.ts';
import type { PutFault } from './put-rules.ts';
import { isSignatureValid } from './signature.ts';
import { itemTarget } from './target.ts';

/** Items stored for others: about 2 MB at the most. */
export const DEFAULT_MAX_ITEMS = 1_000;
/** Items stored for one network, which is an IPv4 address or a /64 of IPv6. */
export const DEFAULT_MAX_ITEMS_PER_NETWORK = 50;
/** Milliseconds after which an item that nobody has put again is gone (BEP 44). */
export const ITEM_LIFETIME_MS = 2 * 3_600_000;
/** Signatures verified for strangers: 200 of them take 3 % of a second of CPU. */
export const DEFAULT_VERIFICATION_LIMIT: RateLimit = { rate: 200, burst: 400 };

/** Items taken from one network: more at once than one may have stored, as they are put again all at once. */
export const DEFAULT_PUT_LIMIT: RateLimit = { rate: 2, burst: 60 };

/** Options of {@link ItemStore}. */
export interface ItemStoreOptions {
  /** Time. */
  readonly clock: Pick<Clock, 'now'>;
  /** For telling networks apart. */
  readonly random: Random;
  /** Id of the node, 20 bytes: items close to it are kept longest. */
  readonly nodeId: Uint8Array;
  /** Default {@link DEFAULT_MAX_ITEMS}. */
  readonly maxItems?: number;
  /** Default {@link DEFAULT_MAX_ITEMS_PER_NETWORK}. */
  readonly maxItemsPerNetwork?: number;
  /** How many items are looked at that come from one network. Default {@link DEFAULT_PUT_LIMIT}. */
  readonly putsPerNetwork?: RateLimit;
  /** Networks of which that is remembered. */
  readonly maxNetworks?: number;
  /** How many signatures may be verified in all. Default {@link DEFAULT_VERIFICATION_LIMIT}. */
  readonly verificationLimit?: RateLimit;
}

/** Networks whose puts are counted: 48 KiB. Items come from few, as each needs a token. */
const MAX_PUT_NETWORKS = 4_096;

interface Entry {
  readonly target: Uint8Array;
  readonly item: Item;
  /** Hash of the network the item came from first. */
  readonly network: number;
  /** Clock time in milliseconds. */
  expiresAt: number;
}

/**
 * The items a node stores for others (BEP 44), in memory. Bounded in all and for each network that puts them. Where there is no
 * room, the item furthest from the node's id has to go, as the others that store it are closer; where a network has no room, the
 * one of its items that was put longest ago.
 */
export class ItemStore {
  /** Id of the node, 20 bytes. May be changed, as BEP 42 asks for where the external address changes. */
  nodeId: Uint8Array;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #networks: NetworkHash;
  readonly #maxItems: number;
  readonly #maxItemsPerNetwork: number;
  readonly #puts: RateLimiter;
  readonly #verifications: TokenBucket;
  /** By target, one character for each byte; put longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #countByNetwork = new Map<number, number>();

  constructor(options: ItemStoreOptions) {
    this.nodeId = options.nodeId;
    this.#clock = options.clock;
    this.#networks = new NetworkHash(options.random);
    this.#maxItems = options.maxItems ?? DEFAULT_MAX_ITEMS;
    this.#maxItemsPerNetwork = options.maxItemsPerNetwork ?? DEFAULT_MAX_ITEMS_PER_NETWORK;
    this.#puts = new RateLimiter({
      clock: options.clock,
      random: options.random,
      perNetwork: options.putsPerNetwork ?? DEFAULT_PUT_LIMIT,
      localShare: LOCAL_SHARE,
      maxNetworks: Math.min(options.maxNetworks ?? MAX_PUT_NETWORKS, MAX_PUT_NETWORKS),
    });
    this.#verifications = new TokenBucket(
      options.verificationLimit ?? DEFAULT_VERIFICATION_LIMIT,
      options.clock,
    );
  }

  /** Items stored, some of which may have expired since the last {@link sweep}. */
  get size(): number {
    return this.#entries.size;
  }

  /** The item of a target, 20 bytes. It must not be changed. */
  get(target: Uint8Array): Item | undefined {
    return this.#liveEntry(keyFromBytes(target))?.item;
  }

  /**
   * Stores what a `put` carries, or keeps it alive where it is stored already. The token must have been checked.
   * @param from The IP literal it came from.
   * @returns why not, as it is to be told to who sent it: 202 where there is no room or too much to verify, and see `itemFault`,
   * `replacementFault`; 206 for a wrong signature. Undefined where it is stored.
   */
  put(put: PutQuery, from: string): PutFault | undefined {
    const item = itemOf(put);
    const fault = itemFault(item);
    if (fault !== undefined) return fault;
    if (!this.#puts.allow(from)) return BUSY;
    const target = itemTarget(item);
    const key = keyFromBytes(target);
    const stored = this.#liveEntry(key);
    const refusal = replacementFault(item, stored?.item, put.cas);
    if (refusal !== undefined) return refusal;
    if (item.kind === 'mutable' && !isStoredAlready(item, stored?.item)) {
      if (!this.#verifications.tryTake()) return BUSY;
      if (!isSignatureValid(item)) return WRONG_SIGNATURE;
    }
    if (stored !== undefined) {
      this.#insert(key, { ...stored, item: copyOf(item), expiresAt: this.#expiry() });
      return undefined;
    }
    const network = this.#networks.of(from);
    if (!this.#makeRoom(target, network)) return FULL;
    this.#insert(key, { target, item: copyOf(item), network, expiresAt: this.#expiry() });
    return undefined;
  }

  /** Removes what has expired. To be called every few minutes; whatever has expired is not given out in any case. */
  sweep(): void {
    const now = this.#clock.now();
    // Whatever was put last is last.
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt > now) return;
      this.#remove(key);
    }
  }

  /** Makes room for one more item of the network; false where others have a better right to it. */
  #makeRoom(target: Uint8Array, network: number): boolean {
    if ((this.#countByNetwork.get(network) ?? 0) >= this.#maxItemsPerNetwork) {
      for (const [key, entry] of this.#entries) {
        if (entry.network !== network) continue;
        this.#remove(key);
        return true;
      }
    }
    if (this.#entries.size < this.#maxItems) return true;
    this.sweep();
    if (this.#entries.size < this.#maxItems) return true;
    let furthest = target;
    for (const entry of this.#entries.values()) {
      if (compareDistance(entry.target, furthest, this.nodeId) > 0) furthest = entry.target;
    }
    if (furthest === target) return false;
    this.#remove(keyFromBytes(furthest));
    return true;
  }

  /** Adds the entry as the last one, in place of the one it has there. */
  #insert(key: string, entry: Entry): void {
    this.#remove(key);
    this.#entries.set(key, entry);
    this.#countByNetwork.set(entry.network, (this.#countByNetwork.get(entry.network) ?? 0) + 1);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const left = (this.#countByNetwork.get(entry.network) ?? 0) - 1;
    if (left > 0) this.#countByNetwork.set(entry.network, left);
    else this.#countByNetwork.delete(entry.network);
  }

  #liveEntry(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > this.#clock.now() ? entry : undefined;
  }

  #expiry(): number {
    return this.#clock.now() + ITEM_LIFETIME_MS;
  }
}

const BUSY: PutFault = { code: KRPC_ERROR.server, message: 'busy' };
const FULL: PutFault = { code: KRPC_ERROR.server, message: 'no room' };
const WRONG_SIGNATURE: PutFault = {
  code: KRPC_ERROR.invalidSignature,
  message: 'invalid signature',
};

/** The item in bytes of its own: those of a query are part of a datagram. */
function copyOf(item: Item): Item {
  if (item.kind === 'immutable') return { kind: 'immutable', value: new Uint8Array(item.value) };
  return {
    kind: 'mutable',
    value: new Uint8Array(item.value),
    key: new Uint8Array(item.key),
    salt: new Uint8Array(item.salt),
    seq: item.seq,
    signature: new Uint8Array(item.signature),
  };
}
