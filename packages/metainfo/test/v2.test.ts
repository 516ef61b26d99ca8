import type { BencodeInput } from '@shoal/bencode';
import { decode, encode, parse } from '@shoal/bencode';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import type { Metainfo, MetainfoErrorCode, ParseOptions } from '../src/index.ts';
import {
  DEFAULT_LIMITS,
  fileColumns,
  FileLayout,
  hashPiece,
  MetainfoError,
  parseInfo,
  parseInfoAsync,
  parseMetainfo,
  parseMetainfoAsync,
  PieceLayers,
  rulesFor,
  treeGeometry,
} from '../src/index.ts';
import { runNow } from '../src/steps.ts';
import { readPlainTree } from '../src/v2/plain-tree.ts';
import { readTreeWithCare } from '../src/v2/tree-files.ts';
import type { BuildOptions, BuiltFile, TorrentParts } from './v2-builder.ts';
import { buildV2, inTreeOrder } from './v2-builder.ts';

const PIECE = 16_384;

function codeOf(bytes: Uint8Array, options?: ParseOptions): MetainfoErrorCode | undefined {
  try {
    parseMetainfo(bytes, options);
  } catch (error) {
    if (error instanceof MetainfoError) return error.code;
    throw error;
  }
  return undefined;
}

const file = (path: string, length: number, attr?: string): BuiltFile => ({
  path: path.split('/'),
  data: Buffer.alloc(length, path),
  ...(attr === undefined ? {} : { attr }),
});

/** Names by which a tree is a file at one place and a folder at another are left out. */
const randomFiles = fc
  .uniqueArray(
    fc.record({
      path: fc.array(fc.constantFrom('a', 'b', 'c-d', 'é', 'Z', 'x y'), {
        minLength: 1,
        maxLength: 4,
      }),
      length: fc.oneof(fc.constantFrom(0, 1, PIECE, PIECE + 1, 2 * PIECE), fc.nat(5 * PIECE)),
      byte: fc.nat(255),
    }),
    { minLength: 1, maxLength: 8, selector: ({ path }) => path.join('/') },
  )
  .map((files) => {
    const taken = new Set<string>();
    const kept = files.filter(({ path }) => {
      const whole = path.join('/');
      const isFree =
        !taken.has(`${whole}/`) && path.every((_, end) => !taken.has(path.slice(0, end).join('/')));
      if (!isFree) return false;
      taken.add(whole);
      for (let end = 1; end < path.length; end++) taken.add(`${path.slice(0, end).join('/')}/`);
      return true;
    });
    return inTreeOrder(
      kept.map(({ path, length, byte }) => ({ path, data: Buffer.alloc(length, byte) })),
    );
  });

const randomOptions = fc.record({
  pieceLength: fc.constantFrom(PIECE, 2 * PIECE, 8 * PIECE),
  hybrid: fc.constantFrom(undefined, 'tail padding', 'no tail padding'),
});

/** All that a torrent says of files must be what it was built of. */
function checkFiles(metainfo: Metainfo, files: readonly BuiltFile[], hybrid: boolean): void {
  const { info, pieceLayers } = metainfo;
  // Before the objects of the files are made.
  const columns = fileColumns(info);
  const lines = columns.joinPaths().split('\n');
  const ownPaths = lines.map((_, index) => columns.pathOf(index));
  expect(ownPaths).toEqual(info.files.map(({ path }) => path));
  const payload = info.files.filter(({ attributes }) => !attributes.padding);
  const isSingle = files.length === 1 && files[0]?.path.length === 1;
  // A v2-only folder with nothing but one file cannot be told from that file.
  const prefix = isSingle ? [] : [info.name];
  expect(payload.map(({ path }) => path)).toEqual(
    files.map(({ path }) => [...prefix, ...path].join('/')),
  );
  expect(info.multiFile).toBe(!isSingle);
  const layout = new FileLayout(info);
  expect(lines).toEqual(info.files.map(({ path, attributes }) => (attributes.padding ? '' : path)));
  let pieces = 0;
  for (const [at, { data }] of files.entries()) {
    const { index, length, offset, piecesRoot } = payload[at]!;
    expect(length).toBe(data.length);
    expect(columns.piecesRootOf(index)).toEqual(piecesRoot);
    const copy = new Uint8Array(40);
    expect(columns.copyPiecesRoot(index, copy, 3)).toBe(piecesRoot !== undefined);
    expect(copy.subarray(3, 35)).toEqual(piecesRoot ?? new Uint8Array(32));
    if (data.length === 0) {
      expect(piecesRoot).toBeUndefined();
      continue;
    }
    expect(offset).toBe(pieces * info.pieceLength);
    const { pieceLayer, pieceCount } = treeGeometry(length, info.pieceLength);
    const layer = pieceLayers.layerOf(index);
    expect(layer?.length).toBe(pieceCount > 1 ? 32 * pieceCount : undefined);
    for (let piece = 0; piece < pieceCount; piece++) {
      const bytes = data.subarray(piece * info.pieceLength, (piece + 1) * info.pieceLength);
      const hash = hashPiece(bytes, pieceLayer);
      expect(pieceLayers.pieceHash(pieces + piece)).toEqual(hash);
      if (layer !== undefined) expect(layer.subarray(32 * piece, 32 * piece + 32)).toEqual(hash);
      expect(layout.payloadLengthAt(pieces + piece)).toBe(bytes.length);
    }
    pieces += pieceCount;
  }
  expect(info.pieceCount).toBe(pieces);
  expect(info.length).toBe(files.reduce((sum, { data }) => sum + data.length, 0));
  expect(info.infoHash !== undefined).toBe(hybrid);
  expect(info.pieceHashes?.length).toBe(hybrid ? 20 * pieces : undefined);
  if (!hybrid) expect(info.totalLength).toBe(pieces * info.pieceLength);
}

