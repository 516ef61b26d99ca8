import { writeGuarded } from '../../src/disk/guarded-write.ts';
import { DiskError } from '../../src/index.ts';
import type { PieceWrite, TorrentStorage } from '../../src/index.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeTorrent } from './fixture.ts';

const torrent = makeTorrent([{ path: 'a.bin', length: 300 }], 100);

/** What comes of a write to a storage that answers so. */
function guarded(answer: (buffer: ArrayBuffer) => unknown): Promise<PieceWrite> {
  const storage: TorrentStorage = new ContentStorage(torrent);
  storage.writePiece = async (_piece, buffer) => {
    await Promise.resolve();
    return answer(buffer) as PieceWrite;
  };
  return writeGuarded(storage, 1, torrent.buffer(1), 100, false);
}

const written = { outcome: 'written', blockHashes: undefined, error: undefined };

describe('writeGuarded', () => {
  it('passes on what a storage answers that keeps to its contract', async () => {
    expect(await guarded((buffer) => ({ ...written, buffer }))).toMatchObject(written);
    const moved = await guarded((buffer) => ({ ...written, buffer: structuredClone(buffer) }));
    expect(moved).toMatchObject(written);
  });

  it.each([
    ['shorter', 99],
    ['longer', 101],
    ['gone', 0],
  ])('takes no buffer for its own that is %s', async (_, size) => {
    const result = await guarded(() => ({ ...written, buffer: new ArrayBuffer(size) }));
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ERR_DISK_STORAGE' } });
    expect(result.error).toBeInstanceOf(DiskError);
    expect(result.buffer.byteLength).toBe(100);
  });

  it.each([
    ['nothing', () => undefined],
    ['no buffer', () => written],
    ['an error', () => Promise.reject(new Error('no'))],
  ])('survives a storage that answers with %s', async (_, answer) => {
    const result = await guarded(answer);
    expect(result.outcome).toBe('failed');
    expect(result.error).toBeInstanceOf(Error);
    expect(result.buffer.byteLength).toBe(100);
  });

  it('stops the torrent of such a storage, and nothing else', async () => {
    const swarm = new SimSwarm({ seed: 91 });
    await swarm.seed();
    const storage = new ContentStorage(swarm.torrent);
    const whole = storage.writePiece.bind(storage);
    storage.writePiece = async (...write) => ({
      ...(await whole(...write)),
      buffer: new ArrayBuffer(1),
    });
    const { torrent: broken } = await swarm.node({ storage });
    const other = await swarm.node();
    await swarm.until(() => broken.state === 'error', 30_000);
    expect(broken.error).toMatchObject({ code: 'ERR_DISK_STORAGE' });
    await swarm.finished([other], 60_000);
    await swarm.close();
  });
});
