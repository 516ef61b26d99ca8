/** Numbers of a well-known integer mixer (the finalizer of MurmurHash3). */
const MIX_1 = 0x85eb_ca6b;
const MIX_2 = 0xc2b2_ae35;

/** Where the records are that an index is about. */
export interface Records {
  readonly words: Uint32Array;
  readonly base: number;
  readonly recordWords: number;
  readonly keyWords: number;
  readonly seed: number;
}

/** The hash of the `count` words at `at`. */
function hashOf(words: Uint32Array, at: number, count: number, seed: number): number {
  let hash = seed;
  for (let index = 0; index < count; index += 1) {
    hash = Math.imul(hash ^ (words[at + index] ?? 0), MIX_1);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, MIX_2);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** Finds records by their keys in a table too large to be looked through: open addressing, at most half full. */
export class PeerIndex {
  /** Slot plus one, by hash; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @param records the most there may be */
  constructor(records: number) {
    const length = 1 << (32 - Math.clz32(2 * records - 1));
    this.#slots = new Int32Array(length);
    this.#mask = length - 1;
  }

  find(key: Uint32Array, records: Records): number {
    const { words, base, recordWords, keyWords, seed } = records;
    for (let at = hashOf(key, 0, keyWords, seed) & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = (this.#slots[at] ?? 0) - 1;
      if (slot < 0) return -1;
      let same = 0;
      const record = base + slot * recordWords;
      while (same < keyWords && words[record + same] === key[same]) same += 1;
      if (same === keyWords) return slot;
    }
  }

  /** Notes the record that has just been written to `slot`. */
  add(slot: number, records: Records): void {
    let at = this.#home(slot, records);
    while (this.#slots[at] !== 0) at = (at + 1) & this.#mask;
    this.#slots[at] = slot + 1;
  }

  /** The record of slot `from`, still written there, will be at slot `to`. */
  move(from: number, to: number, records: Records): void {
    this.#slots[this.#placeOf(from, records)] = to + 1;
  }

  /** Two records change places; both are still where they were. */
  swap(first: number, second: number, records: Records): void {
    const at = this.#placeOf(first, records);
    const other = this.#placeOf(second, records);
    this.#slots[at] = second + 1;
    this.#slots[other] = first + 1;
  }

  /** Forgets the record of `slot`, which is still written there. */
  remove(slot: number, records: Records): void {
    let hole = this.#placeOf(slot, records);
    // Those behind it move up, so that no search ends too early.
    for (let at = (hole + 1) & this.#mask; this.#slots[at] !== 0; at = (at + 1) & this.#mask) {
      const home = this.#home((this.#slots[at] ?? 0) - 1, records);
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#slots[hole] = this.#slots[at] ?? 0;
      hole = at;
    }
    this.#slots[hole] = 0;
  }

  #home(slot: number, { words, base, recordWords, keyWords, seed }: Records): number {
    return hashOf(words, base + slot * recordWords, keyWords, seed) & this.#mask;
  }

  #placeOf(slot: number, records: Records): number {
    let at = this.#home(slot, records);
    while (this.#slots[at] !== slot + 1) at = (at + 1) & this.#mask;
    return at;
  }
}
