import type { InferredOptionTypes, Options } from 'yargs';
import { parseCount } from '../parse/number.ts';
import { parsePort } from '../parse/port.ts';
import { parseSize } from '../parse/size.ts';
import type { Command } from './command.ts';
import { Group, once, outputOptions, text } from './options.ts';

const trackerOptions = {
  port: {
    type: 'string',
    default: '6969',
    requiresArg: true,
    group: Group.network,
    describe: 'Port to listen on, TCP and UDP; 0 takes any free one',
    coerce: once(parsePort),
  },
  bind: {
    type: 'string',
    requiresArg: true,
    group: Group.network,
    describe: 'Local IP address to listen on; default: all',
    coerce: once(text),
  },
  http: {
    type: 'boolean',
    default: true,
    group: Group.network,
    describe: 'Serve HTTP; --no-http: UDP alone',
  },
  udp: {
    type: 'boolean',
    default: true,
    group: Group.network,
    describe: 'Serve UDP; --no-udp: HTTP alone',
  },
  'udp-rate': {
    type: 'string',
    requiresArg: true,
    group: Group.network,
    describe: 'Requests over UDP that are answered to one address in a second; default: 200',
    coerce: once((value) => parseCount(value, 'rate')),
  },
  stats: {
    type: 'boolean',
    default: false,
    group: Group.network,
    describe: 'Show what the tracker holds and has answered, as JSON at /stats',
  },
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type TrackerArgs = InferredOptionTypes<typeof trackerOptions>;

export const tracker: Command = {
  name: 'tracker',
  usage: 'tracker',
  describe: 'Run a tracker over HTTP and UDP',
  build: (yargs) =>
    yargs
      .options(trackerOptions)
      .example(
        '$0 tracker --port 6969',
        'Announce URLs: http://<this host>:6969/announce, udp://<this host>:6969/announce',
      ),
  run: async (args, world) => {
    const { runTracker } = await import('../run/share.ts');
    return runTracker(args as TrackerArgs, world);
  },
};

const tourOptions = {
  size: {
    type: 'string',
    default: '256M',
    requiresArg: true,
    group: Group.what,
    describe: 'Bytes to generate, share and download',
    coerce: once((value) => parseSize(value)),
  },
  keep: {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Leave the folder with the files in place',
  },
} as const satisfies Record<string, Options>;

export type TourArgs = InferredOptionTypes<typeof tourOptions>;

export const tour: Command = {
  name: 'tour',
  usage: 'tour',
  describe: 'Show the whole way on this machine: create, track, seed, download, verify',
  build: (yargs) => yargs.options(tourOptions).example('$0 tour --size 1G', 'With more data'),
  run: async (args, world) => {
    const { runTour } = await import('../run/share.ts');
    return runTour(args as TourArgs, world);
  },
};
