import * as fs from 'node:fs';
import { DiskError } from '../errors.ts';
import { errnoOf, toDiskError } from './disk-error.ts';
import { DEFAULT_CACHED_FILES } from './disk-limits.ts';
import { READ_FLAGS } from './safe-open.ts';

export interface FileCacheOptions {
  /** Descriptors kept open. Default 256. More are open only while more are in use at the same time. */
  readonly maxOpenFiles?: number;
}

/** A file that is open for reading and in use until it is released. */
export interface CachedFile {
  readonly fd: number;
  readonly path: string;
}

interface Entry {
  readonly owner: object;
  readonly file: number;
  readonly path: string;
  opening: Promise<number> | undefined;
  fd: number;
  uses: number;
  /** To be closed as soon as nobody uses it. */
  dropped: boolean;
}

/**
 * Files open for reading, shared by all torrents of a client. The one used longest ago is closed first, but none that is in
 * use.
 */
export class FileCache implements AsyncDisposable {
  readonly #limit: number;
  readonly #byOwner = new Map<object, Map<number, Entry>>();
  /** In the order of last use. */
  readonly #entries = new Set<Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: FileCacheOptions = {}) {
    this.#limit = Math.max(1, options.maxOpenFiles ?? DEFAULT_CACHED_FILES);
  }

  /** Files open now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Opens the file an owner knows by a number, or finds it open. Rejects with a {@link DiskError}. */
  async acquire(owner: object, file: number, path: string): Promise<CachedFile> {
    const entry = this.#find(owner, file, path);
    entry.uses++;
    this.#entries.delete(entry);
    this.#entries.add(entry);
    if (entry.fd < 0) {
      entry.opening ??= this.#open(path);
      try {
        entry.fd = await entry.opening;
      } catch (error) {
        this.#remove(entry);
        throw toDiskError(error, 'read', path);
      } finally {
        entry.opening = undefined;
      }
    }
    return entry;
  }

  release(file: CachedFile): void {
    const entry = file as Entry;
    entry.uses--;
    if (entry.dropped && entry.uses === 0) this.#close(entry);
    this.#trim(this.#limit);
  }

  /** Closes all files of an owner; those in use when they are released. Resolves when the ones not in use are closed. */
  async drop(owner: object): Promise<void> {
    for (const entry of [...(this.#byOwner.get(owner)?.values() ?? [])]) {
      this.#remove(entry);
      if (entry.uses === 0) this.#close(entry);
    }
    await Promise.all(this.#closing);
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#byOwner.keys()].map((owner) => this.drop(owner)));
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(owner: object, file: number, path: string): Entry {
    let files: Map<number, Entry> | undefined = this.#byOwner.get(owner);
    if (files === undefined) {
      files = new Map();
      this.#byOwner.set(owner, files);
    }
    let entry = files.get(file);
    if (entry === undefined) {
      entry = { owner, file, path, opening: undefined, fd: -1, uses: 0, dropped: false };
      files.set(file, entry);
    }
    return entry;
  }

  async #open(path: string): Promise<number> {
    this.#trim(this.#limit - 1);
    for (;;) {
      try {
        return await openRegularFile(path);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno !== 'EMFILE' && errno !== 'ENFILE') throw error;
        if (!this.#trim(this.#entries.size - 1)) throw error;
        await Promise.all(this.#closing);
      }
    }
  }

  /** Closes files not in use until at most `limit` are open. Returns whether one was closed. */
  #trim(limit: number): boolean {
    let closed = false;
    if (this.#entries.size <= limit) return closed;
    for (const entry of this.#entries) {
      if (entry.uses > 0) continue;
      this.#remove(entry);
      this.#close(entry);
      closed = true;
      if (this.#entries.size <= limit) break;
    }
    return closed;
  }

  #remove(entry: Entry): void {
    entry.dropped = true;
    this.#entries.delete(entry);
    const files = this.#byOwner.get(entry.owner);
    if (files?.get(entry.file) === entry) files.delete(entry.file);
    if (files?.size === 0) this.#byOwner.delete(entry.owner);
  }

  #close(entry: Entry): void {
    if (entry.fd < 0) return;
    const { fd } = entry;
    entry.fd = -1;
    const closing = new Promise<void>((resolve) => {
      // An error while closing what was only read changes nothing for anybody.
      fs.close(fd, () => resolve());
    }).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function openRegularFile(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, READ_FLAGS, (openError, fd) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      fs.fstat(fd, (statError, stats) => {
        if (statError === null && stats.isFile()) {
          resolve(fd);
          return;
        }
        const message = `Cannot read "${path}": it is not a regular file`;
        fs.close(fd, () =>
          reject(statError ?? new DiskError('ERR_DISK_WRONG_TYPE', message, { path })),
        );
      });
    });
  });
}
