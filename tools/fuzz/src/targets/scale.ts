import { BencodeError, decode, encode, parse } from '../../../../packages/bencode/src/index.ts';
import { decodeLsdAnnounce } from '../../../../packages/client/src/discovery/lsd-message.ts';
import { decodeResume } from '../../../../packages/client/src/disk/resume-format.ts';
import { plainText } from '../../../../packages/cli/src/terminal/plain-text.ts';
import { decodeKrpc } from '../../../../packages/dht/src/index.ts';
import {
  MetainfoError,
  parseMagnet,
  parseMetainfo,
} from '../../../../packages/metainfo/src/index.ts';
import { parseAddress, parseEndpoint } from '../../../../packages/net/src/index.ts';
import { parseFilterLine } from '../../../../packages/net/src/ip-filter/filter-line.ts';
import {
  decodeExtensionHandshake,
  utPex,
  WireError,
} from '../../../../packages/peer-wire/src/index.ts';
import {
  parseAnnounceResponse,
  parseScrapeResponse,
  parseUdpRequest,
  TrackerError,
} from '../../../../packages/tracker/src/index.ts';
import {
  readAnnounce,
  readScrape,
} from '../../../../packages/tracker/src/server/announce-query.ts';
import { Choices } from '../engine/choices.ts';
import { meter } from '../engine/meter.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { filesOf, latin1, texts, vectorsOf } from '../vectors.ts';
import { typed } from '../typed.ts';
import { chunksOf, decodeStream } from '../wire-log.ts';
import { KRPC_TOKENS, krpcSeeds } from './dht.ts';
import { TORRENT_TOKENS } from './metainfo.ts';

/** Copies of the part that is repeated: so many, and so many times as many. */
const COPIES = 40;
const FACTOR = 4;
/** How much more work so many times as much input may take: with room for what doubles, and for logarithms. */
const MAX_GROWTH = FACTOR * 1.75;
/** Blocks of code below which a count says nothing. */
const MIN_STEPS = 4_000;

/**
 * A parser's work must grow as its input does. A part of an input is repeated, and then four times as often; what counts is how many
 * blocks of its code run, which is the same on every machine and however busy that is.
 */
function scale(
  name: string,
  area: string,
  seeds: () => Iterable<Uint8Array>,
  tokens: readonly string[],
  parser: (bytes: Uint8Array) => unknown,
): Target {
  return {
    name: `scale-${name}`,
    area,
    property:
      'four times as much of any part of an input takes not much more than four times the work',
    seeds: function* () {
      for (const seed of seeds()) {
        if (seed.length > 1_500) continue;
        // Where the repeated part begins and ends, as shares of the input.
        for (const [from, to] of [
          [0, 255],
          [64, 96],
          [128, 160],
        ] as const) {
          yield new Uint8Array(Buffer.concat([Uint8Array.of(from, to), seed]));
        }
      }
    },
    tokens,
    maxLength: 1_024,
    baseTime: 2_000,
    run(input) {
      const choices = new Choices(input);
      const [one, other] = [choices.byte(), choices.byte()];
      const body = choices.rest();
      const from = Math.floor((Math.min(one, other) * body.length) / 256);
      const to = Math.ceil((Math.max(one, other) * body.length) / 256);
      const work = (copies: number): number => {
        const part = body.subarray(from, to);
        const parts = Array.from({ length: copies }, () => part);
        const bytes = new Uint8Array(
          Buffer.concat([body.subarray(0, from), ...parts, body.subarray(to)]),
        );
        return meter.stepsOf(() => parser(bytes));
      };
      const less = work(COPIES);
      const more = work(COPIES * FACTOR);
      must(more < MIN_STEPS || more <= less * MAX_GROWTH, () => `${less} steps become ${more}`);
      return `${Math.round(Math.log2(1 + more))}`;
    },
  };
}

const latin = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
const utf8 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
const bencode = (): Iterable<Uint8Array> =>
  vectorsOf('packages/bencode/test/fixtures/noncanonical.json', 'hex');
const torrents = (): Iterable<Uint8Array> =>
  filesOf('packages/metainfo/test/fixtures/torrents', '.torrent', 1_400);
const messages = (): Iterable<Uint8Array> =>
  vectorsOf('packages/peer-wire/test/fixtures/messages.json', 'hex');
const magnets = (): Iterable<Uint8Array> =>
  vectorsOf('packages/metainfo/test/fixtures/magnet.json', 'uri');
const QUERY =
  'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&uploaded=0&downloaded=0&left=0&a=%41&&b';

