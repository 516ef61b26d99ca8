import { Buffer } from 'node:buffer';
import type { Random } from '@shoal/net';
import { systemRandom } from '@shoal/net';
import { RecordArena } from './record-arena.ts';
import { Swarm } from './swarm.ts';
import type {
  StoreFigures,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmFigures,
  SwarmRefusal,
  SwarmStore,
} from './swarm-store.ts';

/** Swarms kept: about 250 bytes each, besides their peers. */
export const DEFAULT_MAX_SWARMS = 1_000_000;
/** Peers kept of one swarm: no more are needed to choose from, and one swarm must not crowd out the others. */
export const DEFAULT_MAX_PEERS_PER_SWARM = 100_000;
/** Peers kept altogether: about 40 bytes each for IPv4, 50 for IPv6. */
export const DEFAULT_MAX_PEERS = 5_000_000;
/** Seconds of silence after which a peer is forgotten: twice the server's default interval. */
export const DEFAULT_PEER_LIFETIME = 3600;
/** Swarms looked at, and peers removed or kept, in one call of `expire`: a few milliseconds. */
const EXPIRE_BUDGET = 50_000;

/** 32-bit words of an IPv4 address and port, of an IPv6 one, and of the rest of a record: time and peer id. */
const KEY_WORDS_4 = 2;
const KEY_WORDS_6 = 5;
const OTHER_WORDS = 6;

/** Reads an endpoint in compact form into words: those of the address, then the port. */
function readKey(endpoint: Uint8Array, key: Uint32Array): void {
  const address = endpoint.length - 2;
  let word = 0;
  for (let at = 0; at < address; at += 4, word += 1) {
    key[word] =
      ((endpoint[at] ?? 0) << 24) |
      ((endpoint[at + 1] ?? 0) << 16) |
      ((endpoint[at + 2] ?? 0) << 8) |
      (endpoint[at + 3] ?? 0);
  }
  key[word] = ((endpoint[address] ?? 0) << 8) | (endpoint[address + 1] ?? 0);
}

/** Options of {@link MemorySwarmStore}. */
export interface MemorySwarmStoreOptions {
  /** Default {@link DEFAULT_MAX_SWARMS}. */
  readonly maxSwarms?: number;
  /** Default {@link DEFAULT_MAX_PEERS_PER_SWARM}. */
  readonly maxPeersPerSwarm?: number;
  /** Default {@link DEFAULT_MAX_PEERS}. */
  readonly maxPeers?: number;
  /** Seconds; set it to twice the server's interval. Default {@link DEFAULT_PEER_LIFETIME}. */
  readonly peerLifetime?: number;
  /** Default: the system's. */
  readonly random?: Random;
}

/** Swarms in this process's memory. What it holds is gone when the process ends; peers come back with their next announce. */
export class MemorySwarmStore implements SwarmStore {
  readonly #swarms = new Map<string, Swarm>();
  readonly #maxSwarms: number;
  readonly #maxPeersPerSwarm: number;
  readonly #maxPeers: number;
  readonly #lifetime: number;
  readonly #random: () => number;
  readonly #arena4: RecordArena;
  readonly #arena6: RecordArena;
  /** The address and port of the announcing peer, in words. */
  readonly #key = new Uint32Array(KEY_WORDS_6);
  #seeds = 0;
  #leechers = 0;
  #sweep: Iterator<[string, Swarm]> | undefined;

