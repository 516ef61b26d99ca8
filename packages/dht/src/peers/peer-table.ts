import type { Random } from '@shoal/net';
import type { Family } from '../krpc/messages.ts';
import { scrapeBits, type ScrapeFilter } from '../scrape-filter.ts';
import { wordAt, writeWord } from '../seeded-hash.ts';
import { MAX_RUN, RecordArea, resized, sizeClassOf } from './record-area.ts';

/** Bit of a record's port word that says that the peer is a seed; the port is in the lower 16. */
const SEED_BIT = 0x1_0000;
/** Peers of one /64 in a swarm: more would be a way to fill it by one's own. */
const MAX_PEERS_PER_IPV6_NETWORK = 8;
/** Words of a record behind the address: port and seed bit, second last seen, places in a scrape filter. */
const OTHER_WORDS = 3;

/** A peer to be added, or to be noted as being there still. */
export interface PeerEntry {
  /** 4 or 16 bytes in network byte order. */
  readonly address: Uint8Array;
  /** 1–65535. */
  readonly port: number;
  readonly seed: boolean;
  /** Whether another port makes another peer. Else there is one peer for each address (BEP 33). */
  readonly byPort: boolean;
}

const ANY_PORT = { port: 0, byPort: false };

/** What became of a peer. */
export type PutOutcome = 'added' | 'renewed' | 'replaced' | 'full';

/**
 * The peers of one address family, by the slot of their swarm, in packed records: 16 bytes for an IPv4 peer, 28 for an IPv6 one,
 * and half as much again for what is not taken at the moment.
 */
