import type { InferredOptionTypes, Options } from 'yargs';
import { parseDuration } from '../parse/duration.ts';
import { parseSelect } from '../parse/select.ts';
import type { Command } from './command.ts';
import { Group, once, outputOptions, text, transferOptions } from './options.ts';

const options = {
  output: {
    alias: 'o',
    type: 'string',
    default: '.',
    requiresArg: true,
    group: Group.what,
    describe: 'Folder to download into; made if it does not exist',
    coerce: once(text),
  },
  select: {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'Only these files, by number, e.g. 0,2-5',
    coerce: once(parseSelect),
  },
  'list-files': {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Show the files with their numbers, and download nothing',
  },
  sequential: {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Download in order, rather than the rarest pieces first',
  },
  seed: {
    type: 'boolean',
    group: Group.ending,
    describe: 'Go on seeding until interrupted, rather than ending when done',
  },
  timeout: {
    type: 'string',
    requiresArg: true,
    group: Group.ending,
    describe: 'Give up when not complete after this time, e.g. 90s or 10m',
    coerce: once((value) => parseDuration(value)),
  },
  'on-complete': {
    type: 'string',
    requiresArg: true,
    group: Group.ending,
    describe:
      'Command to run when a torrent is complete; no shell; SHOAL_NAME, SHOAL_PATH, … are set',
    coerce: once(text),
  },
  ...transferOptions,
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type DownloadArgs = InferredOptionTypes<typeof options> & { readonly source: string[] };

export const download: Command = {
  name: 'download',
  usage: 'download <source..>',
  describe: 'Download torrents',
  build: (yargs) =>
    yargs
      .positional('source', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: '.torrent file, http(s) address of one, or magnet link',
      })
      .options(options)
      .example('$0 download debian.torrent -o ~/iso', 'Download, and end when done')
      .example(
        '$0 download big.torrent --select 0,3-5 --seed-ratio 1',
        'Some files; then give back',
      )
      .example("$0 download 'magnet:?xt=…'", 'From a magnet link; mind the quotes')
      .example(
        '$0 download https://host/x.torrent --max-download 2M',
        'From an address, not too fast',
      )
      .conflicts('seed', ['seed-ratio', 'seed-time']),
  run: async (args, world) => {
    const { runDownload } = await import('../run/share.ts');
    return runDownload(args as DownloadArgs, world);
  },
};