  constructor(options: MemorySwarmStoreOptions = {}) {
    this.#maxSwarms = options.maxSwarms ?? DEFAULT_MAX_SWARMS;
    this.#maxPeersPerSwarm = options.maxPeersPerSwarm ?? DEFAULT_MAX_PEERS_PER_SWARM;
    this.#maxPeers = options.maxPeers ?? DEFAULT_MAX_PEERS;
    this.#lifetime = options.peerLifetime ?? DEFAULT_PEER_LIFETIME;
    // Choosing peers is no secret: xorshift from a random start, fifty times an announce, costs nothing.
    const source = options.random ?? systemRandom;
    this.#arena4 = new RecordArena(KEY_WORDS_4, KEY_WORDS_4 + OTHER_WORDS, source.integer(2 ** 32));
    this.#arena6 = new RecordArena(KEY_WORDS_6, KEY_WORDS_6 + OTHER_WORDS, source.integer(2 ** 32));
    let state = source.integer(2 ** 32) | 1;
    this.#random = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 2 ** 32;
    };
  }

  announce(announce: SwarmAnnounce): SwarmAnswer | SwarmRefusal {
    const { infoHash, endpoint, seed, event, now } = announce;
    const family = endpoint.length === 6 ? 4 : 6;
    readKey(endpoint, this.#key);
    let swarm = this.#swarms.get(infoHash);
    if (event === 'stopped') {
      const asker = { wanted: 0, seed, withIds: announce.withIds };
      if (swarm === undefined) return new Swarm().choose(asker, undefined, -1, this.#random);
      const table = swarm.table(family);
      const slot = table?.find(this.#key) ?? -1;
      if (table !== undefined && slot >= 0) {
        this.#count(table.isSeed(slot), -1);
        table.remove(slot);
      }
      return swarm.choose(asker, undefined, -1, this.#random);
    }
    if (swarm === undefined) {
      if (this.#swarms.size >= this.#maxSwarms) return { refused: 'The tracker is full' };
      swarm = new Swarm();
      // Copied: a string cut out of a request's URL would keep all of the URL in memory, up to 12 KiB for each swarm.
      this.#swarms.set(Buffer.from(infoHash, 'latin1').toString('latin1'), swarm);
    }
    const seconds = Math.floor(now / 1000);
    swarm.lastSeen = seconds;
    const own = swarm.ownTable(family, family === 4 ? this.#arena4 : this.#arena6);
    let slot = own.find(this.#key);
    const wasSeed = slot >= 0 && own.isSeed(slot);
    if (slot >= 0) {
      if (wasSeed !== seed) {
        this.#count(wasSeed, -1);
        this.#count(seed, 1);
        slot = own.setRole(slot, seed);
      }
    } else if (this.#hasRoom(swarm)) {
      this.#count(seed, 1);
      slot = own.add(this.#key, seed);
    }
    // A peer that there is no room for is served all the same; it is only not told to others.
    if (slot >= 0) own.touch(slot, announce.peerId, seconds);
    // Once a download: a peer that repeats itself is a seed already.
    if (event === 'completed' && seed && !wasSeed) swarm.downloaded += 1;
    return swarm.choose(announce, own, slot, this.#random);
  }

  scrape(infoHashes: readonly string[]): readonly (SwarmFigures | undefined)[] {
    return infoHashes.map((infoHash) => this.#swarms.get(infoHash));
  }

  /** Looks at a bounded number of swarms and goes on from there with the next call. */
  expire(now: number): void {
    const deadline = Math.floor(now / 1000) - this.#lifetime;
    if (deadline <= 0) return;
    this.#sweep ??= this.#swarms.entries();
    for (let spent = 0; spent < EXPIRE_BUDGET;) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        return;
      }
      const [infoHash, swarm] = next.value;
      const { complete, incomplete, size } = swarm;
      spent += 1 + size;
      swarm.expire(deadline);
      this.#seeds -= complete - swarm.complete;
      this.#leechers -= incomplete - swarm.incomplete;
      // An empty swarm is kept for a while, for its count of downloads.
      if (swarm.size === 0 && swarm.lastSeen < deadline) this.#swarms.delete(infoHash);
    }
  }

  /** Bytes in which the peers are kept at present; swarms come on top. */
  get peerBytes(): number {
    return this.#arena4.bytes + this.#arena6.bytes;
  }

  /** What is held at present; costs nothing. */
  figures(): StoreFigures {
    return { swarms: this.#swarms.size, seeds: this.#seeds, leechers: this.#leechers };
  }

  #hasRoom(swarm: Swarm): boolean {
    return swarm.size < this.#maxPeersPerSwarm && this.#seeds + this.#leechers < this.#maxPeers;
  }

  #count(seed: boolean, change: 1 | -1): void {
    if (seed) this.#seeds += change;
    else this.#leechers += change;
  }
}
