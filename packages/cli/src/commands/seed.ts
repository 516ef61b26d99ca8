import type { InferredOptionTypes, Options } from 'yargs';
import type { Command } from './command.ts';
import { Group, once, outputOptions, text, transferOptions } from './options.ts';

const options = {
  data: {
    alias: 'd',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'The content itself, or the folder that holds it; default: beside the torrent',
    coerce: once(text),
  },
  check: {
    type: 'boolean',
    group: Group.what,
    describe:
      'Hash all data first; --no-check trusts it. Default: hash what resume data does not vouch for',
  },
  ...transferOptions,
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type SeedArgs = InferredOptionTypes<typeof options> & { readonly torrent: string[] };

export const seed: Command = {
  name: 'seed',
  usage: 'seed <torrent..>',
  describe: 'Seed torrents, all in one process',
  build: (yargs) =>
    yargs
      .positional('torrent', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: '.torrent files, or folders that hold them',
      })
      .options(options)
      .example('$0 seed debian.torrent --data ~/iso', 'The content is in ~/iso')
      .example('$0 seed ~/torrents --data /srv/data --port 6881', 'Every torrent of a folder'),
  run: async (args, world) => {
    const { runSeed } = await import('../run/share.ts');
    return runSeed(args as SeedArgs, world);
  },
};
