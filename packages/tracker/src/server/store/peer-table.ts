import type { Buffer } from 'node:buffer';
import { PeerIndex, type Records } from './peer-index.ts';
import { Chunk, LARGEST_BLOCK, roomFor, type RecordArena } from './record-arena.ts';

/** Bytes of a peer id. */
const ID_LENGTH = 20;
/** A table that is filled to less than this part gives memory back; less than a half, so that one peer does not do it. */
const SHRINK_BELOW = 1 / 3;
/** A bit of room is left then. */
const SHRUNK_ROOM = 1.5;
/** Where the peers of an empty table are. */
const NOWHERE = new Chunk(0, 0, 0);

/**
 * The peers of one swarm that share an address family: seeds in the first slots, then leechers, without gaps. A record is the
 * address and port, the clock time in seconds of the last announce, and the peer id. Finding and removing a peer, and choosing
 * some at random, cost about the same however large the swarm is.
 */
export class PeerTable implements Records {
  readonly #arena: RecordArena;
  #chunk = NOWHERE;
  #base = 0;
  #room = 0;
  #size = 0;
  #seeds = 0;
  #index: PeerIndex | undefined;

  constructor(arena: RecordArena) {
    this.#arena = arena;
  }

  get size(): number {
    return this.#size;
  }

  get seeds(): number {
    return this.#seeds;
  }

  get words(): Uint32Array {
    return this.#chunk.words;
  }

  get base(): number {
    return this.#base;
  }

  get keyWords(): number {
    return this.#arena.keyWords;
  }

  get recordWords(): number {
    return this.#arena.recordWords;
  }

  get seed(): number {
    return this.#arena.seed;
  }

