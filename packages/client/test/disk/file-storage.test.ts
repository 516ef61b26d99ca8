import * as fs from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LayoutData } from '../../src/disk/disk-layout.ts';
import { DiskPool } from '../../src/disk/disk-pool.ts';
import { FileCache } from '../../src/disk/file-cache.ts';
import { FileStorage, type FileStorageOptions } from '../../src/disk/file-storage.ts';
import { FileSyncer } from '../../src/disk/file-syncer.ts';
import { makeTorrent, temporaryFolder, type TestTorrent } from './fixture.ts';
import { storageCompliance } from './storage-compliance.ts';

const K = 1024;
// One worker thread more than there may be open files each, so that both run out of them.
const pool = new DiskPool({ workers: 2, maxOpenFiles: 3 });
const files = new FileCache({ maxOpenFiles: 2 });
const syncer = new FileSyncer();
afterAll(async () => {
  await syncer.close();
  await pool.close();
  expect(files.size).toBe(0);
  await files.close();
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

storageCompliance('FileStorage', {
  create: async (info) => {
    folder = await temporaryFolder();
    return new FileStorage(info, folder.path, { pool, files, syncer });
  },
  cleanUp: () => folder.remove(),
});

// Pieces of 32 KiB: a 0–1, b 1–2, c 2, d 2–4.
const torrent = makeTorrent(
  [
    { path: 't/a', length: 40 * K },
    { path: 't/b', length: 30 * K },
    { path: 't/empty', length: 0 },
    { path: 't/pad', length: 2 * K, padding: true },
    { path: 't/c', length: 4 * K },
    { path: 't/run', length: 70 * K, executable: true },
  ],
  32 * K,
);
const all = Array.from({ length: torrent.info.pieceCount }, (_, piece) => piece);
const partsName = `.${Buffer.from(torrent.info.infoHash!).toString('hex')}.parts`;
const only = (...indices: number[]) =>
  torrent.info.files.map(({ index }) => indices.includes(index));

class CountingPool extends DiskPool {
  registered = 0;
  unregistered = 0;

  override register(layout: LayoutData): number {
    this.registered += 1;
    return super.register(layout);
  }

  override unregister(storage: number): Promise<void> {
    this.unregistered += 1;
    return super.unregister(storage);
  }
}

describe('FileStorage', () => {
  let directory: string;
  const opened: FileStorage[] = [];

  function open(options: Partial<FileStorageOptions> = {}, of: TestTorrent = torrent): FileStorage {
    const storage = new FileStorage(of.info, directory, { pool, files, syncer, ...options });
    opened.push(storage);
    return storage;
  }

  async function write(storage: FileStorage, ...pieces: number[]): Promise<void> {
    for (const result of await Promise.all(
      pieces.map((piece) =>
        storage.writePiece(piece, torrent.buffer(piece), torrent.lengthOf(piece), false),
      ),
    )) {
      expect(result.error).toBeUndefined();
      expect(result.outcome).toBe('written');
    }
  }

  async function whole(storage: FileStorage): Promise<number[]> {
    const found: number[] = [];
    await storage.checkPieces(all, (piece, is) => {
      if (is) found.push(piece);
    });
    return found.sort((a, b) => a - b);
  }

  it('gives up what it can make again while nobody needs it, and goes on as before', async () => {
    const counting = new CountingPool({ workers: 1 });
    const storage = open({ pool: counting });
    const readFirst = async (): Promise<Uint8Array> => {
      const target = new Uint8Array(16 * K);
      await storage.readBlocks(target, [{ piece: 0, begin: 0, length: 16 * K, at: 0 }]);
      return target;
    };
    const expected = new Uint8Array(torrent.buffer(0), 0, 16 * K);
    await write(storage, 0);
    storage.rest();
    // What was written is not durable yet.
    expect(counting.unregistered).toBe(0);
    await storage.sync();
    storage.rest();
    expect(counting.unregistered).toBe(1);
    expect(await readFirst()).toEqual(expected);
    const reading = readFirst();
    storage.rest();
    expect(counting.unregistered).toBe(1);
    expect(await reading).toEqual(expected);
    storage.rest();
    await write(storage, 1, 2);
    expect(await whole(storage)).toEqual([0, 1, 2]);
    expect(counting.registered).toBe(3);
    await storage.sync();
    await storage.setWanted(only(0));
    storage.rest();
    // What is wanted is kept in what it would give up.
    expect(counting.unregistered).toBe(2);
    await storage.close();
    expect(counting.unregistered).toBe(3);
    storage.rest();
    await counting.close();
  });

  async function expectReadable(storage: FileStorage, ...pieces: number[]): Promise<void> {
    for (const piece of pieces) {
      const target = new Uint8Array(torrent.lengthOf(piece));
      await storage.readBlocks(target, [{ piece, begin: 0, length: target.length, at: 0 }]);
      expect(Buffer.compare(target, torrent.bytesOf(piece))).toBe(0);
    }
  }

  const pathOf = (file: number) => join(directory, torrent.info.files[file]!.path);
  const contentOf = async (file: number) =>
    Buffer.compare(await fs.readFile(pathOf(file)), torrent.fileBytes(file));

  beforeEach(async () => {
    folder = await temporaryFolder();
    directory = join(folder.path, 'deep/download');
  });

  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close();
    await folder.remove();
  });

  it('creates nothing before the first piece, then files with their content and mode', async () => {
    const storage = open();
    await storage.setWanted(only(0, 1, 2, 4, 5));
    expect(await whole(storage)).toEqual([]);
    expect([...(await storage.fileStates())].every(({ size }) => size === -1)).toBe(true);
    expect(existsSync(directory)).toBe(false);
    await write(storage, ...all);
    for (const file of [0, 1, 2, 4, 5]) expect(await contentOf(file)).toBe(0);
    expect((await fs.readdir(join(directory, 't'))).sort()).toEqual([
      'a',
      'b',
      'c',
      'empty',
      'run',
    ]);
    const modeOf = async (path: string) => (await fs.stat(path)).mode & 0o777;
    // What the system makes of a mode depends on the process's mask.
    const executable = join(folder.path, 'executable');
    await fs.writeFile(executable, '', { mode: 0o777 });
    expect(await modeOf(pathOf(5))).toBe(await modeOf(executable));
    expect((await modeOf(pathOf(0))) & 0o111).toBe(0);
    const { mtimeMs } = await fs.stat(pathOf(0));
    expect([...(await storage.fileStates())][0]).toEqual({ size: 40 * K, mtime: mtimeMs });
    expect([...(await storage.fileStates())][3]).toEqual({ size: -1, mtime: 0 });
  });

  it('gives files their full length at once where it is asked to, wanted ones only', async () => {
    const storage = open({ preallocate: 'full', wanted: only(0, 2, 5) });
    await storage.prepare();
    const sizes = [...(await storage.fileStates())].map(({ size }) => size);
    expect(sizes).toEqual([40 * K, -1, 0, -1, -1, 70 * K]);
    await storage.setWanted(only(0, 1, 2, 5));
    expect((await storage.fileStates()).sizeOf(1)).toBe(30 * K);
    expect(await whole(storage)).toEqual([]);
  });

  it('keeps data of unwanted files aside, and moves it when they are wanted', async () => {
    const storage = open({ wanted: only(1) });
    await write(storage, 1, 2);
    expect(existsSync(pathOf(0))).toBe(false);
    expect(existsSync(pathOf(4))).toBe(false);
    expect(existsSync(pathOf(5))).toBe(false);
    expect(await contentOf(1)).toBe(0);
    expect([1, 2].map((piece) => storage.isKeptAside(piece))).toEqual([true, true]);
    expect(await whole(storage)).toEqual([1, 2]);
    await expectReadable(storage, 1, 2);

    await storage.setWanted(only(1, 4));
    expect(await contentOf(4)).toBe(0);
    expect(existsSync(pathOf(0))).toBe(false);
    await expectReadable(storage, 1, 2);

    await storage.setWanted(only(0, 1, 2, 4, 5));
    expect(existsSync(join(directory, partsName))).toBe(false);
    expect(storage.isKeptAside(1)).toBe(false);
    await expectReadable(storage, 1, 2);
    await write(storage, 0, 3, 4);
    for (const file of [0, 1, 2, 4, 5]) expect(await contentOf(file)).toBe(0);

    // What is in its file already stays there.
    await storage.setWanted(only(1));
    await expectReadable(storage, ...all);
    expect(existsSync(join(directory, partsName))).toBe(false);
  });

  it('finds what was kept aside again after a restart, whatever is wanted then', async () => {
    const first = open({ wanted: only(1) });
    await write(first, 1, 2);
    await first.sync();
    await first.close();
    const { mtimeMs } = await fs.stat(pathOf(1));

    const second = open({ wanted: only(1) });
    await second.setWanted(only(1));
    expect(await whole(second)).toEqual([1, 2]);
    await expectReadable(second, 2, 1);
    // Nothing had to be written, so resume data stays valid.
    expect((await fs.stat(pathOf(1))).mtimeMs).toBe(mtimeMs);
    await second.close();

    const third = open();
    await third.setWanted(only(0, 1, 2, 4, 5));
    expect(existsSync(join(directory, partsName))).toBe(false);
    expect(await contentOf(4)).toBe(0);
    expect(await whole(third)).toEqual([1, 2]);
  });

  it('does not spread a damaged slot, and takes no foreign parts file', async () => {
    const first = open({ wanted: only(1) });
    await write(first, 1, 2);
    await first.close();
    const path = join(directory, partsName);
    const bytes = await fs.readFile(path);
    bytes.fill(0xdd, 4096, 4096 + 32 * K);
    await fs.writeFile(path, bytes);
    const second = open();
    expect((await whole(second)).length).toBe(1);
    await second.setWanted(only(0, 1, 2, 4, 5));
    expect((await whole(second)).length).toBeLessThanOrEqual(2);
    expect(existsSync(path)).toBe(false);
    await second.close();

    await fs.writeFile(
      path,
      'something else entirely, longer than the sixty-four bytes of a header',
    );
    const third = open({ wanted: only(1) });
    expect(third.isKeptAside(1)).toBe(false);
    await write(third, 1, 2);
    await expectReadable(third, 1, 2);
  });

  it('takes a torn header for what it still says', async () => {
    const first = open({ wanted: only(1) });
    await write(first, 1, 2);
    await first.close();
    const path = join(directory, partsName);
    const bytes = await fs.readFile(path);
    // Piece 2 claims the slot of piece 1.
    bytes.copy(bytes, 64 + 8, 64 + 4, 64 + 8);
    await fs.writeFile(path, bytes);
    const second = open({ wanted: only(1) });
    expect(await whole(second)).toEqual([1]);
    await write(second, 2);
    await expectReadable(second, 1, 2);
  });

  it('does not write through a link in the place of the parts file', async () => {
    await fs.mkdir(directory, { recursive: true });
    const victim = join(folder.path, 'victim');
    await fs.writeFile(victim, 'unharmed');
    await fs.symlink(victim, join(directory, partsName));
    const storage = open({ wanted: only(1) });
    await write(storage, 1);
    await expectReadable(storage, 1);
    expect(await fs.readFile(victim, 'utf8')).toBe('unharmed');
  });

  it('writes while what is wanted changes', async () => {
    const storage = open({ wanted: only(1) });
    const writes = all.map((piece) => write(storage, piece));
    const changes = [only(0), only(4, 5), only(0, 1, 2, 4, 5), only(1), only(0, 1, 2, 4, 5)].map(
      (wanted) => storage.setWanted(wanted),
    );
    await Promise.all([...writes, ...changes]);
    expect(await whole(storage)).toEqual(all);
    await expectReadable(storage, ...all);
    await storage.setWanted(only(0, 1, 2, 4, 5));
    for (const file of [0, 1, 2, 4, 5]) expect(await contentOf(file)).toBe(0);
    expect(existsSync(join(directory, partsName))).toBe(false);
  });

  it('looks at what stands in the folder when it checks, not at what was open before', async () => {
    const storage = open();
    await write(storage, ...all);
    await expectReadable(storage, ...all);
    await fs.rm(pathOf(0));
    expect(await whole(storage)).toEqual([2, 3, 4]);
    await write(storage, 0, 1);
    expect(await whole(storage)).toEqual(all);
    expect(await contentOf(0)).toBe(0);
  });

  it('fails reads of files that are missing, cut off or of a wrong kind', async () => {
    const storage = open();
    await write(storage, ...all);
    await fs.truncate(pathOf(0), 10);
    const read = (piece: number) =>
      storage.readBlocks(new Uint8Array(16 * K), [{ piece, begin: 0, length: 16 * K, at: 0 }]);
    await expect(read(0)).rejects.toMatchObject({ code: 'ERR_DISK_MISSING', path: pathOf(0) });
    await fs.rm(pathOf(5));
    await fs.mkdir(pathOf(5));
    await whole(storage).catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'ERR_DISK_WRONG_TYPE' }),
    );
    await expect(read(3)).rejects.toMatchObject({ code: 'ERR_DISK_WRONG_TYPE', path: pathOf(5) });
    await fs.rmdir(pathOf(5));
    await expect(read(3)).rejects.toMatchObject({ code: 'ERR_DISK_MISSING', path: pathOf(5) });
  });

  it('rejects a check with the reason where a file cannot be read', async () => {
    const storage = open();
    await write(storage, 0);
    await fs.mkdir(pathOf(5));
    await expect(whole(storage)).rejects.toMatchObject({
      code: 'ERR_DISK_WRONG_TYPE',
      path: pathOf(5),
    });
  });

  it('fails to make durable what is gone, and tries again', async () => {
    const storage = open();
    await write(storage, 0);
    await fs.rename(pathOf(0), `${pathOf(0)}.away`);
    await expect(storage.sync()).rejects.toMatchObject({
      code: 'ERR_DISK_MISSING',
      path: pathOf(0),
    });
    await expect(storage.sync()).rejects.toMatchObject({ code: 'ERR_DISK_MISSING' });
    await fs.rename(`${pathOf(0)}.away`, pathOf(0));
    await storage.sync();
    await fs.rm(pathOf(0));
    // Nothing was written since.
    await storage.sync();
  });

  it('fails a write, hands the buffer back, and goes on when the reason is gone', async () => {
    await fs.mkdir(folder.path, { recursive: true });
    await fs.writeFile(join(folder.path, 'deep'), 'in the way');
    const storage = open();
    const result = await storage.writePiece(0, torrent.buffer(0), 32 * K, false);
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ERR_DISK_WRONG_TYPE' } });
    expect(result.buffer.byteLength).toBe(32 * K);
    await fs.rm(join(folder.path, 'deep'));
    await write(storage, 0);
  });

  it('gives a slot back when writing to it fails', async () => {
    const storage = open({ wanted: only(1) });
    await write(storage, 1);
    const bad = await storage.writePiece(2, new ArrayBuffer(32 * K), 32 * K, false);
    expect(bad.outcome).toBe('corrupt');
    expect(storage.isKeptAside(2)).toBe(false);
    await write(storage, 2);
    const { size } = await fs.stat(join(directory, partsName));
    expect(size).toBe(4096 + 2 * 32 * K);
  });

  it('says that v2-only torrents cannot be stored', () => {
    const info = { ...torrent.info, infoHash: undefined, pieceHashes: undefined };
    expect(() => new FileStorage(info, directory, { pool, files, syncer })).toThrow('v2-only');
  });

  it('reads adjacent blocks, and blocks of many files, with more files than may be open', async () => {
    const many = makeTorrent(
      Array.from({ length: 50 }, (_, index) => ({ path: `m/${index}`, length: 1000 + index })),
      16 * K,
      5,
    );
    const storage = open({}, many);
    const pieces = Array.from({ length: many.info.pieceCount }, (_, piece) => piece);
    for (const piece of pieces) {
      const { outcome } = await storage.writePiece(
        piece,
        many.buffer(piece),
        many.lengthOf(piece),
        false,
      );
      expect(outcome).toBe('written');
    }
    await Promise.all(
      pieces.map(async (piece) => {
        const target = new Uint8Array(many.lengthOf(piece));
        await storage.readBlocks(target, [{ piece, begin: 0, length: target.length, at: 0 }]);
        expect(Buffer.compare(target, many.bytesOf(piece))).toBe(0);
      }),
    );
    expect(files.size).toBeLessThanOrEqual(2);
  });
});
