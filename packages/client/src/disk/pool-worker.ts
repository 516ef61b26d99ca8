import type { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from './disk-protocol.ts';

/** What a {@link PoolWorker} tells its pool. */
export interface PoolWorkerEvents {
  onAnswers(worker: PoolWorker, answers: FromWorker): void;
  /** The thread has ended without being asked to. Called once. */
  onCrash(worker: PoolWorker, cause: unknown): void;
}

/** A worker thread: keeps the process alive only while answers are due. */
export class PoolWorker {
  /** Storages it has been told of. */
  readonly registered = new Set<number>();
  /** Tasks it has not answered yet. */
  readonly tasks = new Set<number>();
  /** Messages it has not answered yet. */
  messagesInFlight = 0;
  readonly #worker: Worker;
  #ended = false;

  /** `worker` as `startDiskThread` gives it. */
  constructor(worker: Worker, events: PoolWorkerEvents) {
    this.#worker = worker;
    let cause: unknown;
    this.#worker.on('message', (answers: FromWorker) => {
      if (--this.messagesInFlight === 0) this.#worker.unref();
      events.onAnswers(this, answers);
    });
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#worker.on('exit', () => {
      if (this.#ended) return;
      this.#ended = true;
      events.onCrash(this, cause);
    });
  }

  post(message: ToWorker, transfer: ArrayBuffer[]): void {
    if (this.messagesInFlight++ === 0) this.#worker.ref();
    this.#worker.postMessage(message, transfer);
  }

  /** Ends the thread. */
  async terminate(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }
}
