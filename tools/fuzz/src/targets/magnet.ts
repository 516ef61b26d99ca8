import { isDeepStrictEqual } from 'node:util';
import {
  formatMagnet,
  fromHex,
  MetainfoError,
  parseMagnet,
  toHex,
} from '../../../../packages/metainfo/src/index.ts';
import { decodeBase32 } from '../../../../packages/metainfo/src/magnet/base32.ts';
import {
  decodeLossy,
  decodeStrict,
  encodePercent,
} from '../../../../packages/metainfo/src/magnet/percent.ts';
import {
  formatSelectOnly,
  parseSelectOnly,
} from '../../../../packages/metainfo/src/magnet/select-only.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { asText, texts, vectorsOf } from '../vectors.ts';

const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const TOKENS = [
  'magnet:?',
  'xt=urn:btih:',
  'xt=urn:btmh:1220',
  'xt.1=',
  '&amp;',
  '&tr=',
  '&tr.1=',
  '&ws=',
  '&x.pe=',
  '&so=',
  '&dn=',
  '&xl=',
  '%25',
  '%00',
  '%ff',
  '[::1]:6881',
  'http%3A%2F%2Fa.example%2F',
  HEX,
  'YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C',
  '0-99999999',
  '4294967295',
];

const common = {
  area: 'metainfo',
  shape: 'text',
  tokens: TOKENS,
  seeds: () => vectorsOf('packages/metainfo/test/fixtures/magnet.json', 'uri'),
} as const;

