import type { InferredOptionTypes, Options } from 'yargs';
import { parseDuration } from '../parse/duration.ts';
import type { Command } from './command.ts';
import { Group, once, outputOptions, text, transferOptions } from './options.ts';

const { port, bind, peer, tracker, pex, lsd, dht, resume } = transferOptions;

const options = {
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: "The .torrent file; default: the torrent's name with .torrent, here",
    coerce: once(text),
  },
  force: {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Write over a .torrent file that exists',
  },
  port,
  bind,
  peer,
  tracker,
  pex,
  lsd,
  dht,
  'dht-bootstrap': transferOptions['dht-bootstrap'],
  'local-servers': transferOptions['local-servers'],
  'ip-filter': transferOptions['ip-filter'],
  'ip-filter-strict': transferOptions['ip-filter-strict'],
  timeout: {
    type: 'string',
    requiresArg: true,
    group: Group.ending,
    describe: 'Give up after this time, e.g. 90s or 10m',
    coerce: once((value) => parseDuration(value)),
  },
  'resume-dir': {
    ...transferOptions['resume-dir'],
    describe: 'Folder for resume data, where metadata is remembered',
  },
  resume,
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type MetadataCommandArgs = InferredOptionTypes<typeof options> & { readonly magnet: string };

export const metadata: Command = {
  name: 'metadata',
  usage: 'metadata <magnet>',
  describe: 'Make a .torrent file of a magnet link',
  build: (yargs) =>
    yargs
      .positional('magnet', {
        type: 'string',
        demandOption: true,
        describe: 'Magnet link; its metadata is got from peers',
      })
      .options(options)
      .example("$0 metadata 'magnet:?xt=…' -o x.torrent", 'With the trackers of the link'),
  run: async (args, world) => {
    const { runMetadata } = await import('../run/share.ts');
    return runMetadata(args as MetadataCommandArgs, world);
  },
};
