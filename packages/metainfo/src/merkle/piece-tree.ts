import { SHA256_LENGTH } from '../limits.ts';
import { digest, putDigest } from './layers.ts';
import { joinUp, makePairHasher } from './pair-hasher.ts';
import type { PairHasher } from './pair-hasher.ts';

/** The tree above the blocks of one piece after another, where many are hashed: as `hashPiece`, in memory of its own. */
export class PieceTree {
  /** Leaf hashes, then one layer after the other in their place. */
  readonly #hasher: PairHasher;
  #count = 0;

  /** @param blockCount blocks of a piece at most */
  constructor(blockCount: number) {
    this.#hasher = makePairHasher(blockCount);
  }

  /** Hashes the next block of the piece. */
  add(block: Uint8Array): void {
    putDigest(digest(block), this.#hasher.nodes, this.#count++ * SHA256_LENGTH);
  }

  /** The root at a layer, padded up to there; valid until the next piece, which begins now. */
  root(height: number): Uint8Array {
    const count = this.#count;
    this.#count = 0;
    return joinUp(this.#hasher, count, 0, height);
  }
}
