import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, DiskError, type Torrent } from '../../src/index.ts';
import { DiskStores } from '../../src/disk/disk-stores.ts';
import type { FileStorage } from '../../src/disk/file-storage.ts';
import { makeTorrent, temporaryFolder } from '../disk/fixture.ts';
import { metainfoOf } from '../support/metainfo.ts';

const PIECE = 32_768;
const content = makeTorrent(
  [
    { path: 'set/one.bin', length: 20 * PIECE + 5 },
    { path: 'set/in/two.bin', length: 10 * PIECE - 5 },
  ],
  PIECE,
  78,
);
const metainfo = metainfoOf(content);
const bind = '127.0.0.1';
const disk = new DiskStores();
afterAll(() => disk.close());

let folder: string;
let drive: string;
let remove: () => Promise<void>;
const clients: Client[] = [];
/** Pieces that were hashed on disk. */
const hashed: number[] = [];
/** Stands for a fault of the disk. */
let syncFault: Error | undefined;

beforeEach(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  drive = join(folder, 'drive');
  hashed.length = 0;
  syncFault = undefined;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await remove();
});

const start = async (): Promise<Client> => {
  const client = await Client.start({ bind, resumeDirectory: join(folder, 'resume') });
  clients.push(client);
  return client;
};

async function add(
  client: Client,
  peers: { address: string; port: number }[] = [],
): Promise<Torrent> {
  const torrent = await client.add(metainfo, {
    directory: drive,
    peers,
    storage: (info, directory) => {
      const storage: FileStorage = disk.open(info, directory);
      const checkPieces = storage.checkPieces.bind(storage);
      storage.checkPieces = (pieces, ...rest) => {
        hashed.push(...pieces);
        return checkPieces(pieces, ...rest);
      };
      const sync = storage.sync.bind(storage);
      storage.sync = async () => {
        if (syncFault !== undefined) throw syncFault;
        await sync();
      };
      return storage;
    },
  });
  torrent.on('error', () => undefined);
  return torrent;
}

/** The first file is there, and the second but for its last pieces; remembered by an earlier run. */
async function earlierRun(): Promise<number> {
  await mkdir(join(drive, 'set/in'), { recursive: true });
  await writeFile(join(drive, 'set/one.bin'), content.fileBytes(0));
  await writeFile(join(drive, 'set/in/two.bin'), content.fileBytes(1).subarray(0, 5 * PIECE));
  const client = await start();
  const torrent = await add(client);
  await torrent.checked();
  const { have } = torrent.progress().pieces;
  await client.close();
  hashed.length = 0;
  return have;
}

async function seeder(): Promise<{ address: string; port: number }> {
  const seed = join(folder, 'seed');
  for (const { path, index } of content.info.files) {
    await mkdir(join(seed, path, '..'), { recursive: true });
    await writeFile(join(seed, path), content.fileBytes(index));
  }
  const client = await Client.start({ bind });
  clients.push(client);
  await (await client.add(metainfo, { directory: seed })).checked();
  return { address: bind, port: client.port };
}

/** Takes the drive away; where it was mounted, an empty folder may be left. */
async function unplug(isMountPoint: boolean): Promise<void> {
  await rename(drive, `${drive}-away`);
  if (isMountPoint) await mkdir(drive);
}

async function plugIn(): Promise<void> {
  await rm(drive, { recursive: true, force: true });
  await rename(`${drive}-away`, drive);
}

