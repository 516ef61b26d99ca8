import type { BencodeInput } from '@shoal/bencode';
import type { MetainfoErrorCode, ParseOptions } from '../src/index.ts';
import { parseMetainfo } from '../src/index.ts';
import type { BuildOptions, BuiltFile, TorrentParts } from './v2-builder.ts';
import { buildV2 } from './v2-builder.ts';
import { PIECE, codeOf, file } from './v2-support.ts';

describe('what BEP 52 does not allow', () => {
  const files = [file('a', 3 * PIECE - 1), file('b/c', 5), file('b/d', 0), file('e', PIECE + 1)];
  const built = (change: (parts: TorrentParts) => void, options: BuildOptions = {}): Uint8Array =>
    buildV2(files, { ...options, change });
  const leaf = (members: Record<string, BencodeInput>): BencodeInput => ({ x: { '': members } });
  const root = 'r'.repeat(32);

  it.each<[string, MetainfoErrorCode, (parts: TorrentParts) => void]>([
    [
      'a later version',
      'ERR_METAINFO_UNSUPPORTED_VERSION',
      ({ info }) => (info['meta version'] = 3),
    ],
    [
      'a later version without anything else',
      'ERR_METAINFO_UNSUPPORTED_VERSION',
      ({ info }) => {
        for (const key of Object.keys(info)) info[key] = undefined;
        info['meta version'] = 4;
      },
    ],
    ['no tree', 'ERR_METAINFO_INVALID_FILE_TREE', ({ info }) => (info['file tree'] = undefined)],
    [
      'a piece length of 8 KiB',
      'ERR_METAINFO_INVALID_PIECE_LENGTH',
      ({ info }) => (info['piece length'] = 8_192),
    ],
    [
      'a piece length of 24 KiB',
      'ERR_METAINFO_INVALID_PIECE_LENGTH',
      ({ info }) => (info['piece length'] = 24_576),
    ],
    ['no name', 'ERR_METAINFO_INVALID_NAME', ({ info }) => (info['name'] = undefined)],
    [
      'a tree that is a list',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = []),
    ],
    ['an empty tree', 'ERR_METAINFO_INVALID_FILE_TREE', ({ info }) => (info['file tree'] = {})],
    [
      'a tree that is a file',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = { '': { length: 0 } }),
    ],
    [
      'a file beside a folder',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = { x: { '': { length: 0 }, y: { '': { length: 0 } } } }),
    ],
    [
      'padding',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ length: 1, attr: 'p', 'pieces root': root })),
    ],
    [
      'no root',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ length: 1 })),
    ],
    [
      'a root of zeros',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ length: 1, 'pieces root': '\0'.repeat(32) })),
    ],
    [
      'a root of 31 bytes',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ length: 1, 'pieces root': 'r'.repeat(31) })),
    ],
    [
      'a negative length',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ length: -1, 'pieces root': root })),
    ],
    [
      'no length',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ 'pieces root': root })),
    ],
    [
      'a length of 2^53',
      'ERR_METAINFO_INVALID_FILE_TREE',
      ({ info }) => (info['file tree'] = leaf({ length: 2n ** 53n, 'pieces root': root })),
    ],
    [
      'more pieces than there may be',
      'ERR_METAINFO_TOO_MANY_PIECES',
      ({ info }) => (info['file tree'] = leaf({ length: 2 ** 52, 'pieces root': root })),
    ],
    [
      'no layers',
      'ERR_METAINFO_MISSING_PIECE_LAYERS',
      ({ outer }) => (outer['piece layers'] = undefined),
    ],
    [
      'a layer that is missing',
      'ERR_METAINFO_MISSING_PIECE_LAYERS',
      ({ layers }) => layers.delete([...layers.keys()][0]!),
    ],
    [
      'layers that are a list',
      'ERR_METAINFO_INVALID_PIECE_LAYERS',
      ({ outer }) => (outer['piece layers'] = []),
    ],
    [
      'a layer of no file',
      'ERR_METAINFO_INVALID_PIECE_LAYERS',
      ({ layers }) => layers.set(root, 'h'.repeat(64)),
    ],
    [
      'a layer with a short key',
      'ERR_METAINFO_INVALID_PIECE_LAYERS',
      ({ layers }) => layers.set('r', 'h'.repeat(64)),
    ],
    [
      'a layer that is a number',
      'ERR_METAINFO_INVALID_PIECE_LAYERS',
      ({ layers }) => layers.set([...layers.keys()][0]!, 1),
    ],
    [
      'a layer with a wrong hash',
      'ERR_METAINFO_INVALID_PIECE_LAYERS',
      ({ layers }) => ((layers.get([...layers.keys()][0]!) as Uint8Array)[40]! ^= 1),
    ],
    [
      'a layer with a hash too many',
      'ERR_METAINFO_INVALID_PIECE_LAYERS',
      ({ layers }) => layers.set([...layers.keys()][0]!, 'h'.repeat(128)),
    ],
  ])('%s', (_, code, change) => {
    expect(codeOf(built(() => undefined))).toBeUndefined();
    expect(codeOf(built(change))).toBe(code);
    const isTree =
      code === 'ERR_METAINFO_INVALID_FILE_TREE' || code === 'ERR_METAINFO_TOO_MANY_PIECES';
    const hybrid = codeOf(built(change, { hybrid: 'tail padding' }));
    if (isTree)
      expect([code, 'ERR_METAINFO_HYBRID_MISMATCH', 'ERR_METAINFO_INVALID_PIECES']).toContain(
        hybrid,
      );
    else if (code !== 'ERR_METAINFO_INVALID_PIECE_LENGTH') expect(hybrid).toBe(code);
  });

  it.each<[string, RegExp, string]>([
    ['keys out of order', /12:piece lengthi16384e/, ''],
    ['a leading zero', /6:lengthi5e/, '6:lengthi05e'],
  ])('%s', (_, what, replacement) => {
    const text = Buffer.from(buildV2([file('a', 5), file('b', 5)])).toString('latin1');
    const key = text.match(what)?.[0] ?? '';
    const changed =
      replacement === ''
        ? text.replace(key, '').replace('4:infod', `4:infod${key}`)
        : text.replace(key, replacement);
    expect(codeOf(Buffer.from(text, 'latin1'))).toBeUndefined();
    expect(codeOf(Buffer.from(changed, 'latin1'))).toBe('ERR_METAINFO_BENCODE');
  });

  it('does not mind what is not canonical outside the info dictionary', () => {
    const text = Buffer.from(buildV2(files)).toString('latin1');
    const outside = text.replace(
      /^d/,
      `d${Array.from({ length: 99 }, (_, at) => `2:${99 - at > 9 ? 99 - at : `0${99 - at}`}i01e`).join('')}`,
    );
    expect(outside).not.toBe(text);
    expect(codeOf(Buffer.from(outside, 'latin1'))).toBeUndefined();
  });

  it('takes the layer of a file of one piece where it is right, and equal files with one layer', () => {
    const same = (path: string): BuiltFile => ({ path: [path], data: Buffer.alloc(PIECE + 5, 7) });
    const { info, pieceLayers } = parseMetainfo(buildV2([same('a'), same('b')]));
    expect(pieceLayers.layerOf(2)).toEqual(pieceLayers.layerOf(0));
    expect(pieceLayers.layerOf(0)).toHaveLength(64);
    expect(info.files.map(({ length }) => length)).toEqual([
      PIECE + 5,
      PIECE - 5,
      PIECE + 5,
      PIECE - 5,
    ]);
    const small = (value: (root: string) => BencodeInput): Uint8Array =>
      buildV2([file('a', 5)], {
        change: ({ info: { 'file tree': tree }, layers }) => {
          const entry = (tree as Map<string, Map<string, { 'pieces root': Uint8Array }>>).get('a');
          const key = Buffer.from(entry!.get('')!['pieces root']).toString('latin1');
          layers.set(key, value(key));
        },
      });
    expect(codeOf(small((key) => Buffer.from(key, 'latin1')))).toBeUndefined();
    expect(codeOf(small(() => 'h'.repeat(32)))).toBe('ERR_METAINFO_INVALID_PIECE_LAYERS');
  });

  it('checks long layers in parts', () => {
    // The layer of 2,050 pieces of zeros, but for one byte.
    const data = new Uint8Array(2_050 * PIECE);
    data[2_049 * PIECE] = 1;
    const whole = buildV2([{ path: ['a'], data }]);
    expect(parseMetainfo(whole).pieceLayers.layerOf(0)).toHaveLength(2_050 * 32);
    const wrong = (at: number): Uint8Array =>
      buildV2([{ path: ['a'], data }], {
        change: ({ layers }) => ((layers.get([...layers.keys()][0]!) as Uint8Array)[at]! ^= 1),
      });
    for (const at of [0, 1_024 * 32 - 1, 1_024 * 32, 2_050 * 32 - 1]) {
      expect(codeOf(wrong(at))).toBe('ERR_METAINFO_INVALID_PIECE_LAYERS');
    }
  });

  it('keeps to the limits', () => {
    const limit = (limits: ParseOptions['limits']): MetainfoErrorCode | undefined =>
      codeOf(buildV2(files), { limits: limits ?? {} });
    // Four files, three of them with padding.
    expect(limit({ maxFiles: 7 })).toBeUndefined();
    expect(limit({ maxFiles: 6 })).toBe('ERR_METAINFO_TOO_MANY_FILES');
    expect(limit({ maxPathDepth: 1 })).toBe('ERR_METAINFO_INVALID_PATH');
    expect(limit({ maxPathLength: 7 })).toBe('ERR_METAINFO_INVALID_PATH');
    expect(limit({ maxPieces: 5 })).toBe('ERR_METAINFO_TOO_MANY_PIECES');
    expect(limit({ maxDepth: 4 })).toBe('ERR_METAINFO_BENCODE');
  });
});
