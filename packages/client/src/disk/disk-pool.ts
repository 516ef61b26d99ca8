import { availableParallelism } from 'node:os';
import * as workerThreads from 'node:worker_threads';
import { DiskError } from '../errors.ts';
import { unpackDiskError } from './disk-error.ts';
import type { LayoutData } from './disk-layout.ts';
import {
  BATCHES_IN_FLIGHT,
  BATCH_BYTES,
  DEFAULT_WORKER_FILES,
  MAX_CRASHES,
} from './disk-limits.ts';
import {
  RESULT_FIELDS,
  type FromWorker,
  type TaskValue,
  type ToWorker,
  type WriteResults,
} from './disk-protocol.ts';
import { startDiskThread } from './disk-thread.ts';
import { defaultDiskThreads, type DiskThreads } from './disk-threads.ts';
import {
  failTask,
  outcomeOf,
  type PendingTask,
  type PieceTask,
  type PoolTask,
} from './pool-task.ts';
import { PoolWorker } from './pool-worker.ts';
import type { PieceWrite } from './storage.ts';
import { diskWorkerUrl } from './worker-url.ts';

export interface DiskPoolOptions {
  /** Threads, 1 or more. Default: 2, or 1 on a machine with one core. */
  readonly workers?: number;
  /**
   * How many of them, from the first on, are given pieces to write; the others only check. Default: one less than there are
   * cores, since somebody has to receive. Two that write to one file also wait for each other's lock on it.
   */
  readonly writers?: number;
  /** File descriptors each worker keeps open. Default 256. */
  readonly maxOpenFiles?: number;
  /** Threads started before, with the default of files; the pool ends them. */
  readonly threads?: DiskThreads | undefined;
  /** The worker's script, for tests. */
  readonly workerUrl?: URL;
}

/**
 * Threads that hash and write pieces, shared by all torrents of a client. Pieces wait in one queue; a worker that has time
 * is given the next megabyte of them in one message, their buffers being transferred, and answers in one message. Threads
 * start when there is first something to do, and do not keep the process alive while there is nothing.
 *
 * The queue itself is not bounded: whoever hands pieces over owns their buffers, and bounds those (`PieceBuffers`).
 */
