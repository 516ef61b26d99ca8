import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { decode } from '@shoal/bencode';
import { automaticPieceLength, createTorrent, HashThreads } from '../src/index.ts';
import { plainPieces, TemporaryFolder } from './create-support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder.remove());

/** The paths of a torrent's files, below its name. */
function below(files: readonly { path: string }[]): string[] {
  return files.map(({ path }) => path.slice(path.indexOf('/') + 1));
}

describe('what goes in', () => {
  it('takes every file in the order of the raw bytes of its path', async () => {
    const paths = [
      'b',
      'a/z',
      'a.txt',
      'a-b',
      'C',
      '.hidden',
      'é',
      'a/.deep/x',
      '\u{1f41f}',
      '\uffee',
    ];
    for (const path of paths) await folder.write(join('top', path), path);
    await folder.write('top/empty', '');
    const { metainfo } = await createTorrent(join(folder.path, 'top'), { format: 'v1' });
    const byBytes = [...paths, 'empty'].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    expect(below(metainfo.info.files)).toEqual(byBytes);
    expect(metainfo.info.files.find(({ path }) => path === 'top/empty')?.length).toBe(0);
    expect(metainfo.info.name).toBe('top');
  });

  it('names a file whose name is not UTF-8', async () => {
    await mkdir(join(folder.path, 'top'));
    const name = Buffer.concat([
      Buffer.from(join(folder.path, 'top/bad')),
      Buffer.from([0xff, 0xfe]),
    ]);
    await writeFile(name, 'x');
    await expect(createTorrent(join(folder.path, 'top'))).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_NAME',
      path: expect.stringContaining('badÿþ') as string,
    });
  });

  it('reads links to files inside, and refuses those that lead outside or nowhere', async () => {
    await folder.write('outside', 'secret');
    await folder.write('top/real', 'content');
    await symlink('real', join(folder.path, 'top/link'));
    const { metainfo } = await createTorrent(join(folder.path, 'top'), { format: 'v1' });
    expect(metainfo.info.files.map(({ length }) => length)).toEqual([7, 7]);

    await symlink('../outside', join(folder.path, 'top/out'));
    const refused = { code: 'ERR_METAINFO_CREATE_SYMLINK', path: join(folder.path, 'top/out') };
    await expect(createTorrent(join(folder.path, 'top'))).rejects.toMatchObject(refused);
    const skipped = await createTorrent(join(folder.path, 'top'), {
      format: 'v1',
      symlinks: 'skip',
    });
    expect(below(skipped.metainfo.info.files)).toEqual(['real']);
  });

  it('refuses dangling links, links to folders and named files outside', async () => {
    await folder.write('outside', 'secret');
    await folder.write('top/real', 'content');
    const top = join(folder.path, 'top');
    await symlink('nowhere', join(top, 'link'));
    await expect(createTorrent(top)).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_FILE_MISSING',
    });
    const bad = ['../outside', '/etc/hosts', 'a//b', ''];
    for (const path of bad) {
      await expect(createTorrent(top, { files: [path] })).rejects.toMatchObject({
        code: 'ERR_METAINFO_CREATE_OPTION',
      });
    }
    await folder.write('top/sub/file', 'content');
    await expect(createTorrent(top, { files: ['sub'] })).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_OPTION',
      message: expect.stringContaining('is a folder') as string,
    });
    await symlink('..', join(top, 'up'));
    await expect(createTorrent(top, { files: ['up/outside'] })).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_SYMLINK',
    });
    await expect(createTorrent(top, { files: ['real', 'real'] })).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_OPTION',
    });
  });

  it('refuses what holds no data or does not exist', async () => {
    await folder.write('top/empty', '');
    await mkdir(join(folder.path, 'hollow'));
    const empty = { code: 'ERR_METAINFO_CREATE_EMPTY' };
    await expect(createTorrent(join(folder.path, 'top'))).rejects.toMatchObject(empty);
    await expect(createTorrent(join(folder.path, 'hollow'))).rejects.toMatchObject(empty);
    await expect(createTorrent(join(folder.path, 'none'))).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_FILE_MISSING',
    });
    await expect(createTorrent('/dev/null')).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_FILE_TYPE',
    });
  });

  it('refuses a name that a reader would have to change', async () => {
    await folder.write('top/back\\slash', 'x');
    await expect(createTorrent(join(folder.path, 'top'))).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_NAME',
      path: join(folder.path, 'top/back\\slash'),
    });
    for (const name of ['nul.txt', 'line\nbreak', 'a/b', '\u202ertl']) {
      await expect(createTorrent(await folder.write('fine', 'x'), { name })).rejects.toMatchObject({
        code: 'ERR_METAINFO_CREATE_NAME',
      });
    }
    // Nobody chose it: it is the name of what there is.
    const aux = await folder.write('aux', 'x');
    expect((await createTorrent(aux)).metainfo.info.originalName ?? 'aux').toBe('aux');
    await folder.write('case/readme', 'x');
    await folder.write('case/README', 'x');
    await expect(createTorrent(join(folder.path, 'case'))).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_NAME',
    });
  });
});

