import { toDiskError } from './disk-error.ts';
import { SYNC_TASK_FILES } from './disk-limits.ts';
import { DiskPool, type DiskPoolOptions } from './disk-pool.ts';
import { makeDurable } from './file-io.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Makes files durable, one after the other, so that no more than one thread is kept from other work. Few files are synced
 * from Node's own pool, whose three round trips per file are dear only where there are many: those are given to a thread of
 * their own, which starts when it is first needed. It is none of the threads that write, since a slow disk may hold it up.
 */
export class FileSyncer implements AsyncDisposable {
  readonly #options: DiskPoolOptions;
  #pool: DiskPool | undefined;
  #closed = false;

  constructor(options: DiskPoolOptions = {}) {
    this.#options = { ...options, workers: 1 };
  }

  /**
   * Makes files durable; `onDone` is told after some how many are by then, in the order given. Rejects with a `DiskError` at
   * the first that cannot be.
   */
  async sync(paths: readonly string[], onDone: (count: number) => void): Promise<void> {
    const pool = paths.length > SYNC_TASK_FILES && !this.#closed ? this.#start() : undefined;
    for (let from = 0; from < paths.length;) {
      const next = pool === undefined ? from + 1 : Math.min(from + SYNC_TASK_FILES, paths.length);
      if (pool === undefined) await syncOne(paths[from] ?? '');
      else await pool.run({ kind: 'sync', storage: 0, paths: paths.slice(from, next) });
      from = next;
      onDone(from);
    }
  }

  /** Makes the names in folders durable. Rejects with a `DiskError` at the first where that fails. */
  async syncFolders(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      try {
        await syncFolder(path);
      } catch (error) {
        throw toDiskError(error, 'make durable', path);
      }
    }
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): DiskPool {
    return (this.#pool ??= new DiskPool(this.#options));
  }
}

async function syncOne(path: string): Promise<void> {
  try {
    await makeDurable(path);
  } catch (error) {
    throw toDiskError(error, 'make durable', path);
  }
}
