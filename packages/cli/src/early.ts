import { DiskThreads } from '@shoal/client';
import { HashThreads } from '@shoal/metainfo';

/** What takes its time to be ready, and is started before the command line has been parsed, or even its parser loaded. */
export interface Early {
  readonly hashThreads?: Promise<HashThreads>;
  readonly diskThreads?: Promise<DiskThreads>;
}

/** Starts what the command that stands first in a command line will need, if it is a run of it. */
export function startEarly(args: readonly string[]): Early {
  // One thread each: it is enough for little content, and begins while others are started for more.
  if (args.some((arg) => arg === '--help' || arg === '-h')) return {};
  switch (args[0]) {
    case 'create':
      return { hashThreads: HashThreads.start(1) };
    case 'download':
      return args.includes('--list-files') ? {} : { diskThreads: DiskThreads.start(1) };
    case 'verify':
      return { diskThreads: DiskThreads.start(1) };
    case 'seed':
      return args.includes('--check') ? { diskThreads: DiskThreads.start(1) } : {};
    default:
      return {};
  }
}
