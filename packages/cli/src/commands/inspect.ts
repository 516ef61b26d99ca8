import type { LocalServers } from '@shoal/client';
import type { InferredOptionTypes, Options } from 'yargs';
import type { Command } from './command.ts';
import { localServersOption, outputOptions } from './options.ts';

/** The commands that look at torrents. */
const options = outputOptions satisfies Record<string, Options>;

type Common = InferredOptionTypes<typeof options>;
export type InfoArgs = Common & { readonly torrent: string; readonly tree: boolean };
export type VerifyArgs = Common & { readonly torrent: string; readonly path?: string };
export type MagnetArgs = Common & { readonly torrent: string };
export type ScrapeArgs = Common & {
  readonly source: string;
  readonly 'info-hash'?: string[];
  readonly 'local-servers'?: LocalServers;
};

export const info: Command = {
  name: 'info',
  usage: 'info <torrent>',
  describe: 'Show what a torrent or magnet link holds',
  build: (yargs) =>
    yargs
      .positional('torrent', {
        type: 'string',
        demandOption: true,
        describe: '.torrent file, http(s) address of one, or magnet link',
      })
      .options({
        tree: {
          type: 'boolean',
          default: false,
          describe: 'Show the files as a tree of folders, with their sizes',
        },
        ...options,
      })
      .example('$0 info debian.torrent', 'Name, size, info-hash, trackers, files')
      .example('$0 info debian.torrent --json | jq .infoHash', 'For scripts'),
  run: async (args, world) => {
    const { runInfo } = await import('../run/look.ts');
    return runInfo(args as InfoArgs, world);
  },
};

export const verify: Command = {
  name: 'verify',
  usage: 'verify <torrent> [path]',
  describe: 'Check data against a torrent',
  build: (yargs) =>
    yargs
      .positional('torrent', {
        type: 'string',
        demandOption: true,
        describe: '.torrent file or http(s) address of one',
      })
      .positional('path', {
        type: 'string',
        describe: 'The content, or the folder that holds it; default: beside the torrent',
      })
      .options(options)
      .example('$0 verify debian.torrent ~/iso', 'Exit code 0: whole, 1: incomplete'),
  run: async (args, world) => {
    const { runVerify } = await import('../run/look.ts');
    return runVerify(args as VerifyArgs, world);
  },
};

export const magnet: Command = {
  name: 'magnet',
  usage: 'magnet <torrent>',
  describe: "Print a torrent's magnet link",
  build: (yargs) =>
    yargs
      .positional('torrent', {
        type: 'string',
        demandOption: true,
        describe: '.torrent file or http(s) address of one',
      })
      .options(options)
      .example('$0 magnet debian.torrent', 'One line, to be shared'),
  run: async (args, world) => {
    const { runMagnet } = await import('../run/look.ts');
    return runMagnet(args as MagnetArgs, world);
  },
};

export const scrape: Command = {
  name: 'scrape',
  usage: 'scrape <source>',
  describe: 'Ask trackers for the figures of a swarm',
  build: (yargs) =>
    yargs
      .positional('source', {
        type: 'string',
        demandOption: true,
        describe:
          ".torrent file (its trackers are asked), magnet link, or a tracker's announce URL",
      })
      .options({
        'info-hash': {
          type: 'array',
          string: true,
          requiresArg: true,
          describe:
            'For an announce URL: 40 hex digits; repeatable; default: all a tracker of the web has',
        },
        'local-servers': localServersOption,
        ...options,
      })
      .example('$0 scrape debian.torrent', 'Seeds, leechers and downloads by tracker'),
  run: async (args, world) => {
    const { runScrape } = await import('../run/share.ts');
    return runScrape(args as ScrapeArgs, world);
  },
};
