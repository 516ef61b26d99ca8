/**
 * Ranges of numbers of `words` 32-bit words each, the first word being the highest, both ends included: sorted, and no two of them
 * touch. Two flat arrays, because lists have hundreds of thousands of ranges: 8 bytes each for IPv4, 32 for IPv6.
 */
export class RangeTable {
  readonly #words: number;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  constructor(words: number, starts: Uint32Array, ends: Uint32Array) {
    this.#words = words;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Ranges. */
  get size(): number {
    return this.#starts.length / this.#words;
  }

  /** Bytes. */
  get byteLength(): number {
    return this.#starts.byteLength + this.#ends.byteLength;
  }

  /** Whether a number, as so many words, is in one of the ranges. */
  has(value: ArrayLike<number>): boolean {
    // The last range that does not begin after it.
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#starts, middle, value) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.#compare(this.#ends, low - 1, value) >= 0;
  }

  #compare(numbers: Uint32Array, index: number, value: ArrayLike<number>): number {
    const at = index * this.#words;
    for (let word = 0; word < this.#words; word += 1) {
      const difference = (numbers[at + word] ?? 0) - (value[word] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
