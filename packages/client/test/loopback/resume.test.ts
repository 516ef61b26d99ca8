import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Torrent } from '../../src/index.ts';
import { DiskStores } from '../../src/disk/disk-stores.ts';
import { makeTorrent, temporaryFolder } from '../disk/fixture.ts';
import { metainfoOf } from '../support/metainfo.ts';

const PIECE = 65_536;
const content = makeTorrent(
  [
    { path: 'set/one.bin', length: 40 * PIECE + 123 },
    { path: 'set/deep/two.bin', length: 30 * PIECE },
    { path: 'set/empty', length: 0 },
    { path: 'set/three.bin', length: 25 * PIECE - 123 },
  ],
  PIECE,
  77,
);
const metainfo = metainfoOf(content);
const bind = '127.0.0.1';

const open: (() => Promise<void>)[] = [];

/** Clients over real sockets and files, in a folder of their own. */
async function workshop() {
  const { path, remove } = await temporaryFolder();
  const clients: Client[] = [];
  const start = async (options: Parameters<typeof Client.start>[0] = {}): Promise<Client> => {
    const client = await Client.start({ bind, ...options });
    clients.push(client);
    return client;
  };
  open.push(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await remove();
  });
  const seedFolder = join(path, 'seed');
  for (const { path: file, index } of content.info.files) {
    await mkdir(join(seedFolder, file, '..'), { recursive: true });
    await writeFile(join(seedFolder, file), content.fileBytes(index));
  }
  const seed = await start();
  const seeding = await seed.add(metainfo, { directory: seedFolder });
  await seeding.checked();
  return {
    seed,
    seeding,
    start,
    folder: join(path, 'leech'),
    resumeDirectory: join(path, 'resume'),
    peers: [{ address: bind, port: seed.port }],
  };
}

async function expectIdentical(folder: string): Promise<void> {
  for (const { path, index } of content.info.files)
    expect((await readFile(join(folder, path))).equals(content.fileBytes(index))).toBe(true);
}

const haveOf = (torrent: Torrent): number => torrent.progress().pieces.have;

describe('over real sockets and files', () => {
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  it('downloads, byte for byte', async () => {
    const { seeding, start, folder, peers } = await workshop();
    expect(seeding.state).toBe('seeding');
    const leech = await start();
    const torrent = await leech.add(metainfo, { directory: folder, peers });
    await torrent.completed();
    await expectIdentical(folder);
  }, 20_000);

  it('goes on after a restart with what was verified, without reading it again', async () => {
    const { start, folder, resumeDirectory, peers } = await workshop();
    const first = await start({ resumeDirectory, maxDownloadRate: 3_000_000 });
    const before = await first.add(metainfo, { directory: folder, peers });
    await new Promise<void>((resolve) => {
      before.on('piece', () => {
        if (haveOf(before) >= 30) resolve();
      });
    });
    await first.close();
    const had = haveOf(before);
    const { downloadedBytes } = before.progress();
    expect(had).toBeLessThan(95);

    const disk = new DiskStores();
    const hashed: number[] = [];
    const second = await start({ resumeDirectory });
    const after = await second.add(metainfo, {
      directory: folder,
      peers,
      storage: (info, directory) => {
        const storage = disk.open(info, directory);
        const checkPieces = storage.checkPieces.bind(storage);
        storage.checkPieces = (pieces, ...rest) => {
          hashed.push(...pieces);
          return checkPieces(pieces, ...rest);
        };
        return storage;
      },
    });
    await after.checked();
    expect(haveOf(after)).toBe(had);
    expect(hashed).toEqual([]);
    await after.completed();
    expect(after.progress().downloadedBytes).toBeLessThanOrEqual((95 - had) * PIECE + 4 * PIECE);
    // Totals of earlier sessions count for the ratio only: nothing was uploaded.
    expect(after.progress().ratio).toBe(0);
    expect(downloadedBytes).toBeGreaterThanOrEqual(had * PIECE);
    await expectIdentical(folder);

    // A file that was touched is hashed again; a damaged one is found out.
    await second.close();
    await disk.close();
    const file = join(folder, 'set/deep/two.bin');
    const bytes = await readFile(file);
    bytes[12 * PIECE]! ^= 1;
    await writeFile(file, bytes);
    const third = await start({ resumeDirectory });
    const again = await third.add(metainfo, { directory: folder });
    await again.checked();
    expect(haveOf(again)).toBe(94);
    again.addPeer(peers[0]!);
    await again.completed();
    await expectIdentical(folder);
  }, 30_000);

  it('puts a torrent whose folder cannot be used into the error state, and resumes it', async () => {
    const { start, folder, peers } = await workshop();
    await writeFile(folder, 'a file stands in the way');
    const leech = await start();
    const torrent = await leech.add(metainfo, { directory: folder, peers });
    await expect(torrent.completed()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_DISK_/) as string,
    });
    expect(torrent.state).toBe('error');
    await rm(folder);
    await torrent.resume();
    await torrent.completed();
    await expectIdentical(folder);
  }, 20_000);

  it('verifies, and fetches again what somebody has deleted', async () => {
    const { start, folder, peers } = await workshop();
    const leech = await start();
    const torrent = await leech.add(metainfo, { directory: folder, peers, select: [0, 3] });
    await torrent.completed();
    await rm(join(folder, 'set/three.bin'));
    const { missing } = await torrent.verify();
    expect(missing.length).toBeGreaterThanOrEqual(24);
    expect(torrent.state).toBe('downloading');
    await torrent.completed();
    torrent.select([0, 1, 2, 3]);
    await new Promise<void>((resolve) => torrent.once('complete', resolve));
    await expectIdentical(folder);
  }, 20_000);

  it('does not call complete what was deleted while it came, and fetches it again', async () => {
    const { start, folder, peers } = await workshop();
    const client = await start();
    const torrent = await client.add(metainfo, { directory: folder, peers, sequential: true });
    const deleted = new Promise<void>((resolve, reject) => {
      torrent.once('piece', () => {
        rm(join(folder, 'set/one.bin')).then(resolve, reject);
      });
    });
    await expect(torrent.completed()).rejects.toMatchObject({ code: 'ERR_DISK_MISSING' });
    await deleted;
    expect(torrent.state).toBe('error');
    await torrent.resume();
    await torrent.completed();
    await expectIdentical(folder);
  });
});
