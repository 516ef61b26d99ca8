import { RangeTable } from './range-table.ts';

/** Ranges that are sorted in one go: some milliseconds of work. */
const RUN_LENGTH = 16_384;

/** Sorted ranges: `words` words of the start and `words` of the end of each. */
type Run = Uint32Array;

/** Collects ranges in any order, and makes a table of them without ever working for long. Lists are mostly sorted: that costs nothing. */
export class RangeSorter {
  readonly #words: number;
  readonly #runs: Run[] = [];
  #open: Uint32Array;
  /** Ranges in `#open`. */
  #count = 0;
  #isSorted = true;
  #size = 0;

  /** @param words 32-bit words of a number */
  constructor(words: number) {
    this.#words = words;
    this.#open = new Uint32Array(0);
  }

  /** Ranges that were added. */
  get size(): number {
    return this.#size;
  }

  /** `start` ≤ `end`, both included, the highest word first. */
  add(start: ArrayLike<number>, end: ArrayLike<number>): void {
    const width = this.#words * 2;
    if (this.#open.length === 0) this.#open = new Uint32Array(RUN_LENGTH * width);
    const at = this.#count * width;
    for (let word = 0; word < this.#words; word += 1) {
      this.#open[at + word] = start[word] ?? 0;
      this.#open[at + this.#words + word] = end[word] ?? 0;
    }
    if (this.#count > 0) {
      this.#isSorted &&= this.#compare(this.#open, this.#count - 1, this.#open, this.#count) <= 0;
    }
    this.#count += 1;
    this.#size += 1;
    if (this.#count === RUN_LENGTH) this.#seal();
  }

  /**
   * A table of all that was added, which is forgotten here.
   *
   * @param pause waited for between two pieces of work
   */
  async table(pause: () => Promise<void>): Promise<RangeTable> {
    this.#seal();
    let runs = this.#runs.splice(0);
    this.#size = 0;
    while (runs.length > 1) {
      const merged: Run[] = [];
      for (let index = 0; index < runs.length; index += 2) {
        const [one, other] = [runs[index], runs[index + 1]];
        if (one === undefined) break;
        merged.push(other === undefined ? one : this.#merge(one, other));
        await pause();
      }
      runs = merged;
    }
    return this.#joined(runs[0] ?? new Uint32Array(0));
  }

  /** Begins a new run. */
  #seal(): void {
    if (this.#count === 0) return;
    const width = this.#words * 2;
    const open = this.#open.subarray(0, this.#count * width);
    this.#runs.push(this.#isSorted ? open.slice() : this.#sorted(open));
    this.#count = 0;
    this.#isSorted = true;
    if (this.#runs.length === 1) this.#open = new Uint32Array(RUN_LENGTH * width);
  }

  #sorted(run: Run): Run {
    const width = this.#words * 2;
    const order = new Uint32Array(run.length / width).map((_, index) => index);
    order.sort((one, other) => this.#compare(run, one, run, other));
    const sorted = new Uint32Array(run.length);
    order.forEach((from, to) => {
      sorted.set(run.subarray(from * width, (from + 1) * width), to * width);
    });
    return sorted;
  }

  #merge(one: Run, other: Run): Run {
    const width = this.#words * 2;
    const merged = new Uint32Array(one.length + other.length);
    const [ones, others] = [one.length / width, other.length / width];
    if (this.#compare(one, ones - 1, other, 0) <= 0) {
      merged.set(one);
      merged.set(other, one.length);
      return merged;
    }
    let [left, right, at] = [0, 0, 0];
    while (left < ones || right < others) {
      const isLeft =
        right === others || (left < ones && this.#compare(one, left, other, right) <= 0);
      const from = isLeft ? one : other;
      const index = (isLeft ? left++ : right++) * width;
      for (let word = 0; word < width; word += 1) merged[at + word] = from[index + word] ?? 0;
      at += width;
    }
    return merged;
  }

  /** Ranges that overlap or touch become one. */
  #joined(run: Run): RangeTable {
    const words = this.#words;
    const starts = new Uint32Array(run.length / 2);
    const ends = new Uint32Array(run.length / 2);
    let count = 0;
    for (let at = 0; at < run.length; at += words * 2) {
      const last = (count - 1) * words;
      if (count > 0 && this.#touches(ends, last, run, at)) {
        if (isGreater(run, at + words, ends, last, words)) {
          copy(run, at + words, ends, last, words);
        }
        continue;
      }
      copy(run, at, starts, count * words, words);
      copy(run, at + words, ends, count * words, words);
      count += 1;
    }
    return new RangeTable(words, starts.slice(0, count * words), ends.slice(0, count * words));
  }

  /** A range that begins at `run[at]` leaves no gap after the one that ends at `ends[last]`. */
  #touches(ends: Uint32Array, last: number, run: Run, at: number): boolean {
    if (!isGreater(run, at, ends, last, this.#words)) return true;
    let carry = 1;
    for (let word = this.#words - 1; word >= 0; word -= 1) {
      const next = (ends[last + word] ?? 0) + carry;
      carry = next > 0xffff_ffff ? 1 : 0;
      if (next >>> 0 !== run[at + word]) return false;
    }
    return true;
  }

  /** By where they begin. */
  #compare(one: Run, left: number, other: Run, right: number): number {
    const width = this.#words * 2;
    for (let word = 0; word < this.#words; word += 1) {
      const difference = (one[left * width + word] ?? 0) - (other[right * width + word] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

function isGreater(
  one: Uint32Array,
  left: number,
  other: Uint32Array,
  right: number,
  words: number,
): boolean {
  for (let word = 0; word < words; word += 1) {
    const difference = (one[left + word] ?? 0) - (other[right + word] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function copy(
  from: Uint32Array,
  at: number,
  into: Uint32Array,
  index: number,
  words: number,
): void {
  for (let word = 0; word < words; word += 1) into[index + word] = from[at + word] ?? 0;
}