describe('v2 and hybrid torrents', () => {
  it('are read as they were built', async () => {
    await fc.assert(
      fc.asyncProperty(randomFiles, randomOptions, async (files, { pieceLength, hybrid }) => {
        const options: BuildOptions = { pieceLength, ...(hybrid === undefined ? {} : { hybrid }) };
        const bytes = buildV2(files, options);
        const metainfo = parseMetainfo(bytes, { platform: 'linux', caseSensitive: true });
        checkFiles(metainfo, files, hybrid !== undefined);
        const later = await parseMetainfoAsync(bytes, { platform: 'linux', caseSensitive: true });
        expect(later.info).toEqual(metainfo.info);
        // From peers comes the same without layers.
        const info = parseInfo(metainfo.info.bytes, { platform: 'linux', caseSensitive: true });
        expect(info).toEqual(metainfo.info);
        const unknown = PieceLayers.unknown(info);
        const layout = new FileLayout(info);
        for (let piece = 0; piece < info.pieceCount; piece++) {
          const { piecesRoot, length, index } = info.files[layout.fileAt(piece * pieceLength)]!;
          expect(unknown.layerOf(index)).toBeUndefined();
          expect(unknown.pieceHash(piece)).toEqual(length > pieceLength ? undefined : piecesRoot);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('take damage to any value without anything but a typed error', () => {
    const value: fc.Arbitrary<BencodeInput> = fc.oneof(
      fc.constantFrom<BencodeInput>(0, -1, 1, PIECE, 2n ** 53n, '', 'p', 'l', '..', [], new Map()),
      fc.uint8Array({ minLength: 31, maxLength: 33 }),
      fc.constant<BencodeInput>({ '': { length: 1, 'pieces root': 'r'.repeat(32) } }),
    );
    const key = fc.constantFrom('', 'a', 'length', 'attr', 'pieces root', 'files', 'pieces', '..');
    fc.assert(
      fc.property(
        randomFiles,
        randomOptions,
        fc.array(fc.tuple(fc.array(fc.nat(9), { maxLength: 6 }), key, value, fc.nat(2)), {
          minLength: 1,
          maxLength: 3,
        }),
        (files, { pieceLength, hybrid }, edits) => {
          const bytes = buildV2(files, {
            pieceLength,
            ...(hybrid === undefined ? {} : { hybrid }),
          });
          const root = decode(bytes) as Map<string, BencodeInput>;
          for (const [way, name, replacement, kind] of edits) {
            damage(root, way, name, replacement, kind);
          }
          const damaged = encode(root);
          const code = codeOf(damaged);
          if (code !== undefined) return;
          const { info, pieceLayers } = parseMetainfo(damaged);
          for (let piece = 0; piece < info.pieceCount; piece++) pieceLayers.pieceHash(piece);
          for (const { path } of info.files) expect(path.split('/')).not.toContain('..');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('give the same whether a tree is read quickly or with care', () => {
    const name = fc.constantFrom(
      'a',
      'A',
      'b',
      'aux',
      'a.',
      'é',
      'a b',
      '.',
      'folder',
      'x'.repeat(9),
    );
    let plainOnes = 0;
    const node: fc.Arbitrary<BencodeInput> = fc.letrec<{ node: BencodeInput }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<BencodeInput>(
          { '': { length: 0 } },
          { '': { length: 5, 'pieces root': 'r'.repeat(32), attr: 'x' } },
          { '': { length: 2 * PIECE, 'pieces root': 's'.repeat(32) } },
        ),
        fc
          .uniqueArray(fc.tuple(name, tie('node')), { selector: ([key]) => key, maxLength: 4 })
          .map(
            (entries) => new Map(entries.map(([key, below]) => [bytesKey(key), below] as const)),
          ),
      ),
    })).node;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, node), {
          selector: ([key]) => key,
          minLength: 1,
          maxLength: 4,
        }),
        fc.constantFrom('linux', 'darwin', 'win32', 'any' as const),
        fc.boolean(),
        (entries, platform, caseSensitive) => {
          const tree = new Map(entries.map(([key, below]) => [bytesKey(key), below] as const));
          const bytes = parse(encode(tree)).root.source();
          const context = {
            name: 'root',
            pieceLength: PIECE,
            rules: rulesFor(platform, caseSensitive),
            limits: { ...DEFAULT_LIMITS, maxPathLength: 24, maxPathDepth: 3 },
          };
          const outcome = (read: () => unknown): unknown => {
            try {
              return read();
            } catch (error) {
              if (!(error instanceof MetainfoError)) throw error;
              return error.code;
            }
          };
          const seen = (list: ReturnType<typeof careful>): unknown => ({
            ...list,
            table: list.table.files,
          });
          const careful = () => runNow(readTreeWithCare(bytes, context));
          const plain = outcome(() => {
            const list = runNow(readPlainTree(bytes, context));
            return list && seen(list);
          });
          if (plain === undefined) return;
          plainOnes++;
          expect(plain).toEqual(outcome(() => seen(careful())));
        },
      ),
      { numRuns: 1000 },
    );
    expect(plainOnes).toBeGreaterThan(100);
  });
});

const bytesKey = (text: string): string => Buffer.from(text).toString('latin1');

/** Follow a way through dictionaries and lists, then replace, remove or add something. */
function damage(
  root: BencodeInput,
  way: readonly number[],
  name: string,
  replacement: BencodeInput,
  kind: number,
): void {
  let node = root;
  let put: ((value: BencodeInput) => void) | undefined;
  for (const step of way) {
    if (node instanceof Map && node.size > 0) {
      const map = node as Map<string, BencodeInput>;
      const key = [...map.keys()][step % map.size]!;
      put = (value) => void map.set(key, value);
      node = map.get(key)!;
    } else if (Array.isArray(node) && node.length > 0) {
      const list = node as BencodeInput[];
      const at = step % list.length;
      put = (value) => void (list[at] = value);
      node = list[at]!;
    } else break;
  }
  if (node instanceof Map && kind === 1) (node as Map<string, BencodeInput>).set(name, replacement);
  else if (node instanceof Map && kind === 2) (node as Map<string, BencodeInput>).delete(name);
  else put?.(replacement);
}

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

describe('hybrids whose halves differ', () => {
  const files = [file('a', PIECE + 1), file('b', 0), file('c', 7)];
  type Entry = Record<string, BencodeInput | undefined>;
  const changed = (
    change: (list: Entry[], parts: TorrentParts) => void,
  ): MetainfoErrorCode | undefined =>
    codeOf(
      buildV2(files, {
        hybrid: 'tail padding',
        change: (parts) => {
          const list = parts.info['files'] as Entry[];
          change(list, parts);
          const total = list.reduce((sum, { length }) => sum + Number(length), 0);
          parts.info['pieces'] = new Uint8Array(20 * Math.ceil(total / PIECE));
        },
      }),
    );
  const MISMATCH = 'ERR_METAINFO_HYBRID_MISMATCH';

  it.each<[string, MetainfoErrorCode | undefined, (list: Entry[]) => void]>([
    ['nothing', undefined, () => undefined],
    [
      'a whole piece of padding more',
      MISMATCH,
      (list) => list.splice(1, 0, { attr: 'p', length: PIECE, path: ['p'] }),
    ],
    [
      'padding before the first file',
      MISMATCH,
      (list) => list.unshift({ attr: 'p', length: PIECE, path: ['p'] }),
    ],
    ['a part of the padding at the end', MISMATCH, (list) => (list[4]!['length'] = 5)],
    [
      'a piece of padding at the end',
      MISMATCH,
      (list) => list.push({ attr: 'p', length: PIECE, path: ['p'] }),
    ],
    [
      'padding in two parts',
      undefined,
      (list) =>
        list.splice(
          1,
          1,
          { attr: 'p', length: 1, path: ['p'] },
          { attr: 'p', length: PIECE - 2, path: ['q'] },
        ),
    ],
    ['padding with other names', undefined, (list) => (list[1]!['path'] = ['padding', '1'])],
    ['an empty file at another place', MISMATCH, (list) => list.push(...list.splice(2, 1))],
    ['an empty file missing', MISMATCH, (list) => list.splice(2, 1)],
    ['another UTF-8 path', MISMATCH, (list) => (list[0]!['path.utf-8'] = ['z'])],
    [
      'the same UTF-8 path beside another one',
      undefined,
      (list) => {
        list[0]!['path.utf-8'] = ['a'];
        list[0]!['path'] = ['?'];
      },
    ],
    ['an empty UTF-8 path', undefined, (list) => (list[0]!['path.utf-8'] = [])],
  ])('%s', (_, code, change) => {
    expect(changed((list) => change(list))).toBe(code);
  });

  it('compares a single file with the name', () => {
    const single = (name: string): Uint8Array =>
      buildV2([file('a', 5)], {
        hybrid: 'no tail padding',
        change: ({ info }) => (info['name'] = name),
      });
    expect(codeOf(single('a'))).toBeUndefined();
    expect(codeOf(single('b'))).toBe(MISMATCH);
  });
});

describe('the only file of a v2 torrent', () => {
  it('has the name it has in the tree, made safe', () => {
    const named = (path: string, name: string): Metainfo['info'] =>
      parseMetainfo(
        buildV2([file('x', 5)], {
          change: ({ info }) => {
            info['file tree'] = new Map([
              [path, (info['file tree'] as Map<string, BencodeInput>).get('x')!],
            ]);
            info['name'] = name;
          },
        }),
        { platform: 'linux' },
      ).info;
    const { name, originalName, files, multiFile } = named('real.bin', 'shown');
    expect([name, originalName, multiFile]).toEqual(['real.bin', 'shown', false]);
    expect(files.map(({ path }) => path)).toEqual(['real.bin', `real.bin/.pad/${PIECE - 5}`]);
    expect(named('..', 'x').files[0]?.path).toMatch(/^[0-9a-f]{64}$/);
    expect(named('a/b', 'a/b').name).toBe('a_b');
  });

  it('is in a folder where the tree has one', () => {
    const { info } = parseMetainfo(buildV2([file('folder/x', PIECE)], { name: 'n' }));
    expect(info.files.map(({ path }) => path)).toEqual(['n/folder/x']);
    expect(info.multiFile).toBe(true);
  });
});

describe('parsing in slices', () => {
  it('gives way, and ends when it is told to', async () => {
    const many = Array.from({ length: 30_000 }, (_, at): BuiltFile => ({
      path: [String(1e6 + at)],
      data: new Uint8Array(),
    }));
    const bytes = buildV2(many);
    let turns = 0;
    const state = { isDone: false };
    const parsing = parseMetainfoAsync(bytes).finally(() => (state.isDone = true));
    while (!state.isDone) {
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await parsing).info.files).toHaveLength(many.length);
    expect(turns).toBeGreaterThan(1);
    const reason = new Error('enough');
    await expect(parseMetainfoAsync(bytes, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const aborted = parseInfoAsync(parse(bytes).root.get('info')!.source(), {
      signal: controller.signal,
    });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
  });

  it('rejects with the errors of the parsers', async () => {
    const error = expect.objectContaining({ code: 'ERR_METAINFO_NOT_A_TORRENT' }) as Error;
    await expect(parseMetainfoAsync(encode({}))).rejects.toEqual(error);
    await expect(parseInfoAsync(encode([]))).rejects.toEqual(error);
  });

  it('reads all torrents alike', async () => {
    const folder = new URL('fixtures/torrents/', import.meta.url);
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(new URL(name, folder));
      const { info, ...rest } = parseMetainfo(bytes);
      const later = await parseMetainfoAsync(bytes);
      expect(later.info).toEqual(info);
      expect({ ...later, info: undefined, pieceLayers: undefined }).toEqual({
        ...rest,
        info: undefined,
        pieceLayers: undefined,
      });
    }
  });
});