export class DiskPool implements AsyncDisposable {
  readonly #limit: number;
  /** How many of the workers, from the first on, are given pieces to write. */
  readonly #writers: number;
  readonly #maxOpenFiles: number;
  readonly #workerUrl: URL;
  readonly #threads: DiskThreads | undefined;
  readonly #layouts = new Map<number, LayoutData>();
  readonly #workers: PoolWorker[] = [];
  readonly #pending = new Map<number, PendingTask>();
  #queue: number[] = [];
  #nextStorage = 1;
  #nextTask = 1;
  #queuedBytes = 0;
  #crashes = 0;
  /** Why the last thread could not be started. */
  #notStarted: unknown;
  #pumpScheduled = false;
  #idle: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: DiskPoolOptions = {}) {
    const { workers = defaultDiskThreads } = options;
    this.#limit = Math.max(1, workers);
    const { writers = availableParallelism() - 1 } = options;
    this.#writers = Math.min(this.#limit, Math.max(1, writers));
    this.#maxOpenFiles = options.maxOpenFiles ?? DEFAULT_WORKER_FILES;
    this.#workerUrl = options.workerUrl ?? diskWorkerUrl;
    this.#threads = options.threads;
  }

  /** Bytes of pieces handed over and not yet handed back. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Most tasks it makes sense to have under way at once. */
  get concurrency(): number {
    return this.#limit * BATCHES_IN_FLIGHT;
  }

  /** Makes a torrent known; the number names it in tasks. */
  register(layout: LayoutData): number {
    const storage = this.#nextStorage++;
    this.#layouts.set(storage, layout);
    return storage;
  }

  /** Closes all files of a torrent, whose tasks have been answered, and forgets it. */
  async unregister(storage: number): Promise<void> {
    if (!this.#layouts.has(storage)) return;
    await this.#tellAll({ kind: 'unregister', storage });
    this.#layouts.delete(storage);
    for (const worker of this.#workers) worker.registered.delete(storage);
  }

  /** Pieces will come: starts the first thread, if none is there, so that it is up by then. */
  warmUp(): void {
    if (this.#closed === undefined && this.#workers.length === 0) this.#freeWorker(1);
  }

  /** Makes all workers close the files of a torrent, so that they look anew at what stands in the folder. */
  async closeFiles(storage: number): Promise<void> {
    await this.#tellAll({ kind: 'close-files', storage });
  }

  /** Hashes a piece and writes it. Never rejects. */
  write(task: PieceTask): Promise<PieceWrite> {
    return new Promise((resolve) => {
      const pending: PendingTask = {
        kind: 'piece',
        task,
        bufferLength: task.buffer.byteLength,
        resolve,
      };
      if (this.#closed !== undefined) {
        failTask(pending, closedError());
        return;
      }
      this.#queuedBytes += task.length;
      this.#enqueue(pending);
    });
  }

  /** Runs any other task on one of the workers. Rejects with a {@link DiskError}. */
  run(task: PoolTask): Promise<TaskValue> {
    return new Promise((resolve, reject) => {
      const pending: PendingTask = { kind: 'task', task, resolve, reject };
      if (this.#closed !== undefined) failTask(pending, closedError());
      else this.#enqueue(pending);
    });
  }

  /** Waits for what is under way, then ends the threads. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
    const workers = this.#workers.splice(0);
    await Promise.all([this.#threads?.close(), ...workers.map((worker) => worker.terminate())]);
    this.#layouts.clear();
  }

  #enqueue(pending: PendingTask): void {
    const task = this.#nextTask++;
    this.#pending.set(task, pending);
    this.#queue.push(task);
    if (this.#pumpScheduled) return;
    // After all input of this turn of the event loop has been read: its pieces travel together.
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#afterwards();
    });
  }

  /** Sends a task to every worker that knows the storage, past the queue. */
  async #tellAll(task: PoolTask): Promise<void> {
    if (this.#closed !== undefined) return;
    const told = this.#workers.filter((worker) => worker.registered.has(task.storage));
    await Promise.all(
      told.map(
        (worker) =>
          new Promise<unknown>((resolve) => {
            const id = this.#nextTask++;
            // A worker that crashes has closed its files too.
            this.#pending.set(id, { kind: 'task', task, resolve, reject: resolve });
            worker.tasks.add(id);
            worker.post([{ ...task, task: id }], []);
          }),
      ),
    );
  }

  /** Gives workers with time the next tasks, and starts further workers while there are tasks. */
  #pump(): void {
    let next = 0;
    while (next < this.#queue.length) {
      const isPiece = this.#pending.get(this.#queue[next] ?? 0)?.kind === 'piece';
      const worker = this.#freeWorker(isPiece ? this.#writers : this.#limit);
      if (worker === undefined) break;
      next = this.#give(worker, next);
    }
    if (next > 0) this.#queue = this.#queue.slice(next);
    if (this.#workers.length > 0 || this.#queue.length === 0) return;
    const message = 'No disk worker can be started';
    this.#lose(this.#queue.splice(0), undefined, message, this.#notStarted);
  }

  /** One of the first `limit` workers that has time; a new one where there are fewer and the system gives one. */
  #freeWorker(limit: number): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of this.#workers.slice(0, limit)) {
      if (worker.messagesInFlight === 0) return worker;
      if (worker.messagesInFlight >= BATCHES_IN_FLIGHT) continue;
      if (best === undefined || worker.messagesInFlight < best.messagesInFlight) best = worker;
    }
    if (this.#workers.length >= limit) return best;
    const data = { maxOpenFiles: this.#maxOpenFiles };
    try {
      const thread = this.#threads?.take() ?? startDiskThread(workerThreads, this.#workerUrl, data);
      const worker = new PoolWorker(thread, {
        onAnswers: (from, answers) => this.#onAnswers(from, answers),
        onCrash: (crashed, cause) => this.#onCrash(crashed, cause),
      });
      this.#workers.push(worker);
      return worker;
    } catch (error) {
      this.#notStarted = error;
      return best;
    }
  }

  /** Sends one message: pieces up to {@link BATCH_BYTES}, or one other task. Returns the next place in the queue. */
  #give(worker: PoolWorker, from: number): number {
    const message: ToWorker[number][] = [];
    const numbers: number[] = [];
    const buffers: ArrayBuffer[] = [];
    let bytes = 0;
    let at = from;
    for (; at < this.#queue.length && bytes < BATCH_BYTES; at++) {
      const id = this.#queue[at] ?? 0;
      const pending = this.#pending.get(id);
      if (pending === undefined) continue;
      if (pending.kind === 'task' && buffers.length > 0) break;
      worker.tasks.add(id);
      const { storage } = pending.task;
      const layout = worker.registered.has(storage) ? undefined : this.#layouts.get(storage);
      if (layout !== undefined) {
        worker.registered.add(storage);
        // A copy, since cloning a view clones all of the memory it is a view of: the whole .torrent file. Not by `slice`, which
        // makes another view where the file was read into a Buffer.
        const hashes = layout.hashes && new Uint8Array(layout.hashes);
        message.push({ kind: 'register', storage, layout: { ...layout, hashes } });
      }
      if (pending.kind === 'task') {
        message.push({ ...pending.task, task: id });
        at++;
        break;
      }
      const { piece, length, wantBlockHashes, slot, buffer } = pending.task;
      numbers.push(id, storage, piece, length, wantBlockHashes ? 1 : 0, slot);
      buffers.push(buffer);
      bytes += length;
    }
    if (buffers.length > 0) {
      message.push({ kind: 'write', numbers: Float64Array.from(numbers), buffers });
    }
    if (message.length > 0) worker.post(message, buffers);
    return at;
  }

  #onAnswers(worker: PoolWorker, answers: FromWorker): void {
    this.#crashes = 0;
    for (const answer of answers) {
      if (answer.kind === 'written') {
        this.#onWritten(worker, answer);
        continue;
      }
      const pending = this.#take(answer.task, worker);
      if (pending?.kind !== 'task') continue;
      if (answer.kind === 'done') pending.resolve(answer.value);
      else pending.reject(unpackDiskError(answer.error));
    }
    this.#afterwards();
  }

  #onWritten(worker: PoolWorker, { numbers, buffers, details }: WriteResults): void {
    let nextDetail = 0;
    for (const [index, buffer] of buffers.entries()) {
      const at = index * RESULT_FIELDS;
      const pending = this.#take(numbers[at] ?? 0, worker);
      const detail = details[nextDetail]?.index === index ? details[nextDetail++] : undefined;
      if (pending?.kind !== 'piece') continue;
      pending.resolve({
        outcome: outcomeOf(numbers[at + 1]),
        buffer,
        blockHashes: detail?.blockHashes,
        error: detail?.error && unpackDiskError(detail.error),
      });
    }
  }

  #take(task: number, worker: PoolWorker | undefined): PendingTask | undefined {
    const pending = this.#pending.get(task);
    this.#pending.delete(task);
    worker?.tasks.delete(task);
    if (pending?.kind === 'piece') this.#queuedBytes -= pending.task.length;
    return pending;
  }

  #onCrash(worker: PoolWorker, cause: unknown): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    this.#crashes++;
    const lost = [...worker.tasks];
    if (this.#crashes >= MAX_CRASHES) lost.push(...this.#queue.splice(0));
    const message = 'A disk worker ended unexpectedly; what it was doing is lost';
    this.#lose(lost, worker, message, cause);
    this.#afterwards();
  }

  #lose(
    tasks: readonly number[],
    worker: PoolWorker | undefined,
    message: string,
    cause: unknown,
  ): void {
    for (const task of tasks) {
      const pending = this.#take(task, worker);
      if (pending !== undefined)
        failTask(pending, new DiskError('ERR_DISK_WORKER', message, { cause }));
    }
  }

  #afterwards(): void {
    this.#pump();
    if (this.#pending.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function closedError(): DiskError {
  return new DiskError('ERR_DISK_CLOSED', 'The disk pool is closed', { cause: undefined });
}
