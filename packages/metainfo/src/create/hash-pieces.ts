import { SHA1_LENGTH } from '../limits.ts';
import type { SourceFile } from './collect-files.ts';
import { changedError, CreateError, fileError } from './errors.ts';
import type { HashFailure, HashReply, HashTask, HashWorkerData } from './hash-messages.ts';
import { HashThreads } from './hash-threads.ts';
import type { CreateProgress } from './options.ts';
import type { HashFile } from './piece-range-hasher.ts';

export interface HashOptions {
  readonly workers?: number | undefined;
  readonly threads?: HashThreads | undefined;
  readonly onProgress?: ((progress: CreateProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes per task, at most: 5 to 10 ms of work, so that messages cost nothing. */
const TASK_LENGTH = 8 * 1024 * 1024;
/** Bytes per task, at least: some 20 times the work that its messages are. */
const LEAST_TASK_LENGTH = 1024 * 1024;
/** Tasks a worker has been given and not answered: it never waits for the next one. */
const TASKS_IN_FLIGHT = 2;
/** Tasks of each worker that the rest is divided into, where that makes them smaller: the workers finish together. */
const LAST_TASKS = 2 * TASKS_IN_FLIGHT;

/** SHA-1 of every piece of the files laid end to end, 20 bytes each. */
export async function hashPieces(
  sources: readonly SourceFile[],
  pieceLength: number,
  options: HashOptions = {},
): Promise<Uint8Array> {
  options.signal?.throwIfAborted();
  const { files, totalLength } = layOut(sources);
  const pieceCount = Math.ceil(totalLength / pieceLength);
  if (pieceCount === 0) return new Uint8Array(0);
  const threads = options.threads ?? (await HashThreads.start(0));
  const job = new HashJob({ files, pieceLength }, threads, totalLength, pieceCount, options);
  try {
    return await job.run();
  } finally {
    await job.close();
  }
}

function layOut(sources: readonly SourceFile[]): { files: HashFile[]; totalLength: number } {
  const files: HashFile[] = [];
  let offset = 0;
  for (const { path, length, mtimeMs } of sources) {
    if (length > 0) files.push({ path, offset, length, mtimeMs });
    offset += length;
  }
  return { files, totalLength: offset };
}

/** One run: hands ranges of pieces to workers as they become free, and gathers the digests. */
class HashJob {
  readonly #data: HashWorkerData;
  readonly #threads: HashThreads;
  readonly #totalLength: number;
  readonly #pieceCount: number;
  readonly #options: HashOptions;
  readonly #digests: Uint8Array;
  readonly #piecesPerTask: number;
  readonly #workers: number;
  #nextPiece = 0;
  #hashedPieces = 0;
  #working = 0;
  #onAbort: (() => void) | undefined;

  constructor(
    data: HashWorkerData,
    threads: HashThreads,
    totalLength: number,
    pieceCount: number,
    options: HashOptions,
  ) {
    this.#data = data;
    this.#threads = threads;
    this.#totalLength = totalLength;
    this.#pieceCount = pieceCount;
    this.#options = options;
    this.#digests = new Uint8Array(pieceCount * SHA1_LENGTH);
    this.#piecesPerTask = Math.max(1, Math.floor(TASK_LENGTH / data.pieceLength));
    const tasks = Math.ceil(pieceCount / this.#piecesPerTask);
    this.#workers = Math.min(tasks, options.workers ?? HashThreads.defaultCount);
  }

  run(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#options;
      this.#onAbort = () => {
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', this.#onAbort, { once: true });
      for (let i = 0; i < this.#workers; i++) this.#startWorker(resolve, reject);
    });
  }

  async close(): Promise<void> {
    if (this.#onAbort !== undefined) {
      this.#options.signal?.removeEventListener('abort', this.#onAbort);
    }
    await this.#threads.close();
  }

  #startWorker(resolve: (digests: Uint8Array) => void, reject: (error: unknown) => void): void {
    const worker = this.#threads.take();
    worker.postMessage(this.#data);
    this.#working++;
    let ending = false;
    const postNext = (): void => {
      if (ending) return;
      const task = this.#nextTask();
      ending = task.count === 0;
      worker.postMessage(task);
    };
    worker.on('message', (reply: HashReply) => {
      if ('failure' in reply) {
        reject(errorOf(reply.failure));
        return;
      }
      if (reply.count === 0) {
        if (--this.#working === 0) resolve(this.#digests);
        return;
      }
      this.#digests.set(reply.digests, reply.first * SHA1_LENGTH);
      this.#hashedPieces += reply.count;
      postNext();
      try {
        this.#reportProgress();
      } catch (error) {
        reject(error);
      }
    });
    worker.on('error', (error) => {
      reject(workerError(error));
    });
    // After close() nobody listens to the promise any more; before it, an exit means a worker was lost.
    worker.on('exit', () => {
      reject(workerError(undefined));
    });
    for (let i = 0; i < TASKS_IN_FLIGHT; i++) postNext();
  }

  #nextTask(): HashTask {
    const first = this.#nextPiece;
    const left = this.#pieceCount - first;
    const least = Math.ceil(LEAST_TASK_LENGTH / this.#data.pieceLength);
    const share = Math.ceil(left / (this.#workers * LAST_TASKS));
    const count = Math.min(left, this.#piecesPerTask, Math.max(least, share));
    this.#nextPiece += count;
    return { first, count };
  }

  #reportProgress(): void {
    const totalBytes = this.#totalLength;
    const hashedBytes = Math.min(totalBytes, this.#hashedPieces * this.#data.pieceLength);
    this.#options.onProgress?.({ hashedBytes, totalBytes });
  }
}

function errorOf({ kind, message, path, systemCode }: HashFailure): CreateError {
  if (kind === 'changed') return changedError(path);
  return fileError(Object.assign(new Error(message), { code: systemCode }), path);
}

function workerError(cause: unknown): CreateError {
  return new CreateError('ERR_METAINFO_CREATE_WORKER', 'A hash worker ended unexpectedly', {
    cause,
  });
}