describe('what comes out', () => {
  it('hashes pieces that span files, with any number of workers', async () => {
    const parts = [70_001, 0, 1, 300_000, 16_384, 5 * MIB + 3].map((length) => randomBytes(length));
    for (const [i, part] of parts.entries()) await folder.write(`top/${i}`, part);
    const expected = plainPieces(Buffer.concat(parts), 16 * KIB);
    for (const workers of [1, 3]) {
      const { metainfo } = await createTorrent(join(folder.path, 'top'), {
        format: 'v1',
        workers,
        pieceLength: 16 * KIB,
      });
      expect(Buffer.compare(metainfo.info.pieceHashes!, expected)).toBe(0);
    }
  });

  it('shares the work of many pieces out and reports progress up to the end', async () => {
    const content = randomBytes(40 * MIB + 17);
    const path = await folder.write('big', content);
    const seen: number[] = [];
    const { metainfo } = await createTorrent(path, {
      workers: 2,
      pieceLength: MIB,
      onProgress: ({ hashedBytes, totalBytes }) => {
        expect(totalBytes).toBe(content.length);
        seen.push(hashedBytes);
      },
    });
    expect(Buffer.compare(metainfo.info.pieceHashes!, plainPieces(content, MIB))).toBe(0);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.at(-1)).toBe(content.length);
  });

  it('uses threads that were started before, and ends them all', async () => {
    const content = randomBytes(MIB + 17);
    const path = await folder.write('early', content);
    const threads = await HashThreads.start(2);
    const lent = threads.take();
    const ended = once(lent, 'exit');
    const takeOne = threads.take.bind(threads);
    let taken = 0;
    threads.take = () => {
      taken++;
      return takeOne();
    };
    const { metainfo } = await createTorrent(path, { threads, pieceLength: 16 * KIB });
    expect(Buffer.compare(metainfo.info.pieceHashes!, plainPieces(content, 16 * KIB))).toBe(0);
    expect(taken).toBe(1);
    await ended;
  });

  it('ends threads that were started before also where it fails', async () => {
    const threads = await HashThreads.start(1);
    const ended = once(threads.take(), 'exit');
    await expect(createTorrent(join(folder.path, 'nowhere'), { threads })).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_FILE_MISSING',
    });
    await ended;
  });

  it('writes the keys beside info', async () => {
    const path = await folder.write('file', 'content');
    const { bytes } = await createTorrent(path, {
      name: 'another',
      trackers: [['http://a.invalid/announce'], [], ['udp://b.invalid:80', 'udp://c.invalid:80']],
      webSeeds: ['http://w.invalid/'],
      comment: 'é',
      createdBy: 'test',
      creationDate: 1_700_000_000,
      private: true,
      source: 'S',
    });
    const torrent = decode(bytes) as Map<string, unknown>;
    const text = (key: string): string => Buffer.from(torrent.get(key) as Uint8Array).toString();
    expect([...torrent.keys()]).toEqual([
      'announce',
      'announce-list',
      'comment',
      'created by',
      'creation date',
      'info',
      'piece layers',
      'url-list',
    ]);
    expect(text('announce')).toBe('http://a.invalid/announce');
    expect(text('comment')).toBe('é');
    expect(torrent.get('creation date')).toBe(1_700_000_000);
    const info = torrent.get('info') as Map<string, unknown>;
    expect([...info.keys()]).toEqual([
      'file tree',
      'length',
      'meta version',
      'name',
      'piece length',
      'pieces',
      'private',
      'source',
    ]);
  });

  it('refuses more pieces than can be read, before it hashes them', async () => {
    const path = await folder.write('sparse', '');
    await truncate(path, 3 * 1024 * MIB);
    await expect(createTorrent(path, { pieceLength: KIB })).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_LIMIT',
    });
  });

  it('refuses a torrent larger than can be read, before it hashes', async () => {
    const path = await folder.write('sparse', '');
    // 1.3 million hashes of both kinds are 68 MB of .torrent file.
    await truncate(path, 1_300_000 * 16 * KIB);
    let hashed = 0;
    const onProgress = (): number => hashed++;
    const options = { format: 'hybrid', pieceLength: 16 * KIB, onProgress } as const;
    await expect(createTorrent(path, options)).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_LIMIT',
      cause: { code: 'ERR_METAINFO_TOO_LONG' },
    });
    expect(hashed).toBe(0);
  });

  it('leaves out what was not asked for, and dates by default', async () => {
    const path = await folder.write('file', 'content');
    const dated = await createTorrent(path);
    expect(dated.metainfo.creationDate).toBeGreaterThan(1_600_000_000);
    const bare = await createTorrent(path, {
      format: 'v1',
      creationDate: null,
      trackers: [],
      webSeeds: [],
    });
    expect([...(decode(bare.bytes) as Map<string, unknown>).keys()]).toEqual(['info']);
    expect(bare.metainfo.info.private).toBe(false);
  });

  it.each([
    { pieceLength: 0 },
    { pieceLength: 16_384.5 },
    { pieceLength: 2 ** 31 },
    { workers: 0 },
    { trackers: [['not a url']] },
    { trackers: [['file:///etc/passwd']] },
    { webSeeds: ['udp://w.invalid'] },
    { creationDate: Number.NaN },
  ])('refuses the option %j', async (options) => {
    const path = await folder.write('file', 'content');
    await expect(createTorrent(path, options)).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_OPTION',
    });
  });
});

