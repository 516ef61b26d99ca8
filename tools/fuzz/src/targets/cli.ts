import { isDeepStrictEqual } from 'node:util';
import { parseCommandLine } from '../../../../packages/cli/src/command-line.ts';
import { exitCodeOf, UsageError } from '../../../../packages/cli/src/errors.ts';
import { splitCommand } from '../../../../packages/cli/src/on-complete.ts';
import { parseDuration } from '../../../../packages/cli/src/parse/duration.ts';
import { formatHostPort, parseHostPort } from '../../../../packages/cli/src/parse/host-port.ts';
import { parseCount, parseRatio } from '../../../../packages/cli/src/parse/number.ts';
import { parsePort, parsePorts } from '../../../../packages/cli/src/parse/port.ts';
import { parseSelect } from '../../../../packages/cli/src/parse/select.ts';
import { parseRate, parseSize } from '../../../../packages/cli/src/parse/size.ts';
import { excluding } from '../../../../packages/cli/src/run/exclude.ts';
import { displayWidth, fit } from '../../../../packages/cli/src/terminal/format.ts';
import { jsonLine, plainText } from '../../../../packages/cli/src/terminal/plain-text.ts';
import { BASE_TIME, must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed, typedLater } from '../typed.ts';
import { asText, texts } from '../vectors.ts';

const common = { area: 'cli', shape: 'text', maxLength: 512 } as const;

const WORDS = [
  'download',
  'seed',
  'create',
  'edit',
  'info',
  'verify',
  'magnet',
  'metadata',
  'tracker',
  'scrape',
  'dht',
  'lookup',
  'completion',
  '--help',
  '--version',
  '--json',
  '--select',
  '--seed',
  '--port',
  '--tracker',
  '--max-download-rate',
  '--peer',
  '--on-complete',
  '--no-dht',
  '-o',
  '-t',
  '-i',
  '--',
  '--__proto__',
  '--constructor.x',
  '--a.b=c',
  '-',
  '0',
  '1-5',
  '1M',
  'x.torrent',
  'magnet:?xt=urn:btih:',
];

/** One way of reading a text, and what must hold of what it gives. */
function reads<T>(
  name: string,
  property: string,
  seeds: readonly string[],
  read: (text: string) => T,
  holds: (value: T, text: string) => boolean,
  baseTime = BASE_TIME,
): Target {
  return {
    ...common,
    name,
    property,
    baseTime,
    seeds: () => texts(...seeds),
    tokens: [...seeds, '-', ',', ':', '.', '0', '99999999999', '٣', '\u00a0'],
    run(input) {
      const text = asText(input);
      const result = typed(UsageError, () => read(text));
      if ('code' in result) return result.code;
      must(
        holds(result.value, text),
        () => `${JSON.stringify(text)} is read as ${JSON.stringify(result.value)}`,
      );
      return 'read';
    },
  };
}

