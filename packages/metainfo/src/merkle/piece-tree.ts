import { SHA256_LENGTH } from '../limits.ts';
import { bufferOf, digest, putDigest, zeroHash } from './layers.ts';

/**
 * The tree above the blocks of one piece after another, where many are hashed: as `hashPiece`, in memory that is cut into
 * its pairs of hashes once, since a view of each costs a good part of what its hash does.
 */
export class PieceTree {
  /** Leaf hashes, then one layer after the other in their place. */
  readonly #nodes: Buffer;
  readonly #pairs: readonly Uint8Array[];
  #count = 0;

  /** @param blockCount blocks of a piece at most */
  constructor(blockCount: number) {
    // A last one without a neighbour gets one.
    const pairCount = Math.ceil(blockCount / 2);
    const bytes = new Uint8Array(2 * pairCount * SHA256_LENGTH);
    this.#nodes = bufferOf(bytes);
    this.#pairs = Array.from({ length: pairCount }, (_, pair) =>
      bytes.subarray(2 * pair * SHA256_LENGTH, 2 * (pair + 1) * SHA256_LENGTH),
    );
  }

  /** Hashes the next block of the piece. */
  add(block: Uint8Array): void {
    putDigest(digest(block), this.#nodes, this.#count++ * SHA256_LENGTH);
  }

  /** The root at a layer, padded up to there; valid until the next piece, which begins now. */
  root(height: number): Uint8Array {
    let count = this.#count;
    this.#count = 0;
    for (let layer = 0; layer < height; layer++) {
      if (count % 2 === 1) this.#nodes.set(zeroHash(layer), count++ * SHA256_LENGTH);
      count /= 2;
      for (let node = 0; node < count; node++) {
        const pair = this.#pairs[node];
        if (pair !== undefined) putDigest(digest(pair), this.#nodes, node * SHA256_LENGTH);
      }
    }
    return this.#nodes.subarray(0, SHA256_LENGTH);
  }
}
