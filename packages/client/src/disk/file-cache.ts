import * as fs from 'node:fs';
import { DiskError } from '../errors.ts';
import { errnoOf, toDiskError } from './disk-error.ts';
import { DEFAULT_CACHED_FILES } from './disk-limits.ts';
import { READ_FLAGS } from './safe-open.ts';

export interface FileCacheOptions {
  /** Descriptors open at the same time; whoever needs another one waits. Default 256. */
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
 * use: a batch of blocks may touch thousands of tiny files, which wait for each other. So nobody may wait for a second file
 * while holding one.
 */
export class FileCache implements AsyncDisposable {
  readonly #limit: number;
  readonly #byOwner = new Map<object, Map<number, Entry>>();
  /** In the order of last use. */
  readonly #entries = new Set<Entry>();
  readonly #closing = new Set<Promise<void>>();
  /** Those who wait for a descriptor, in the order of asking. */
  readonly #waiting: (() => void)[] = [];
  /** Descriptors open or being opened. */
  #descriptors = 0;

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
    if (entry.uses > 0) return;
    if (entry.dropped) this.#close(entry);
    else this.#wake();
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
    while (this.#descriptors >= this.#limit && !this.#closeIdle()) await this.#freed();
    this.#descriptors++;
    try {
      return await this.#openWhenPossible(path);
    } catch (error) {
      this.#descriptors--;
      this.#wake();
      throw error;
    }
  }

  /** Gives up descriptors, or waits for some to be given up, where the system has no more. */
  async #openWhenPossible(path: string): Promise<number> {
    for (;;) {
      try {
        return await openRegularFile(path);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno !== 'EMFILE' && errno !== 'ENFILE') throw error;
        if (this.#closeIdle()) await Promise.all(this.#closing);
        else if (this.#someInUse()) await this.#freed();
        else throw error;
      }
    }
  }

  /** Resolves when somebody else has one file less in use. */
  #freed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    this.#waiting.shift()?.();
  }

  /** Closes the file used longest ago of those not in use. Returns whether there was one. */
  #closeIdle(): boolean {
    for (const entry of this.#entries) {
      if (entry.uses > 0 || entry.fd < 0) continue;
      this.#remove(entry);
      this.#close(entry);
      return true;
    }
    return false;
  }

  #someInUse(): boolean {
    for (const entry of this.#entries) if (entry.uses > 0 && entry.fd >= 0) return true;
    return false;
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
    this.#descriptors--;
    this.#wake();
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
