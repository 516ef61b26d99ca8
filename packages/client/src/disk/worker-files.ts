import { DiskError } from '../errors.ts';
import { errnoOf, toDiskError } from './disk-error.ts';
import type { DiskLayout } from './disk-layout.ts';
import { READ_FLAGS, openRegular, openSafely, type DiskFs } from './safe-open.ts';

/** Instead of a file's index: the parts file of a storage. */
export const PARTS_FILE = -1;

/** Files of one storage; far more than any torrent may have. */
const KEYS_PER_STORAGE = 2 ** 32;

/** A storage as a worker knows it. */
export interface WorkerStorage {
  readonly id: number;
  readonly layout: DiskLayout;
}

export function createWorkerStorage(id: number, layout: DiskLayout): WorkerStorage {
  return { id, layout };
}

/** The open files of one worker: at most `limit`, the one used longest ago is closed first. */
export class WorkerFiles {
  readonly #fs: DiskFs;
  readonly #limit: number;
  /** In the order of last use. */
  readonly #open = new Map<number, number>();

  constructor(fs: DiskFs, limit: number) {
    this.#fs = fs;
    this.#limit = Math.max(1, limit);
  }

  get size(): number {
    return this.#open.size;
  }

  /** A descriptor to write to, valid until the next call. Creates the file and the folders it stands in. Throws {@link DiskError}. */
  forWriting(storage: WorkerStorage, file: number): number {
    const path = pathOf(storage, file);
    return this.#get(keyOf(storage.id, file, true), 'write', path, () =>
      openSafely(this.#fs, storage.layout.data, path, storage.layout.isExecutable(file)),
    );
  }

  /** A descriptor to read from, valid until the next call; undefined where the file does not exist. Throws {@link DiskError}. */
  forReading(storage: WorkerStorage, file: number): number | undefined {
    const path = pathOf(storage, file);
    try {
      return this.#get(keyOf(storage.id, file, false), 'read', path, () => {
        return openRegular(this.#fs, path, READ_FLAGS, 0);
      });
    } catch (error) {
      if (error instanceof DiskError && errnoOf(error.cause) === 'ENOENT') return undefined;
      throw error;
    }
  }

  closeStorage(id: number): void {
    for (const key of [...this.#open.keys()]) {
      if (Math.floor(key / KEYS_PER_STORAGE) === id) this.#close(key);
    }
  }

  #get(key: number, action: string, path: string, open: () => number): number {
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    while (this.#open.size >= this.#limit) this.#evict();
    for (;;) {
      try {
        const fd = open();
        this.#open.set(key, fd);
        return fd;
      } catch (error) {
        const errno = errnoOf(error);
        if ((errno === 'EMFILE' || errno === 'ENFILE') && this.#open.size > 0) this.#evict();
        else throw toDiskError(error, action, path);
      }
    }
  }

  #evict(): void {
    for (const key of this.#open.keys()) {
      this.#close(key);
      return;
    }
  }

  #close(key: number): void {
    const fd = this.#open.get(key);
    if (fd === undefined) return;
    this.#open.delete(key);
    try {
      this.#fs.closeSync(fd);
    } catch {
      // Nothing can be done about it: the descriptor is gone either way, and each write was checked on its own.
    }
  }
}

function pathOf(storage: WorkerStorage, file: number): string {
  return file === PARTS_FILE ? storage.layout.partsPath : storage.layout.pathOf(file);
}

function keyOf(storage: number, file: number, write: boolean): number {
  return storage * KEYS_PER_STORAGE + (file + 1) * 2 + (write ? 1 : 0);
}
