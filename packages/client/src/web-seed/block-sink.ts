import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { WebGeometry } from './web-parts.ts';

/** Where the blocks go. */
export interface BlockTaker {
  /** A block begins: its place, undefined where it has none, or `wait` where it has none yet. */
  blockBegins(piece: number, begin: number, length: number): Uint8Array | undefined | 'wait';
  /** The bytes of a block have come whole. */
  blockEnds(piece: number, begin: number, length: number): void;
}

/** Cuts a stream of bytes of the piece space into blocks, and copies each to its place. */
export class BlockSink {
  readonly #geometry: WebGeometry;
  readonly #taker: BlockTaker;
  /** Where the next byte belongs in the piece space. */
  #position = 0;
  #isOpen = false;
  #piece = 0;
  #begin = 0;
  #length = 0;
  #filled = 0;
  #target: Uint8Array | undefined;
  /** No whole block: its beginning has not come from here, or it is padding. */
  #isScrap = false;

  constructor(geometry: WebGeometry, taker: BlockTaker) {
    this.#geometry = geometry;
    this.#taker = taker;
  }

  /** Where the next byte belongs in the piece space. */
  get position(): number {
    return this.#position;
  }

  /** The next byte belongs here. A block that has begun goes on only if this is where it does. */
  seek(offset: number): void {
    if (offset === this.#position) return;
    this.#position = offset;
    this.#isOpen = false;
  }

  /** Forgets a block that has begun. */
  reset(): void {
    this.#isOpen = false;
    this.#target = undefined;
  }

  /** Takes bytes in; answers how many: fewer than there are where a block has to wait for its place. */
  write(chunk: Uint8Array): number {
    let used = 0;
    while (used < chunk.length) {
      if (!this.#isOpen && !this.#open()) break;
      const take = Math.min(chunk.length - used, this.#length - this.#filled);
      this.#target?.set(chunk.subarray(used, used + take), this.#filled);
      this.#filled += take;
      this.#position += take;
      used += take;
      if (this.#filled === this.#length) this.#close();
    }
    return used;
  }

  #open(): boolean {
    const { info, pieceLengthAt } = this.#geometry;
    const { pieceLength } = info;
    const piece = Math.floor(this.#position / pieceLength);
    const at = this.#position - piece * pieceLength;
    const payload = pieceLengthAt(piece);
    const begin = at - (at % BLOCK_LENGTH);
    const end = at < payload ? Math.min(begin + BLOCK_LENGTH, payload) : pieceLength;
    this.#isScrap = at !== begin || at >= payload;
    if (this.#isScrap) this.#target = undefined;
    else {
      const target = this.#taker.blockBegins(piece, begin, end - begin);
      if (target === 'wait') return false;
      this.#target = target;
    }
    this.#isOpen = true;
    this.#piece = piece;
    this.#begin = begin;
    this.#length = end - at;
    this.#filled = 0;
    return true;
  }

  #close(): void {
    this.#isOpen = false;
    this.#target = undefined;
    if (!this.#isScrap) this.#taker.blockEnds(this.#piece, this.#begin, this.#length);
  }
}
