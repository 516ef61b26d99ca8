import { RootHash } from '@shoal/metainfo';

/** Bytes of a pieces root (SHA-256). */
export const ROOT_LENGTH = 32;

/** Slots of an empty table; a power of two. */
const MIN_SLOTS = 64;

/** Part of the slots that may be taken before the table is made anew. */
const MAX_LOAD = 0.75;

/** Roots that there must be room for then, over those there are: not to be made anew for each that comes where others have gone. */
const GROWTH = 1.25;

/** Torrents remembered for one root. Whoever adds thousands that name the same one makes nobody search long. */
const MAX_OWNERS = 16;

/**
 * Which torrents name a pieces root (BEP 52). It keeps 32 bits of each root: whoever is found is to be asked whether it really
 * has a file with that root. The bits are a {@link RootHash}.
 *
 * Memory: 11 to 22 bytes for each root of each torrent.
 */
export class RootTable<T extends object> {
  readonly #hash = new RootHash();
  #fingerprints = new Uint32Array(MIN_SLOTS);
  /** Number of the owner, counted from 1; 0 where the slot is free. */
  #owners = new Uint32Array(MIN_SLOTS);
  #shift = 32 - Math.log2(MIN_SLOTS);
  /** Slots that are not free, those of owners that are gone included. */
  #taken = 0;
  /** Roots of owners that are there. */
  #live = 0;
  /** By number; undefined: it is gone, and its slots are not free yet. */
  #byNumber: (T | undefined)[] = [];
  readonly #numbers = new Map<T, { number: number; roots: number }>();

  /** Slots, for tests and reports of memory: 8 bytes each. */
  get slots(): number {
    return this.#owners.length;
  }

  /** Whether an owner has been added and not deleted. */
  has(owner: T): boolean {
    return this.#numbers.has(owner);
  }

  /** A torrent names the root that stands at a place of some bytes. Once is enough for each. */
  add(owner: T, bytes: Uint8Array, at: number): void {
    if (this.#taken >= this.#owners.length * MAX_LOAD) this.#rebuild();
    let entry = this.#numbers.get(owner);
    if (entry === undefined) {
      entry = { number: this.#byNumber.push(owner), roots: 0 };
      this.#numbers.set(owner, entry);
    }
    if (this.#put(this.#hash.of(bytes, at), entry.number)) {
      entry.roots++;
      this.#live++;
    }
  }

  /** Forgets a torrent. */
  delete(owner: T): void {
    const entry = this.#numbers.get(owner);
    if (entry === undefined) return;
    this.#numbers.delete(owner);
    this.#byNumber[entry.number - 1] = undefined;
    this.#live -= entry.roots;
  }

  /** The torrents that may name the root that stands at a place of some bytes, 16 at most, each once. */
  find(bytes: Uint8Array, at: number): T[] {
    const found: T[] = [];
    const fingerprint = this.#hash.of(bytes, at);
    const mask = this.#owners.length - 1;
    for (let slot = fingerprint >>> this.#shift; ; slot = (slot + 1) & mask) {
      const number = this.#owners[slot] ?? 0;
      if (number === 0) return found;
      const owner = this.#byNumber[number - 1];
      if (owner !== undefined && this.#fingerprints[slot] === fingerprint) found.push(owner);
    }
  }

  #put(fingerprint: number, number: number): boolean {
    const mask = this.#owners.length - 1;
    let slot = fingerprint >>> this.#shift;
    for (let others = 0; this.#owners[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#fingerprints[slot] !== fingerprint) continue;
      others++;
      if (this.#owners[slot] === number || others >= MAX_OWNERS) return false;
    }
    this.#fingerprints[slot] = fingerprint;
    this.#owners[slot] = number;
    this.#taken++;
    return true;
  }

  /** Makes the table anew, without the torrents that are gone. */
  #rebuild(): void {
    const fingerprints = this.#fingerprints;
    const owners = this.#owners;
    const bits = Math.ceil(Math.log2(Math.max(MIN_SLOTS, (this.#live * GROWTH) / MAX_LOAD)));
    this.#fingerprints = new Uint32Array(2 ** bits);
    this.#owners = new Uint32Array(2 ** bits);
    this.#shift = 32 - bits;
    this.#taken = 0;
    const byNumber = this.#byNumber;
    /** New number by old one. */
    const renumbered = new Uint32Array(byNumber.length + 1);
    this.#byNumber = [];
    for (const [owner, entry] of this.#numbers) {
      renumbered[entry.number] = this.#byNumber.push(owner);
      entry.number = renumbered[entry.number] ?? 0;
    }
    for (let slot = 0; slot < owners.length; slot++) {
      const number = renumbered[owners[slot] ?? 0] ?? 0;
      if (number !== 0) this.#put(fingerprints[slot] ?? 0, number);
    }
  }
}
