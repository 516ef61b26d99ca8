import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { SHA1_LENGTH, SHA256_LENGTH } from '../limits.ts';
import { BLOCK_LENGTH, treeGeometry } from '../merkle/geometry.ts';
import { PieceTree } from '../merkle/piece-tree.ts';
import { fileAt } from './hash-files.ts';
import type { HashFiles } from './hash-files.ts';
import type { HashedRange, PieceHashing, RangeHasher } from './hash-messages.ts';
import { READ_LENGTH, SourceReader } from './source-reader.ts';

const zeros = new Uint8Array(READ_LENGTH);

/**
 * Hashes pieces of files that all start at a piece (BEP 52): the SHA-256 tree of each piece and, for hybrid torrents, its
 * SHA-1, from one read.
 */
export class AlignedPieceHasher implements RangeHasher {
  readonly #files: HashFiles;
  readonly #reader: SourceReader;
  readonly #pieceLength: number;
  readonly #hashing: PieceHashing;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  /** The blocks of the buffer. */
  readonly #blocks: readonly Uint8Array[];
  readonly #tree: PieceTree;

  constructor(files: HashFiles, pieceLength: number, hashing: PieceHashing) {
    this.#files = files;
    this.#reader = new SourceReader(files);
    this.#pieceLength = pieceLength;
    this.#hashing = hashing;
    this.#buffer = new Uint8Array(Math.min(READ_LENGTH, pieceLength));
    this.#blocks = Array.from({ length: this.#buffer.length / BLOCK_LENGTH }, (_, block) =>
      this.#buffer.subarray(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH),
    );
    this.#tree = new PieceTree(pieceLength / BLOCK_LENGTH);
  }

  hash(first: number, count: number): HashedRange {
    const { offsets, lengths } = this.#files;
    const hashes = new Uint8Array(count * SHA256_LENGTH);
    const digests = this.#hashing === 'v2' ? undefined : new Uint8Array(count * SHA1_LENGTH);
    let bytes = 0;
    let index = fileAt(this.#files, first * this.#pieceLength);
    for (let piece = 0; piece < count; piece++) {
      const at = (first + piece) * this.#pieceLength;
      while ((offsets[index + 1] ?? Infinity) <= at) index++;
      const position = at - (offsets[index] ?? 0);
      const fileLength = lengths[index] ?? 0;
      const length = Math.min(this.#pieceLength, fileLength - position);
      if (!(length > 0)) throw new RangeError('piece beyond the last file');
      const sha1 = digests === undefined ? undefined : createHash('sha1');
      this.#read(index, position, length, sha1);
      const { pieceLayer } = treeGeometry(fileLength, this.#pieceLength);
      hashes.set(this.#tree.root(pieceLayer), piece * SHA256_LENGTH);
      if (sha1 !== undefined) digests?.set(sha1.digest(), piece * SHA1_LENGTH);
      bytes += length;
    }
    return { bytes, digests, hashes };
  }

  close(): void {
    this.#reader.close();
  }

  /** Reads and hashes the part of a file that is in one piece. */
  #read(index: number, position: number, length: number, sha1: Hash | undefined): void {
    for (let at = 0; at < length; at += this.#buffer.length) {
      const wanted = Math.min(this.#buffer.length, length - at);
      const part = wanted === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, wanted);
      this.#reader.read(index, position + at, part);
      sha1?.update(part);
      this.#hashBlocks(wanted);
    }
    if (this.#hashing !== 'padded') return;
    for (let left = this.#pieceLength - length; left > 0; left -= zeros.length) {
      sha1?.update(left >= zeros.length ? zeros : zeros.subarray(0, left));
    }
  }

  /** Hashes the blocks at the start of the buffer. */
  #hashBlocks(length: number): void {
    let at = 0;
    for (const block of this.#blocks) {
      if (at >= length) return;
      this.#tree.add(at + BLOCK_LENGTH <= length ? block : this.#buffer.subarray(at, length));
      at += BLOCK_LENGTH;
    }
  }
}
