import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { encode } from '@shoal/bencode';
import type { BencodeInput } from '@shoal/bencode';
import {
  announceUrl,
  escapeBytes,
  MAX_INTERVAL,
  MAX_PEERS,
  MAX_TEXT_LENGTH,
  MIN_INTERVAL,
  parseAnnounceResponse,
  parseScrapeResponse,
  sanitizeBytes,
  sanitizeText,
  scrapeUrl,
  TrackerError,
} from '../src/index.ts';
import { readAnnounce, readScrape } from '../src/server/announce-query.ts';
import { byteString, decodeComponent, forEachParameter } from '../src/server/query.ts';
import { VERSION } from '../src/version.ts';
import { text } from './support/hex.ts';
import { announceRequest } from './support/request.ts';

const twentyBytes = fc.uint8Array({ minLength: 20, maxLength: 20 });

describe('queries', () => {
  it('every byte string survives the way into a URL and out of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const escaped = escapeBytes(bytes);
        expect(escaped).toMatch(/^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
        expect(byteString(decodeComponent(escaped, 0, escaped.length) ?? '!')).toEqual(bytes);
      }),
    );
  });

  it('every announce survives the way to the server', () => {
    fc.assert(
      fc.property(
        twentyBytes,
        twentyBytes,
        fc.integer({ min: 1, max: 65535 }),
        fc.nat(),
        fc.nat(),
        fc.maxSafeNat(),
        fc.constantFrom('started' as const, 'stopped' as const, 'completed' as const, undefined),
        fc.option(fc.nat(), { nil: undefined }),
        (infoHash, peerId, port, uploaded, downloaded, left, event, numwant) => {
          const url = announceUrl('http://t.invalid/x?a=b', {
            ...{ infoHash, peerId, port, uploaded, downloaded, left, event, numwant },
            trackerId: infoHash,
            key: 5,
          });
          const read = readAnnounce(url, url.indexOf('?') + 1, false);
          if (typeof read === 'string') throw new Error(read);
          expect(byteString(read.infoHash)).toEqual(infoHash);
          expect(byteString(read.peerId)).toEqual(peerId);
          expect(read).toMatchObject({ port, uploaded, downloaded, left });
          expect([read.event, read.numwant]).toEqual([event, numwant]);
        },
      ),
    );
  });

  it('reading a query is total', () => {
    const piece = fc.constantFrom(
      'info_hash',
      'port',
      '=',
      '&',
      '%',
      '%4',
      '%zz',
      '1',
      '\xff',
      '?',
    );
    const query = fc.oneof(
      fc.string(),
      fc.array(piece).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(query, (url) => {
        expect(['string', 'object']).toContain(typeof readAnnounce(url, 0, true));
        expect(['string', 'object']).toContain(typeof readScrape(url, 0, 5));
      }),
    );
  });

  it('finds every parameter, and stops when told to', () => {
    const seen: string[] = [];
    const query = '&a=1&b&&c==2&=3&d=';
    forEachParameter(query, 0, (key, from, to) => {
      seen.push(`${key}:${query.slice(from, to)}`);
      return key !== '';
    });
    expect(seen).toEqual(['a:1', 'b:', 'c:=2', ':3']);
  });
});

describe('URLs', () => {
  it.each([
    ['http://t.invalid/announce', 'http://t.invalid/announce?info_hash='],
    ['http://t.invalid', 'http://t.invalid/?info_hash='],
    ['http://t.invalid/a?', 'http://t.invalid/a?info_hash='],
    ['http://t.invalid/a?k=%2f&', 'http://t.invalid/a?k=%2f&info_hash='],
    ["http://t.invalid/a/../b?k='#x", "http://t.invalid/a/../b?k='&info_hash="],
    [' HTTP://T.invalid/ä b?ü ', 'http://T.invalid/%C3%A4%20b?%C3%BC&info_hash='],
  ])('appends to %s', (url, expected) => {
    expect(announceUrl(url, announceRequest()).startsWith(expected)).toBe(true);
  });

  it('writes large counts exactly, and every optional parameter', () => {
    const url = announceUrl(
      'http://t.invalid/a',
      announceRequest({
        uploaded: 2n ** 63n,
        downloaded: 1e21,
        left: Number.MAX_SAFE_INTEGER,
        event: 'completed',
        numwant: 0,
        key: 0xdeadbeef,
        trackerId: text('a b'),
        ip: '2001:db8::1',
        ipv4: '192.0.2.1',
        ipv6: '::1',
        compact: false,
        noPeerId: false,
      }),
    );
    expect(url.slice(url.indexOf('&uploaded'))).toBe(
      '&uploaded=9223372036854775808&downloaded=1000000000000000000000&left=9007199254740991' +
        '&event=completed&compact=0&numwant=0&key=DEADBEEF&trackerid=a%20b' +
        '&ip=2001%3Adb8%3A%3A1&ipv4=192.0.2.1&ipv6=%3A%3A1',
    );
  });

  it('have 4,096 characters at most, and those of a request three times as many', () => {
    const long = (length: number): string => 'http://t.invalid/'.padEnd(length, 'x');
    expect(scrapeUrl(long(4_096))).toBeUndefined();
    expect(announceUrl(long(4_096), announceRequest())).toContain('info_hash');
    expect(() => announceUrl(long(4_097), announceRequest())).toThrow(TrackerError);
  });

  it('finds no scrape URL in host or query', () => {
    expect(scrapeUrl('http://announce')).toBeUndefined();
    expect(scrapeUrl('http://t.invalid/x?y=/announce')).toBeUndefined();
    expect(scrapeUrl('http://t.invalid/announce/x')).toBeUndefined();
  });
});

