import { SHA256_LENGTH } from '../limits.ts';
import { digest } from './layers.ts';
import { joinUp, makePairHasher } from './pair-hasher.ts';
import type { PairHasher } from './pair-hasher.ts';

/** The tree above the blocks of one piece after another, where many are hashed: as `hashPiece`, in memory of its own. */
export class PieceTree {
  readonly #hasher: PairHasher;
  /** Leaf hashes, as {@link digest} gives them: to put them into their places one by one takes ten times as long. */
  #leaves = '';

  /** @param blockCount blocks of a piece at most */
  constructor(blockCount: number) {
    this.#hasher = makePairHasher(blockCount);
  }

  /** Hashes the next block of the piece. */
  add(block: Uint8Array): void {
    this.#leaves += digest(block);
  }

  /** The root at a layer, padded up to there; valid until the next piece, which begins now. */
  root(height: number): Uint8Array {
    const length = this.#hasher.nodes.write(this.#leaves, 'latin1');
    this.#leaves = '';
    return joinUp(this.#hasher, length / SHA256_LENGTH, 0, height);
  }
}