describe('what goes wrong on the way', () => {
  it('notices a file that changes while it is hashed', async () => {
    const path = await folder.write('growing', randomBytes(40 * MIB));
    const creating = createTorrent(path, {
      workers: 1,
      pieceLength: MIB,
      onProgress: () => {
        appendFileSync(path, 'x');
      },
    });
    await expect(creating).rejects.toMatchObject({
      code: 'ERR_METAINFO_CREATE_FILE_CHANGED',
      path,
    });
  });

  it('ends at the signal', async () => {
    const path = await folder.write('file', randomBytes(40 * MIB));
    const reason = new Error('enough');
    const controller = new AbortController();
    const creating = createTorrent(path, {
      workers: 2,
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
      },
    });
    await expect(creating).rejects.toBe(reason);
    await expect(createTorrent(path, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('passes on what a progress callback throws', async () => {
    const path = await folder.write('file', randomBytes(MIB));
    const thrown = new Error('callback');
    await expect(
      createTorrent(path, {
        onProgress: () => {
          throw thrown;
        },
      }),
    ).rejects.toBe(thrown);
  });
});

describe('automaticPieceLength', () => {
  it('is a power of two from 16 KiB to 16 MiB that makes 1,024 to 2,048 pieces where it can', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (total) => {
        const length = automaticPieceLength(total);
        expect(Math.log2(length) % 1).toBe(0);
        expect(length).toBeGreaterThanOrEqual(16 * KIB);
        expect(length).toBeLessThanOrEqual(16 * MIB);
        const pieces = total / length;
        if (length < 16 * MIB) expect(pieces).toBeLessThanOrEqual(2048);
        if (length > 16 * KIB) expect(pieces).toBeGreaterThan(1024);
      }),
    );
  });

  it.each([
    [1, 16 * KIB],
    [700 * MIB, 512 * KIB],
    [4096 * MIB, 2 * MIB],
    [2 ** 44, 16 * MIB],
  ])('%d bytes: %d', (total, expected) => {
    expect(automaticPieceLength(total)).toBe(expected);
  });
});
