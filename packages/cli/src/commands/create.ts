import type { InferredOptionTypes, Options } from 'yargs';
import { parseCount } from '../parse/number.ts';
import { parseSize } from '../parse/size.ts';
import type { Command } from './command.ts';
import { each, Group, once, outputOptions, parseTrackerUrl, text } from './options.ts';

/** A tier of trackers: addresses with commas between them. */
function parseTier(value: string): string[] {
  return value.split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i).map(parseTrackerUrl);
}

const options = {
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'The .torrent file to write; default: NAME.torrent in the current folder',
    coerce: once(text),
  },
  force: {
    alias: 'f',
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Write over a file that exists',
  },
  name: {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: "The torrent's name; default: that of the file or folder",
    coerce: once(text),
  },
  tracker: {
    alias: 't',
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe:
      'URL of a tracker; each one is a tier, URLs joined with a comma share one; repeatable',
    coerce: each(parseTier),
  },
  'web-seed': {
    alias: 'w',
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe: 'URL of the content on a web server (BEP 19); repeatable',
    coerce: each(text),
  },
  private: {
    alias: 'p',
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Peers only from the trackers (BEP 27)',
  },
  source: {
    alias: 's',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'Name of the source: makes the info-hash differ between sites',
    coerce: once(text),
  },
  comment: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'A comment',
    coerce: once(text),
  },
  'piece-length': {
    alias: 'l',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'Bytes per piece, e.g. 1M; default: for 1,024 to 2,048 pieces, 16K to 16M',
    coerce: once((value) => parseSize(value, 'piece length')),
  },
  date: {
    type: 'boolean',
    default: true,
    group: Group.what,
    describe: 'Write the creation date; --no-date makes the file depend on the content only',
  },
  'skip-symlinks': {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe:
      'Leave out symbolic links; default: read those that lead to files inside, refuse others',
  },
  v1: {
    type: 'boolean',
    default: true,
    group: Group.what,
    describe: 'Make a v1 torrent (BEP 3), the only kind so far',
  },
  workers: {
    type: 'string',
    requiresArg: true,
    group: Group.limits,
    describe: 'Threads that read and hash; default: one per processor',
    coerce: once((value) => parseCount(value, 'number of threads', 1, 256)),
  },
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type CreateArgs = InferredOptionTypes<typeof options> & { readonly path: string };

export const create: Command = {
  name: 'create',
  usage: 'create <path>',
  describe: 'Make a torrent of a file or folder',
  build: (yargs) =>
    yargs
      .positional('path', {
        type: 'string',
        demandOption: true,
        describe: 'File or folder; hidden and empty files are included',
      })
      .options(options)
      .example('$0 create album -t http://tracker.example/announce', 'Write album.torrent')
      .example('$0 create movie.mkv -o m.torrent --private --source SITE', 'For a private tracker'),
  run: async (args, world) => {
    const { runCreate } = await import('../run/look.ts');
    return runCreate(args as CreateArgs, world);
  },
};
