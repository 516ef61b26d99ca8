import { type HashRequest, MAX_HASH_REQUEST_LENGTH } from '@shoal/metainfo';
import type { PieceHashes } from './piece-hashes.ts';

/** Bytes of a SHA-256 digest. */
const SHA256_LENGTH = 32;

/**
 * The leaf hashes of one piece on their way: asked of one peer at a time, all of them, in messages of up to 512 (of pieces of
 * up to 8 MiB in one). They need no proof of their own, as the hash of the piece is known and they must lead to it.
 */
export class LeafSearch<P> {
  readonly piece: number;
  /** Who was asked so far; the last one is being asked. */
  readonly asked = new Set<P>();
  readonly #hashes: PieceHashes;
  readonly #root: Uint8Array;
  /** First leaf of the piece in its file. */
  readonly #first: number;
  readonly #height: number;
  readonly #blocks: number;
  readonly #leaves: Uint8Array;
  /** Leaves that are here. */
  #received = 0;

  private constructor(hashes: PieceHashes, piece: number, root: Uint8Array, height: number) {
    this.#hashes = hashes;
    this.piece = piece;
    this.#root = root;
    this.#height = height;
    this.#first = (piece - hashes.firstPieceOf(hashes.fileOf(piece))) * 2 ** height;
    this.#blocks = hashes.blocksAt(piece);
    this.#leaves = new Uint8Array(2 ** height * SHA256_LENGTH);
  }

  /** Undefined where there is nothing to ask for: the hash of the piece is unknown, or it is one leaf itself. */
  static of<P>(hashes: PieceHashes, piece: number): LeafSearch<P> | undefined {
    if (!hashes.isKnown(piece)) return undefined;
    const tree = hashes.treeOf(hashes.fileOf(piece));
    if (tree === undefined || tree.geometry.pieceLayer === 0) return undefined;
    return new LeafSearch(hashes, piece, tree.piecesRoot, tree.geometry.pieceLayer);
  }

  /** Begins anew, with another peer. */
  restart(peer: P): void {
    this.asked.add(peer);
    this.#received = 0;
  }

  /** What to ask for next. */
  get request(): HashRequest {
    const length = Math.min(MAX_HASH_REQUEST_LENGTH, 2 ** this.#height);
    return {
      piecesRoot: this.#root,
      baseLayer: 0,
      index: this.#first + this.#received,
      length,
      // Up to the hash of the piece, which is known: no uncle where one message holds all leaves.
      proofLayers: this.#height - 1,
    };
  }

  /** Takes the answer to {@link request}; true when that was the last one. */
  add({ length }: HashRequest, hashes: Uint8Array): boolean {
    const leaves = hashes.subarray(0, length * SHA256_LENGTH);
    this.#leaves.set(leaves, this.#received * SHA256_LENGTH);
    this.#received += length;
    return this.#received >= 2 ** this.#height;
  }

  /** The leaf hashes of the blocks, 32 bytes each, once all are here; undefined where they do not lead to the piece's hash. */
  get verified(): Uint8Array | undefined {
    const leaves = this.#leaves.subarray(0, this.#blocks * SHA256_LENGTH);
    return this.#hashes.areLeavesOf(this.piece, leaves) ? leaves : undefined;
  }
}
