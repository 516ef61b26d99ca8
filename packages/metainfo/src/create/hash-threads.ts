import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { hashWorkerUrl } from './worker-url.ts';

/** Threads. Beyond it the memory bus or the disk is the limit, not the hashing. */
const MOST_THREADS = 16;

/**
 * Threads that read and hash, for one `createTorrent`, which ends them. Started before it is called they are up by the time
 * it has found the files. They do not keep the process alive before they are used.
 */
export class HashThreads implements AsyncDisposable {
  /** As many as there are processors, up to 16. */
  static readonly defaultCount: number = Math.min(availableParallelism(), MOST_THREADS);

  readonly #make: () => Worker;
  /** Started and not used so far. */
  readonly #spare = new Set<Worker>();
  readonly #used: Worker[] = [];

  private constructor(make: () => Worker) {
    this.#make = make;
  }

  /** Starts `count` threads. What hinders one is told by `createTorrent`, which tries again. */
  static async start(count: number = HashThreads.defaultCount): Promise<HashThreads> {
    // Loaded here, so that reading a torrent does not load it.
    const workerThreads = await import('node:worker_threads');
    const threads = new HashThreads(
      () =>
        new workerThreads.Worker(hashWorkerUrl, {
          name: 'shoal-create',
          // Its own copy of the environment would only take time.
          env: workerThreads.SHARE_ENV,
        }),
    );
    for (let i = 0; i < count; i++) threads.#startSpare();
    return threads;
  }

  /** A thread that is up, or one that is just being started. Throws where there cannot be one. */
  take(): Worker {
    const [spare] = this.#spare;
    const worker = spare ?? this.#make();
    this.#spare.delete(worker);
    this.#used.push(worker);
    worker.ref();
    return worker;
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    const all = [...this.#spare, ...this.#used];
    this.#spare.clear();
    await Promise.all(all.map((worker) => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startSpare(): void {
    try {
      const worker = this.#make();
      const lost = () => this.#spare.delete(worker);
      worker.on('error', lost).on('exit', lost).unref();
      this.#spare.add(worker);
    } catch {
      // There is no room for one now.
    }
  }
}
