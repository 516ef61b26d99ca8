import type { Early } from './early.ts';
import { startClient } from './engine.ts';
import { commands } from './commands/index.ts';
import { parseCommandLine } from './command-line.ts';
import { codeOf, exitCodeOf, messageOf, reasonOf, SignalError, UsageError } from './errors.ts';
import { endProcess } from './end-process.ts';
import { ExitCode } from './exit-codes.ts';
import { plainText } from './terminal/plain-text.ts';
import type { World } from './world.ts';

/** Milliseconds that something forgotten may keep a finished command alive. */
const EXIT_GRACE = 1000;

/** Shows the cursor and wraps lines again, where a progress bar had neither. */
const RESTORE_TERMINAL = '\u001b[?25h\u001b[?7h\n';

/** Runs one command line in a world and gives the exit code. Never rejects. */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  try {
    const request = await parseCommandLine(withDefault(args, world.env), world.stdout.columns);
    if ('output' in request) {
      world.stdout.write(request.output);
      return ExitCode.done;
    }
    return await request.command.run(request.args, world);
  } catch (error) {
    return report(error, args[0], world);
  }
}

/** Without arguments the command shows its help, and the workspace's `start` the tour. */
export function withDefault(args: readonly string[], env: World['env']): readonly string[] {
  if (args.length > 0) return args;
  return env['SHOAL_TOUR_BY_DEFAULT'] === '1' ? ['tour'] : ['--help'];
}

/** One line on stderr, and the exit code. */
function report(error: unknown, command: string | undefined, world: World): number {
  const exitCode = exitCodeOf(error);
  if (error instanceof SignalError) return exitCode;
  const hint = error instanceof UsageError ? ` (${helpFor(command)} says more)` : '';
  const defect = exitCode === ExitCode.defect ? 'unexpected error, please report it: ' : '';
  world.stderr.write(`shoal: ${plainText(`${defect}${messageOf(error)}${hint}`)}\n`);
  if ((world.env['SHOAL_DEBUG'] ?? '') !== '' && error instanceof Error) {
    for (const line of (error.stack ?? '').split('\n')) world.stderr.write(`${plainText(line)}\n`);
  }
  return exitCode;
}

/** Where the help about a command is. */
function helpFor(command: string | undefined): string {
  return commands.some(({ name }) => name === command)
    ? `shoal ${command ?? ''} --help`
    : 'shoal --help';
}

/** Runs the process's command line. */
export async function runProcess(args: readonly string[], early: Early = {}): Promise<void> {
  const output = { failed: false };
  process.stdout.on('error', (error) => {
    // A reader that goes away (`| head`) is no error; there is only nobody left to tell.
    if (output.failed || codeOf(error) === 'EPIPE') return;
    // A full disk below a log must not end a transfer; it is told once, and by the exit code.
    output.failed = true;
    stderr().write(`shoal: cannot write to the output: ${plainText(reasonOf(error))}\n`);
    process.exitCode ||= ExitCode.disk;
  });
  const world: World = {
    stdin: () => process.stdin,
    stdout: process.stdout,
    // Made when something is said there: mostly nothing is.
    get stderr() {
      return stderr();
    },
    env: process.env,
    platform: process.platform,
    signals: process,
    startClient,
    early,
    runAgain: (again) => runCli(again, world),
    exitNow: (code) => {
      if (process.stdout.isTTY) process.stdout.write(RESTORE_TERMINAL);
      endProcess(code);
    },
  };
  const exitCode = await runCli(args, world);
  process.exitCode = output.failed ? exitCode || ExitCode.disk : exitCode;
  setTimeout(() => endProcess(Number(process.exitCode)), EXIT_GRACE).unref();
}

/** The process's stderr; where nobody reads it, nobody can be told. */
function stderr(): NodeJS.WriteStream {
  const stream = process.stderr;
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined);
  return stream;
}
