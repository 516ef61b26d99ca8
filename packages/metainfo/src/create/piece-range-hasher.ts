import { createHash } from 'node:crypto';
import { SHA1_LENGTH } from '../limits.ts';
import { fileAt } from './hash-files.ts';
import type { HashFiles } from './hash-files.ts';
import type { HashedRange, RangeHasher } from './hash-messages.ts';
import { READ_LENGTH, SourceReader } from './source-reader.ts';

/** Hashes pieces of files that are laid end to end (BEP 3): SHA-1 alone, and pieces span files. */
export class PieceRangeHasher implements RangeHasher {
  readonly #files: HashFiles;
  readonly #reader: SourceReader;
  readonly #pieceLength: number;
  readonly #totalLength: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;

  constructor(files: HashFiles, pieceLength: number) {
    const last = files.size - 1;
    this.#files = files;
    this.#reader = new SourceReader(files);
    this.#pieceLength = pieceLength;
    this.#totalLength = (files.offsets[last] ?? 0) + (files.lengths[last] ?? 0);
    this.#buffer = new Uint8Array(Math.min(READ_LENGTH, pieceLength));
  }

  hash(first: number, count: number): HashedRange {
    const digests = new Uint8Array(count * SHA1_LENGTH);
    const start = first * this.#pieceLength;
    let at = start;
    let fileIndex = fileAt(this.#files, at);
    for (let piece = 0; piece < count; piece++) {
      const end = Math.min(at + this.#pieceLength, this.#totalLength);
      const digest = createHash('sha1');
      while (at < end) {
        const offset = this.#files.offsets[fileIndex];
        if (offset === undefined) throw new RangeError('piece beyond the last file');
        const fileEnd = offset + (this.#files.lengths[fileIndex] ?? 0);
        if (at >= fileEnd) {
          fileIndex++;
          continue;
        }
        const length = Math.min(end, fileEnd, at + this.#buffer.length) - at;
        const part =
          length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, length);
        this.#reader.read(fileIndex, at - offset, part);
        digest.update(part);
        at += length;
      }
      digests.set(digest.digest(), piece * SHA1_LENGTH);
    }
    return { bytes: at - start, digests, hashes: undefined };
  }

  close(): void {
    this.#reader.close();
  }
}
