import type { TorrentInfo } from '@shoal/metainfo';
import type { TorrentStorage } from '../../src/disk/storage.ts';
import { makeTorrent, noise, sha1, type TestTorrent } from './fixture.ts';

export interface ComplianceSetup {
  create(info: TorrentInfo): Promise<TorrentStorage> | TorrentStorage;
  /** Called after each test, after the storage was closed. */
  cleanUp?(): Promise<void>;
}

async function check(storage: TorrentStorage, pieces: readonly number[]): Promise<boolean[]> {
  const found = new Map<number, boolean>();
  await storage.checkPieces(pieces, (piece, whole) => found.set(piece, whole));
  return pieces.map((piece) => found.get(piece)!);
}

function write(storage: TorrentStorage, torrent: TestTorrent, piece: number, hashes = false) {
  return storage.writePiece(piece, torrent.buffer(piece), torrent.lengthOf(piece), hashes);
}

/** What every {@link TorrentStorage} must do. */
export function storageCompliance(name: string, setup: ComplianceSetup): void {
  describe(`${name} keeps the contract of TorrentStorage`, () => {
    const K = 1024;
    // Three files and an empty one in pieces of 32 KiB, none aligned, with padding.
    const torrent = makeTorrent(
      [
        { path: 't/a', length: 50 * K + 3 },
        { path: 't/empty', length: 0 },
        { path: 't/sub/b', length: 5 },
        { path: 't/.pad/1', length: 8_183, padding: true },
        { path: 't/sub/deep/c', length: 100 * K },
      ],
      32 * K,
    );
    const { pieceCount } = torrent.info;
    const all = Array.from({ length: pieceCount }, (_, piece) => piece);
    let storage: TorrentStorage;

    beforeEach(async () => {
      storage = await setup.create(torrent.info);
    });

    afterEach(async () => {
      await storage.close();
      await setup.cleanUp?.();
    });

    it('writes pieces whose hash matches and hands the buffer back', async () => {
      const buffer = torrent.buffer(1);
      const result = await storage.writePiece(1, buffer, torrent.lengthOf(1), false);
      expect(result.outcome).toBe('written');
      expect(result.error).toBeUndefined();
      expect(result.blockHashes).toBeUndefined();
      expect(result.buffer.byteLength).toBe(32 * K);
      expect(await check(storage, all)).toEqual(all.map((piece) => piece === 1));
    });

    it('gives block hashes where they are asked for', async () => {
      const result = await write(storage, torrent, 0, true);
      const bytes = torrent.bytesOf(0);
      expect(Buffer.from(result.blockHashes!).toString('hex')).toBe(
        Buffer.concat([sha1(bytes.subarray(0, 16 * K)), sha1(bytes.subarray(16 * K))]).toString(
          'hex',
        ),
      );
    });

    it('does not write a corrupt piece and tells the hash of each block', async () => {
      const buffer = torrent.buffer(2);
      new Uint8Array(buffer)[20 * K] = ~new Uint8Array(buffer)[20 * K]!;
      const corrupt = new Uint8Array(buffer.slice(0));
      const result = await storage.writePiece(2, buffer, torrent.lengthOf(2), false);
      expect(result.outcome).toBe('corrupt');
      expect(result.buffer.byteLength).toBe(32 * K);
      expect(result.error).toBeUndefined();
      expect(Buffer.from(result.blockHashes!).toString('hex')).toBe(
        Buffer.concat([sha1(corrupt.subarray(0, 16 * K)), sha1(corrupt.subarray(16 * K))]).toString(
          'hex',
        ),
      );
      expect(await check(storage, [2])).toEqual([false]);
    });

    it.each(['at first', 'later'])('refuses pieces there are not, %s', async (when) => {
      if (when === 'later') await write(storage, torrent, 0);
      for (const [piece, length] of [
        [pieceCount, 32 * K],
        [-1, 32 * K],
        [0.5, 32 * K],
        [0, 32 * K - 1],
        [pieceCount - 1, 32 * K],
      ] as const) {
        const result = await storage.writePiece(piece, new ArrayBuffer(32 * K), length, false);
        expect(result.outcome).toBe('failed');
        expect(result.error?.message).toContain('No such piece');
        expect(result.buffer.byteLength).toBe(32 * K);
      }
    });

    it('reads back every block, also across files, with gaps in the target left alone', async () => {
      for (const piece of all)
        expect((await write(storage, torrent, piece)).outcome).toBe('written');
      const gap = 13;
      const reads = [];
      let at = gap;
      for (const piece of all) {
        for (let begin = 0; begin < torrent.lengthOf(piece); begin += 16 * K) {
          const length = Math.min(16 * K, torrent.lengthOf(piece) - begin);
          reads.push({ piece, begin, length, at });
          at += length + gap;
        }
      }
      const target = new Uint8Array(at).fill(0xee);
      await storage.readBlocks(target, reads);
      const expected = new Uint8Array(at).fill(0xee);
      for (const read of reads) {
        expected.set(
          torrent.bytesOf(read.piece).subarray(read.begin, read.begin + read.length),
          read.at,
        );
      }
      expect(Buffer.compare(target, expected)).toBe(0);
    });

    it('reads odd pieces of blocks, in any order', async () => {
      for (const piece of all) await write(storage, torrent, piece);
      const target = new Uint8Array(300);
      await storage.readBlocks(target, [
        { piece: 3, begin: 7, length: 100, at: 200 },
        { piece: 1, begin: 18_000, length: 200, at: 0 },
      ]);
      expect(Buffer.compare(target.subarray(200), torrent.bytesOf(3).subarray(7, 107))).toBe(0);
      expect(
        Buffer.compare(target.subarray(0, 200), torrent.bytesOf(1).subarray(18_000, 18_200)),
      ).toBe(0);
      await storage.readBlocks(target, []);
    });

    it('refuses to read outside of pieces and target', async () => {
      await write(storage, torrent, 0);
      const target = new Uint8Array(100);
      for (const read of [
        { piece: 0, begin: 0, length: 101, at: 0 },
        { piece: 0, begin: 0, length: 10, at: 91 },
        { piece: 0, begin: 32 * K - 1, length: 2, at: 0 },
        { piece: pieceCount, begin: 0, length: 1, at: 0 },
        { piece: -1, begin: 0, length: 1, at: 0 },
        { piece: 0, begin: -1, length: 1, at: 0 },
        { piece: 0, begin: 0, length: 0, at: 0 },
      ]) {
        await expect(storage.readBlocks(target, [read])).rejects.toThrow('No such block');
      }
    });

    it('rejects with a DiskError where the data is not there', async () => {
      await expect(
        storage.readBlocks(new Uint8Array(10), [{ piece: 4, begin: 0, length: 10, at: 0 }]),
      ).rejects.toMatchObject({ code: 'ERR_DISK_MISSING' });
    });

    it('takes many pieces at once and counts no piece twice', async () => {
      const results = await Promise.all(all.map((piece) => write(storage, torrent, piece)));
      expect(results.map(({ outcome }) => outcome)).toEqual(all.map(() => 'written'));
      const seen: number[] = [];
      await storage.checkPieces(all, (piece, whole) => {
        expect(whole).toBe(true);
        seen.push(piece);
      });
      expect(seen.sort((a, b) => a - b)).toEqual(all);
    });

    it('says of an empty storage that nothing is whole', async () => {
      expect(await check(storage, all)).toEqual(all.map(() => false));
      expect((await storage.fileStates()).count).toBe(torrent.info.files.length);
    });

    it('gives sizes of what was written', async () => {
      for (const piece of all) await write(storage, torrent, piece);
      await storage.sync();
      const states = [...(await storage.fileStates())];
      for (const [index, { size }] of states.entries()) {
        const file = torrent.info.files[index]!;
        if (!file.attributes.padding) expect(size).toBe(file.length);
      }
    });

    it('stops a check when its signal is aborted', async () => {
      const reason = new Error('enough');
      await expect(
        storage.checkPieces(all, () => undefined, AbortSignal.abort(reason)),
      ).rejects.toBe(reason);
      const controller = new AbortController();
      const checking = storage.checkPieces(all, () => undefined, controller.signal);
      controller.abort(reason);
      await expect(checking).rejects.toBe(reason);
    });

    it('keeps all bytes of written pieces while files are unwanted and wanted in turns', async () => {
      const states = [
        [true, true, true, true, false],
        [false, true, false, true, true],
        [false, false, false, false, false],
        [true, false, true, false, false],
        [true, true, true, true, true],
      ];
      const verify = async (count: number) => {
        const written = all.slice(0, count);
        expect(await check(storage, written)).toEqual(written.map(() => true));
        for (const piece of written) {
          const target = new Uint8Array(torrent.lengthOf(piece));
          await storage.readBlocks(target, [{ piece, begin: 0, length: target.length, at: 0 }]);
          expect(Buffer.compare(target, torrent.bytesOf(piece))).toBe(0);
        }
      };
      for (const [step, wanted] of states.entries()) {
        await storage.setWanted(wanted);
        await verify(step);
        expect((await write(storage, torrent, step)).outcome).toBe('written');
        await verify(step + 1);
      }
    });

    it('is closed once and for all', async () => {
      const late = write(storage, torrent, 0);
      await storage.close();
      expect((await late).outcome).toBe('written');
      await storage.close();
      await expect(storage.sync()).rejects.toMatchObject({ code: 'ERR_DISK_CLOSED' });
      await expect(storage.fileStates()).rejects.toMatchObject({ code: 'ERR_DISK_CLOSED' });
      await expect(storage.setWanted([])).rejects.toMatchObject({ code: 'ERR_DISK_CLOSED' });
      await expect(storage.checkPieces([0], () => undefined)).rejects.toMatchObject({
        code: 'ERR_DISK_CLOSED',
      });
      await expect(storage.readBlocks(new Uint8Array(1), [])).rejects.toMatchObject({
        code: 'ERR_DISK_CLOSED',
      });
      const result = await write(storage, torrent, 1);
      expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ERR_DISK_CLOSED' } });
    });

    it('is untouched by what the caller does to a buffer it was handed back', async () => {
      const { buffer } = await write(storage, torrent, 0);
      new Uint8Array(buffer).set(noise(buffer.byteLength, 9));
      expect(await check(storage, [0])).toEqual([true]);
    });
  });

  describe(`${name} takes pieces of any length`, () => {
    afterEach(async () => setup.cleanUp?.());

    it.each([
      ['16 KiB', 16_384, 700_000],
      ['3 bytes', 3, 1_000],
      ['1 MiB', 1_048_576, 3_000_000],
      ['64 MiB', 67_108_864, 70_000_000],
    ])('%s', async (_, pieceLength, length) => {
      const torrent = makeTorrent(
        [
          { path: 'l/a', length: Math.floor(length / 3) },
          { path: 'l/b', length: length - Math.floor(length / 3) },
        ],
        pieceLength,
      );
      await using storage = asDisposable(await setup.create(torrent.info));
      const all = Array.from({ length: torrent.info.pieceCount }, (__, piece) => piece);
      const half = all.filter((piece) => piece % 2 === 0);
      for (const { outcome } of await Promise.all(
        half.map((piece) => write(storage, torrent, piece)),
      )) {
        expect(outcome).toBe('written');
      }
      expect(await check(storage, all)).toEqual(all.map((piece) => piece % 2 === 0));
      const target = new Uint8Array(torrent.lengthOf(0));
      await storage.readBlocks(target, [{ piece: 0, begin: 0, length: target.length, at: 0 }]);
      expect(Buffer.compare(target, torrent.bytesOf(0))).toBe(0);
    });
  });
}

function asDisposable(storage: TorrentStorage): TorrentStorage & AsyncDisposable {
  return Object.assign(storage, { [Symbol.asyncDispose]: () => storage.close() });
}
