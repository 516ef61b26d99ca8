// @ts-check
/** Calls over the channel that Node gives a forked process. */
import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/**
 * @typedef {Record<string, any>} Values what is said in a call and in its answer: JSON
 * @typedef {(args: Values) => Values | void | Promise<Values | void>} Operation
 */

/** A process that answers calls. */
export class Worker {
  /** Set when it has ended. @type {string | undefined} */
  ended;
  /** Resolves when it has ended. @type {Promise<void>} */
  exited;
  /** @type {Map<number, { resolve: (value: Values) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #next = 0;
  #child;

  /**
   * @param {string} file the module it runs
   * @param {{ log: string, nodeOptions?: readonly string[], environment?: NodeJS.ProcessEnv }} options
   */
  constructor(file, { log, nodeOptions = [], environment = {} }) {
    const output = openSync(log, 'a');
    const inherited = { ...process.env };
    delete inherited['NODE_EXTRA_CA_CERTS']; // costs each start 60 ms
    this.#child = fork(file, {
      execArgv: [...nodeOptions],
      stdio: ['ignore', output, output, 'ipc'],
      env: { ...inherited, ...environment },
      // A Ctrl-C is for the director, who ends the others in order.
      detached: true,
    });
    closeSync(output);
    this.#child.on('message', (/** @type {Values} */ { id, value, error }) => {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(error));
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.ended = signal === null ? `ended with code ${code}` : `ended by ${signal}`;
        for (const { reject } of this.#waiting.values()) reject(new Error(this.ended));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  /**
   * @param {string} operation
   * @param {Values} [args]
   * @returns {Promise<any>} rejects with what the operation failed with, and when the process ends
   */
  call(operation, args = {}) {
    if (this.ended !== undefined) return Promise.reject(new Error(this.ended));
    const id = (this.#next += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, operation, args });
    });
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    this.#child.kill(signal);
  }
}

/**
 * Answers calls until the channel closes; then `orphaned` is called.
 *
 * @param {Record<string, Operation>} operations
 * @param {() => void} orphaned
 */
export function serve(operations, orphaned) {
  process.on('message', async (/** @type {Values} */ { id, operation, args }) => {
    const answer = (/** @type {Values} */ values) => {
      if (process.connected) process.send?.({ id, ...values });
    };
    try {
      answer({ value: (await operations[operation]?.(args)) ?? {} });
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on('disconnect', orphaned);
}
