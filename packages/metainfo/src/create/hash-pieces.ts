import { SHA1_LENGTH, SHA256_LENGTH } from '../limits.ts';
import { changedError, CreateError, fileError } from './errors.ts';
import { hashFilesOf } from './hash-files.ts';
import type {
  HashFailure,
  HashReply,
  HashTask,
  HashWorkerData,
  PieceHashing,
} from './hash-messages.ts';
import { HashThreads } from './hash-threads.ts';
import type { CreateProgress } from './options.ts';
import type { Pauses } from './pauses.ts';
import type { PieceSpace } from './piece-space.ts';

export interface HashOptions {
  readonly workers?: number | undefined;
  readonly threads?: HashThreads | undefined;
  readonly onProgress?: ((progress: CreateProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where the hashes of all pieces go. */
export interface PieceHashes {
  /** SHA-1 of each piece, 20 bytes, where the format has it. */
  readonly digests: Uint8Array | undefined;
  /** Root of the SHA-256 tree of each piece, 32 bytes, where the format has it. */
  readonly hashes: Uint8Array | undefined;
}

/** Bytes per task, at most: 10 to 20 ms of work, so that messages cost nothing. */
const TASK_LENGTH = 16 * 1024 * 1024;
/** Bytes per task, at least: some 20 times the work that its messages are. */
const LEAST_TASK_LENGTH = 1024 * 1024;
/** Tasks a worker has been given and not answered: it never waits for the next one. */
const TASKS_IN_FLIGHT = 2;
/** Tasks of each worker that the rest is divided into, where that makes them smaller: the workers finish together. */
const LAST_TASKS = 2 * TASKS_IN_FLIGHT;

/** Reads all files of a piece space and hashes its pieces, in threads. */
export async function hashPieces(
  space: PieceSpace,
  into: PieceHashes,
  pauses: Pauses,
  options: HashOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const files = await hashFilesOf(space, pauses);
  if (files.size === 0) return;
  const threads = options.threads ?? (await HashThreads.start(0));
  const data = { files, pieceLength: space.pieceLength, hashing: hashingOf(space) };
  const job = new HashJob(data, threads, space, into, options);
  try {
    await job.run();
  } finally {
    await job.close();
  }
}

/** Room for the hashes of a piece space. `digests` may stand where they will be needed. */
export function roomForHashes(
  { format, pieceCount }: PieceSpace,
  digests?: Uint8Array,
): PieceHashes {
  return {
    digests,
    hashes: format === 'v1' ? undefined : new Uint8Array(pieceCount * SHA256_LENGTH),
  };
}

function hashingOf({ format, padded }: PieceSpace): PieceHashing {
  if (format !== 'hybrid') return format;
  return padded ? 'padded' : 'unpadded';
}

/** One run: hands ranges of pieces to workers as they become free, and gathers the hashes. */
class HashJob {
  readonly #data: HashWorkerData;
  readonly #threads: HashThreads;
  readonly #totalLength: number;
  readonly #pieceCount: number;
  readonly #options: HashOptions;
  readonly #into: PieceHashes;
  readonly #piecesPerTask: number;
  readonly #workers: number;
  #nextPiece = 0;
  #hashedBytes = 0;
  #working = 0;
  #onAbort: (() => void) | undefined;

  constructor(
    data: HashWorkerData,
    threads: HashThreads,
    { length, pieceCount }: PieceSpace,
    into: PieceHashes,
    options: HashOptions,
  ) {
    this.#data = data;
    this.#threads = threads;
    this.#totalLength = length;
    this.#pieceCount = pieceCount;
    this.#options = options;
    this.#into = into;
    this.#piecesPerTask = Math.max(1, Math.floor(TASK_LENGTH / data.pieceLength));
    const tasks = Math.ceil(pieceCount / this.#piecesPerTask);
    this.#workers = Math.min(tasks, options.workers ?? HashThreads.defaultCount);
  }

  run(): Promise<void> {
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

  #startWorker(resolve: () => void, reject: (error: unknown) => void): void {
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
        if (--this.#working === 0) resolve();
        return;
      }
      const { first, bytes, digests, hashes } = reply;
      if (digests !== undefined) this.#into.digests?.set(digests, first * SHA1_LENGTH);
      if (hashes !== undefined) this.#into.hashes?.set(hashes, first * SHA256_LENGTH);
      this.#hashedBytes += bytes;
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
    this.#options.onProgress?.({ hashedBytes: this.#hashedBytes, totalBytes: this.#totalLength });
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
