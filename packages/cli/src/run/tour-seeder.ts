import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { CliError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';

/** Minutes after which the seeder ends by itself, should nobody be left to end it. */
const LONGEST = '30';
/** Milliseconds to become ready. */
const READY_TIMEOUT = 120_000;
/** Milliseconds to end in order. */
const END_TIMEOUT = 5000;

/** `shoal seed` in a child process. */
export class SeederProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #ready: Promise<void>;

  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<SeederProcess> {
    const { spawn } = await import('node:child_process');
    const script = process.argv[1] ?? '';
    const child = spawn(process.execPath, [script, ...args, '--seed-time', LONGEST, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    return new SeederProcess(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(this.#child, 'exit').catch(() => undefined);
    this.#ready = this.#watch();
    this.#ready.catch(() => undefined);
  }

  /** Resolves once it seeds and a tracker has heard of it. */
  async ready(signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT)]);
    await Promise.race([
      this.#ready,
      new Promise((_resolve, reject) => {
        limit.addEventListener('abort', () => {
          reject(signal.aborted ? (signal.reason as Error) : notReady());
        });
      }),
    ]);
  }

  /** Ends it in order, by force where it takes too long. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT);
    this.#child.kill('SIGTERM');
    await this.#ended;
    clearTimeout(timer);
  }

  async #watch(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) throw notReady();
    const { createInterface } = await import('node:readline');
    const waiting = new Set(['seeding', 'working']);
    const lines = createInterface({ input: stdout });
    await new Promise<void>((resolve, reject) => {
      // Read to the end, so that the pipe never fills.
      lines.on('line', (line) => {
        const { state } = JSON.parse(line) as { state?: string };
        if (state !== undefined) waiting.delete(state);
        if (waiting.size === 0) resolve();
      });
      lines.once('close', () => {
        reject(notReady());
      });
    });
  }
}

function notReady(): CliError {
  return new CliError('ERR_CLI_TIMEOUT', ExitCode.network, 'the seeder did not become ready');
}
