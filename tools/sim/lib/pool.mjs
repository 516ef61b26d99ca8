// @ts-check
import { fork } from 'node:child_process';
import { clearTimeout, setTimeout } from 'node:timers';
import { WORKER } from './bundle.mjs';

/** @typedef {import('../src/scenario.ts').Outcome} Outcome */
/** @typedef {{ title: string, scenarios: { name: string, holds: string }[] }} ListedTheme */
/** @typedef {{ name: string, seed: number }} Task */
/** @typedef {{ ready?: true, list?: ListedTheme[], outcome?: Outcome }} Answer */

/** MiB that a worker's memory may grow to before another one takes its place. */
const RETIRE_AT = 700;

/** Scenarios of the bundle, by theme. @returns {Promise<ListedTheme[]>} */
export function listScenarios() {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER);
    child.once('error', reject);
    child.on('message', (/** @type {Answer} */ { ready, list }) => {
      if (ready) child.send('list');
      if (list === undefined) return;
      resolve(list);
      child.disconnect();
    });
  });
}

/** @param {Task} task @param {string} failure @param {number} seconds @returns {Outcome} */
const failed = ({ name, seed }, failure, seconds) => ({
  name,
  seed,
  failures: [failure],
  figures: [],
  drawn: [],
  virtualSeconds: 0,
  seconds,
  events: 0,
  fingerprint: '',
  memory: 0,
});

/**
 * Runs what `next` gives, in processes of their own: whatever hangs or ends its process fails alone.
 *
 * @param {object} options
 * @param {number} options.jobs processes at a time
 * @param {number} options.timeout real ms that one scenario may take
 * @param {() => Task | undefined} options.next
 * @param {(outcome: Outcome) => void} options.done
 */
export async function runAll({ jobs, timeout, next, done }) {
  await Promise.all(Array.from({ length: jobs }, () => runSome(timeout, next, done)));
}

/** @param {number} timeout @param {() => Task | undefined} next @param {(outcome: Outcome) => void} done */
async function runSome(timeout, next, done) {
  /** @type {Task | undefined} */
  let task;
  for (;;) {
    const end = await new Promise((/** @type {(end: 'idle' | 'again') => void} */ resolve) => {
      const child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      let since = performance.now();
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      const give = () => {
        task = next();
        if (task === undefined) {
          child.disconnect();
          resolve('idle');
          return;
        }
        since = performance.now();
        timer = setTimeout(() => child.kill('SIGKILL'), timeout);
        child.send(task);
      };
      child.on('message', (/** @type {Answer} */ { ready, outcome }) => {
        clearTimeout(timer);
        if (ready) give();
        if (outcome === undefined) return;
        task = undefined;
        done(outcome);
        if (outcome.memory < RETIRE_AT) give();
        else {
          child.disconnect();
          resolve('again');
        }
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        if (task === undefined) return;
        const seconds = (performance.now() - since) / 1000;
        const why = signal === 'SIGKILL' ? `no end after ${timeout / 1000} s` : 'process ended';
        done(failed(task, `${why} (${signal ?? code})`, seconds));
        task = undefined;
        resolve('again');
      });
    });
    if (end === 'idle') return;
  }
}