export class PeerTable {
  readonly #addressWords: number;
  readonly #area: RecordArea;
  /** Told the address of each peer that is removed by age or replaced. */
  readonly #removed: (address: Uint8Array) => void;
  // By slot. The run is there only while there are peers.
  #counts = new Uint16Array(0);
  #classes = new Uint8Array(0);
  #positions = new Uint32Array(0);
  /** The words of the address at hand; and its bytes, for {@link #removed}. */
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(family: Family, removed: (address: Uint8Array) => void) {
    this.#addressWords = family === 4 ? 1 : 4;
    this.#removed = removed;
    this.#words = new Uint32Array(this.#addressWords);
    this.#bytes = new Uint8Array(this.#addressWords * 4);
    this.#area = new RecordArea(this.#addressWords + OTHER_WORDS, (slot, position) => {
      this.#positions[slot] = position;
    });
  }

  /** Bytes that are held. */
  get bytes(): number {
    const { byteLength } = this.#positions;
    return this.#area.bytes + byteLength + this.#counts.byteLength + this.#classes.byteLength;
  }

  /** Peers of a swarm. */
  count(slot: number): number {
    return this.#counts[slot] ?? 0;
  }

  /** Makes room for so many slots; there are no peers at those that are new. */
  resize(slots: number): void {
    this.#counts = resized(this.#counts, slots);
    this.#classes = resized(this.#classes, slots);
    this.#positions = resized(this.#positions, slots);
  }

  /**
   * Adds a peer, or renews it, with its port and whether it is a seed.
   * @param second When it was seen; whole seconds of any clock.
   * @param hasRoom Whether a peer may be added.
   */
  put(slot: number, peer: PeerEntry, second: number, hasRoom: boolean): PutOutcome {
    const wanted = this.#setWords(peer.address);
    let index = this.#find(slot, peer);
    let outcome: PutOutcome = 'renewed';
    if (index < 0) {
      index = peer.byPort ? -1 : this.#crowdedOut(slot);
      outcome = 'replaced';
    }
    if (index >= 0) {
      if (outcome === 'replaced') this.#tellRemoved(this.#wordsOf(slot), this.#start(slot, index));
    } else {
      if (!hasRoom || this.count(slot) >= MAX_RUN) return 'full';
      outcome = 'added';
      index = this.#append(slot);
    }
    const words = this.#wordsOf(slot);
    const port = this.#start(slot, index) + this.#addressWords;
    if (outcome !== 'renewed') {
      words.set(wanted, port - this.#addressWords);
      words[port + 2] = scrapeBits(peer.address);
    }
    words[port] = peer.port | (peer.seed ? SEED_BIT : 0);
    words[port + 1] = second;
    return outcome;
  }

  /** Whether there is a peer with this address, of 4 or 16 bytes, whatever its port. */
  hasAddress(slot: number, address: Uint8Array): boolean {
    this.#setWords(address);
    return this.#find(slot, ANY_PORT) >= 0;
  }

  /** Removes the peers last seen before `deadline` (seconds); returns how many. */
  expire(slot: number, deadline: number): number {
    const before = this.count(slot);
    for (let index = before - 1; index >= 0; index--) {
      const start = this.#start(slot, index);
      const words = this.#wordsOf(slot);
      if ((words[start + this.#addressWords + 1] ?? 0) >= deadline) continue;
      this.#tellRemoved(words, start);
      this.#removeAt(slot, index);
    }
    return before - this.count(slot);
  }

  /** Removes all peers of a swarm; returns how many. */
  clear(slot: number): number {
    const count = this.count(slot);
    if (count === 0) return 0;
    const words = this.#wordsOf(slot);
    for (let index = 0; index < count; index++) this.#tellRemoved(words, this.#start(slot, index));
    this.#area.free(this.#classes[slot] ?? 0, this.#positions[slot] ?? 0);
    this.#counts[slot] = 0;
    return count;
  }

  /** Gives the peers of one slot to another one, which has none. */
  move(from: number, to: number): void {
    const count = this.count(from);
    const sizeClass = this.#classes[from] ?? 0;
    const position = this.#positions[from] ?? 0;
    if (count > 0) this.#area.give(sizeClass, position, to);
    this.#counts[to] = count;
    this.#classes[to] = sizeClass;
    this.#positions[to] = position;
    this.#counts[from] = 0;
  }

  /**
   * Up to `most` peers at random as compact endpoints, none twice. Where `noSeeds` is set, seeds come only after all others
   * (BEP 33).
   */
  sample(slot: number, most: number, noSeeds: boolean, random: Random): Uint8Array[] {
    const count = this.count(slot);
    const peers: Uint8Array[] = [];
    if (count === 0) return peers;
    // Steps that have no divisor in common with the number lead to each peer once.
    let step = count > 2 ? 1 + random.integer(count - 1) : 1;
    while (divisor(step, count) !== 1) step = (step % count) + 1;
    const first = random.integer(count);
    const words = this.#wordsOf(slot);
    const collect = (seeds: boolean | undefined): void => {
      let index = first;
      for (let tried = 0; tried < count && peers.length < most; tried++) {
        const start = this.#start(slot, index);
        const isSeed = ((words[start + this.#addressWords] ?? 0) & SEED_BIT) !== 0;
        if (seeds === undefined || seeds === isSeed) peers.push(this.#compact(words, start));
        index = (index + step) % count;
      }
    };
    collect(noSeeds ? false : undefined);
    if (noSeeds) collect(true);
    return peers;
  }

  /** Adds the peers of a swarm to the filters of BEP 33. */
  insertInto(slot: number, seeds: ScrapeFilter, peers: ScrapeFilter): void {
    const words = this.count(slot) === 0 ? undefined : this.#wordsOf(slot);
    if (words === undefined) return;
    for (let index = 0; index < this.count(slot); index++) {
      const port = this.#start(slot, index) + this.#addressWords;
      const filter = ((words[port] ?? 0) & SEED_BIT) !== 0 ? seeds : peers;
      filter.insertBits(words[port + 2] ?? 0);
    }
  }

  #setWords(address: Uint8Array): Uint32Array {
    const words = this.#words;
    for (let word = 0; word < words.length; word++) words[word] = wordAt(address, word * 4);
    return words;
  }

  /** Index of the peer whose address is in {@link #words}; -1 where there is none. */
  #find(slot: number, { port, byPort }: Pick<PeerEntry, 'port' | 'byPort'>): number {
    const count = this.count(slot);
    if (count === 0) return -1;
    const words = this.#wordsOf(slot);
    const wanted = this.#words;
    const { width } = this.#area;
    const last = wanted.length - 1;
    let at = this.#start(slot, 0);
    for (let index = 0; index < count; index++, at += width) {
      // The last word first: it is the one most likely to differ.
      let word = last;
      while (word >= 0 && words[at + word] === wanted[word]) word--;
      if (word >= 0) continue;
      if (!byPort || ((words[at + wanted.length] ?? 0) & 0xffff) === port) return index;
    }
    return -1;
  }

  /** Index of the oldest peer of the /64 of the address in {@link #words}, where it has as many as it may; else -1. */
  #crowdedOut(slot: number): number {
    if (this.#addressWords === 1) return -1;
    const count = this.count(slot);
    const words = count === 0 ? this.#words : this.#wordsOf(slot);
    let same = 0;
    let oldest = -1;
    let oldestSecond = Infinity;
    for (let index = 0; index < count; index++) {
      const at = this.#start(slot, index);
      if (words[at] !== this.#words[0] || words[at + 1] !== this.#words[1]) continue;
      same++;
      const second = words[at + this.#addressWords + 1] ?? 0;
      if (second < oldestSecond) {
        oldestSecond = second;
        oldest = index;
      }
    }
    return same < MAX_PEERS_PER_IPV6_NETWORK ? -1 : oldest;
  }

  /** Takes room for one record more; returns its index. */
  #append(slot: number): number {
    const count = this.count(slot);
    const sizeClass = sizeClassOf(count + 1);
    if (count === 0) {
      this.#positions[slot] = this.#area.make(sizeClass, slot);
      this.#classes[slot] = sizeClass;
    } else if (sizeClass > (this.#classes[slot] ?? 0)) {
      this.#moveRun(slot, sizeClass);
    }
    this.#counts[slot] = count + 1;
    return count;
  }

  /** Removes a record; the last one takes its place. */
  #removeAt(slot: number, index: number): void {
    const last = this.count(slot) - 1;
    const sizeClass = this.#classes[slot] ?? 0;
    if (last === 0) {
      this.#area.free(sizeClass, this.#positions[slot] ?? 0);
      this.#counts[slot] = 0;
      return;
    }
    const words = this.#wordsOf(slot);
    const from = this.#start(slot, last);
    words.copyWithin(this.#start(slot, index), from, from + this.#area.width);
    this.#counts[slot] = last;
    // A quarter, not a half, so that one that comes and goes does not move them each time.
    if (sizeClass > 1 && last <= 1 << (sizeClass - 2)) this.#moveRun(slot, sizeClass - 1);
  }

  /** Moves the records of a swarm to a run of another class. */
  #moveRun(slot: number, sizeClass: number): void {
    const oldClass = this.#classes[slot] ?? 0;
    const oldPosition = this.#positions[slot] ?? 0;
    const position = this.#area.make(sizeClass, slot);
    const { width } = this.#area;
    const from = this.#area.words(oldClass).subarray(oldPosition * (width << oldClass));
    const records = from.subarray(0, width * this.count(slot));
    this.#area.words(sizeClass).set(records, position * (width << sizeClass));
    this.#classes[slot] = sizeClass;
    this.#positions[slot] = position;
    this.#area.free(oldClass, oldPosition);
  }

  #wordsOf(slot: number): Uint32Array {
    return this.#area.words(this.#classes[slot] ?? 0);
  }

  /** Where in {@link #wordsOf} a record of a swarm starts. */
  #start(slot: number, index: number): number {
    const run = (this.#positions[slot] ?? 0) << (this.#classes[slot] ?? 0);
    return (run + index) * this.#area.width;
  }

  #tellRemoved(words: Uint32Array, start: number): void {
    for (let word = 0; word < this.#addressWords; word++) {
      writeWord(this.#bytes, word * 4, words[start + word] ?? 0);
    }
    this.#removed(this.#bytes);
  }

  #compact(words: Uint32Array, start: number): Uint8Array {
    const length = this.#addressWords * 4;
    const bytes = new Uint8Array(length + 2);
    for (let word = 0; word < this.#addressWords; word++) {
      writeWord(bytes, word * 4, words[start + word] ?? 0);
    }
    const port = words[start + this.#addressWords] ?? 0;
    bytes[length] = port >>> 8;
    bytes[length + 1] = port;
    return bytes;
  }
}

/** The greatest common divisor. */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
