import yargs from 'yargs';
import type { Argv } from 'yargs';
import { commands } from './commands/index.ts';
import type { Command } from './commands/command.ts';
import { messageOf, UsageError } from './errors.ts';
import { VERSION } from './version.ts';

/** What a command line asks for: a command to run, or text to print. */
export type Request =
  { readonly command: Command; readonly args: unknown } | { readonly output: string };

/** Columns. Beyond it help is hard to read. */
const WIDEST_HELP = 100;

const EPILOGUE =
  'Sizes and rates: 500K, 1.5M, 2MiB count in 1,024s; 20MB in 1,000s. Times: 90s, 5m, 2h.\n' +
  'Exit codes: 0 done, 1 verify found gaps, 2 usage, 3 bad torrent or link, 4 disk, 5 network or time-out, 130/143 signal.';

/** Parses a command line. Throws a {@link UsageError} where it is wrong. */
export async function parseCommandLine(given: readonly string[], columns = 80): Promise<Request> {
  const args = withoutDashes(given);
  const parser = buildParser(args, columns, (command, parsed) => {
    throw new Chosen(command, parsed);
  });
  let output = '';
  try {
    await parser.parseAsync([...args], {}, (_error, _args, text) => {
      output = text;
    });
  } catch (error) {
    if (error instanceof Chosen) return { command: error.command, args: error.args };
    if (error instanceof UsageError) throw error;
    throw new UsageError(messageOf(error));
  }
  if (output !== '') return { output: `${output}\n` };
  throw new UsageError('Name a command');
}

/**
 * How a command line's command leaves yargs: thrown, since where a handler returns yargs lays out the help, which nobody asked
 * for and which takes longer than all the rest of a start.
 */
class Chosen extends Error {
  readonly command: Command;
  readonly args: unknown;

  constructor(command: Command, args: unknown) {
    super(command.name);
    this.command = command;
    this.args = args;
  }
}

/**
 * What stands behind `--` as arguments that yargs takes for what they are: it would look for a command's positionals before it
 * alone. None of ours begins with a dash but a path, which `./` leaves the same.
 */
function withoutDashes(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  if (at === -1) return args;
  // A flag that stands before it would take `true` and `false` as its value.
  const behind = args
    .slice(at + 1)
    .map((arg) => (/^(?:-.|true$|false$)/.test(arg) ? `./${arg}` : arg));
  return [...args.slice(0, at), ...behind];
}

/** What yargs finds wrong, where it says so in words of its own. */
function inOurWords(message: string, args: readonly string[]): string {
  const command = commands.find(({ name }) => name === args[0]);
  if (/^Not enough non-option arguments/.test(message) && command !== undefined) {
    const { name, usage } = command;
    const what = /<([a-z]+)/.exec(usage)?.[1] ?? 'argument';
    return `${name} what? It needs a ${what}: shoal ${usage}`;
  }
  return message;
}

/** The yargs parser, with the one command asked for where that is clear, so that a start builds no more than it needs. */
export function buildParser(
  args: readonly string[],
  columns: number,
  chosen: (command: Command, args: unknown) => void = () => undefined,
): Argv {
  const parser = yargs([])
    .detectLocale(false)
    .scriptName('shoal')
    .usage('$0 <command>\n\nShares files with BitTorrent.')
    .parserConfiguration({
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .version(VERSION)
    .alias('help', 'h')
    .strict()
    .exitProcess(false)
    .wrap(Math.min(columns, WIDEST_HELP))
    .fail((message, error: unknown) => {
      throw error instanceof UsageError ? error : new UsageError(inOurWords(message, args));
    });
  const asked = commands.filter(({ name }) => name === args[0]);
  for (const command of asked.length > 0 ? asked : commands) {
    parser.command(command.usage, command.describe, command.build, (parsed) => {
      chosen(command, parsed);
    });
  }
  if (asked.length === 0) {
    parser
      .completion('completion', 'Print a script that completes commands and options (bash, zsh)')
      .example('$0 create album -t http://tracker.example/announce', 'Make album.torrent')
      .example('$0 seed album.torrent', 'Share it')
      .example('$0 download album.torrent -o ~/music', 'Get it elsewhere')
      .epilogue(`${EPILOGUE}\n\nshoal <command> --help says more about a command.`)
      .demandCommand(1, 'Name a command: shoal --help lists them');
  } else {
    parser.epilogue(EPILOGUE);
  }
  return parser;
}