export const magnetTargets: readonly Target[] = [
  {
    ...common,
    name: 'magnet-parse',
    property: 'any text: a link within its limits, or a MetainfoError',
    run(input) {
      const limits = {
        maxTrackers: 4,
        maxWebSeeds: 3,
        maxPeers: 3,
        maxSelected: 100,
        maxUrlLength: 80,
        maxNameLength: 20,
      };
      const result = typed(MetainfoError, () => parseMagnet(asText(input), { limits }));
      if ('code' in result) return result.code;
      const { infoHash, infoHashV2, name, trackers, webSeeds, peers, selectOnly, exactLength } =
        result.value;
      must(infoHash !== undefined || infoHashV2 !== undefined, 'a link without a hash');
      must(
        (infoHash?.length ?? 20) === 20 && (infoHashV2?.length ?? 32) === 32,
        'a hash of another length',
      );
      must(
        trackers.length <= 4 && webSeeds.length <= 3 && peers.length <= 3,
        'more than the limit',
      );
      must((name?.length ?? 1) >= 1 && (name?.length ?? 0) <= 20, 'a name out of its limits');
      for (const url of [...trackers, ...webSeeds]) {
        must(url.length > 0 && url.length <= 80 && !/[\p{Cc}\s]/u.test(url), 'a URL that is none');
      }
      for (const { host, port } of peers) {
        must(Number.isInteger(port) && port >= 1 && port <= 65_535, 'a port');
        must(/^[\w.:-]+$/.test(host), 'a host');
      }
      must((selectOnly?.length ?? 1) >= 1 && (selectOnly?.length ?? 0) <= 100, 'too many selected');
      must(exactLength === undefined || Number.isSafeInteger(exactLength), 'a length');
      return [infoHash, infoHashV2, name, selectOnly, exactLength]
        .map((each) => (each === undefined ? 0 : 1))
        .join('');
    },
  },
  {
    ...common,
    name: 'magnet-round-trip',
    property: 'a link that was read is written as one that reads the same',
    run(input) {
      const result = typed(MetainfoError, () => parseMagnet(asText(input)));
      if ('code' in result) return result.code;
      const written = formatMagnet(result.value);
      must(/^[\x21-\x7e]*$/.test(written), 'what is written is not all printable ASCII');
      const again = parseMagnet(written);
      // Half a surrogate pair is no text, and becomes U+FFFD.
      const { name } = result.value;
      const expected = {
        ...result.value,
        name: name === undefined ? undefined : Buffer.from(name).toString(),
      };
      must(isDeepStrictEqual(again, expected), 'another link');
      return 'same';
    },
  },
  {
    name: 'magnet-make',
    area: 'metainfo',
    property: 'a link made of any values reads as them, whatever characters they hold',
    run(input) {
      const choices = new Choices(input);
      const wellFormed = (text: string): string => Buffer.from(text).toString();
      const url = (): string =>
        `http://a/${wellFormed(choices.text(12)).replace(/[\p{Cc}\s]/gu, '')}`;
      const link = {
        infoHash: choices.bool() ? choices.exactly(20) : undefined,
        infoHashV2: choices.bool() ? choices.exactly(32) : undefined,
        name: wellFormed(choices.text(20)) || undefined,
        trackers: [...new Set(choices.list(4, url))],
        webSeeds: [...new Set(choices.list(3, url))],
        exactSources: [...new Set(choices.list(3, url))],
        peers: [],
        selectOnly: undefined,
        exactLength: choices.oneIn(2) ? choices.number32() : undefined,
      };
      const result = typed(MetainfoError, () => formatMagnet(link));
      if ('code' in result) return result.code;
      must(isDeepStrictEqual(parseMagnet(result.value), link), 'another link');
      return 'same';
    },
  },
  {
    name: 'magnet-select-only',
    area: 'metainfo',
    property:
      'so= names what its numbers and ranges say, rising, at most the limit, and is written again the same',
    shape: 'text',
    tokens: ['0-', ',', '0,2,4,6-8', '2147483647', '9999999999', '-'],
    seeds: () => texts('0,2,4,6-8', '1-1,1,5-3', '0-99999999999', ',,', '2147483646-2147483647'),
    run(input) {
      const limit = 200;
      const text = asText(input);
      const selected = parseSelectOnly(text, limit);
      const model = new Set<number>();
      let named = 0;
      for (const item of text.split(',')) {
        const match = /^([0-9]{1,10})(-([0-9]{1,10}))?$/.exec(item);
        if (match === null) continue;
        const first = Number(match[1]);
        const last = Number(match[3] ?? match[1]);
        if (first > last || last > 2 ** 31 - 1 || named + last - first + 1 > limit) continue;
        named += last - first + 1;
        for (let index = first; index <= last; index++) model.add(index);
      }
      const expected = [...model].sort((one, other) => one - other);
      must(isDeepStrictEqual(selected ?? [], expected), 'another selection');
      if (selected === undefined) return 'none';
      must(
        isDeepStrictEqual(parseSelectOnly(formatSelectOnly(selected), limit), selected),
        'written it is another',
      );
      return 'some';
    },
  },
  {
    name: 'magnet-percent',
    area: 'metainfo',
    property:
      'percent-encoding: what is written reads the same, and broken escapes are refused or kept as they are',
    shape: 'text',
    tokens: ['%', '%2', '%zz', '%C3%A9', '%ED%A0%80', '+', '%2B', '%EF%BB%BF'],
    seeds: () => texts('a%20b', 'a+b', '%', '%e2%82%ac', '%ff', 'ä'),
    run(input) {
      const text = asText(input);
      must(decodeStrict(encodePercent(text)) === text, 'what is written reads otherwise');
      const strict = decodeStrict(text);
      let model: string | undefined;
      try {
        model = decodeURIComponent(text);
      } catch {
        // Badly escaped, or no UTF-8.
      }
      must(strict === model, 'another text than of decodeURIComponent');
      const lossy = decodeLossy(text);
      if (strict !== undefined && !text.includes('+'))
        must(lossy === strict, 'lossy is not strict');
      must(lossy.length <= text.length, 'it grows');
      return strict === undefined ? 'bad' : 'good';
    },
  },
  {
    name: 'magnet-digits',
    area: 'metainfo',
    property:
      'hexadecimal and base32 digits: only digits are read, and bytes come back as they were',
    shape: 'text',
    tokens: ['A', '7', '8', 'g', 'ı', 'ſ', '='],
    seeds: () => texts(HEX, 'YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C', 'abc', 'AA======'),
    run(input) {
      const text = asText(input);
      const hex = typed(MetainfoError, () => fromHex(text));
      if ('value' in hex) must(toHex(hex.value) === text.toLowerCase(), 'other digits');
      must(isDeepStrictEqual(fromHex(toHex(input)), Uint8Array.from(input)), 'other bytes');
      const bytes = decodeBase32(text);
      if (bytes === undefined) return 'no base32';
      must(/^[a-z2-7]*$/i.test(text) || /[ıſ]/.test(text), 'what is no digit is read');
      must(bytes.length === Math.floor((text.length * 5) / 8), 'another length');
      return 'base32';
    },
  },
];
