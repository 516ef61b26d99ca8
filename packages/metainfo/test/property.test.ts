import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import {
  FileLayout,
  magnetOf,
  MetainfoError,
  parseInfo,
  parseMagnet,
  parseMetainfo,
} from '../src/index.ts';
import { multiFile } from './torrent-builder.ts';

const folder = new URL('fixtures/torrents/', import.meta.url);
const torrents = readdirSync(folder).map(
  (name) => new Uint8Array(readFileSync(new URL(name, folder))),
);

/** Parse, and use what was accepted; anything but a typed error fails the test. */
function exercise(bytes: Uint8Array, parse: typeof parseMetainfo | typeof parseInfo): void {
  let parsed;
  try {
    parsed = parse(bytes);
  } catch (error) {
    if (error instanceof MetainfoError) return;
    throw error;
  }
  if (!('info' in parsed)) return;
  const { info } = parsed;
  const link = parseMagnet(magnetOf(parsed));
  expect(link.infoHash).toEqual(info.infoHash);
  expect(link.infoHashV2).toEqual(info.infoHashV2);
  const layout = new FileLayout(info);
  const spans = layout.spans(0, info.totalLength);
  expect(spans.reduce((sum, { length }) => sum + length, 0)).toBe(info.totalLength);
  if (info.pieceHashes === undefined) {
    expect(info.infoHash).toBeUndefined();
    expect(info.totalLength).toBe(info.pieceCount * info.pieceLength);
  } else expect(info.pieceHashes).toHaveLength(20 * info.pieceCount);
  for (let piece = 0; piece < info.pieceCount; piece++) {
    const payload = layout.payloadLengthAt(piece);
    expect(payload).toBeLessThanOrEqual(layout.pieceLengthAt(piece));
    const hash = parsed.pieceLayers.pieceHash(piece);
    if (info.infoHashV2 === undefined) expect(hash).toBeUndefined();
    else {
      expect(payload).toBeGreaterThan(0);
      expect(hash).toHaveLength(32);
    }
  }
  for (const { path } of info.files) expect(path.split('/')).not.toContain('..');
}

describe('any bytes give a torrent or a typed error', () => {
  it('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        exercise(bytes, parseMetainfo);
        exercise(bytes, parseInfo);
      }),
    );
  });

  it('damaged torrents', () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.nat(4),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc
          .constantFrom('i', 'e', 'd', 'l', '0', '9', '-', '1:p', 'de', 'le', 'i-1e', '2:..', '1:/')
          .map((text) => new Uint8Array(Buffer.from(text))),
      ),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...torrents),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (torrent, edits) => {
          let bytes = torrent;
          for (const { at, remove, insert } of edits) {
            const start = at % (bytes.length + 1);
            bytes = new Uint8Array(
              Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)]),
            );
          }
          exercise(bytes, parseMetainfo);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('torrents cut short', () => {
    for (const torrent of torrents) {
      const step = Math.ceil(torrent.length / 40);
      for (let end = 0; end < torrent.length; end += step) {
        exercise(torrent.subarray(0, end), parseMetainfo);
      }
    }
  });

  it('any list of names, without two files at one path', () => {
    const name = fc.oneof(
      fc.constantFrom(
        'a',
        'A',
        'b',
        'a.1',
        '..',
        '.',
        '',
        'a/b',
        'é',
        'e\u0301',
        'aux',
        'a.',
        'a ',
      ),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom('linux', 'darwin', 'win32', 'any' as const),
        (list, platform) => {
          const bytes = multiFile(list.map((path) => ({ path, length: 1 })));
          const { files } = parseMetainfo(bytes, { platform }).info;
          const folded = files.map(({ path }) => path.toUpperCase().toLowerCase());
          const taken = new Set(folded);
          expect(taken.size).toBe(list.length);
          for (const path of folded) {
            for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
              expect(taken.has(path.slice(0, at))).toBe(false);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
