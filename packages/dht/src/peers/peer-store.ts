import { addressKind, addressToBytes, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '@shoal/net';
import type { Clock, Endpoint, Random } from '@shoal/net';
import { ID_BYTES } from '../krpc/messages.ts';
import type { Family } from '../krpc/messages.ts';
import { NetworkHash } from '../network-hash.ts';
import { compareDistance } from '../node-id.ts';
import { InfoHashTable } from './info-hash-table.ts';
import { NetworkCounts } from './network-counts.ts';
import { PeerTable } from './peer-table.ts';
import type { PeerEntry, PutOutcome } from './peer-table.ts';
import { ScrapeFilter } from '../scrape-filter.ts';

/** Peers stored altogether: 24 MB for IPv4, 42 MB for IPv6, if it ever comes to that. */
export const DEFAULT_MAX_PEERS = 1_000_000;
/** Info-hashes with peers: 20 MB, if it ever comes to that. */
export const DEFAULT_MAX_INFO_HASHES = 250_000;
/** Peers of one info-hash: beyond about 6,000 the filters of BEP 33 tell nothing any more. */
export const DEFAULT_MAX_PEERS_PER_INFO_HASH = 6_000;
/** Info-hashes that one network, which is an IPv4 address or a /64 of IPv6, can be a peer of. */
export const DEFAULT_MAX_PEERS_PER_NETWORK = 1_000;
/** Milliseconds after which a peer is forgotten. Clients announce themselves every 15 to 30 minutes. */
export const PEER_LIFETIME_MS = 45 * 60_000;
/** Peers in a reply: 50 of IPv4 take 400 bytes, 50 of IPv6 1,050 bytes of a packet. */
export const MAX_REPLY_PEERS = 50;
/** Bytes of a peer in the list `values`: as a byte string, `6:` and the compact endpoint. */
const VALUE_IPV4_BYTES = 2 + COMPACT_IPV4_BYTES;
/** The same for IPv6: `18:` and the compact endpoint. */
const VALUE_IPV6_BYTES = 3 + COMPACT_IPV6_BYTES;
/** Info-hashes in a reply to `sample_infohashes`: 400 bytes. */
export const MAX_SAMPLE_INFO_HASHES = 20;
/** Seconds for which a sample of info-hashes stays the same (BEP 51: 0 to 21,600). */
export const SAMPLE_INTERVAL = 600;

/** Milliseconds after which an info-hash that is asked for has its old peers removed. */
const CHECK_PERIOD_MS = 60_000;
/** Peers and info-hashes looked at in one call of `sweep`: about a millisecond. */
const SWEEP_BUDGET = 20_000;
/** Info-hashes picked at random when one has to go; of these it is the one furthest from the node. */
const EVICTION_CANDIDATES = 16;

/** Options of {@link PeerStore}. */
export interface PeerStoreOptions {
  /** Time. */
  readonly clock: Pick<Clock, 'now'>;
  /** For choosing peers and info-hashes; unpredictable, except in simulations. */
  readonly random: Random;
  /** Id of the node, 20 bytes: peers of info-hashes close to it are kept longest. */
  readonly nodeId: Uint8Array;
  /** Default {@link DEFAULT_MAX_PEERS}. */
  readonly maxPeers?: number;
  /** Default {@link DEFAULT_MAX_INFO_HASHES}. */
  readonly maxInfoHashes?: number;
  /** At most 8,192 of each family. Default {@link DEFAULT_MAX_PEERS_PER_INFO_HASH}. */
  readonly maxPeersPerInfoHash?: number;
  /** Default {@link DEFAULT_MAX_PEERS_PER_NETWORK}. Addresses that are not public are exempt. */
  readonly maxPeersPerNetwork?: number;
}

/** Options of {@link PeerStore.get}. */
export interface PeerSampleOptions {
  /** Seeds are of no use to who asks, and come last (BEP 33). Default false. */
  readonly noSeed?: boolean;
  /** Bytes the list `values` may take, without its key. Default: {@link MAX_REPLY_PEERS} peers fit in any case. */
  readonly maxBytes?: number;
}

/** Info-hashes of the store (BEP 51). */
export interface InfoHashSample {
  /** All there are. */
  readonly num: number;
  /** Seconds until there is another sample, 0 to {@link SAMPLE_INTERVAL}. */
  readonly interval: number;
  /** At most {@link MAX_SAMPLE_INFO_HASHES}, 20 bytes each, one behind the other. */
  readonly samples: Uint8Array;
}

/** How many peers a swarm has, as filters (BEP 33). */
export interface ScrapeFilters {
  readonly seeds: ScrapeFilter;
  /** All that are no seeds. */
  readonly peers: ScrapeFilter;
}

/**
 * The peers that were announced to a node (BEP 5), by info-hash, in packed memory. Bounded in all, for each info-hash and for each
 * network; where there is no room, what is far from the node's id goes first, as other nodes are there for it. An address is one
 * peer of an info-hash, whatever its port (BEP 33), unless it is not public: hosts on a local network may run several.
 *
 * Has no timers: `sweep` is to be called every 15 seconds or so.
 */
export class PeerStore {
  /** Id of the node, 20 bytes. May be changed, as BEP 42 asks for where the external address changes. */
  nodeId: Uint8Array;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #startedAt: number;
  readonly #maxPeers: number;
  readonly #maxInfoHashes: number;
  readonly #maxPeersPerInfoHash: number;
  readonly #maxPeersPerNetwork: number;
  readonly #networks: NetworkHash;
  readonly #networkCounts: NetworkCounts;
  readonly #infoHashes: InfoHashTable;
  readonly #ipv4: PeerTable;
  readonly #ipv6: PeerTable;
  /** By slot: the second at which its old peers were removed last. */
  #checkedAt = new Uint32Array(0);
  #peerCount = 0;
  /** Slots below this one are still to be swept in this round. */
  #sweepBelow = 0;
  #sample: Uint8Array = new Uint8Array(0);
  #sampleUntil = -Infinity;
  /** The slot the next sample starts with. */
  #sampleFrom: number;

  constructor(options: PeerStoreOptions) {
    this.nodeId = options.nodeId;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#startedAt = options.clock.now();
    this.#maxPeers = options.maxPeers ?? DEFAULT_MAX_PEERS;
    this.#maxInfoHashes = options.maxInfoHashes ?? DEFAULT_MAX_INFO_HASHES;
    this.#maxPeersPerInfoHash = options.maxPeersPerInfoHash ?? DEFAULT_MAX_PEERS_PER_INFO_HASH;
    this.#maxPeersPerNetwork = options.maxPeersPerNetwork ?? DEFAULT_MAX_PEERS_PER_NETWORK;
    this.#networks = new NetworkHash(options.random);
    this.#networkCounts = new NetworkCounts(this.#maxPeers);
    this.#infoHashes = new InfoHashTable(options.random);
    const removed = (address: Uint8Array): void => {
      this.#peerCount--;
      this.#networkCounts.remove(this.#networks.ofBytes(address));
    };
    this.#ipv4 = new PeerTable(4, removed);
    this.#ipv6 = new PeerTable(6, removed);
    this.#sampleFrom = options.random.integer(2 ** 32);
  }

  /** Peers stored, some of which may be too old since the last sweep. */
  get peerCount(): number {
    return this.#peerCount;
  }

  /** Info-hashes that have peers. */
  get torrentCount(): number {
    return this.#infoHashes.size;
  }

  /** Bytes held for peers. */
  get peerBytes(): number {
    return this.#ipv4.bytes + this.#ipv6.bytes;
  }

  /**
   * Stores a peer, or notes that it is there still. The token must have been checked.
   * @param infoHash 20 bytes.
   * @param peer Its address is the one the announce came from, as an IP literal; a peer with port 0 is none.
   * @param seed The peer has everything (BEP 33).
   * @returns false where there is no room for it.
   */
  add(infoHash: Uint8Array, peer: Endpoint, seed: boolean): boolean {
    if (peer.port === 0 || infoHash.length !== ID_BYTES) return false;
    const address = addressToBytes(peer.address);
    const byPort = addressKind(peer.address) !== 'public';
    const network = this.#networks.ofBytes(address);
    const isCrowd = !byPort && this.#networkCounts.of(network) >= this.#maxPeersPerNetwork;
    const entry = { address, port: peer.port, seed, byPort };
    let slot = this.#liveSlot(infoHash);
    let outcome: PutOutcome = slot < 0 ? 'full' : this.#put(slot, entry, !isCrowd);
    if (outcome === 'full') {
      // Only now: who is here already needs no room.
      if (isCrowd || (slot >= 0 && this.#isSlotFull(slot)) || !this.#makeRoom(infoHash))
        return false;
      slot = this.#infoHashes.find(infoHash);
      if (slot < 0) slot = this.#addSlot(infoHash);
      outcome = this.#put(slot, entry, true);
    }
    if (outcome === 'added' || outcome === 'replaced') {
      this.#peerCount++;
      this.#networkCounts.add(network);
    }
    return outcome !== 'full';
  }

  /**
   * Whether an info-hash can have the peer at this address: there is room, or it is there already. Where it cannot, replies to
   * `get_peers` go without a token, so that the peer is announced elsewhere (BEP 33).
   */
  hasRoom(infoHash: Uint8Array, address: string): boolean {
    const slot = this.#liveSlot(infoHash);
    if (slot < 0 || !this.#isSlotFull(slot)) return true;
    const bytes = addressToBytes(address);
    return this.#tableFor(bytes).hasAddress(slot, bytes);
  }

  /** Peers of an info-hash, of both families. */
  count(infoHash: Uint8Array): number {
    const slot = this.#liveSlot(infoHash);
    return slot < 0 ? 0 : this.#countAt(slot);
  }

  /**
   * Peers of an info-hash for a reply: at most {@link MAX_REPLY_PEERS}, chosen at random, as compact endpoints of 6 or 18 bytes.
   */
  get(infoHash: Uint8Array, family: Family, options: PeerSampleOptions = {}): Uint8Array[] {
    const slot = this.#liveSlot(infoHash);
    if (slot < 0) return [];
    const table = family === 4 ? this.#ipv4 : this.#ipv6;
    const width = family === 4 ? VALUE_IPV4_BYTES : VALUE_IPV6_BYTES;
    const most = Math.floor((options.maxBytes ?? Infinity) / width);
    return table.sample(
      slot,
      Math.min(most, MAX_REPLY_PEERS),
      options.noSeed === true,
      this.#random,
    );
  }

  /** The filters a scrape is answered with (BEP 33), of peers of both families; undefined where the info-hash has none. */
  scrape(infoHash: Uint8Array): ScrapeFilters | undefined {
    const slot = this.#liveSlot(infoHash);
    if (slot < 0) return undefined;
    const seeds = ScrapeFilter.empty();
    const peers = ScrapeFilter.empty();
    this.#ipv4.insertInto(slot, seeds, peers);
    this.#ipv6.insertInto(slot, seeds, peers);
    return { seeds, peers };
  }

  /**
   * Some info-hashes (BEP 51). The sample stays the same for {@link SAMPLE_INTERVAL}, so that asking again sooner is of no use; one
   * after the other, the samples go through all info-hashes there are.
   */
  samples(): InfoHashSample {
    const now = this.#clock.now();
    const num = this.#infoHashes.size;
    const count = Math.min(num, MAX_SAMPLE_INFO_HASHES);
    // A sample smaller than it could be is made anew at once.
    if (now >= this.#sampleUntil || this.#sample.length < count * ID_BYTES) {
      this.#sample = this.#makeSample(count);
      this.#sampleUntil = now + SAMPLE_INTERVAL * 1000;
    }
    const interval = Math.ceil((this.#sampleUntil - now) / 1000);
    return { num, interval, samples: this.#sample };
  }

  /**
   * Removes peers that are too old, of a part of the info-hashes at a time: called every 15 seconds, a million peers take a quarter
   * of an hour. That is for memory only; who is asked for is never too old by more than a minute.
   */
  sweep(): void {
    if (this.#sweepBelow <= 0) this.#sweepBelow = this.#infoHashes.size;
    for (let spent = 0; spent < SWEEP_BUDGET && this.#sweepBelow > 0;) {
      // Downwards: what takes the slot of one that is removed has been looked at.
      const slot = Math.min(this.#sweepBelow, this.#infoHashes.size) - 1;
      this.#sweepBelow = slot;
      if (slot < 0) return;
      spent += 1 + this.#countAt(slot);
      this.#expire(slot);
    }
  }

  #makeSample(count: number): Uint8Array {
    const { size } = this.#infoHashes;
    const sample = new Uint8Array(count * ID_BYTES);
    for (let index = 0; index < count; index++) {
      sample.set(this.#infoHashes.at((this.#sampleFrom + index) % size), index * ID_BYTES);
    }
    if (count > 0) this.#sampleFrom = (this.#sampleFrom + count) % size;
    return sample;
  }

  /** Seconds since the store was made. */
  #second(): number {
    return Math.floor((this.#clock.now() - this.#startedAt) / 1000);
  }

  #countAt(slot: number): number {
    return this.#ipv4.count(slot) + this.#ipv6.count(slot);
  }

  #isSlotFull(slot: number): boolean {
    return this.#countAt(slot) >= this.#maxPeersPerInfoHash;
  }

  #put(slot: number, peer: PeerEntry, mayAdd: boolean): PutOutcome {
    const hasRoom = mayAdd && this.#peerCount < this.#maxPeers && !this.#isSlotFull(slot);
    return this.#tableFor(peer.address).put(slot, peer, this.#second(), hasRoom);
  }

  #tableFor(address: Uint8Array): PeerTable {
    return address.length === 4 ? this.#ipv4 : this.#ipv6;
  }

  /** The slot of an info-hash that has peers, without those that are too old; else -1. */
  #liveSlot(infoHash: Uint8Array): number {
    const slot = this.#infoHashes.find(infoHash);
    return slot >= 0 && this.#isLive(slot) ? slot : -1;
  }

  /** Removes old peers of a slot, unless that was done a moment ago; false where it is no more. */
  #isLive(slot: number): boolean {
    const sinceCheck = this.#second() - (this.#checkedAt[slot] ?? 0);
    return sinceCheck * 1000 < CHECK_PERIOD_MS || this.#expire(slot);
  }

  /** Removes old peers of a slot, and the slot where none is left; false then. */
  #expire(slot: number): boolean {
    const second = this.#second();
    const deadline = second - PEER_LIFETIME_MS / 1000;
    this.#ipv4.expire(slot, deadline);
    this.#ipv6.expire(slot, deadline);
    this.#checkedAt[slot] = second;
    if (this.#countAt(slot) > 0) return true;
    this.#removeSlot(slot);
    return false;
  }

  #addSlot(infoHash: Uint8Array): number {
    const slot = this.#infoHashes.add(infoHash);
    this.#fitColumns();
    this.#checkedAt[slot] = this.#second();
    return slot;
  }

  #removeSlot(slot: number): void {
    this.#ipv4.clear(slot);
    this.#ipv6.clear(slot);
    const last = this.#infoHashes.size - 1;
    this.#infoHashes.remove(slot);
    if (slot !== last) {
      this.#ipv4.move(last, slot);
      this.#ipv6.move(last, slot);
      this.#checkedAt[slot] = this.#checkedAt[last] ?? 0;
    }
    this.#fitColumns();
  }

  #fitColumns(): void {
    const { capacity } = this.#infoHashes;
    if (capacity === this.#checkedAt.length) return;
    this.#ipv4.resize(capacity);
    this.#ipv6.resize(capacity);
    const checkedAt = new Uint32Array(capacity);
    checkedAt.set(this.#checkedAt.subarray(0, capacity));
    this.#checkedAt = checkedAt;
  }

  /**
   * Makes room for a peer of an info-hash, at the expense of those further from the node's id; false where none is found in a few
   * tries.
   */
  #makeRoom(infoHash: Uint8Array): boolean {
    if (this.#isRoom(infoHash)) return true;
    let furthest = infoHash;
    for (let tries = 0; tries < EVICTION_CANDIDATES && this.#infoHashes.size > 0; tries++) {
      const slot = this.#random.integer(this.#infoHashes.size);
      if (!this.#isLive(slot)) continue;
      const candidate = this.#infoHashes.at(slot);
      if (compareDistance(candidate, furthest, this.nodeId) > 0) furthest = candidate.slice();
    }
    if (!this.#isRoom(infoHash) && furthest !== infoHash) {
      this.#removeSlot(this.#infoHashes.find(furthest));
    }
    return this.#isRoom(infoHash);
  }

  #isRoom(infoHash: Uint8Array): boolean {
    return (
      this.#peerCount < this.#maxPeers &&
      (this.#infoHashes.size < this.#maxInfoHashes || this.#infoHashes.find(infoHash) >= 0)
    );
  }
}
