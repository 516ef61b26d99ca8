import { SHA256_LENGTH } from '../limits.ts';
import { RootHash } from './root-hash.ts';

/** Slots for each root, so that half of them stay free; a power of two is made of it. */
const SLOTS_PER_ROOT = 2;
const MIN_SLOTS = 4;

/**
 * Finds pieces roots among those that stand in some bytes, without an object for any. The slots are by {@link RootHash}.
 */
export class RootIndex {
  readonly #bytes: Uint8Array;
  readonly #at: Uint32Array;
  /** Number of the root in each slot, counted from 1; 0 where it is free. */
  readonly #slots: Uint32Array;
  readonly #shift: number;
  readonly #hash = new RootHash();

  /** `at` says where the roots start in `bytes`; each is found from {@link add} on. */
  constructor(bytes: Uint8Array, at: Uint32Array) {
    this.#bytes = bytes;
    this.#at = at;
    const bits = Math.ceil(Math.log2(Math.max(MIN_SLOTS, SLOTS_PER_ROOT * at.length)));
    this.#slots = new Uint32Array(2 ** bits);
    this.#shift = 32 - bits;
  }

  /** Take in one of the roots; where there is an equal one already, that is the one that is found. */
  add(entry: number): void {
    const slot = this.#slotOf(this.#bytes, this.#at[entry] ?? 0);
    if (this.#slots[slot] === 0) this.#slots[slot] = entry + 1;
  }

  /** Which of the roots the one at a place of other bytes is; undefined where it is none of them. */
  find(bytes: Uint8Array, at: number): number | undefined {
    if (this.#at.length === 0) return undefined;
    const found = this.#slots[this.#slotOf(bytes, at)] ?? 0;
    return found === 0 ? undefined : found - 1;
  }

  /** The slot of a root, or the free one where it would go. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const slots = this.#slots;
    let slot = this.#hash.of(bytes, at) >>> this.#shift;
    for (;;) {
      const found = slots[slot] ?? 0;
      if (found === 0 || this.#isRoot(bytes, at, this.#at[found - 1] ?? 0)) return slot;
      slot = (slot + 1) & (slots.length - 1);
    }
  }

  #isRoot(bytes: Uint8Array, at: number, other: number): boolean {
    for (let byte = 0; byte < SHA256_LENGTH; byte++) {
      if (bytes[at + byte] !== this.#bytes[other + byte]) return false;
    }
    return true;
  }
}
