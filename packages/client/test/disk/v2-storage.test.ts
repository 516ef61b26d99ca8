import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileLayout, hashBlocks, PieceLayers } from '@shoal/metainfo';
import fc from 'fast-check';
import { DiskPool } from '../../src/disk/disk-pool.ts';
import { FileCache } from '../../src/disk/file-cache.ts';
import { FileStorage } from '../../src/disk/file-storage.ts';
import { FileSyncer } from '../../src/disk/file-syncer.ts';
import { MemoryStorage } from '../../src/disk/memory-storage.ts';
import type { TorrentStorage } from '../../src/disk/storage.ts';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';
import { sha1, temporaryFolder } from './fixture.ts';

const K = 1024;

function hashesOf({ info, metainfo }: V2Torrent, known = true): PieceHashes {
  const layers = known ? metainfo.pieceLayers : PieceLayers.unknown(info);
  return new PieceHashes(info, layers, () => new FileLayout(info));
}

async function checkAll(storage: TorrentStorage, torrent: V2Torrent): Promise<boolean[]> {
  const pieces = Array.from({ length: torrent.info.pieceCount }, (_, piece) => piece);
  const found: boolean[] = [];
  await storage.checkPieces(pieces, (piece, whole) => (found[piece] = whole));
  return found;
}

function write(storage: TorrentStorage, torrent: V2Torrent, piece: number, spoil?: number) {
  const buffer = torrent.buffer(piece);
  if (spoil !== undefined) new Uint8Array(buffer)[spoil]! ^= 0xff;
  return storage.writePiece(piece, buffer, torrent.lengthOf(piece), false);
}

