import type { Argv } from 'yargs';
import type { World } from '../world.ts';

/** A command as it is listed, parsed and documented. What it does, and all that takes, is loaded only when it runs. */
export interface Command {
  /** Usage as yargs reads it: the name, then positionals. */
  readonly usage: string;
  readonly name: string;
  readonly describe: string;
  readonly build: (yargs: Argv) => Argv;
  /** Runs it with the parsed arguments; gives the exit code. */
  readonly run: (args: unknown, world: World) => Promise<number>;
}