describe('responses', () => {
  const value: fc.Arbitrary<BencodeInput> = fc.letrec<{ value: BencodeInput }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('ip', 'port', 'peer id', 'complete'), tie('value')),
    ),
  })).value;
  const keys = [
    'interval',
    'min interval',
    'peers',
    'peers6',
    'tracker id',
    'external ip',
    'complete',
    'failure reason',
    'retry in',
    'warning message',
    'files',
    'flags',
    '__proto__',
  ];

  function total(bytes: Uint8Array): void {
    for (const parse of [parseAnnounceResponse, parseScrapeResponse]) {
      try {
        const answer = parse(bytes);
        if ('interval' in answer) {
          expect(answer.interval).toBeGreaterThanOrEqual(MIN_INTERVAL);
          expect(answer.interval).toBeLessThanOrEqual(MAX_INTERVAL);
          for (const { port } of answer.peers) expect(port > 0 && port < 65536).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(TrackerError);
      }
    }
  }

  it('reading is total for bytes of any kind', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), total));
  });

  it('reading is total for dictionaries with values of any kind', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (answer) => {
        total(encode(answer));
      }),
      { numRuns: 300 },
    );
  });

  it('takes only so many peers, in either form', () => {
    const many = Buffer.alloc(6 * (MAX_PEERS + 100));
    for (let at = 0; at < many.length; at += 6) {
      many.writeUInt32BE(0x0a000000 + at, at);
      many.writeUInt16BE(1, at + 4);
    }
    expect(parseAnnounceResponse(encode({ peers: many })).peers).toHaveLength(MAX_PEERS);
    const list = Array.from({ length: 30 }, (_, index) => ({ ip: `10.0.0.${index}`, port: 1 }));
    const limits = { maxPeers: 20 };
    expect(parseAnnounceResponse(encode({ peers: list }), limits).peers).toHaveLength(20);
    const both = encode({ peers: many, peers6: new Uint8Array(18).fill(1) });
    expect(parseAnnounceResponse(both, limits).peers).toHaveLength(20);
  });

  it('are read 16 containers deep, and no deeper', () => {
    const nested = (depth: number): Uint8Array =>
      text(`d8:intervali900e1:x${'l'.repeat(depth - 1)}${'e'.repeat(depth)}`);
    expect(parseAnnounceResponse(nested(16)).interval).toBe(900);
    expect(() => parseAnnounceResponse(nested(17))).toThrow(TrackerError);
  });

  it('takes only so many swarms of a scrape', () => {
    const files: Record<string, BencodeInput> = {};
    for (let index = 0; index < 10_050; index++) files[`${index}`.padEnd(20)] = {};
    const answer = parseScrapeResponse(encode({ files }));
    expect(answer.files.size).toBe(10_000);
  });

  it.each([
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    'a..b',
    '-',
    'a b',
    'a/b',
    '<b>',
    'x'.repeat(300),
    '',
  ])('drops a peer at %j', (ip) => {
    const { peers, namedPeers } = parseAnnounceResponse(encode({ peers: [{ ip, port: 1 }] }));
    expect(
      [...peers, ...namedPeers].map((peer) => ('host' in peer ? peer.host : peer.address)),
    ).toEqual(ip === '-' ? ['-'] : []);
  });

  it('ignores a tracker id that is too long, and keeps others whole', () => {
    const long = encode({ 'tracker id': new Uint8Array(257) });
    expect(parseAnnounceResponse(long).trackerId).toBeUndefined();
    const bytes = encode({ 'tracker id': 'abc' });
    const { trackerId } = parseAnnounceResponse(bytes);
    bytes.fill(0);
    expect(trackerId).toEqual(text('abc'));
  });
});

describe('texts', () => {
  it('cannot move a cursor, recolour, reorder or hide', () => {
    const nasty = 'a\x1b[2J\x07b\x9b31m\u202egnp\u200b\u2028\r\n\tc\ufeff \ud800';
    expect(sanitizeText(nasty)).toBe('a [2J b 31m gnp c');
  });

  it('have 500 characters at most', () => {
    const short = sanitizeText('é'.repeat(10_000));
    expect(short).toBe(`${'é'.repeat(MAX_TEXT_LENGTH - 1)}…`);
    expect(sanitizeBytes(Buffer.from('é'.repeat(10_000)))).toBe(short);
    expect(sanitizeText('😀'.repeat(600), 10)).toBe(`${'😀'.repeat(9)}…`);
  });

  it('stays text of bounded length for any input', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (input) => {
        for (const clean of [sanitizeText(input), sanitizeBytes(Buffer.from(input))]) {
          expect(Array.from(clean).length).toBeLessThanOrEqual(MAX_TEXT_LENGTH);
          expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });

  it('reads UTF-8, and other bytes as Windows-1252', () => {
    expect(sanitizeBytes(Buffer.from('für 🎉'))).toBe('für 🎉');
    expect(sanitizeBytes(text('f\xfcr'))).toBe('für');
    expect(sanitizeBytes(Buffer.from('ü'.repeat(5000)), 11)).toBe(`${'ü'.repeat(10)}…`);
  });
});

it('says its own version to trackers', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  expect(VERSION).toBe(manifest.version);
});
