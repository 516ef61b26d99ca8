import type { TorrentInfo } from '@shoal/metainfo';
import type { PieceHashes } from '../hashes/piece-hashes.ts';
import { DiskPool } from './disk-pool.ts';
import type { DiskThreads } from './disk-threads.ts';
import { FileCache } from './file-cache.ts';
import { FileStorage } from './file-storage.ts';
import { FileSyncer } from './file-syncer.ts';
import { UploadReader } from './read-batch.ts';
import { SendBuffers } from './send-buffers.ts';
import type { TorrentStorage } from './storage.ts';

export interface DiskStoresOptions {
  /** Threads that hash and write. Default: 2, or 1 on a machine with one core. */
  readonly workers?: number;
  /** Threads started before: these stores end them. For the default of files only. */
  readonly threads?: DiskThreads | undefined;
  /** Files each worker keeps open, and files kept open for reading. Default 256 each. */
  readonly maxOpenFiles?: number;
  /** Bytes of buffers for blocks being sent. Default 64 MiB. */
  readonly sendBudget?: number;
}

/** What the torrents of one client share to reach their files: threads, open files, send buffers. */
export class DiskStores implements AsyncDisposable {
  readonly #pool: DiskPool;
  readonly #files: FileCache;
  readonly #syncer = new FileSyncer();
  readonly #sendBuffers: SendBuffers;

  constructor({ workers, threads, maxOpenFiles, sendBudget }: DiskStoresOptions = {}) {
    const limit = maxOpenFiles === undefined ? {} : { maxOpenFiles };
    this.#pool = new DiskPool({
      threads,
      ...(workers === undefined ? {} : { workers }),
      ...limit,
    });
    this.#files = new FileCache(limit);
    this.#sendBuffers = new SendBuffers(sendBudget);
  }

  /** The files of a torrent below `directory`; `preallocate` gives them their full length at the first write. */
  open(
    info: TorrentInfo,
    directory: string,
    hashes?: PieceHashes,
    preallocate = false,
  ): FileStorage {
    return new FileStorage(info, directory, {
      hashes,
      pool: this.#pool,
      files: this.#files,
      syncer: this.#syncer,
      preallocate: preallocate ? 'full' : 'none',
    });
  }

  /** Reads blocks for upload, from any kind of storage. */
  uploadReader(storage: TorrentStorage): UploadReader {
    return new UploadReader(storage, this.#sendBuffers);
  }

  /** Ends the threads and closes the files. To be called after all storages were closed. Idempotent. */
  async close(): Promise<void> {
    await this.#syncer.close();
    await this.#pool.close();
    await this.#files.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
