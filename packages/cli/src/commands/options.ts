import type { Options } from 'yargs';
import { parseDuration } from '../parse/duration.ts';
import { parseHostPort } from '../parse/host-port.ts';
import { parseCount, parseRatio } from '../parse/number.ts';
import { parsePorts } from '../parse/port.ts';
import { parseRate } from '../parse/size.ts';
import { UsageError } from '../errors.ts';

/** The groups under which `--help` lists options. */
export const Group = {
  what: 'What and where:',
  content: 'Content:',
  format: 'Format:',
  info: 'These change the info-hash:',
  network: 'Network:',
  limits: 'Limits:',
  ending: 'When to end:',
  output: 'Output:',
} as const;

/** A value that may be given once, turned into what the command works with. */
export function once<T>(parse: (text: string) => T): (value: unknown) => T | undefined {
  return (value) => {
    if (value === undefined) return undefined;
    if (typeof value !== 'string')
      throw new UsageError('an option that takes one value is given twice');
    return parse(value);
  };
}

/** A value that may be given several times. */
export function each<T>(parse: (text: string) => T): (value: unknown) => T[] {
  return (value) => {
    const values = (Array.isArray(value) ? value : value === undefined ? [] : [value]) as unknown[];
    return values.map((item) => parse(String(item)));
  };
}

/** The text itself. */
export const text = (value: string): string => value;

/** The address of a tracker. */
export function parseTrackerUrl(value: string): string {
  if (URL.canParse(value) && /^(https?|udp|wss?):\/\//i.test(value)) return value;
  throw new UsageError(`"${value}" is no tracker URL: write for example http://host:6969/announce`);
}

/** The address of a web seed. */
export function parseWebUrl(value: string): string {
  if (URL.canParse(value) && /^https?:\/\//i.test(value)) return value;
  throw new UsageError(`"${value}" is no web seed URL: write for example http://host/files/`);
}

/** A tier of trackers: addresses with commas between them. */
export function parseTier(value: string): string[] {
  return value.split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i).map(parseTrackerUrl);
}

/** Options of commands that write a .torrent file. */
export const writeOptions = {
  force: {
    alias: 'f',
    type: 'boolean',
    default: false,
    group: Group.what,
    describe: 'Write over a file that exists',
  },
  'http-seed': {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe: 'URL of a web seed of the older kind (BEP 17); repeatable',
    coerce: each(text),
  },
  node: {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.what,
    describe: 'HOST:PORT of a DHT node to enter by (BEP 5); repeatable',
    coerce: each((value) => parseHostPort(value, 'DHT node')),
  },
} as const satisfies Record<string, Options>;

/** Options of every command that prints a result. */
export const outputOptions = {
  json: {
    type: 'boolean',
    default: false,
    group: Group.output,
    describe: 'Print JSON, one object per line',
  },
  quiet: {
    alias: 'q',
    type: 'boolean',
    default: false,
    group: Group.output,
    describe: 'Print errors only',
  },
} as const satisfies Record<string, Options>;

/** What of a torrent's own servers may be in a local network. */
export const localServersOption = {
  type: 'string',
  choices: ['none', 'trackers', 'all'],
  requiresArg: true,
  group: Group.network,
  describe:
    'Servers that a torrent names in local networks: none, trackers with a plain announce URL (the default), or all',
} as const satisfies Options;

/** Options of `download` and `seed`. */
export const transferOptions = {
  port: {
    type: 'string',
    requiresArg: true,
    group: Group.network,
    describe: 'Port, or range A-B of ports to try, to listen on; 0 takes any free one',
    coerce: once(parsePorts),
  },
  bind: {
    type: 'string',
    requiresArg: true,
    group: Group.network,
    describe: 'Local IP address to listen on and to connect from',
    coerce: once(text),
  },
  peer: {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.network,
    describe: 'HOST:PORT of a peer to connect to; repeatable',
    coerce: each((value) => parseHostPort(value)),
  },
  tracker: {
    alias: 't',
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.network,
    describe: "URL of a tracker to ask after the torrent's own; repeatable",
    coerce: each(parseTrackerUrl),
  },
  'web-seed': {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.network,
    describe: 'URL of a web seed (BEP 19) beside those of the torrent; repeatable',
    coerce: each(parseWebUrl),
  },
  'web-seeds': {
    type: 'boolean',
    default: true,
    group: Group.network,
    describe: 'Download from web seeds, too; --no-web-seeds does not',
  },
  'local-servers': localServersOption,
  'ip-filter': {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.network,
    describe:
      'FILE of addresses to have nothing to do with (PeerGuardian, .dat, CIDR; .gz); repeatable, read again at SIGHUP',
    coerce: each(text),
  },
  'ip-filter-strict': {
    type: 'boolean',
    default: false,
    group: Group.network,
    describe: 'Refuse such a file for a line that cannot be read, rather than leave out the line',
  },
  pex: {
    type: 'boolean',
    default: true,
    group: Group.network,
    describe: 'Exchange the addresses of peers with peers (BEP 11); --no-pex does not',
  },
  lsd: {
    type: 'boolean',
    group: Group.network,
    describe:
      'Find peers in the local network (BEP 14). Default: yes, unless bound to a loopback address',
  },
  dht: {
    type: 'boolean',
    group: Group.network,
    describe: 'Find peers by the DHT (BEP 5). Default: yes, unless bound to a loopback address',
  },
  'dht-bootstrap': {
    type: 'array',
    string: true,
    requiresArg: true,
    group: Group.network,
    describe:
      'HOST:PORT of a node by which to enter the DHT, instead of the usual ones; repeatable',
    coerce: each((value) => parseHostPort(value)),
  },
  'max-download': {
    type: 'string',
    requiresArg: true,
    group: Group.limits,
    describe: 'Bytes per second to receive at most, e.g. 500K or 2M',
    coerce: once(parseRate),
  },
  'max-upload': {
    type: 'string',
    requiresArg: true,
    group: Group.limits,
    describe: 'Bytes per second to send at most',
    coerce: once(parseRate),
  },
  'max-peers': {
    type: 'string',
    requiresArg: true,
    group: Group.limits,
    describe: 'Connections to peers, over all torrents',
    coerce: once((value) => parseCount(value, 'number of peers')),
  },
  'seed-ratio': {
    type: 'string',
    requiresArg: true,
    group: Group.ending,
    describe: 'Seed until RATIO times the size is uploaded',
    coerce: once(parseRatio),
  },
  'seed-time': {
    type: 'string',
    requiresArg: true,
    group: Group.ending,
    describe: 'Seed for this many minutes',
    coerce: once((value) => parseDuration(value, 'm')),
  },
  'resume-dir': {
    type: 'string',
    requiresArg: true,
    group: Group.what,
    describe: 'Folder for resume data, which lets a later start go on without hashing again',
    coerce: once(text),
  },
  resume: {
    type: 'boolean',
    default: true,
    group: Group.what,
    describe: 'Keep and use resume data; --no-resume does neither',
  },
  reuse: {
    type: 'boolean',
    default: true,
    group: Group.what,
    describe: 'Copy equal files that are here already; --no-reuse downloads them again',
  },
} as const satisfies Record<string, Options>;
