import type { HashRequest } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';
import type { PieceHashes } from './piece-hashes.ts';

/**
 * The ranges of piece hashes that are unknown, up to 512 pieces each: what `hash request` messages ask for. They are counted in
 * the order of the pieces, and gone through in another one: those with wanted pieces first.
 *
 * Memory: 13 bytes for each range, and the hash trees of their files.
 */
export class LayerRanges {
  /** Ranges still unknown. */
  left: number;
  readonly #hashes: PieceHashes;
  readonly #files: Uint32Array;
  /** First piece of each, ascending. */
  readonly #firsts: Uint32Array;
  /** Pieces of each. */
  readonly #counts: Uint16Array;
  /** 1 for each that is known by now. */
  readonly #done: Uint8Array;
  #order: Uint32Array;
  /** Files with the same root as another one that is asked for: one answer serves both. */
  readonly #twins = new Map<number, number[]>();

  constructor(hashes: PieceHashes) {
    this.#hashes = hashes;
    const files: number[] = [];
    const firsts: number[] = [];
    const counts: number[] = [];
    for (const file of hashes.unknownFiles()) {
      const tree = hashes.treeOf(file);
      if (tree === undefined || this.#isTwin(file)) continue;
      const { pieceCount } = tree.geometry;
      for (const { index, length } of tree.missingRanges()) {
        files.push(file);
        firsts.push(hashes.firstPieceOf(file) + index);
        counts.push(Math.min(length, pieceCount - index));
      }
    }
    this.#files = Uint32Array.from(files);
    this.#firsts = Uint32Array.from(firsts);
    this.#counts = Uint16Array.from(counts);
    this.#done = new Uint8Array(files.length);
    this.#order = Uint32Array.from(files.keys());
    this.left = files.length;
  }

  /** Ranges that were unknown in the beginning: they are numbered from 0. */
  get size(): number {
    return this.#files.length;
  }

  /** Those with wanted pieces come first, in the order of the pieces. */
  arrange(isWanted: (piece: number) => boolean): void {
    const wanted: number[] = [];
    const others: number[] = [];
    for (let range = 0; range < this.size; range++) {
      if (this.isDone(range)) continue;
      (this.#some(range, isWanted) ? wanted : others).push(range);
    }
    this.#order = Uint32Array.from([...wanted, ...others]);
  }

  /** The range at a place of the order; undefined past the end. */
  at(place: number): number | undefined {
    return this.#order[place];
  }

  isDone(range: number): boolean {
    return this.#done[range] === 1;
  }

  /** The range that holds the hash of a piece; undefined where that was known from the beginning. */
  rangeOf(piece: number): number | undefined {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const first = this.#firsts[middle] ?? 0;
      if (piece < first) high = middle - 1;
      else if (piece >= first + (this.#counts[middle] ?? 0)) low = middle + 1;
      else return middle;
    }
    return undefined;
  }

  /** Whether somebody has any piece of a range: whoever has one has verified it, and knows its hash. */
  isHadBy(have: Bitfield, range: number): boolean {
    return have.isFull || this.#some(range, (piece) => have.get(piece));
  }

  requestOf(range: number): HashRequest | undefined {
    const file = this.#files[range] ?? 0;
    const piece = (this.#firsts[range] ?? 0) - this.#hashes.firstPieceOf(file);
    return this.#hashes.treeOf(file)?.requestFor(piece);
  }

  /**
   * Takes the answer to the request of a range.
   * @returns the pieces whose hash became known by it; undefined where it is wrong
   */
  add(range: number, request: HashRequest, hashes: Uint8Array): number[] | undefined {
    const file = this.#files[range] ?? 0;
    const learned = this.#hashes.addHashes(file, request, hashes);
    if (learned === undefined) return undefined;
    if (!this.isDone(range)) {
      this.#done[range] = 1;
      this.left--;
    }
    for (const twin of this.#twins.get(file) ?? []) {
      for (const piece of this.#hashes.addHashes(twin, request, hashes) ?? []) learned.push(piece);
    }
    return learned;
  }

  #isTwin(file: number): boolean {
    const tree = this.#hashes.treeOf(file);
    const first = tree && this.#hashes.fileOfRoot(tree.piecesRoot);
    if (first === undefined || first === file) return false;
    // Of one root, but of another length, are only files that somebody made up.
    const { fileLength } = this.#hashes.treeOf(first)?.geometry ?? {};
    if (fileLength !== tree?.geometry.fileLength) return false;
    const twins = this.#twins.get(first);
    if (twins === undefined) this.#twins.set(first, [file]);
    else twins.push(file);
    return true;
  }

  #some(range: number, test: (piece: number) => boolean): boolean {
    const first = this.#firsts[range] ?? 0;
    const end = first + (this.#counts[range] ?? 0);
    for (let piece = first; piece < end; piece++) if (test(piece)) return true;
    return false;
  }
}
