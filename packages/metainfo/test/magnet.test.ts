import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import type { MagnetLink } from '../src/index.ts';
import {
  formatMagnet,
  fromHex,
  magnetOf,
  MetainfoError,
  parseMagnet,
  parseMetainfo,
  toHex,
} from '../src/index.ts';
import { readVectors } from './fixtures.ts';

interface Expected {
  readonly valid: boolean | 'either';
  readonly btih?: string | null;
  readonly btmh?: string | null;
  readonly dn?: string | null;
  readonly dn_any?: boolean;
  readonly tr?: readonly string[];
  readonly tr_any?: boolean;
  readonly tr_set?: readonly string[];
  readonly ws?: readonly string[];
  readonly x_pe?: readonly string[];
  readonly x_pe_any?: boolean;
  readonly so?: readonly number[] | null;
  readonly so_any?: boolean;
  readonly xl?: number | null;
}

const vectors = readVectors('magnet') as readonly { id: string; uri: string; expect: Expected }[];
const HASH = '0123456789abcdef0123456789abcdef01234567';
const TOPIC = `magnet:?xt=urn:btih:${HASH}`;

function tryParse(uri: string): MagnetLink | undefined {
  try {
    return parseMagnet(uri);
  } catch (error) {
    if (!(error instanceof MetainfoError)) throw error;
    expect(error.code).toBe('ERR_METAINFO_INVALID_MAGNET');
    return undefined;
  }
}

const peerText = ({ host, port }: { host: string; port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

describe('magnet vectors', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    const expected = vector.expect;
    const link = tryParse(vector.uri);
    if (expected.valid === false) expect(link).toBeUndefined();
    if (expected.valid !== true) return;
    expect(link).toBeDefined();
    if (link === undefined) return;
    expect(link.infoHash === undefined ? null : toHex(link.infoHash)).toBe(expected.btih);
    expect(link.infoHashV2 === undefined ? null : toHex(link.infoHashV2)).toBe(expected.btmh);
    if (expected.dn_any !== true) expect(link.name ?? null).toBe(expected.dn);
    if (expected.tr_set !== undefined)
      expect(new Set(link.trackers)).toEqual(new Set(expected.tr_set));
    else if (expected.tr_any !== true) expect(link.trackers).toEqual(expected.tr);
    expect(link.webSeeds).toEqual(expected.ws);
    if (expected.x_pe_any !== true) expect(link.peers.map(peerText)).toEqual(expected.x_pe);
    if (expected.so_any !== true) expect(link.selectOnly ?? null).toEqual(expected.so);
    expect(link.exactLength ?? null).toBe(expected.xl);
  });
});

describe('parseMagnet', () => {
  it('says what is wrong with a topic', () => {
    expect(() => parseMagnet('magnet:?xt=urn:btih:12')).toThrow('40 hexadecimal or 32 base32');
    expect(() => parseMagnet('magnet:?dn=x')).toThrow('names no BitTorrent info-hash');
    expect(() => parseMagnet('http://x.invalid')).toThrow('starts with "magnet:?"');
  });

  it('takes another topic where one is broken', () => {
    expect(toHex(parseMagnet(`magnet:?xt=urn:btmh:12&xt=urn:btih:${HASH}`).infoHash!)).toBe(HASH);
  });

  it('refuses a link that names two torrents', () => {
    expect(() => parseMagnet(`${TOPIC}&xt=urn:btih:${'ab'.repeat(20)}`)).toThrow('two different');
  });

  it('leaves out a peer whose address has a zone', () => {
    const link = parseMagnet(`${TOPIC}&x.pe=[fe80::1%25eth0]:1&x.pe=[fe80::2]:1`);
    expect(link.peers).toEqual([{ host: 'fe80::2', port: 1 }]);
  });

  it('keeps a plus sign in a URL and reads it as a space in a name', () => {
    const link = parseMagnet(`${TOPIC}&dn=a+b&tr=http://t.invalid/a+b`);
    expect(link.name).toBe('a b');
    expect(link.trackers).toEqual(['http://t.invalid/a+b']);
  });

  it('leaves out URLs that could break a request line', () => {
    expect(parseMagnet(`${TOPIC}&tr=http://t.invalid/%0d%0aX:1&ws=a%20b`)).toMatchObject({
      trackers: [],
      webSeeds: [],
    });
  });

  it('takes xs and as where they are of the web', () => {
    const url = 'https://w.invalid/a.torrent?x=1&y=2';
    const text = `${TOPIC}&xs=${encodeURIComponent(url)}&as=http://m.invalid/b&xs=${encodeURIComponent(url)}`;
    const link = parseMagnet(`${text}&xs=urn:btpk:00&as=ed2k://x&xs=ftp%3A%2F%2Fx%2Fy`);
    expect(link.exactSources).toEqual([url, 'http://m.invalid/b']);
    expect(parseMagnet(formatMagnet(link))).toEqual(link);
    const many = Array.from({ length: 40 }, (_, index) => `&as=http://w.invalid/${index}`);
    expect(parseMagnet(TOPIC + many.join('')).exactSources).toHaveLength(16);
  });

  it('leaves out what is badly escaped or not UTF-8', () => {
    const link = parseMagnet(
      `${TOPIC}&tr=http://t.invalid/%zz&tr=http://t.invalid/%&ws=http://t.invalid/%ff&tr=u:1`,
    );
    expect([link.trackers, link.webSeeds]).toEqual([['u:1'], []]);
  });

  it('bounds the length of the link', () => {
    expect(() => parseMagnet(`${TOPIC}&dn=${'x'.repeat(300_000)}`)).toThrow(
      'longer than the limit',
    );
  });

  it.each([
    ['trackers', 'tr', 'http://t.invalid/'],
    ['webSeeds', 'ws', 'http://w.invalid/'],
  ] as const)('bounds %s', (list, key, url) => {
    const many = Array.from({ length: 1200 }, (_, index) => `&${key}=${url}${index}`).join('');
    expect(parseMagnet(TOPIC + many)[list]).toHaveLength(1000);
    expect(
      parseMagnet(TOPIC + many, { limits: { maxTrackers: 3, maxWebSeeds: 3 } })[list],
    ).toHaveLength(3);
    expect(parseMagnet(`${TOPIC}&${key}=${url}${'x'.repeat(5000)}`)[list]).toEqual([]);
  });

  it('bounds peers, parameters, the name and the selection', () => {
    const peers = Array.from({ length: 1200 }, (_, index) => `&x.pe=10.0.0.1:${index + 1}`).join(
      '',
    );
    expect(parseMagnet(TOPIC + peers).peers).toHaveLength(1000);
    expect(parseMagnet(`${TOPIC}&dn=${'x'.repeat(5000)}`).name).toHaveLength(1024);
    expect(parseMagnet(`${TOPIC}${'&a=b'.repeat(10_000)}&dn=late`).name).toBeUndefined();
    const { selectOnly } = parseMagnet(
      `${TOPIC}&so=0-99998,200000-300000,7-4294967295,200000,300000`,
    );
    expect(selectOnly).toHaveLength(100_000);
    expect(selectOnly?.at(-1)).toBe(200_000);
  });

  it('counts indices as often as they are named, so that repeated ranges cost nothing', () => {
    const { selectOnly } = parseMagnet(
      `${TOPIC}&so=0-49999,0-49999,7,60000${',0-49999'.repeat(30_000)}`,
    );
    expect(selectOnly).toEqual(Array.from({ length: 50_000 }, (_, index) => index));
  });

  it('gives a link or a typed error for any text', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'xt=',
        'urn:btih:',
        'urn:btmh:1220',
        HASH,
        '&',
        '%',
        'so=',
        'x.pe=',
        '[',
        ':',
        '-',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        tryParse(pieces.join(''));
        tryParse(`${TOPIC}&${pieces.join('')}`);
      }),
    );
  });
});

