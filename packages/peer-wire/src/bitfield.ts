import { checkInteger } from './bytes.ts';
import { WireError } from './errors.ts';

/** Most bits a bitfield can have: piece indices are 32 bits wide on the wire. */
const MAX_BITS = 0xffff_ffff;

/**
 * A set of piece indices as BEP 3 lays it out: bit 0 is the highest bit of the first byte; the spare bits after the last
 * index are zero. It keeps count of the bits that are set.
 */
export class Bitfield {
  /** How many bits there are, set or not. */
  readonly length: number;
  /** A live view of exactly ceil(length / 8) bytes, as a `bitfield` message carries them. To be read, not written. */
  readonly bytes: Uint8Array;
  // The same memory rounded up to whole 32-bit words, for comparisons. The bytes beyond `bytes` stay zero.
  readonly #words: Uint32Array;
  #count = 0;

  /** All bits clear. Throws `ERR_WIRE_INVALID_ARGUMENT` unless `length` is an integer from 0 to 2^32 - 1. */
  constructor(length: number) {
    checkInteger('bitfield length', length, MAX_BITS);
    this.length = length;
    const size = Math.ceil(length / 8);
    this.#words = new Uint32Array(Math.ceil(size / 4));
    this.bytes = new Uint8Array(this.#words.buffer, 0, size);
  }

  /**
   * Copies what a peer or a file says. Throws `ERR_WIRE_BITFIELD_LENGTH` when there are not exactly ceil(length / 8)
   * bytes, `ERR_WIRE_BITFIELD_SPARE_BITS` when a bit after the last index is set (BEP 3).
   */
  static fromBytes(bytes: Uint8Array, length: number): Bitfield {
    checkInteger('bitfield length', length, MAX_BITS);
    const size = Math.ceil(length / 8);
    if (bytes.length !== size) {
      throw new WireError(
        'ERR_WIRE_BITFIELD_LENGTH',
        `a bitfield of ${length} bits has ${size} bytes, not ${bytes.length}`,
      );
    }
    if ((length & 7) !== 0 && ((bytes[size - 1] ?? 0) & (0xff >>> (length & 7))) !== 0) {
      throw new WireError(
        'ERR_WIRE_BITFIELD_SPARE_BITS',
        `a bitfield of ${length} bits has spare bits set in its last byte`,
      );
    }
    const field = new Bitfield(length);
    field.bytes.set(bytes);
    field.#count = countBits(field.#words);
    return field;
  }

  /** How many bits are set. */
  get count(): number {
    return this.#count;
  }

  /** Whether every bit is set; true for a length of 0. */
  get isFull(): boolean {
    return this.#count === this.length;
  }

  /** Whether no bit is set; true for a length of 0. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether the bit is set. False for an index that does not exist. */
  get(index: number): boolean {
    return index < this.length && ((this.bytes[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0;
  }

  /** Sets a bit; true when it was clear before. Throws `ERR_WIRE_PIECE_OUT_OF_RANGE`. */
  set(index: number): boolean {
    this.#checkIndex(index);
    const at = index >>> 3;
    const byte = this.bytes[at] ?? 0;
    const mask = 0x80 >>> (index & 7);
    if ((byte & mask) !== 0) return false;
    this.bytes[at] = byte | mask;
    this.#count++;
    return true;
  }

  /** Clears a bit; true when it was set before. Throws `ERR_WIRE_PIECE_OUT_OF_RANGE`. */
  clear(index: number): boolean {
    this.#checkIndex(index);
    const at = index >>> 3;
    const byte = this.bytes[at] ?? 0;
    const mask = 0x80 >>> (index & 7);
    if ((byte & mask) === 0) return false;
    this.bytes[at] = byte & ~mask;
    this.#count--;
    return true;
  }

  /** Sets every bit; the spare bits stay zero. */
  setAll(): void {
    this.bytes.fill(0xff);
    if ((this.length & 7) !== 0) this.bytes[this.bytes.length - 1] = 0xff00 >>> (this.length & 7);
    this.#count = this.length;
  }

  /** Clears every bit. */
  clearAll(): void {
    this.bytes.fill(0);
    this.#count = 0;
  }

  /** A copy with memory of its own. */
  clone(): Bitfield {
    const copy = new Bitfield(this.length);
    copy.#words.set(this.#words);
    copy.#count = this.#count;
    return copy;
  }

  /** Whether both have the same length and the same bits. */
  equals(other: Bitfield): boolean {
    if (this.length !== other.length || this.#count !== other.#count) return false;
    const theirs = other.#words;
    return this.#words.every((word, i) => word === theirs[i]);
  }

  /** Calls `callback` with each index whose bit is set, in ascending order. Costs one look per byte, not per bit. */
  forEachSet(callback: (index: number) => void): void {
    const bytes = this.bytes;
    for (let at = 0; at < bytes.length; at++) {
      let byte = bytes[at] ?? 0;
      while (byte !== 0) {
        const bit = Math.clz32(byte) - 24;
        callback(at * 8 + bit);
        byte &= 0x7f >>> bit;
      }
    }
  }

  /** Whether a bit is set here that `other` lacks: "do they have something we miss?". Both must have the same length. */
  hasAnyNotIn(other: Bitfield): boolean {
    return this.#firstWordNotIn(other) >= 0;
  }

  /** The lowest index set here and not in `other`, or -1. Both must have the same length. */
  firstNotIn(other: Bitfield): number {
    const word = this.#firstWordNotIn(other);
    if (word < 0) return -1;
    for (let at = word * 4; ; at++) {
      const byte = (this.bytes[at] ?? 0) & ~(other.bytes[at] ?? 0);
      if (byte !== 0) return at * 8 + Math.clz32(byte) - 24;
    }
  }

  #firstWordNotIn(other: Bitfield): number {
    if (other.length !== this.length) {
      throw new WireError(
        'ERR_WIRE_INVALID_ARGUMENT',
        `bitfields of ${this.length} and ${other.length} bits cannot be compared`,
      );
    }
    const ours = this.#words;
    const theirs = other.#words;
    for (let i = 0; i < ours.length; i++) {
      if (((ours[i] ?? 0) & ~(theirs[i] ?? 0)) !== 0) return i;
    }
    return -1;
  }

  #checkIndex(index: number): void {
    if (!(index >= 0 && index < this.length && Number.isInteger(index))) {
      throw new WireError(
        'ERR_WIRE_PIECE_OUT_OF_RANGE',
        `index ${index} is outside a bitfield of ${this.length} bits`,
      );
    }
  }
}

/** How many bits are set in all words. */
function countBits(words: Uint32Array): number {
  let count = 0;
  for (let word of words) {
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}