  /** The slot of the peer with this address and port; -1 when there is none. */
  find(key: Uint32Array): number {
    if (this.#index !== undefined) return this.#index.find(key, this);
    const { words } = this.#chunk;
    const { recordWords, keyWords } = this.#arena;
    const first = key[0];
    let at = this.#base;
    for (let slot = 0; slot < this.#size; slot += 1, at += recordWords) {
      if (words[at] !== first) continue;
      let same = 1;
      while (same < keyWords && words[at + same] === key[same]) same += 1;
      if (same === keyWords) return slot;
    }
    return -1;
  }

  /** Adds a peer that is not there yet. Returns its slot. */
  add(key: Uint32Array, isSeed: boolean): number {
    if (this.#size === this.#room) this.#resize(roomFor(this.#size + 1));
    const slot = this.#size;
    const { words } = this;
    const at = this.#base + slot * this.#arena.recordWords;
    for (let word = 0; word < this.#arena.keyWords; word += 1) words[at + word] = key[word] ?? 0;
    this.#size += 1;
    this.#index?.add(slot, this);
    return isSeed ? this.setRole(slot, true) : slot;
  }

  isSeed(slot: number): boolean {
    return slot < this.#seeds;
  }

  /** Makes the peer a seed or a leecher. Returns its slot, which may be another one. */
  setRole(slot: number, isSeed: boolean): number {
    if (isSeed === slot < this.#seeds) return slot;
    const border = isSeed ? this.#seeds : this.#seeds - 1;
    if (border !== slot) this.#swap(slot, border);
    this.#seeds += isSeed ? 1 : -1;
    return border;
  }

  /** Notes that the peer is there. `peerId`: one character per byte. */
  touch(slot: number, peerId: string, seenAt: number): void {
    const { words } = this;
    let at = this.#base + slot * this.#arena.recordWords + this.#arena.keyWords;
    words[at] = seenAt;
    for (let char = 0; char < ID_LENGTH; char += 4) {
      at += 1;
      words[at] =
        (peerId.charCodeAt(char) << 24) |
        (peerId.charCodeAt(char + 1) << 16) |
        (peerId.charCodeAt(char + 2) << 8) |
        peerId.charCodeAt(char + 3);
    }
  }

  remove(slot: number): void {
    this.#index?.remove(slot, this);
    let hole = slot;
    if (slot < this.#seeds) {
      this.#seeds -= 1;
      this.#move(this.#seeds, hole);
      hole = this.#seeds;
    }
    this.#size -= 1;
    this.#move(this.#size, hole);
    if (this.#size === 0 || this.#size < this.#room * SHRINK_BELOW) {
      const room = this.#size === 0 ? 0 : roomFor(Math.ceil(this.#size * SHRUNK_ROOM));
      if (room < this.#room) this.#resize(room);
    }
  }

  /** Removes the peers last seen before `deadline` (seconds). */
  expire(deadline: number): void {
    const { recordWords, keyWords } = this.#arena;
    for (let slot = this.#size - 1; slot >= 0; slot -= 1) {
      const seen = this.words[this.#base + slot * recordWords + keyWords] ?? 0;
      if (seen < deadline) this.remove(slot);
    }
  }

  /**
   * Writes the endpoints of `count` peers in the slots from `from` on, in compact form, and their ids where `ids` is given.
   * Each comes from its own part of those slots, so none comes twice. `except` is a slot that is left out, or -1; `count` is at
   * most the number of the others. `random` gives floats in [0, 1).
   */
  sample(
    from: number,
    count: number,
    except: number,
    random: () => number,
    target: Buffer,
    at: number,
    ids: Buffer | undefined,
    idsAt: number,
  ): void {
    const skips = except >= from;
    const candidates = this.#size - from - (skips ? 1 : 0);
    const all = count === candidates;
    // Turned by a random amount, since parts of a table that does not divide evenly differ in size.
    const turn = all ? 0 : Math.floor(random() * candidates);
    const { words } = this;
    const { keyWords, recordWords } = this.#arena;
    let end = 0;
    for (let index = 0; index < count; index += 1) {
      const start = end;
      end = Math.floor(((index + 1) * candidates) / count);
      let slot = all ? index : start + Math.floor(random() * (end - start)) + turn;
      if (slot >= candidates) slot -= candidates;
      slot += from;
      if (skips && slot >= except) slot += 1;
      let record = this.#base + slot * recordWords;
      for (const last = record + keyWords - 1; record < last; record += 1, at += 4) {
        const word = words[record] ?? 0;
        target[at] = word >>> 24;
        target[at + 1] = word >>> 16;
        target[at + 2] = word >>> 8;
        target[at + 3] = word;
      }
      const port = words[record] ?? 0;
      target[at] = port >>> 8;
      target[at + 1] = port;
      at += 2;
      if (ids === undefined) continue;
      for (let word = 0; word < ID_LENGTH / 4; word += 1, idsAt += 4) {
        ids.writeUInt32BE(words[record + 2 + word] ?? 0, idsAt);
      }
    }
  }

  /** Copies a record over one that is gone from the index already. */
  #move(from: number, to: number): void {
    if (from === to) return;
    this.#index?.move(from, to, this);
    const { recordWords } = this.#arena;
    const start = this.#base + from * recordWords;
    this.words.copyWithin(this.#base + to * recordWords, start, start + recordWords);
  }

  #swap(first: number, second: number): void {
    this.#index?.swap(first, second, this);
    const { words } = this;
    const { recordWords } = this.#arena;
    const one = this.#base + first * recordWords;
    const other = this.#base + second * recordWords;
    for (let word = 0; word < recordWords; word += 1) {
      const held = words[one + word] ?? 0;
      words[one + word] = words[other + word] ?? 0;
      words[other + word] = held;
    }
  }

  #resize(room: number): void {
    const arena = this.#arena;
    const old = this.#chunk;
    const oldBase = this.#base;
    this.#index = undefined;
    this.#room = room;
    this.#chunk = room === 0 ? NOWHERE : arena.chunkFor(room);
    if (room > 0) {
      this.#base = arena.take(this.#chunk);
      const used = old.words.subarray(oldBase, oldBase + this.#size * arena.recordWords);
      this.#chunk.words.set(used, this.#base);
    }
    if (room > LARGEST_BLOCK) {
      const index = new PeerIndex(room);
      for (let slot = 0; slot < this.#size; slot += 1) index.add(slot, this);
      this.#index = index;
    }
    if (old !== NOWHERE) arena.release(old, oldBase);
  }
}
