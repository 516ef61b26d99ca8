import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { SHA1_LENGTH } from '../limits.ts';

/** What a hasher needs to know of a file of the piece space. */
export interface HashFile {
  /** Absolute path. */
  readonly path: string;
  /** First byte in the piece space. */
  readonly offset: number;
  /** Bytes; never 0. */
  readonly length: number;
  /** Milliseconds. */
  readonly mtimeMs: number;
}

/** A file that is no longer what it was when the work began. */
export class FileChangedError extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} changed while it was hashed`);
    this.path = path;
  }
}

/** Bytes per read: what stays in a core's second-level cache between the read and the hash. */
const READ_LENGTH = 128 * 1024;

/**
 * Reads pieces of a list of files and hashes them, synchronously, for use in a worker. The file last read stays open, since
 * the next piece mostly goes on in it.
 */
export class PieceRangeHasher {
  readonly #files: readonly HashFile[];
  readonly #pieceLength: number;
  readonly #totalLength: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #open: { readonly index: number; readonly fd: number } | undefined;

  /** `files` are in piece-space order, without empty ones. */
  constructor(files: readonly HashFile[], pieceLength: number) {
    const last = files.at(-1);
    this.#files = files;
    this.#pieceLength = pieceLength;
    this.#totalLength = last === undefined ? 0 : last.offset + last.length;
    this.#buffer = new Uint8Array(Math.min(READ_LENGTH, pieceLength));
  }

  /** The digests of `count` pieces from `first` on, 20 bytes each. */
  hash(first: number, count: number): Uint8Array<ArrayBuffer> {
    const digests = new Uint8Array(count * SHA1_LENGTH);
    let at = first * this.#pieceLength;
    let fileIndex = this.#fileAt(at);
    for (let piece = 0; piece < count; piece++) {
      const end = Math.min(at + this.#pieceLength, this.#totalLength);
      const digest = createHash('sha1');
      while (at < end) {
        const file = this.#files[fileIndex];
        if (file === undefined) throw new RangeError('piece beyond the last file');
        const fileEnd = file.offset + file.length;
        if (at >= fileEnd) {
          fileIndex++;
          continue;
        }
        const wanted = Math.min(end, fileEnd, at + this.#buffer.length) - at;
        const fd = this.#fdOf(fileIndex, file);
        const read = readSync(fd, this.#buffer, 0, wanted, at - file.offset);
        if (read === 0) throw new FileChangedError(file.path);
        digest.update(read === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, read));
        at += read;
      }
      digests.set(digest.digest(), piece * SHA1_LENGTH);
    }
    return digests;
  }

  /** Closes the open file, after a look whether it is still what it was. */
  close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const file = this.#files[open.index];
    try {
      if (file !== undefined) checkUnchanged(open.fd, file);
    } finally {
      closeSync(open.fd);
    }
  }

  #fdOf(index: number, file: HashFile): number {
    if (this.#open?.index === index) return this.#open.fd;
    this.close();
    const fd = openSync(file.path, 'r');
    this.#open = { index, fd };
    checkUnchanged(fd, file);
    return fd;
  }

  /** Index of the file that holds byte `at` of the piece space. */
  #fileAt(at: number): number {
    let low = 0;
    let high = this.#files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const file = this.#files[middle];
      if (file !== undefined && file.offset <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function checkUnchanged(fd: number, file: HashFile): void {
  const stats = fstatSync(fd);
  if (stats.size !== file.length || stats.mtimeMs !== file.mtimeMs) {
    throw new FileChangedError(file.path);
  }
}