export const cliTargets: readonly Target[] = [
  {
    ...common,
    name: 'cli-arguments',
    property:
      'any arguments: a command, a text to print, or a UsageError in a line; nothing of Object is changed',
    tokens: [...WORDS.map((word) => `\n${word}`), '\n', '='],
    seeds: () =>
      texts(
        'download\nx.torrent\n-o\n/tmp',
        'create\nfolder\n--tracker\nhttp://a',
        'seed\n--help',
        '--version',
        'dht\nlookup\n0000000000000000000000000000000000000000',
        'edit\nx\n-i\n--private',
      ),
    baseTime: 1_000,
    async run(input) {
      const args = asText(input).split('\n').slice(0, 20);
      const result = await typedLater(UsageError, () => parseCommandLine(args, 80));
      must(
        ({} as Record<string, unknown>)['x'] === undefined && !('b' in {}),
        'Object.prototype was changed',
      );
      if ('code' in result) return result.code;
      return 'output' in result.value ? 'output' : result.value.command.name;
    },
  },
  reads(
    'cli-size',
    'any text: bytes that are a whole number, or a UsageError',
    ['16384', '500K', '1.5M', '1MiB', '20MB', '1/s', '9007199254740993', '0.0000000001T'],
    (text) => [parseSize(text), parseRate(text)],
    (sizes) => sizes.every((size) => Number.isSafeInteger(size) && size >= 0),
  ),
  reads(
    'cli-duration',
    'any text: milliseconds that a timer can hold, or a UsageError',
    ['90', '90s', '1.5m', '2h', '24d', '0ms', '99999h'],
    (text) => [parseDuration(text), parseDuration(text, 'm')],
    (times) => times.every((time) => Number.isInteger(time) && time >= 0 && time < 2 ** 31),
  ),
  reads(
    'cli-number',
    'any text: a number in range, or a UsageError',
    ['1', '1000000', '1.5', '007', '1e3', '0x10'],
    (text) => (text.includes('.') ? parseRatio(text) : parseCount(text, 'count')),
    (value) => Number.isFinite(value) && value >= 0 && value <= 1_000_000,
  ),
  reads(
    'cli-port',
    'any text: ports in range and in order, or a UsageError',
    ['6881', '0', '6881-6889', '65536', '9-1'],
    (text) => [parsePorts(text), typed(UsageError, () => parsePort(text))] as const,
    ([ports, one]) =>
      typeof ports === 'number'
        ? 'value' in one && one.value === ports && ports <= 65_535
        : 'code' in one && ports.from >= 1 && ports.from <= ports.to && ports.to <= 65_535,
  ),
  reads(
    'cli-host-port',
    'any text: a host and a port that read the same when written, or a UsageError',
    ['192.0.2.7:6881', '[2001:db8::7]:6881', 'a.example:1', '[fe80::1%eth0]:1', 'a:b:1'],
    (text) => parseHostPort(text),
    (value) =>
      value.port >= 1 &&
      value.port <= 65_535 &&
      isDeepStrictEqual(parseHostPort(formatHostPort(value)), value),
  ),
  reads(
    'cli-select',
    'any text: rising indices, at most a million, that are those the list names, or a UsageError',
    ['0,2-5', '0-9999', '5-3', '1,,2', '0-999999999', '3,3,3'],
    (text) => parseSelect(text),
    (indices, text) => {
      const all = new Set(indices);
      return (
        indices.length <= 1_000_000 &&
        indices.every((index, at) => at === 0 || index > (indices[at - 1] ?? 0)) &&
        text.split(',').every((part) => all.has(Number.parseInt(part.trim(), 10)))
      );
    },
    5_000,
  ),
  {
    ...common,
    name: 'cli-plain-text',
    property:
      'any text is one line for a terminal, without escapes or marks that turn letters around; once more it is the same',
    tokens: [
      '\u001b[31m',
      '\u001b]0;t\u0007',
      '\u009b',
      '\u001b',
      '\u202e',
      '\u2066',
      '\r\n',
      '\u0000',
      '\u2028',
      '[',
      '\u061c',
      '\u001b\u001b[',
      'm',
    ],
    seeds: () =>
      texts('plain', '\u001b[2Jx', 'a\u202eb', '\u001b]8;;http://x\u0007y\u001b]8;;\u0007'),
    run(input) {
      const text = asText(input);
      const plain = plainText(text);
      must(!/[\p{Cc}\u2028\u2029]/u.test(plain), 'a control character');
      must(
        !/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(plain),
        'a mark that turns letters around',
      );
      must(plainText(plain) === plain, 'once more it is another');
      const line = jsonLine({ text });
      must(
        line.endsWith('\n') && !/[\p{Cc}\u2028\u2029]/u.test(line.slice(0, -1)),
        'a control character in JSON',
      );
      must((JSON.parse(line) as { text: string }).text === text, 'JSON reads as another text');
      return plain === text ? 'same' : 'changed';
    },
  },
  {
    ...common,
    name: 'cli-fit',
    property: 'any text is cut or filled to exactly the columns it is given',
    tokens: ['日本', '👨‍👩‍👧', '\u0301', '\ufe0f', 'é', '…', '\u200b', '한'],
    seeds: () => texts('name.iso', '日本語のファイル', '👨‍👩‍👧 family', 'e\u0301e\u0301'),
    run(input) {
      const text = plainText(asText(input));
      const width = 1 + (input.length % 17);
      const fitted = fit(text, width);
      must(
        displayWidth(fitted) === width,
        () => `${displayWidth(fitted)} columns, not ${width}: ${JSON.stringify(fitted)}`,
      );
      return displayWidth(text) > width ? 'cut' : 'filled';
    },
  },
  {
    ...common,
    name: 'cli-split-command',
    property: 'any text: a program and arguments without its quotes expanded, or a UsageError',
    tokens: ['"', "'", '\\', ' ', '$HOME', '`x`', ';', '|', '--a="b c"'],
    seeds: () => texts('notify-send "all done"', "mv 'a b' c", '', '""'),
    run(input) {
      const result = typed(UsageError, () => splitCommand(asText(input)));
      if ('code' in result) return result.code;
      const { file, args } = result.value;
      must(file !== '' && args.every((arg) => typeof arg === 'string'), 'no program');
      return args.length > 0 ? 'arguments' : 'program';
    },
  },
  {
    ...common,
    name: 'cli-exclude',
    property:
      'any pattern: a test of paths that takes its time to no more than a limit, or a UsageError',
    maxLength: 128,
    // As much as a pattern may take for a name that was made to be slow.
    baseTime: 5_000,
    tokens: [
      '*',
      '**',
      '/',
      '{a,b}',
      '[a-z]',
      '!(',
      '+(',
      '@(',
      ')',
      '?',
      '\\',
      '{1..999999}',
      '.*',
    ],
    seeds: () => texts('*.tmp', 'name/', 'a/**/b', '{a,b}*', '[!a]', '+(a|b)'),
    run(input) {
      const pattern = asText(input);
      const result = typed(UsageError, () => excluding([pattern]));
      if ('code' in result) return result.code;
      const path = `a/${'a'.repeat(80)}.tmp`;
      return `${result.value(path, false)} ${result.value('folder', true)}`;
    },
  },
  {
    ...common,
    name: 'cli-exit-code',
    property: 'whatever is thrown, there is an exit code for it',
    maxLength: 64,
    tokens: [
      'ERR_METAINFO_',
      'ERR_CLIENT_',
      'ERR_DHT_',
      'ERR_DISK_',
      'ERR_NET_',
      'ENOENT',
      'ECONNREFUSED',
      '__proto__',
      'constructor',
      'toString',
    ],
    seeds: () => texts('ERR_CLIENT_DUPLICATE', 'ENOSPC', 'constructor'),
    run(input) {
      const code = asText(input);
      const causes: unknown[] = [undefined, null, code, { code }, { code: input }];
      for (const cause of causes) {
        for (const error of [
          cause,
          Object.assign(new Error('x', { cause }), { code: 'ERR_CLIENT_X' }),
          Object.assign(new Error(code), { code }),
        ]) {
          const exit = exitCodeOf(error);
          must(
            Number.isInteger(exit) && exit > 0 && exit < 256,
            () => `exit code ${String(exit)} for ${code}`,
          );
        }
      }
      return `${exitCodeOf({ code })}`;
    },
  },
];
