// @ts-check
/** Child processes: each has a log file, each is ended by its own pid, none outlives its scenario. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { delay } from './wait.mjs';

/**
 * The environment of every child: no proxy, no configuration of the person's own, UTF-8 file names.
 *
 * @param {string} home
 */
export function cleanEnvironment(home) {
  return {
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: home,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    NO_COLOR: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
  };
}

/** Those that were started, until {@link killAllOf} is through with their folder. @type {Set<Program>} */
const programs = new Set();

/**
 * Ends what still runs and logs below a folder: a client that could not be started leaves its program behind.
 *
 * @param {string} folder
 */
export async function killAllOf(folder) {
  const left = [...programs].filter(({ log }) => log.startsWith(folder));
  await Promise.all(left.map((program) => program.kill()));
  for (const program of left) programs.delete(program);
}

/**
 * How those are who log below a folder, for the report of a failure: a program that hangs, or has crashed, writes nothing.
 *
 * @param {string} folder
 * @returns {string[]} a line for each program
 */
export function describeAllOf(folder) {
  return [...programs]
    .filter(({ log }) => log.startsWith(folder))
    .map(({ log, ended, verdict, child }) => {
      const what = ended ? verdict : `is running: ${threadsOf(child.pid ?? 0)}`;
      return `${basename(log, '.log')} ${what}`;
    });
}

/**
 * @param {number} pid
 * @returns {string} name, state, and what the kernel does for it, of each thread
 */
function threadsOf(pid) {
  const folder = `/proc/${pid}/task`;
  /** @param {string} path */
  const read = (path) => readFileSync(join(folder, path), 'utf8').trim();
  try {
    const threads = readdirSync(folder).map((id) => {
      const state = /^State:\s+(\S)/m.exec(read(`${id}/status`))?.[1] ?? '?';
      return `${read(`${id}/comm`)} ${state} ${read(`${id}/wchan`)}`;
    });
    return [...new Set(threads)].join('; ');
  } catch {
    return 'it has just ended';
  }
}

/** One running program. */
export class Program {
  /** @type {import('node:child_process').ChildProcess} */
  child;
  /** Set when it has ended. @type {{ code: number | null, signal: string | null } | undefined} */
  ended;
  /** Resolves when it has ended. @type {Promise<void>} */
  exited;

  /**
   * @param {readonly string[]} command
   * @param {{ home: string, log: string, pipeOutput?: boolean, cwd?: string }} options `pipeOutput`: stdout is for the caller, the log gets stderr only
   */
  constructor(command, options) {
    const [file = '', ...args] = command;
    mkdirSync(dirname(options.log), { recursive: true });
    mkdirSync(options.home, { recursive: true });
    const log = openSync(options.log, 'a');
    this.log = options.log;
    programs.add(this);
    this.child = spawn(file, args, {
      cwd: options.cwd ?? options.home,
      env: cleanEnvironment(options.home),
      stdio: ['pipe', options.pipeOutput ? 'pipe' : log, log],
    });
    closeSync(log);
    this.child.stdin?.on('error', () => {}); // the program may be gone; its exit is what is reported
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.ended ??= { code: 127, signal: error.message };
        resolve();
      });
      this.child.once('close', (code, signal) => {
        this.ended ??= { code, signal };
        resolve();
      });
    });
  }

  /** Bytes of memory that it holds now (RSS); 0: it has ended. */
  get memory() {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  /** How it ended, in words. */
  get verdict() {
    if (!this.ended) return 'is running';
    return this.ended.code === null
      ? `was ended by ${this.ended.signal}`
      : `exited with ${this.ended.code}`;
  }

  /**
   * Asks it to end, then makes it end.
   *
   * @param {{ signal?: NodeJS.Signals, patience?: number }} [options] patience in ms before SIGKILL
   * @returns {Promise<boolean>} whether it ended by itself
   */
  async stop({ signal = 'SIGTERM', patience = 10_000 } = {}) {
    if (this.ended) return true;
    this.child.kill(signal);
    await Promise.race([this.exited, delay(patience)]);
    const willing = this.ended !== undefined;
    if (!willing) await this.kill();
    return willing;
  }

  /** SIGKILL. */
  async kill() {
    if (this.ended) return;
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/**
 * Runs a program to its end.
 *
 * @param {readonly string[]} command
 * @param {{ home: string, log: string, timeout: number, cwd?: string }} options timeout in ms
 * @returns {Promise<string>} what it wrote to stdout
 */
export async function run(command, options) {
  const program = new Program(command, { ...options, pipeOutput: true });
  /** @type {Buffer[]} */
  const output = [];
  program.child.stdout?.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
  program.child.stdin?.end();
  await Promise.race([program.exited, delay(options.timeout)]);
  if (!program.ended) {
    await program.kill();
    throw new Error(`${command.join(' ')}: not done after ${options.timeout / 1000} s`);
  }
  const text = Buffer.concat(output).toString();
  if (program.ended.code !== 0) {
    throw new Error(
      `${command.join(' ')}: ${program.verdict}${text ? `: ${text.slice(-500)}` : ''}`,
    );
  }
  return text;
}
