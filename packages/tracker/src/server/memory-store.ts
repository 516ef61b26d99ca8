import { Buffer } from 'node:buffer';
import type { Random } from '@shoal/net';
import { systemRandom } from '@shoal/net';
import type {
  StoreFigures,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmFigures,
  SwarmRefusal,
  SwarmStore,
} from './store.ts';
import { Swarm } from './swarm.ts';

/** Swarms kept: about 1 KB each with a few peers. */
export const DEFAULT_MAX_SWARMS = 1_000_000;
/** Peers kept of one swarm: no more are needed to choose from, and one swarm must not crowd out the others. */
export const DEFAULT_MAX_PEERS_PER_SWARM = 100_000;
/** Peers kept altogether: about 120 bytes each. */
export const DEFAULT_MAX_PEERS = 5_000_000;
/** Seconds of silence after which a peer is forgotten: twice the server's default interval. */
export const DEFAULT_PEER_LIFETIME = 3600;
/** Swarms looked at, and peers removed or kept, in one call of `expire`: a few milliseconds. */
const EXPIRE_BUDGET = 50_000;

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
  #seeds = 0;
  #leechers = 0;
  #sweep: Iterator<[string, Swarm]> | undefined;

  constructor(options: MemorySwarmStoreOptions = {}) {
    this.#maxSwarms = options.maxSwarms ?? DEFAULT_MAX_SWARMS;
    this.#maxPeersPerSwarm = options.maxPeersPerSwarm ?? DEFAULT_MAX_PEERS_PER_SWARM;
    this.#maxPeers = options.maxPeers ?? DEFAULT_MAX_PEERS;
    this.#lifetime = options.peerLifetime ?? DEFAULT_PEER_LIFETIME;
    // Choosing peers is no secret: xorshift from a random start, fifty times an announce, costs nothing.
    let state = (options.random ?? systemRandom).integer(2 ** 32) | 1;
    this.#random = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 2 ** 32;
    };
  }

  announce(announce: SwarmAnnounce): SwarmAnswer | SwarmRefusal {
    const { infoHash, endpoint, seed, event, now } = announce;
    const width = endpoint.length;
    const key = Buffer.from(endpoint.buffer, endpoint.byteOffset, width).toString('latin1');
    let swarm = this.#swarms.get(infoHash);
    if (event === 'stopped') {
      if (swarm === undefined)
        return new Swarm().choose(0, seed, false, undefined, -1, this.#random);
      if (swarm.existingTable(width, true)?.remove(key) === true) this.#seeds -= 1;
      if (swarm.existingTable(width, false)?.remove(key) === true) this.#leechers -= 1;
      return swarm.choose(0, seed, announce.withIds, undefined, -1, this.#random);
    }
    if (swarm === undefined) {
      if (this.#swarms.size >= this.#maxSwarms) return { refused: 'The tracker is full' };
      swarm = new Swarm();
      // Copied: a string cut out of a request's URL would keep all of the URL in memory, up to 12 KiB for each swarm.
      this.#swarms.set(Buffer.from(infoHash, 'latin1').toString('latin1'), swarm);
    }
    const seconds = Math.floor(now / 1000);
    swarm.lastSeen = seconds;
    const own = swarm.table(width, seed);
    let slot = own.slotOf(key);
    const known = slot >= 0;
    const moved = !known && swarm.existingTable(width, !seed)?.remove(key) === true;
    if (moved) this.#count(!seed, -1);
    // A peer that there is no room for is served all the same; it is only not told to others.
    if (known || moved || this.#hasRoom(swarm)) {
      if (!known) this.#count(seed, 1);
      slot = own.put(key, announce.peerId, seconds);
    }
    // Once a download: a peer that repeats itself is a seed already.
    if (event === 'completed' && seed && !known) swarm.downloaded += 1;
    return swarm.choose(announce.wanted, seed, announce.withIds, own, slot, this.#random);
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
