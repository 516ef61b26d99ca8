// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { cleanEnvironment } from '../../interop/lib/process.mjs';
import { endedChildrenCpu, memoryOf, now, processTree, treeCpu } from './proc.mjs';

/** Between two looks at the memory of a process, in ms: the shortest run takes 100. */
const SAMPLE_INTERVAL = 40;
/** For a process to end by itself once it is asked to, in ms. */
const PATIENCE = 4_000;

/** @param {number} ms @param {AbortSignal} signal ends it early */
const delay = (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => {});

/** CPU of children that have ended and are accounted for. */
let accounted = 0;

/** A measured process, with a process group of its own: only that group is ever signalled. */
export class Child {
  /** When it was started, in s. */
  started;
  /** Peak resident set so far, in MiB. */
  peak = 0;
  /** Peak of its anonymous memory as sampled, in MiB. */
  anonymous = 0;
  /** @type {{ code: number | null, signal: string | null, at: number, cpu: number } | undefined} */
  ended;
  /** Resolves when it has ended. @type {Promise<void>} */
  exited;

  /**
   * @param {readonly string[]} command
   * @param {{ home: string, log: string, env?: Record<string, string> | undefined, cwd?: string | undefined }} options `home`: the folder that it takes for the person's; `log` gets all output
   */
  constructor(command, { home, log, env, cwd }) {
    const [file = '', ...args] = command;
    const out = openSync(log, 'w');
    this.log = log;
    accounted = endedChildrenCpu();
    this.started = now();
    this.process = spawn(file, args, {
      cwd: cwd ?? home,
      env: { ...cleanEnvironment(home), ...env },
      stdio: ['ignore', out, out],
      detached: true,
    });
    closeSync(out);
    this.exited = new Promise((resolve) => {
      this.process.once('error', (error) => {
        this.ended ??= { code: 127, signal: error.message, at: now(), cpu: 0 };
        resolve();
      });
      this.process.once('exit', (code, signal) => {
        const total = endedChildrenCpu();
        this.ended ??= { code, signal, at: now(), cpu: total - accounted };
        accounted = total;
        clearInterval(this.sampler);
        resolve();
      });
    });
    // One process only: a walk through /proc would cost more than what it looks at.
    this.sampler = setInterval(() => this.#keep([this.pid]), SAMPLE_INTERVAL);
  }

  get pid() {
    return this.process.pid ?? 0;
  }

  /** CPU seconds of the process and its descendants, so far or in all. */
  cpu() {
    return this.ended ? this.ended.cpu : treeCpu(this.pid);
  }

  /** @param {Iterable<number>} pids */
  #keep(pids) {
    const { peak, anonymous } = memoryOf(pids);
    this.peak = Math.max(this.peak, peak);
    this.anonymous = Math.max(this.anonymous, anonymous);
    return { peak, anonymous };
  }

  /** Looks at the memory of the process and its descendants. */
  memory() {
    return this.#keep(processTree(this.pid).keys());
  }

  /** How it ended, in words. */
  get verdict() {
    if (!this.ended) return 'is running';
    const { code, signal } = this.ended;
    return code === null ? `was ended by ${signal}` : `exited with ${code}`;
  }

  /** The end of what it said. */
  tail() {
    return readFileSync(this.log, 'utf8').trim().slice(-300);
  }

  /**
   * Waits for its end.
   *
   * @param {number} limit s
   * @returns {Promise<boolean>} whether it ended
   */
  async wait(limit) {
    const timer = new AbortController();
    await Promise.race([this.exited, delay(limit * 1000, timer.signal)]);
    timer.abort();
    return this.ended !== undefined;
  }

  /**
   * Waits until it has made the file `done`, or ended with success.
   *
   * @param {string} done
   * @param {number} limit s
   * @returns {Promise<number>} when, in s
   */
  async completed(done, limit) {
    const timer = new AbortController();
    /** @type {number | undefined} */
    let at;
    const made = new Promise((resolve) => {
      const look = () => {
        if (at !== undefined || !existsSync(done)) return;
        at = now();
        resolve(undefined);
      };
      const watcher = watch(dirname(done), (_, name) => {
        if (name === basename(done)) look();
      });
      timer.signal.addEventListener('abort', () => watcher.close());
      look();
    });
    await Promise.race([this.exited, made, delay(limit * 1000, timer.signal)]);
    timer.abort();
    if (at !== undefined) return at;
    if (this.ended?.code === 0) return this.ended.at;
    throw new Error(
      this.ended ? `${this.verdict}: ${this.tail()}` : `not complete after ${limit} s`,
    );
  }

  /** Ends it and whatever it has started. */
  async stop() {
    if (!this.ended) this.memory();
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGKILL'])) {
      if (this.ended) break;
      this.#signal(signal);
      await this.wait(PATIENCE / 1000);
    }
    this.#signal('SIGKILL'); // stragglers of the group
    clearInterval(this.sampler);
  }

  /** @param {NodeJS.Signals} signal */
  #signal(signal) {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // the group is gone
    }
  }
}