/** Everything that stands below a folder, as paths. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const lengths = fc.oneof(
  fc.integer({ min: 0, max: 150 * K }),
  fc.constantFrom(0, 1, 16 * K - 1, 16 * K, 16 * K + 1, 32 * K, 64 * K, 300 * K),
);
const torrents = fc
  .record({
    lengths: fc.array(lengths, { minLength: 1, maxLength: 6 }),
    pieceLength: fc.constantFrom(16 * K, 32 * K, 64 * K, 512 * K),
    hybrid: fc.boolean(),
  })
  .filter(({ lengths }) => lengths.some((length) => length > 0))
  .map(({ lengths, pieceLength, hybrid }) => {
    const specs = lengths.map((length, index) => ({
      path: lengths.length === 1 ? 'f' : `f${index}/x`,
      length,
    }));
    return makeV2Torrent(specs, pieceLength, { hybrid });
  });

describe('torrents with SHA-256 hashes on disk', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let pool: DiskPool;
  let files: FileCache;
  let runs = 0;

  beforeAll(async () => {
    folder = await temporaryFolder();
    pool = new DiskPool({ workers: 1 });
    files = new FileCache({ maxOpenFiles: 16 });
  });

  afterAll(async () => {
    await pool.close();
    await files.close();
    await folder.remove();
  });

  function open(torrent: V2Torrent, directory: string, hashes: PieceHashes, wanted?: boolean[]) {
    const syncer = new FileSyncer();
    const options = wanted === undefined ? {} : { wanted };
    return new FileStorage(torrent.info, directory, { pool, files, syncer, hashes, ...options });
  }

  const fresh = () => join(folder.path, String((runs += 1)));

  it('are written, found whole, read with their padding, and damage is found', async () => {
    await fc.assert(
      fc.asyncProperty(torrents, fc.nat(), async (torrent, choice) => {
        const directory = fresh();
        const { info } = torrent;
        const storage = open(torrent, directory, hashesOf(torrent));
        const victim = choice % info.pieceCount;
        const spoilt = choice % torrent.lengthOf(victim);
        const corrupt = await write(storage, torrent, victim, spoilt);
        expect(corrupt.outcome).toBe('corrupt');
        const block = Math.floor(spoilt / (16 * K)) * 32;
        const leaves = hashBlocks(torrent.bytesOf(victim));
        expect(corrupt.blockHashes).toHaveLength(leaves.length);
        for (let at = 0; at < leaves.length; at += 32) {
          const differs = Buffer.compare(
            corrupt.blockHashes!.subarray(at, at + 32),
            leaves.subarray(at, at + 32),
          );
          expect(differs !== 0).toBe(at === block);
        }
        for (let piece = 0; piece < info.pieceCount; piece++) {
          expect((await write(storage, torrent, piece)).outcome).toBe('written');
        }
        expect(await checkAll(storage, torrent)).toEqual(Array(info.pieceCount).fill(true));
        for (let piece = 0; piece < info.pieceCount; piece++) {
          // All that a peer may ask for, up to the end of the padding.
          const length = Math.min(info.pieceLength, info.totalLength - piece * info.pieceLength);
          const target = new Uint8Array(length).fill(0xee);
          await storage.readBlocks(target, [{ piece, begin: 0, length, at: 0 }]);
          expect(Buffer.compare(target, torrent.blockOf(piece, 0, length))).toBe(0);
        }
        const payload = info.files.filter(({ attributes }) => !attributes.padding);
        expect(await filesBelow(directory)).toHaveLength(payload.length);
        const states = await storage.fileStates();
        expect([...states].map(({ size }) => size)).toEqual(
          info.files.map(({ length, attributes }) => (attributes.padding ? -1 : length)),
        );
        // One byte of one file.
        const hurt = payload.filter(({ length }) => length > 0)[choice % payload.length];
        if (hurt === undefined) return;
        const at = choice % hurt.length;
        const bytes = torrent.fileBytes(hurt.index).slice();
        bytes[at]! ^= 1;
        await writeFile(join(directory, hurt.path), bytes);
        const bad = Math.floor((hurt.offset + at) / info.pieceLength);
        const expected = Array.from({ length: info.pieceCount }, (_, piece) => piece !== bad);
        expect(await checkAll(storage, torrent)).toEqual(expected);
        await storage.close();
      }),
      { numRuns: 40 },
    );
  });

  it('find pieces and holes of long files, which are read in several goes', async () => {
    for (const hybrid of [false, true]) {
      const torrent = makeV2Torrent([{ path: 'long', length: 2500 * K + 7 }], 1024 * K, { hybrid });
      const directory = fresh();
      await mkdir(directory);
      const bytes = torrent.fileBytes(0).slice();
      bytes.fill(0, 1024 * K, 2048 * K);
      await writeFile(join(directory, 'long'), bytes);
      const storage = open(torrent, directory, hashesOf(torrent));
      expect(await checkAll(storage, torrent)).toEqual([true, false, true]);
      await storage.close();
    }
  });

  it.each([
    ['of the beginning of a piece', 0, 700 * K],
    ['of a whole piece', 0, 1024 * K],
    ['of the end', 900 * K, 1024 * K + 300 * K + 5],
  ])('know zeros %s for what they are', async (_which, from, to) => {
    const length = 1024 * K + 300 * K + 5;
    for (const hybrid of [false, true]) {
      const torrent = makeV2Torrent(
        [
          { path: 'z', length },
          { path: 'zz', length: 1 },
        ],
        1024 * K,
        {
          hybrid,
          change: (bytes, index) => index === 0 && bytes.fill(0, from, to),
        },
      );
      const directory = fresh();
      const path = join(directory, torrent.info.files[0]!.path);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, torrent.fileBytes(0));
      const storage = open(torrent, directory, hashesOf(torrent));
      expect(await checkAll(storage, torrent)).toEqual([true, true, false]);
      await storage.close();
    }
  });

  it('move from the parts file to their files when these are wanted', async () => {
    const specs = [
      { path: 'a', length: 40 * K },
      { path: 'b', length: 20 * K },
    ];
    for (const hybrid of [false, true]) {
      const torrent = makeV2Torrent(specs, 32 * K, { hybrid });
      const directory = fresh();
      const isFirst = ({ path }: { path: string }) => path === 'set/a';
      const wanted = torrent.info.files.map((file) => isFirst(file));
      const storage = open(torrent, directory, hashesOf(torrent), wanted);
      for (let piece = 0; piece < 3; piece++) await write(storage, torrent, piece);
      expect(await filesBelow(directory)).toEqual(expect.arrayContaining(['a']));
      expect(await filesBelow(directory)).toHaveLength(2);
      expect(storage.isKeptAside(2)).toBe(true);
      const target = new Uint8Array(32 * K).fill(0xee);
      await storage.readBlocks(target, [{ piece: 2, begin: 0, length: 32 * K, at: 0 }]);
      expect(Buffer.compare(target, torrent.blockOf(2, 0, 32 * K))).toBe(0);
      expect(await checkAll(storage, torrent)).toEqual([true, true, true]);
      await storage.setWanted(wanted.map(() => true));
      expect((await filesBelow(directory)).sort()).toEqual(['a', 'b']);
      expect(await checkAll(storage, torrent)).toEqual([true, true, true]);
      await storage.close();
    }
  });

  it('are refused where only one of two hashes matches, and nothing is deleted', async () => {
    const torrent = makeV2Torrent(
      [
        { path: 'a', length: 50 * K },
        { path: 'b', length: 9 },
      ],
      32 * K,
      {
        hybrid: true,
        spoilV1: (content) => (content[40 * K]! ^= 1),
      },
    );
    const directory = fresh();
    const storage = open(torrent, directory, hashesOf(torrent));
    expect((await write(storage, torrent, 0)).outcome).toBe('written');
    const result = await write(storage, torrent, 1);
    expect(result.outcome).toBe('inconsistent');
    expect(result.buffer.byteLength).toBe(32 * K);
    expect((await write(storage, torrent, 1, 3)).outcome).toBe('corrupt');
    const path = join(directory, 'set', 'a');
    await writeFile(path, torrent.fileBytes(0));
    await expect(checkAll(storage, torrent)).rejects.toMatchObject({
      code: 'ERR_CLIENT_INCONSISTENT_HASHES',
      piece: 1,
    });
    expect(await filesBelow(directory)).toEqual(['a']);
    await storage.close();
  });

  it('are held to SHA-1 alone while the other hashes are unknown, and to both as soon as they are known', async () => {
    const specs = [{ path: 'a', length: 50 * K }];
    const torrent = makeV2Torrent(specs, 32 * K, { hybrid: true });
    const hashes = hashesOf(torrent, false);
    const storage = open(torrent, fresh(), hashes);
    const corrupt = await write(storage, torrent, 1, 20);
    expect(corrupt.outcome).toBe('corrupt');
    const spoilt = torrent.bytesOf(1).slice();
    spoilt[20]! ^= 0xff;
    const blocks = [spoilt.subarray(0, 16 * K), spoilt.subarray(16 * K)].filter(
      ({ length }) => length > 0,
    );
    expect(Buffer.compare(corrupt.blockHashes!, Buffer.concat(blocks.map(sha1)))).toBe(0);
    expect((await write(storage, torrent, 0)).outcome).toBe('written');
    const { shared } = hashes;
    shared!.hashes.fill(1, 0, 32);
    shared!.known[0] = 1;
    await expect(checkAll(storage, torrent)).rejects.toMatchObject({
      code: 'ERR_CLIENT_INCONSISTENT_HASHES',
    });
    await storage.close();
  });

  it('never count as whole without any hash that is known', async () => {
    const torrent = makeV2Torrent([{ path: 'a', length: 50 * K }], 32 * K);
    const directory = fresh();
    const storage = open(torrent, directory, hashesOf(torrent, false));
    expect((await write(storage, torrent, 0)).outcome).toBe('corrupt');
    await writeFile(join(directory, 'a'), torrent.fileBytes(0));
    expect(await checkAll(storage, torrent)).toEqual([false, false]);
    await storage.close();
  });

  it('cannot be stored without their hashes, unless they have SHA-1 ones', () => {
    const make = (hybrid: boolean) =>
      new MemoryStorage(makeV2Torrent([{ path: 'a', length: 5 }], 16 * K, { hybrid }).info);
    expect(() => make(false)).toThrow('its hashes were not handed over');
    expect(() => make(true)).not.toThrow();
  });

  it('give the leaf hashes of pieces, from files, from the parts file and from memory', async () => {
    const specs = [
      { path: 'a', length: 600 * K + 5 },
      { path: 'b', length: 40 * K },
    ];
    const torrent = makeV2Torrent(specs, 512 * K);
    const hashes = hashesOf(torrent);
    // The first file is not wanted, but its second piece is written all the same: it is kept aside.
    const wanted = torrent.info.files.map((_, index) => index > 1);
    const storage = open(torrent, fresh(), hashes, wanted);
    const memory = new MemoryStorage(torrent.info, hashes);
    for (const each of [storage, memory]) {
      expect(await each.hashLeaves(0, 1)).toBeUndefined();
      for (let piece = 0; piece < 3; piece++) {
        expect(await write(each, torrent, piece)).toMatchObject({ outcome: 'written' });
      }
      const leaves = [0, 1, 2].map((piece) => hashBlocks(torrent.bytesOf(piece)));
      const both = await each.hashLeaves(0, 2);
      expect(Buffer.compare(both!, Buffer.concat([leaves[0]!, leaves[1]!]))).toBe(0);
      expect(Buffer.compare((await each.hashLeaves(2, 1))!, leaves[2]!)).toBe(0);
    }
    expect([0, 1, 2].map((piece) => storage.isKeptAside(piece))).toEqual([true, true, false]);
    await storage.close();
    await memory.close();
  });
});

describe('torrents with SHA-256 hashes in memory', () => {
  it('are written, found whole, and read with their padding', async () => {
    await fc.assert(
      fc.asyncProperty(torrents, async (torrent) => {
        const { info } = torrent;
        const storage = new MemoryStorage(info, hashesOf(torrent));
        expect((await write(storage, torrent, 0, 0)).outcome).toBe('corrupt');
        for (let piece = 0; piece < info.pieceCount; piece++) {
          expect((await write(storage, torrent, piece)).outcome).toBe('written');
          const length = Math.min(info.pieceLength, info.totalLength - piece * info.pieceLength);
          const target = new Uint8Array(length).fill(0xee);
          await storage.readBlocks(target, [{ piece, begin: 0, length, at: 0 }]);
          expect(Buffer.compare(target, torrent.blockOf(piece, 0, length))).toBe(0);
        }
        expect(await checkAll(storage, torrent)).toEqual(Array(info.pieceCount).fill(true));
        await storage.close();
      }),
      { numRuns: 30 },
    );
  });
});
