import type { InferredOptionTypes, Options } from 'yargs';
import { UsageError } from '../errors.ts';
import type { Command } from './command.ts';
import { each, Group, once, outputOptions, parseTier, text, writeOptions } from './options.ts';

/** Milliseconds in a second. */
const SECOND = 1000;

/** Unix seconds from a number of them or a date; null takes the date out. */
function parseDate(value: string): number | null {
  if (value === '') return null;
  if (value === 'now') return Math.floor(Date.now() / SECOND);
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.floor(Date.parse(value) / SECOND);
  if (Number.isSafeInteger(seconds)) return seconds;
  throw new UsageError(`"${value}" is no date: write Unix seconds, 2026-02-23T12:00Z, or now`);
}

/** Empty text takes a key out. */
const textOrNothing = (value: string): string | null => (value === '' ? null : value);

const list = (describe: string) =>
  ({
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe,
    coerce: each(text),
  }) as const satisfies Options;

const clear = (describe: string) =>
  ({
    type: 'boolean',
    default: false,
    group: Group.what,
    describe,
  }) as const satisfies Options;

const options = {
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'The .torrent file to write',
    coerce: once(text),
  },
  'in-place': {
    alias: 'i',
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Write over the torrent itself',
  },
  tracker: {
    alias: 't',
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe: 'Add a tracker; each one is a tier, URLs joined with a comma share one; repeatable',
    coerce: each(parseTier),
  },
  'remove-tracker': list('Take out a tracker; repeatable'),
  'clear-trackers': clear('Take out all trackers, before any are added'),
  'web-seed': { ...list('Add a web seed (BEP 19); repeatable'), alias: 'w' },
  'remove-web-seed': list('Take out a web seed; repeatable'),
  'clear-web-seeds': clear('Take out all web seeds, before any are added'),
  'remove-http-seed': list('Take out a web seed of the older kind; repeatable'),
  'clear-http-seeds': clear('Take out all of the older kind, before any are added'),
  'remove-node': { ...writeOptions.node, describe: 'Take out a DHT node; repeatable' },
  'clear-nodes': clear('Take out all DHT nodes, before any are added'),
  comment: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: "A comment; '' takes it out",
    coerce: once(textOrNothing),
  },
  'created-by': {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: "The program that made the torrent; '' takes it out",
    coerce: once(textOrNothing),
  },
  'creation-date': {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: "Unix seconds, a date, or now; '' takes it out",
    coerce: once(parseDate),
  },
  name: {
    type: 'string',
    requiresArg: true,
    group: Group.info,
    describe: "The torrent's name, and that of a single file",
    coerce: once(text),
  },
  private: {
    alias: 'p',
    type: 'boolean',
    group: Group.info,
    describe: 'Peers only from the trackers (BEP 27); --no-private: from everywhere',
  },
  source: {
    alias: 's',
    type: 'string',
    requiresArg: true,
    group: Group.info,
    describe: "Name of the source; '' takes it out",
    coerce: once(textOrNothing),
  },
  ...writeOptions,
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type EditArgs = InferredOptionTypes<typeof options> & { readonly torrent: string };

export const edit: Command = {
  name: 'edit',
  usage: 'edit <torrent>',
  describe: 'Change a torrent',
  build: (yargs) =>
    yargs
      .positional('torrent', { type: 'string', demandOption: true, describe: '.torrent file' })
      .options(options)
      .example('$0 edit a.torrent -i -t udp://tracker.example:6969', 'Add a tracker')
      .example('$0 edit a.torrent -o b.torrent --private --source SITE', 'For a private tracker'),
  run: async (args, world) => {
    const { runEdit } = await import('../run/look.ts');
    return runEdit(args as EditArgs, world);
  },
};
