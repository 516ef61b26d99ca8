import { availableParallelism } from 'node:os';
import type * as WorkerThreads from 'node:worker_threads';
import { DEFAULT_WORKER_FILES, DEFAULT_WORKERS } from './disk-limits.ts';
import { startDiskThread } from './disk-thread.ts';
import { diskWorkerUrl } from './worker-url.ts';

/** Threads of a pool, by default. */
export const defaultDiskThreads: number = Math.min(DEFAULT_WORKERS, availableParallelism());

/**
 * Disk threads for one client, which ends them. Started before it is, they are up by the time there is something to check. They
 * do not keep the process alive.
 */
export class DiskThreads implements AsyncDisposable {
  readonly #spare = new Set<WorkerThreads.Worker>();

  /** Starts `count` threads, by default all that a client has. What hinders one is told by the client, which tries again. */
  static async start(count: number = defaultDiskThreads): Promise<DiskThreads> {
    // Loaded here, so that it is not by whoever starts none.
    const workerThreads = await import('node:worker_threads');
    const threads = new DiskThreads();
    for (let i = 0; i < count; i++) threads.#start(workerThreads);
    return threads;
  }

  /** A thread that is up or on its way; undefined where none is left. */
  take(): WorkerThreads.Worker | undefined {
    const [worker] = this.#spare;
    if (worker !== undefined) this.#spare.delete(worker);
    return worker;
  }

  /** Ends those that nobody took. */
  async close(): Promise<void> {
    const left = [...this.#spare];
    this.#spare.clear();
    await Promise.all(left.map((worker) => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(workerThreads: typeof WorkerThreads): void {
    try {
      const data = { maxOpenFiles: DEFAULT_WORKER_FILES };
      const worker = startDiskThread(workerThreads, diskWorkerUrl, data);
      const lost = () => this.#spare.delete(worker);
      worker.on('error', lost).on('exit', lost);
      this.#spare.add(worker);
    } catch {
      // There is no room for one now.
    }
  }
}
