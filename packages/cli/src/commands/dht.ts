import type { InferredOptionTypes, Options } from 'yargs';
import { UsageError } from '../errors.ts';
import { parseDuration } from '../parse/duration.ts';
import { parseHostPort } from '../parse/host-port.ts';
import { parsePort } from '../parse/port.ts';
import type { Command } from './command.ts';
import { each, Group, once, outputOptions, text } from './options.ts';

/** What `shoal dht` can do. */
export const DHT_ACTIONS = [
  'lookup',
  'announce',
  'scrape',
  'sample',
  'get',
  'put',
  'node',
] as const;

/** A sequence number of an item: 0 to 2^63 - 1 (BEP 44). */
function parseSeq(value: string): bigint {
  const number = /^\d{1,19}$/.test(value.trim()) ? BigInt(value.trim()) : undefined;
  if (number !== undefined && number < 2n ** 63n) return number;
  throw new UsageError(`"${value}" is no sequence number: write a whole number from 0`);
}

/** A port that peers can connect to. */
function parsePeerPort(value: string): number {
  const port = parsePort(value);
  if (port > 0) return port;
  throw new UsageError('nobody can connect to port 0');
}

const dhtOptions = {
  'peer-port': {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'announce: the port that peers can connect to; default: that of the node',
    coerce: once(parsePeerPort),
  },
  seed: {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'announce: the peer has everything (BEP 33)',
  },
  file: {
    alias: 'f',
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'put: the value is what this file holds',
    coerce: once(text),
  },
  bencoded: {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'put: the value is bencode, not text; get: print it as it is',
  },
  key: {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'put, get: file with the secret key of a mutable item',
    coerce: once(text),
  },
  'new-key': {
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'put: make the key, in a new file that only you can read',
  },
  salt: {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'put, get: which of the items of a key, a text of up to 64 bytes',
    coerce: once(text),
  },
  seq: {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'put: sequence number; default: one more than that of the present item',
    coerce: once(parseSeq),
  },
  cas: {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'put: only where the present item has this sequence number',
    coerce: once(parseSeq),
  },
  bootstrap: {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.network,
    describe: 'HOST:PORT of a node by which to enter, instead of the usual ones; repeatable',
    coerce: each((value) => parseHostPort(value, 'DHT node')),
  },
  bind: {
    type: 'string',
    requiresArg: true,
    group: Group.network,
    describe: 'Local IP address; default: all',
    coerce: once(text),
  },
  port: {
    type: 'string',
    default: '0',
    requiresArg: true,
    group: Group.network,
    describe: 'UDP port; 0 takes any free one',
    coerce: once(parsePort),
  },
  'read-only': {
    type: 'boolean',
    group: Group.network,
    describe: 'Answer nobody (BEP 43). Default: yes, but for node',
  },
  timeout: {
    type: 'string',
    requiresArg: true,
    group: Group.ending,
    describe: 'Give up after this time; default: 60s, and never for node',
    coerce: once((value) => parseDuration(value)),
  },
  every: {
    type: 'string',
    default: '10s',
    requiresArg: true,
    group: Group.output,
    describe: 'node: time between two lines of figures',
    coerce: once((value) => parseDuration(value)),
  },
  ...outputOptions,
} as const satisfies Record<string, Options>;

export type DhtArgs = InferredOptionTypes<typeof dhtOptions> & {
  readonly action: (typeof DHT_ACTIONS)[number];
  readonly what: string | undefined;
};

export const dht: Command = {
  name: 'dht',
  usage: 'dht <action> [what]',
  describe: 'Look into the DHT: find peers and items, run a node',
  build: (yargs) =>
    yargs
      .positional('action', {
        choices: DHT_ACTIONS,
        demandOption: true,
        describe: 'What to do',
      })
      .positional('what', {
        type: 'string',
        describe:
          'Info-hash, magnet link or .torrent file; of get a target or public key; of put a text',
      })
      .options(dhtOptions)
      .example('$0 dht lookup <info-hash>', 'Peers of a torrent')
      .example('$0 dht put hello --key my.key --new-key', 'An item that only you can change'),
  run: async (args, world) => {
    const { runDht } = await import('../run/share.ts');
    return runDht(args as DhtArgs, world);
  },
};
