import type { BencodeInput } from '@shoal/bencode';
import { encode, parse } from '@shoal/bencode';
import fc from 'fast-check';
import type { Metainfo } from '../src/index.ts';
import {
  DEFAULT_LIMITS,
  fileColumns,
  FileLayout,
  hashPiece,
  MetainfoError,
  parseInfo,
  parseMetainfo,
  parseMetainfoAsync,
  PieceLayers,
  rulesFor,
  treeGeometry,
} from '../src/index.ts';
import { runNow } from '../src/steps.ts';
import { readPlainTree } from '../src/v2/plain-tree.ts';
import { readTreeWithCare } from '../src/v2/tree-files.ts';
import type { BuildOptions, BuiltFile } from './v2-builder.ts';
import { buildV2 } from './v2-builder.ts';
import { PIECE, file, randomFiles, randomOptions } from './v2-support.ts';

/** All that a torrent says of files must be what it was built of. */
function checkFiles(metainfo: Metainfo, files: readonly BuiltFile[], hybrid: boolean): void {
  const { info, pieceLayers } = metainfo;
  // Before the objects of the files are made.
  const columns = fileColumns(info);
  const lines = columns.joinPaths().split('\n');
  const ownPaths = lines.map((_, index) => columns.pathOf(index));
  const half = Math.floor(columns.size / 2);
  expect([columns.joinPaths(0, half), columns.joinPaths(half)]).toEqual([
    lines.slice(0, half).join('\n'),
    lines.slice(half).join('\n'),
  ]);
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