describe.each([
  ['with its folder', false],
  ['that leaves its mount point', true],
])('a drive that is away, %s', (_, isMountPoint) => {
  it('costs nothing at the start: all is there again when it is back', async () => {
    const had = await earlierRun();
    expect(had).toBe(25);
    await unplug(isMountPoint);
    const client = await start();
    const torrent = await add(client);
    await expect(torrent.checked()).rejects.toMatchObject({
      code: 'ERR_DISK_MISSING',
      message: expect.stringContaining('is its drive connected?') as unknown,
    });
    expect(torrent.state).toBe('error');
    // It stays so, and nothing is made where the drive was.
    await torrent.resume();
    expect(torrent.state).toBe('error');
    if (isMountPoint) expect(await readdir(drive)).toEqual([]);
    else await expect(access(drive)).rejects.toMatchObject({ code: 'ENOENT' });
    await plugIn();
    await torrent.resume();
    expect(torrent.state).toBe('downloading');
    expect(torrent.progress().pieces.have).toBe(had);
    expect(hashed).toEqual([]);

    // Nor does a run in between that ends without the drive.
    await client.close();
    await unplug(isMountPoint);
    const between = await start();
    await expect((await add(between)).checked()).rejects.toMatchObject({
      code: 'ERR_DISK_MISSING',
    });
    await between.close();
    await plugIn();
    const last = await start();
    const again = await add(last);
    await again.checked();
    expect(again.progress().pieces.have).toBe(had);
    expect(hashed).toEqual([]);
  });

  it('stops a torrent at work, which goes on when it is back', async () => {
    const had = await earlierRun();
    const client = await start();
    const torrent = await add(client);
    await torrent.checked();
    await unplug(isMountPoint);
    const failed = new Promise<Error>((resolve) => torrent.once('error', resolve));
    torrent.addPeer(await seeder());
    expect(await failed).toMatchObject({ code: 'ERR_DISK_MISSING' });
    if (isMountPoint) expect(await readdir(drive)).toEqual([]);
    await plugIn();
    await torrent.resume();
    expect(torrent.progress().pieces.have).toBeGreaterThanOrEqual(had);
    await torrent.completed();
    for (const { path, index } of content.info.files)
      expect((await readFile(join(drive, path))).equals(content.fileBytes(index))).toBe(true);
  });

  it('is not taken for an empty one by a torrent that is paused and goes on', async () => {
    await earlierRun();
    const torrent = await add(await start());
    await torrent.checked();
    await torrent.pause();
    await unplug(isMountPoint);
    await torrent.resume();
    expect(torrent).toMatchObject({ state: 'error', error: { code: 'ERR_DISK_MISSING' } });
    await plugIn();
    await torrent.resume();
    expect(torrent.state).toBe('downloading');
    expect(hashed).toEqual([]);
  });
});

describe('resume data', () => {
  it('is saved at once where a check finds that it says too much', async () => {
    await earlierRun();
    const client = await start();
    const torrent = await add(client);
    await torrent.checked();
    const file = join(drive, 'set/one.bin');
    const bytes = await readFile(file);
    bytes[3 * PIECE] = (bytes[3 * PIECE] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const before = await resumeBytes();
    await torrent.verify();
    expect(torrent.progress().pieces.have).toBe(24);
    expect((await resumeBytes()).equals(before)).toBe(false);
  });

  it('is not saved once the disk has said that it lost what was written', async () => {
    await earlierRun();
    const client = await start();
    const torrent = await add(client);
    await torrent.checked();
    const before = await resumeBytes();
    syncFault = new DiskError('ERR_DISK_IO', 'the device failed');
    torrent.addPeer(await seeder());
    await new Promise<void>((resolve) => torrent.once('piece', () => resolve()));
    await torrent.pause();
    expect(torrent.progress().pieces.have).toBeGreaterThan(25);
    // The system tells it once.
    syncFault = undefined;
    await torrent.pause();
    await client.close();
    expect((await resumeBytes()).equals(before)).toBe(true);
  });

  it('is saved again once what was written was looked at', async () => {
    await earlierRun();
    const client = await start();
    const torrent = await add(client);
    await torrent.checked();
    syncFault = new DiskError('ERR_DISK_IO', 'the device failed');
    torrent.addPeer(await seeder());
    await new Promise<void>((resolve) => torrent.once('piece', () => resolve()));
    await torrent.pause();
    syncFault = undefined;
    expect(hashed).toEqual([]);
    const before = await resumeBytes();
    await torrent.resume();
    expect(hashed.length).toBeGreaterThan(0);
    await torrent.completed();
    await client.close();
    expect((await resumeBytes()).equals(before)).toBe(false);
  });
});

async function resumeBytes(): Promise<Buffer> {
  const root = join(folder, 'resume');
  const [directory] = await readdir(root);
  const names = await readdir(join(root, directory ?? ''));
  const name = names.find((each) => each.endsWith('.resume'));
  return readFile(join(root, directory ?? '', name ?? ''));
}
