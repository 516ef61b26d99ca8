import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  addressFromBytes,
  IpFilterBuilder,
  IpFilterError,
  parseAddress,
} from '../../../../packages/net/src/index.ts';
import type { IpFilterReport } from '../../../../packages/net/src/index.ts';
import {
  addressWords,
  parseFilterLine,
} from '../../../../packages/net/src/ip-filter/filter-line.ts';
import type { AddressWords } from '../../../../packages/net/src/ip-filter/filter-line.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typedLater } from '../typed.ts';
import { asText, latin1, texts } from '../vectors.ts';

const LINES = [
  '1.2.3.0/24',
  '1.2.3.4-1.2.3.9',
  '001.002.003.004 - 001.002.003.009 , 100 , a name',
  '001.002.003.004 - 001.002.003.009 , 200 , trusted',
  'Some: name, with - all:1.2.3.4-1.2.3.9',
  '2001:db8::/32',
  '2001:db8::1-2001:db8::ff',
  'name:2001:db8::1-2001:db8::ff',
  '# comment',
  '0.0.0.0/0',
  '::/0',
  '1.2.3.4/33',
  '9.9.9.9-1.1.1.1',
];

const common = {
  area: 'net',
  shape: 'text',
  tokens: [...LINES, '\n', '\r\n', '-', '/', ' , ', ':', '127', '128', '\x1f\x8b', '\xef\xbb\xbf'],
  maxLength: 2_048,
} as const;

/** Which of two addresses of one family is the lower one. */
function compare(one: AddressWords, other: AddressWords): number {
  for (const [index, word] of one.entries()) {
    const difference = word - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Looks an address up in the lines of a list, one after the other. */
function isInLines(lines: readonly string[], address: string): boolean {
  const words = addressWords(address);
  return lines.some((line) => {
    const read = parseFilterLine(line);
    if (read.kind !== 'blocked' || read.range.start.length !== words.length) return false;
    return compare(read.range.start, words) <= 0 && compare(words, read.range.end) <= 0;
  });
}

/** Reads a list in chunks. */
async function read(
  bytes: Uint8Array,
  lengths: () => number,
): Promise<{ report: IpFilterReport | string; builder: IpFilterBuilder }> {
  const builder = new IpFilterBuilder();
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length;) {
      await Promise.resolve();
      const chunk = bytes.slice(at, at + Math.max(1, lengths()));
      at += chunk.length;
      yield chunk;
    }
  }
  const result = await typedLater(IpFilterError, () => builder.read(source()));
  return { report: 'code' in result ? result.code : result.value, builder };
}

export const ipFilterTargets: readonly Target[] = [
  {
    ...common,
    name: 'ip-filter-line',
    property:
      'any line: a range whose ends are in order and of one family, nothing, or why it cannot be read',
    seeds: () => texts(...LINES),
    maxLength: 6_000,
    run(input) {
      const line = parseFilterLine(asText(input));
      if (line.kind === 'malformed') return line.reason;
      if (line.kind !== 'blocked') return line.kind;
      const { start, end } = line.range;
      must(
        start.length === end.length && (start.length === 1 || start.length === 4),
        'two families',
      );
      must(
        [...start, ...end].every((word) => word >= 0 && word < 2 ** 32),
        'a word',
      );
      must(compare(start, end) <= 0, 'it ends before it begins');
      return `${start.length}`;
    },
  },
  {
    ...common,
    name: 'ip-filter-formats',
    property: 'a range written in each of the formats reads as the same range',
    maxLength: 64,
    run(input) {
      const choices = new Choices(input);
      const length = choices.bool() ? 4 : 16;
      const ends = [choices.exactly(length), choices.exactly(length)].sort((one, other) =>
        Buffer.compare(one, other),
      );
      const [from = '', to = ''] = ends.map(addressFromBytes);
      // An IPv4-mapped one is written as IPv4.
      if (from.includes(':') !== to.includes(':')) return 'mixed';
      const name = choices.word('ab:- ,.1', 10);
      const padded = (text: string): string =>
        text.replace(/\d+/g, (digits) => digits.padStart(3, '0'));
      const lines = [`${from}-${to}`, `${from} - ${to} , 10 , ${name}`];
      // A name before an IPv6 address that could be the beginning of one is not told apart from it.
      // Nor is a name that itself begins as a line of a .dat list does: an address, and a level behind a comma.
      const isDat = /^\s*[0-9a-f.:][^,]*,\s*\d/i.test(name);
      if (!isDat && (length === 4 || !/[0-9a-f:]/.test(name))) lines.push(`${name}:${from}-${to}`);
      if (length === 4) lines.push(`${padded(from)} - ${padded(to)} , 000 , x`);
      const expected = {
        kind: 'blocked',
        range: { start: addressWords(from), end: addressWords(to) },
      };
      for (const line of lines) {
        must(isDeepStrictEqual(parseFilterLine(line), expected), () => `${line} is another range`);
      }
      return `${length}`;
    },
  },
  {
    ...common,
    name: 'ip-filter-list',
    property:
      'any list in any chunks, packed or not: the same report, and addresses are blocked as by its lines one by one',
    seeds: () =>
      latin1(
        LINES.join('\n'),
        `\xef\xbb\xbf${LINES.slice(0, 3).join('\r\n')}`,
        LINES.slice(5, 9).join('\n'),
      ),
    async run(input) {
      const choices = new Choices(input.subarray(0, 12));
      const body = input.subarray(4);
      const whole = await read(body, () => 1_000_000);
      const cut = await read(body, () => 1 + (choices.isSpent ? 3 : choices.byte() % 30));
      must(isDeepStrictEqual(cut.report, whole.report), 'another report in chunks');
      const isPacked = body[0] === 0x1f && body[1] === 0x8b;
      if (!isPacked && body.length > 0) {
        const packed = await read(new Uint8Array(gzipSync(body)), () => 50);
        must(isDeepStrictEqual(packed.report, whole.report), 'another report packed');
      }
      if (typeof whole.report === 'string' || isPacked) return 'packed or refused';
      const filter = await whole.builder.build();
      const lines = Buffer.from(body)
        .toString('latin1')
        .replace(/^\xef\xbb\xbf/, '')
        .split('\n');
      const { ranges, allowed, malformed, problems } = whole.report;
      must(filter.ranges <= ranges, 'more ranges than were read');
      must(
        problems.length <= 10 && problems.every(({ reason }) => !/\p{Cc}/u.test(reason)),
        'problems',
      );
      must(ranges + allowed + malformed <= whole.report.lines, 'more than lines');
      const near = lines.flatMap((line) => line.match(/[0-9a-f.:]{2,}/gi) ?? []).slice(0, 20);
      const some = [
        addressFromBytes(body.length >= 4 ? body.slice(0, 4) : new Uint8Array(4)),
        '2001:db8::5',
        '255.255.255.255',
        '::',
      ];
      for (const text of [...near, ...some]) {
        const address = parseAddress(text);
        if (address === undefined) continue;
        must(
          filter.blocks(address) === isInLines(lines, address),
          () => `${address} is blocked or not`,
        );
      }
      return `${ranges > 0} ${malformed > 0}`;
    },
  },
];