describe('formatMagnet', () => {
  it('writes what parseMagnet reads', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const url = word.map((path) => `http://t.invalid/${path}?a=1&b='(2)'`);
    const hash = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(
        hash(20),
        fc.option(hash(32), { nil: undefined }),
        fc.option(fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }), {
          nil: undefined,
        }),
        fc.uniqueArray(url),
        fc.uniqueArray(url),
        fc.uniqueArray(
          fc.record({
            host: fc.oneof(
              fc.ipV4(),
              fc.ipV6(),
              word.map((label) => `${label}.x`),
            ),
            port: fc.integer({ min: 1, max: 65535 }),
          }),
          { selector: peerText },
        ),
        fc.option(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), { nil: undefined }),
        fc.option(fc.maxSafeNat(), { nil: undefined }),
        (infoHash, infoHashV2, name, trackers, webSeeds, peers, selected, exactLength) => {
          const selectOnly = selected?.sort((left, right) => left - right);
          const link = {
            infoHash,
            infoHashV2,
            name,
            trackers,
            webSeeds,
            exactSources: webSeeds.slice(0, 3),
            peers,
            selectOnly,
            exactLength,
          };
          expect(parseMagnet(formatMagnet(link))).toEqual(link);
        },
      ),
    );
  });

  it('leaves nothing for a shell to interpret', () => {
    const link = formatMagnet({ infoHash: fromHex(HASH), name: `$(x) 'y' "z"!*` });
    expect(link).toBe(`${TOPIC}&dn=%24%28x%29%20%27y%27%20%22z%22%21%2A`);
  });

  it('needs an info-hash of the right length', () => {
    expect(() => formatMagnet({ name: 'x' })).toThrow('needs an info-hash');
    expect(() => formatMagnet({ infoHash: new Uint8Array(19) })).toThrow('20 bytes, not 19');
    expect(() => formatMagnet({ infoHashV2: new Uint8Array(20) })).toThrow('32 bytes, not 20');
  });
});

describe('magnetOf', () => {
  it('names both hashes of a hybrid torrent, its trackers and its length', () => {
    const read = (name: string): Uint8Array =>
      readFileSync(new URL(`fixtures/torrents/${name}.torrent`, import.meta.url));
    const hybrid = parseMetainfo(read('hybrid-single-private'));
    expect(parseMagnet(magnetOf(hybrid))).toMatchObject({
      infoHash: hybrid.info.infoHash,
      infoHashV2: hybrid.info.infoHashV2,
      name: 'tup.bin',
      exactLength: 100_000,
      trackers: ['udp://gedoq.invalid:1'],
    });
    expect(parseMagnet(magnetOf(parseMetainfo(read('v1-tracker-tiers')))).trackers).toHaveLength(6);
  });
});