export const scaleTargets: readonly Target[] = [
  scale('bencode', 'bencode', bencode, ['1:a', 'i1e', 'l', 'd', 'e', '0:'], (bytes) =>
    typed(BencodeError, () => decode(bytes, { lenient: true })),
  ),
  scale('bencode-nodes', 'bencode', bencode, ['1:a', 'i1e', 'l', 'd', 'e', '0:'], (bytes) =>
    typed(BencodeError, () => {
      const { root } = parse(bytes, { lenient: true });
      if (root.type === 'dictionary') for (const [, node] of root.entries()) node.source();
      root.toValue();
    }),
  ),
  scale('bencode-encode', 'bencode', bencode, ['1:a', 'i1e', 'l', 'd', 'e'], (bytes) =>
    typed(BencodeError, () => encode(decode(bytes, { lenient: true }))),
  ),
  scale('metainfo', 'metainfo', torrents, TORRENT_TOKENS, (bytes) =>
    typed(MetainfoError, () => parseMetainfo(bytes).info.files.length),
  ),
  scale('magnet', 'metainfo', magnets, ['&tr=', '&so=1-2,', '&x.pe=', '%41', '&dn='], (bytes) =>
    typed(MetainfoError, () => parseMagnet(utf8(bytes))),
  ),
  scale('wire-whole', 'peer-wire', messages, ['\0\0\0\0', '\0\0\0\x01'], (bytes) =>
    decodeStream([bytes]),
  ),
  scale('wire-bytes', 'peer-wire', messages, ['\0\0\0\0', '\0\0\x10\x01\x05'], (bytes) =>
    decodeStream(chunksOf(bytes, () => 1)),
  ),
  scale(
    'ext-handshake',
    'peer-wire',
    () => latin1('d1:md6:ut_pexi1e11:ut_metadatai2ee1:v4:abcde'),
    ['1:m', '1:v'],
    (bytes) => typed(WireError, () => decodeExtensionHandshake(bytes)),
  ),
  scale(
    'ext-pex',
    'peer-wire',
    () => latin1('d5:added6:\x01\x02\x03\x04\x1a\xe17:added.f1:\x106:added60:e'),
    ['5:added', '6:added6'],
    (bytes) => typed(WireError, () => utPex.decode(bytes)),
  ),
  scale('krpc', 'dht', krpcSeeds, KRPC_TOKENS, (bytes) => decodeKrpc(bytes)),
  scale(
    'tracker-announce',
    'tracker',
    () => latin1('d8:intervali1800e5:peersld2:ip7:1.2.3.44:porti1eed2:ip1:a4:porti2eeee'),
    ['peers', 'peers6', '127.0.0.1'],
    (bytes) => typed(TrackerError, () => parseAnnounceResponse(bytes)),
  ),
  scale(
    'tracker-scrape',
    'tracker',
    () => latin1('d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei1eeee'),
    ['files'],
    (bytes) => typed(TrackerError, () => parseScrapeResponse(bytes)),
  ),
  scale(
    'tracker-query',
    'tracker',
    () => latin1(QUERY),
    ['&', '=', '%41', 'info_hash='],
    (bytes) => [readAnnounce(latin(bytes), 0, true), readScrape(latin(bytes), 0, 64)],
  ),
  scale(
    'tracker-udp',
    'tracker',
    () => vectorsOf('packages/tracker/test/fixtures/tracker/udp.json', 'hex'),
    ['\x02\x01a', '\x01'],
    (bytes) => parseUdpRequest(bytes),
  ),
  scale(
    'lsd',
    'client',
    () => latin1(`BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${'a'.repeat(40)}\r\n\r\n\r\n`),
    ['\r\n', ':', 'Infohash: '],
    (bytes) => decodeLsdAnnounce(bytes),
  ),
  scale(
    'resume',
    'client',
    () =>
      latin1(
        'd8:checksum20:aaaaaaaaaaaaaaaaaaaa4:data2:de6:format17:shoal resume data7:versioni1ee',
      ),
    ['4:data'],
    (bytes) => decodeResume(bytes, { infoHash: new Uint8Array(20), pieceCount: 1, fileCount: 1 }),
  ),
  scale(
    'addresses',
    'net',
    () => texts('[1:2:3:4:5:6:7:8]:80', '::1.2.3.4', '1.2.3.4'),
    [':', '.', '0'],
    (bytes) => [parseAddress(latin(bytes)), parseEndpoint(latin(bytes))],
  ),
  scale(
    'plain-text',
    'cli',
    () => texts('a\u001b[31mb\u001b]0;t\u0007\u202e'),
    ['\x1b[', '\x1b]', ';', '\x07'],
    (bytes) => plainText(utf8(bytes)),
  ),
  scale(
    'ip-filter',
    'net',
    () => texts('a:b:1.2.3.4-1.2.3.9', '1.2.3.4 - 1.2.3.9 , 1 , x'),
    [':', '-', ' ', '1'],
    (bytes) => parseFilterLine(utf8(bytes)),
  ),
];
