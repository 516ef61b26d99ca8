import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { chmod, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  createTorrent,
  fileColumns,
  hashPiece,
  parseMetainfo,
  rootOfLayer,
  treeGeometry,
} from '../src/index.ts';
import type { Metainfo, TorrentFormat } from '../src/index.ts';
import { plainPieces, recipeBytes, TemporaryFolder } from './create-support.ts';

const KIB = 1024;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder.remove());

const letterCase = (text: string): string => text.toLowerCase();

/** Paths of which none is, or differs by letter case only from, a folder of another. */
const somePaths = fc
  .uniqueArray(
    fc.array(
      fc.oneof(
        fc.constantFrom('a', 'a-b', 'a.b', 'B1', 'é', '\u{1f41f}', '\uffee'),
        fc.stringMatching(/^[a-z]{1,3}$/),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    { minLength: 1, maxLength: 8, selector: (path) => letterCase(path.join('/')) },
  )
  .filter((paths) => {
    const texts = paths.map((path) => `${letterCase(path.join('/'))}/`);
    return texts.every((text, i) => !texts.some((other, j) => i !== j && other.startsWith(text)));
  });

const lengths = fc.oneof(
  fc.constantFrom(0, 1, 16_383, 16_384, 16_385, 32_768, 65_536, 65_537),
  fc.nat(200_000),
);

/** By the bytes of one component after the other. */
function byComponents(left: readonly string[], right: readonly string[]): number {
  for (const [i, part] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    const order = Buffer.compare(Buffer.from(part), Buffer.from(other));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Root and layer of a file, by hashing it piece by piece. */
function treeOf(bytes: Uint8Array, pieceLength: number): { root: Uint8Array; layer: Uint8Array } {
  const { pieceCount, pieceLayer, height } = treeGeometry(bytes.length, pieceLength);
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < pieceCount; i++) {
    hashes.push(hashPiece(bytes.subarray(i * pieceLength, (i + 1) * pieceLength), pieceLayer));
  }
  const layer = Uint8Array.from(Buffer.concat(hashes));
  return { root: rootOfLayer(layer, pieceLayer, height), layer };
}

function namesOf({ info }: Metainfo): string[] {
  const { files } = info;
  const columns = fileColumns(info);
  return files.filter(({ index }) => !columns.isPadding(index)).map(({ path }) => path);
}

describe('createTorrent of random folders', () => {
  it.each(['v1', 'hybrid', 'v2'] as const)('%s: what is read is what is there', async (format) => {
    await fc.assert(
      fc.asyncProperty(
        somePaths,
        fc.array(lengths, { minLength: 8, maxLength: 8 }),
        fc.constantFrom(16 * KIB, 32 * KIB, 64 * KIB),
        async (paths, sizes, pieceLength) => {
          if (paths.every((_, i) => sizes[i] === 0)) return;
          await rm(join(folder.path, 'top'), { recursive: true, force: true });
          const contents = new Map<string, Uint8Array>();
          for (const [i, path] of paths.entries()) {
            const bytes = recipeBytes(`${i}`, sizes[i]!);
            contents.set(['top', ...path].join('/'), bytes);
            await folder.write(join('top', ...path), bytes);
          }
          const { bytes } = await createTorrent(join(folder.path, 'top'), {
            format,
            pieceLength,
            workers: 2,
          });
          const metainfo = parseMetainfo(bytes);
          checkContent(metainfo, format, contents);
          // A v2 torrent cannot tell a folder of one file from that file.
          if (format === 'v1' || (format === 'v2' && paths.length === 1)) return;
          const sorted = [...paths].sort(byComponents).map((path) => ['top', ...path].join('/'));
          expect(namesOf(metainfo)).toEqual(sorted);
        },
      ),
      { numRuns: 12 },
    );
  });
});

function checkContent(
  { info, pieceLayers }: Metainfo,
  format: TorrentFormat,
  contents: ReadonlyMap<string, Uint8Array>,
): void {
  expect(info.infoHash !== undefined).toBe(format !== 'v2');
  expect(info.infoHashV2 !== undefined).toBe(format !== 'v1');
  const space = new Uint8Array(info.totalLength);
  let seen = 0;
  for (const { path, length, offset, index, attributes, piecesRoot } of info.files) {
    if (attributes.padding) continue;
    seen++;
    const [only] = contents.values();
    const content = contents.get(path) ?? (contents.size === 1 ? only : undefined);
    expect(content?.length).toBe(length);
    space.set(content!, offset);
    if (format === 'v1' || length === 0) {
      expect(piecesRoot).toBeUndefined();
      continue;
    }
    const { root, layer } = treeOf(content!, info.pieceLength);
    expect(Buffer.compare(piecesRoot!, root)).toBe(0);
    const read = pieceLayers.layerOf(index);
    if (length <= info.pieceLength) expect(read).toBeUndefined();
    else expect(Buffer.compare(read!, layer)).toBe(0);
  }
  expect(seen).toBe(contents.size);
  if (info.pieceHashes === undefined) return;
  expect(Buffer.compare(info.pieceHashes, plainPieces(space, info.pieceLength))).toBe(0);
}

describe('the format', () => {
  it('is hybrid by default, and v1 for pieces that BEP 52 does not allow', async () => {
    const path = await folder.write('file', randomBytes(100 * KIB));
    const hashesOf = async (pieceLength?: number): Promise<boolean[]> => {
      const options = pieceLength === undefined ? {} : { pieceLength };
      const { info } = (await createTorrent(path, options)).metainfo;
      return [info.infoHash !== undefined, info.infoHashV2 !== undefined];
    };
    expect(await hashesOf()).toEqual([true, true]);
    expect(await hashesOf(32 * KIB)).toEqual([true, true]);
    expect(await hashesOf(8 * KIB)).toEqual([true, false]);
    expect(await hashesOf(48 * KIB)).toEqual([true, false]);
    for (const format of ['hybrid', 'v2'] as const) {
      await expect(createTorrent(path, { format, pieceLength: 48 * KIB })).rejects.toMatchObject({
        code: 'ERR_METAINFO_CREATE_OPTION',
      });
    }
  });

  it('takes shorter pieces where padding would outweigh small files', async () => {
    for (let i = 0; i < 40; i++) await folder.write(`top/small${i}`, randomBytes(2 * KIB));
    await folder.write('top/large', new Uint8Array(48 * 1024 * KIB));
    const of = async (format: TorrentFormat): Promise<number> =>
      (await createTorrent(join(folder.path, 'top'), { format })).metainfo.info.pieceLength;
    expect(await of('v1')).toBe(32 * KIB);
    expect(await of('hybrid')).toBe(32 * KIB);
    for (let i = 0; i < 2000; i++) await folder.write(`many/${i}`, new Uint8Array(18 * KIB));
    const many = await createTorrent(join(folder.path, 'many'), { format: 'v2' });
    expect(many.metainfo.info.pieceLength).toBe(16 * KIB);
  });

  it('joins the roots of large files in slices to the same root', async () => {
    // More than 2^12 pieces, so that there is a layer between.
    const path = await folder.write('large', recipeBytes('large', 16 * KIB * 4097 + 5));
    const { metainfo } = await createTorrent(path, { format: 'v2', pieceLength: 16 * KIB });
    // The layer was checked against the root when it was read.
    expect(metainfo.pieceLayers.layerOf(0)?.length).toBe(4098 * 32);
  });
});

describe('what can be left out and written besides', () => {
  it('leaves out what is excluded, with all that is in it', async () => {
    for (const path of ['a', 'b.tmp', 'sub/c', 'sub/d.tmp', 'out/e', 'out/deep/f']) {
      await folder.write(join('top', path), path);
    }
    const exclude = (path: string, isFolder: boolean): boolean =>
      path.endsWith('.tmp') || (isFolder && path === 'out');
    const { metainfo } = await createTorrent(join(folder.path, 'top'), { exclude });
    expect(namesOf(metainfo)).toEqual(['top/a', 'top/sub/c']);
    const files = ['out/deep/f', 'sub/d.tmp', 'sub/c', 'a'];
    const listed = await createTorrent(join(folder.path, 'top'), { exclude, files, format: 'v1' });
    expect(namesOf(listed.metainfo)).toEqual(['top/sub/c', 'top/a']);
    await expect(
      createTorrent(join(folder.path, 'top'), { exclude: () => true }),
    ).rejects.toMatchObject({ code: 'ERR_METAINFO_CREATE_EMPTY' });
  });

  it('takes listed files in the order of the tree where there is one', async () => {
    for (const path of ['a/z', 'a-b', 'c']) await folder.write(join('top', path), path);
    const files = ['c', 'a-b', 'a/z'];
    const of = async (format: TorrentFormat): Promise<string[]> =>
      namesOf((await createTorrent(join(folder.path, 'top'), { files, format })).metainfo);
    expect(await of('v1')).toEqual(['top/c', 'top/a-b', 'top/a/z']);
    expect(await of('hybrid')).toEqual(['top/a/z', 'top/a-b', 'top/c']);
    expect(await of('v2')).toEqual(['top/a/z', 'top/a-b', 'top/c']);
  });

  it.each(['v1', 'hybrid', 'v2'] as const)('%s: keeps attributes and links', async (format) => {
    await chmod(await folder.write('top/run', 'x'), 0o755);
    await chmod(await folder.write('top/.both', 'x'), 0o700);
    await folder.write('top/plain', 'x');
    await folder.write('top/sub/inner', 'x');
    await symlink('../run', join(folder.path, 'top/sub/link'));
    await symlink('sub', join(folder.path, 'top/tree'));
    const { metainfo } = await createTorrent(join(folder.path, 'top'), {
      format,
      symlinks: 'keep',
      attributes: ['executable', 'hidden'],
    });
    const attributes = new Map(
      metainfo.info.files.map(({ path, attributes }) => [path, attributes] as const),
    );
    const none = { padding: false, executable: false, hidden: false, symlink: undefined };
    expect(attributes.get('top/run')).toEqual({ ...none, executable: true });
    expect(attributes.get('top/.both')).toEqual({ ...none, executable: true, hidden: true });
    expect(attributes.get('top/plain')).toEqual(none);
    expect(attributes.get('top/sub/link')).toEqual({ ...none, symlink: 'top/run' });
    expect(attributes.get('top/tree')).toEqual({ ...none, symlink: 'top/sub' });
    expect(metainfo.info.files.find(({ path }) => path === 'top/tree')?.length).toBe(0);
  });

  it('writes the executable attribute in torrents with a file tree only, unless asked', async () => {
    await chmod(await folder.write('run', 'x'), 0o755);
    const of = async (format: TorrentFormat): Promise<boolean | undefined> => {
      const { metainfo } = await createTorrent(join(folder.path, 'run'), { format });
      return metainfo.info.files[0]?.attributes.executable;
    };
    expect([await of('v1'), await of('hybrid'), await of('v2')]).toEqual([false, true, true]);
  });

  it('refuses to keep links that lead out, nowhere, or to what is left out', async () => {
    await folder.write('outside', 'x');
    await folder.write('top/real', 'x');
    await folder.write('top/other', 'x');
    const top = join(folder.path, 'top');
    const link = join(top, 'link');
    for (const [target, exclude] of [
      ['../outside', () => false],
      ['.', () => false],
      ['real', (path: string) => path === 'real'],
    ] as const) {
      await symlink(target, link);
      await expect(createTorrent(top, { symlinks: 'keep', exclude })).rejects.toMatchObject({
        code: 'ERR_METAINFO_CREATE_SYMLINK',
        path: link,
      });
      await unlink(link);
    }
  });

  it('writes BEP 38 into the info dictionary, and seeds and nodes beside it', async () => {
    const path = await folder.write('file', 'content');
    const similar = [randomBytes(20), randomBytes(20)].map((hash) => Uint8Array.from(hash));
    const given = {
      similar,
      collections: ['org.example.b', 'org.example.a'],
      httpSeeds: ['http://h.invalid/seed'],
      nodes: [{ host: 'router.invalid', port: 6881 }],
    };
    const { metainfo } = await createTorrent(path, given);
    expect(metainfo).toMatchObject({ ...given, similar: expect.anything() as unknown });
    expect(metainfo.similar.map((hash) => Uint8Array.from(hash))).toEqual(similar);
    const bare = await createTorrent(path);
    expect(bare.metainfo.info.infoHash).not.toEqual(metainfo.info.infoHash);
  });

  it.each([
    { similar: [new Uint8Array(32)] },
    { nodes: [{ host: 'a', port: 0 }] },
    { nodes: [{ host: '', port: 1 }] },
    { httpSeeds: ['ftp://h.invalid'] },
    { creationDate: -1 },
  ])('refuses the option %j', async (options) => {
    const path = await folder.write('file', 'content');
    await expect(createTorrent(path, options)).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_OPTION',
    });
  });
});

describe('long lists of files', () => {
  const top = (): string => join(folder.path, 'top');

  it('are read as others will in a thread, which names what cannot be kept', async () => {
    for (let i = 0; i < 2_100; i++) await folder.write(`top/${i}`, i === 7 ? 'x' : '');
    const { metainfo } = await createTorrent(top());
    expect(metainfo.info.files.length).toBe(2_101);
    const bad = await folder.write('top/back\\slash', 'x');
    await expect(createTorrent(top())).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_NAME',
      path: bad,
    });
  });

  it('notices an empty file that is filled, and ends at the signal while it looks', async () => {
    await folder.write('top/data', randomBytes(100 * KIB));
    const empty = await folder.write('top/empty', '');
    await expect(
      createTorrent(top(), {
        onProgress: () => {
          appendFileSync(empty, 'x');
        },
      }),
    ).rejects.toMatchObject({ code: 'ERR_METAINFO_CREATE_FILE_CHANGED', path: empty });
    const controller = new AbortController();
    const reason = new Error('enough');
    const exclude = (): boolean => {
      controller.abort(reason);
      return false;
    };
    await expect(createTorrent(top(), { exclude, signal: controller.signal })).rejects.toBe(reason);
  });
});
