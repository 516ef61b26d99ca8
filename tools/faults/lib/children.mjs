// @ts-check
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Those that run. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** No child outlives the harness. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => process.exit(130));
}

/** A Node process that prints a line of JSON now and then. */
export class Child {
  /** Resolves when it has ended. @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */
  ended;
  /** What it has said. @type {Record<string, unknown>[]} */
  said = [];
  /** What it has complained of. */
  errors = '';
  #child;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {readonly string[]} args */
  constructor(args) {
    const env = { ...process.env };
    // Takes 60 ms at each start.
    delete env['NODE_EXTRA_CA_CERTS'];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
    createInterface({ input: child.stdout }).on('line', (line) => {
      try {
        this.said.push(JSON.parse(line));
      } catch {
        this.errors += `${line}\n`;
      }
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    this.#child.kill(signal);
  }

  get isRunning() {
    return running.has(this.#child);
  }

  /**
   * What it says first that has a key; undefined where it ends before.
   *
   * @param {string} key
   */
  async hear(key) {
    for (;;) {
      const found = this.said.find((each) => key in each);
      if (found !== undefined || !this.isRunning) return found;
      await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
    }
  }
}
