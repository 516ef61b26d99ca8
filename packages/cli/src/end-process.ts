import { ExitCode } from './exit-codes.ts';

/** The signal whose exit code a shell sees as this one. */
const SIGNALS: ReadonlyMap<number, NodeJS.Signals> = new Map([
  [ExitCode.hungUp, 'SIGHUP'],
  [ExitCode.interrupted, 'SIGINT'],
  [ExitCode.terminated, 'SIGTERM'],
]);

/**
 * Ends the process at once. `process.exit` waits for its threads, and one that writes to a disk that hangs does not end: so where a
 * signal is the reason, the process ends by that signal, which waits for nobody. A shell sees the same code.
 */
export function endProcess(code: number): void {
  const signal = SIGNALS.get(code);
  if (signal !== undefined) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exit(code);
}
