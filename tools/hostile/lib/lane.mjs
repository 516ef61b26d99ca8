// @ts-check
/** A lane: one copy of the workspace, and one process that runs tests in it. */
import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { escapePattern } from './test-names.mjs';
import { copyWorkspace, takeOut } from './workspace.mjs';

/** @import { Entry, Verdict } from './types.mjs' */
/** @typedef {{ file: string, name: string, status: string, duration: number, message: string }} TestOutcome */

/** Milliseconds that a test without its guard has at least, before it counts as hung, and how often its usual time. */
const TEST_TIMEOUT = 8_000;
const TIMES_USUAL = 8;
/** Milliseconds behind that, after which a process is ended that does not even notice: it is in a loop. */
const KILL_DELAY = 5_000;
/** Milliseconds for all tests of a file, with all guards in place. */
const FILE_TIMEOUT = 300_000;
/** Runs of jest in one process, which grows with each. */
const RUNS_PER_PROCESS = 25;

export class Lane {
  #copy = copyWorkspace();
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #runs = 0;

  /**
   * The outcomes of a file's tests whose names match.
   *
   * @param {string} file
   * @param {readonly string[]} names
   * @returns {Promise<TestOutcome[]>}
   */
  runFile(file, names) {
    return this.runMatching(file, `^(?:${names.map((name) => escapePattern(name)).join('|')})$`);
  }

  /** The same for a pattern. @param {string} file @param {string} pattern @returns {Promise<TestOutcome[]>} */
  async runMatching(file, pattern) {
    const outcomes = await this.#run(file, pattern, 60_000, FILE_TIMEOUT);
    if (typeof outcomes === 'string') throw new Error(`${file}: the tests ${outcomes}`);
    return outcomes;
  }

  /**
   * How the entry's test ends without its guard.
   *
   * @param {Entry} entry
   * @param {number} usual milliseconds that it takes with the guard
   * @returns {Promise<{ verdict: Verdict, message: string }>}
   */
  async prove(entry, usual) {
    const putBack = takeOut(this.#copy, entry);
    try {
      const pattern = `^${escapePattern(entry.name)}$`;
      const timeout = Math.max(TEST_TIMEOUT, TIMES_USUAL * usual);
      const outcomes = await this.#run(entry.test, pattern, timeout, timeout + KILL_DELAY);
      if (typeof outcomes === 'string') return { verdict: outcomes, message: '' };
      const failed = outcomes.find(({ status }) => status === 'failed');
      if (failed !== undefined) return { verdict: 'caught', message: failed.message };
      return { verdict: outcomes.length === 0 ? 'not found' : 'survived', message: '' };
    } finally {
      putBack();
    }
  }

  close() {
    this.#end();
    rmSync(this.#copy, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * @param {string} file
   * @param {string} pattern
   * @param {number} timeout of a test
   * @param {number} patience of ours
   * @returns {Promise<TestOutcome[] | 'hung' | 'died'>}
   */
  async #run(file, pattern, timeout, patience) {
    if (this.#runs++ % RUNS_PER_PROCESS === 0) this.#end();
    const child = (this.#child ??= await this.#start());
    const project = file.split('/')[1];
    return new Promise((done) => {
      /** @param {TestOutcome[] | 'hung' | 'died'} outcome */
      const finish = (outcome) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (typeof outcome === 'string') this.#end();
        else for (const each of outcome) each.file = relative(this.#copy, each.file);
        done(outcome);
      };
      const timer = setTimeout(() => finish('hung'), patience);
      child.once('message', (message) => finish(/** @type {TestOutcome[]} */ (message)));
      child.once('exit', () => finish('died'));
      child.send({ project, files: [file], pattern, timeout });
    });
  }

  /** @returns {Promise<import('node:child_process').ChildProcess>} */
  #start() {
    const script = fileURLToPath(new URL('./lane-child.mjs', import.meta.url));
    const child = fork(script, [this.#copy], {
      // A group of its own: what its tests start ends with it.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        // Of a guard against memory the absence must be noticed before the machine's is used up.
        '--max-old-space-size=2048',
      ],
    });
    return new Promise((done, reject) => {
      child.once('message', () => {
        child.removeAllListeners();
        done(child);
      });
      child.once('exit', (code) => reject(new Error(`the process for tests ended with ${code}`)));
    });
  }

  #end() {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    child.removeAllListeners();
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
