import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pathOf } from './hash-files.ts';
import type { HashFiles } from './hash-files.ts';

/** A file that is no longer what it was when the work began. */
export class FileChangedError extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} changed while it was hashed`);
    this.path = path;
  }
}

/** Bytes per read: what stays in a core's second-level cache between the read and the hash. */
export const READ_LENGTH = 128 * 1024;

/**
 * Reads files synchronously, for use in a worker. The file last read stays open, since the next read mostly goes on in it;
 * when it is opened and when it is closed it is looked at whether it is still what it was when it was found.
 */
export class SourceReader {
  readonly #files: HashFiles;
  #open: { readonly index: number; readonly fd: number; readonly path: string } | undefined;

  constructor(files: HashFiles) {
    this.#files = files;
  }

  /** Fills `into` with the bytes from `position` on of a file, which must have them. */
  read(index: number, position: number, into: Uint8Array): void {
    const { fd, path } = this.#fileOf(index);
    for (let at = 0; at < into.length;) {
      const read = readSync(fd, into, at, into.length - at, position + at);
      if (read === 0) throw new FileChangedError(path);
      at += read;
    }
  }

  /** Closes the open file. */
  close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    try {
      this.#check(open.fd, open.index, open.path);
    } finally {
      closeSync(open.fd);
    }
  }

  #fileOf(index: number): { readonly fd: number; readonly path: string } {
    if (this.#open?.index === index) return this.#open;
    this.close();
    const path = pathOf(this.#files, index);
    const fd = openSync(path, 'r');
    this.#open = { index, fd, path };
    this.#check(fd, index, path);
    return this.#open;
  }

  #check(fd: number, index: number, path: string): void {
    const { size, mtimeMs } = fstatSync(fd);
    if (size !== this.#files.lengths[index] || mtimeMs !== this.#files.mtimes[index]) {
      throw new FileChangedError(path);
    }
  }
}
