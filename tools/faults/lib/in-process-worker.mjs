// @ts-check
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';

/** @typedef {readonly import('node:worker_threads').Transferable[]} Transfer */

/** What the script listens with. @type {((message: unknown) => void) | undefined} */
let listener;
/** Whose message the script is at. @type {InProcessWorker | undefined} */
let current;
/** @type {Promise<void> | undefined} */
let loaded;

/**
 * The script of a disk thread, run on this thread: so that it finds the model disk, and every run is the same. All workers share one
 * instance of it, since modules are never unloaded: clients may follow each other, but not be at work at the same time.
 */
class InProcessWorker extends EventEmitter {
  #ended = false;

  /**
   * @param {URL} script
   * @param {{ workerData: unknown }} options
   */
  constructor(script, { workerData }) {
    super();
    loaded ??= load(script, workerData);
  }

  ref() {}

  unref() {}

  /**
   * @param {unknown} message
   * @param {Transfer} transfer
   */
  postMessage(message, transfer) {
    const received = structuredClone(message, { transfer: [...transfer] });
    void loaded?.then(() =>
      setImmediate(() => {
        current = this;
        if (!this.#ended) listener?.(received);
      }),
    );
  }

  /**
   * @param {unknown} message
   * @param {Transfer} transfer
   */
  reply(message, transfer) {
    const received = structuredClone(message, { transfer: [...transfer] });
    setImmediate(() => {
      if (!this.#ended) this.emit('message', received);
    });
  }

  terminate() {
    this.#ended = true;
    return Promise.resolve(0);
  }
}

/**
 * @param {URL} script
 * @param {unknown} workerData
 */
async function load(script, workerData) {
  const parentPort = {
    /** @param {string} _name @param {(message: unknown) => void} heard */
    on: (_name, heard) => {
      listener = heard;
    },
    /** @param {unknown} message @param {Transfer} transfer */
    postMessage: (message, transfer) => current?.reply(message, transfer),
  };
  Object.assign(workerThreads, { parentPort, workerData });
  syncBuiltinESMExports();
  await import(script.href);
}

/** Threads that are started from now on run on this thread. */
export function runWorkersInProcess() {
  Object.assign(workerThreads, { Worker: InProcessWorker });
  syncBuiltinESMExports();
}
