import type { InferredOptionTypes, Options } from 'yargs';
import type { SourceAttribute, SymlinkPolicy } from '@shoal/metainfo';
import { UsageError } from '../errors.ts';
import { parseCount } from '../parse/number.ts';
import { parseSize } from '../parse/size.ts';
import type { Command } from './command.ts';
import { each, Group, once, outputOptions, parseTier, text, writeOptions } from './options.ts';

const SYMLINKS = ['inside', 'skip', 'keep'] as const;
const ATTRIBUTES: readonly SourceAttribute[] = ['executable', 'hidden'];

function parseSymlinks(value: string): SymlinkPolicy {
  const found = SYMLINKS.find((policy) => policy === value);
  if (found !== undefined) return found;
  throw new UsageError(`--symlinks is one of ${SYMLINKS.join(', ')}, not "${value}"`);
}

function parseAttributes(value: string): SourceAttribute[] {
  if (value === 'none') return [];
  return value.split(',').map((name) => {
    const found = ATTRIBUTES.find((attribute) => attribute === name);
    if (found !== undefined) return found;
    throw new UsageError(`--attributes are ${ATTRIBUTES.join(', ')} or none, not "${name}"`);
  });
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
    describe: 'Bytes per piece, e.g. 1M; default: for up to 2,048 pieces, 16K to 16M',
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
    group: Group.content,
    describe: 'Leave out symbolic links: the same as --symlinks skip',
  },
  symlinks: {
    type: 'string',
    requiresArg: true,
    group: Group.content,
    describe:
      'inside (default): read links that lead to files inside, refuse others; skip; keep them as links',
    coerce: once(parseSymlinks),
  },
  exclude: {
    alias: 'x',
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.content,
    describe:
      'Leave out what matches a pattern: *.tmp anywhere, sub/* below the folder, name/ folders only; repeatable',
    coerce: each(text),
  },
  'files-from': {
    type: 'string',
    requiresArg: true,
    group: Group.content,
    describe: 'Only the files named in this file, or - for stdin: a path below the folder a line',
    coerce: once(text),
  },
  attributes: {
    type: 'string',
    requiresArg: true,
    group: Group.content,
    describe:
      'Attributes to write (BEP 47): executable, hidden, both with a comma, or none; default: executable, none with --v1',
    coerce: once(parseAttributes),
  },
  similar: {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe: 'Info-hash or .torrent file that shares files with this one (BEP 38); repeatable',
    coerce: each(text),
  },
  collection: {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe: 'Name of a collection that it belongs to (BEP 38); repeatable',
    coerce: each(text),
  },
  v1: {
    type: 'boolean',
    group: Group.format,
    describe: 'A v1 torrent (BEP 3), which every client reads',
  },
  hybrid: {
    type: 'boolean',
    group: Group.format,
    describe: 'Both in one; default, up to 90,000 files and with pieces that BEP 52 allows',
  },
  v2: {
    type: 'boolean',
    group: Group.format,
    describe: 'A v2 torrent (BEP 52) alone',
  },
  workers: {
    type: 'string',
    requiresArg: true,
    group: Group.limits,
    describe: 'Threads that read and hash; default: one per processor',
    coerce: once((value) => parseCount(value, 'number of threads', 1, 256)),
  },
  ...writeOptions,
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
      .example("$0 create album -x '*.tmp' -x .git/", 'Leave out what does not belong')
      .example('$0 create movie.mkv -o m.torrent --private --source SITE', 'For a private tracker'),
  run: async (args, world) => {
    const { runCreate } = await import('../run/look.ts');
    return runCreate(args as CreateArgs, world);
  },
};
