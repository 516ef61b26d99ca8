import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bitfield } from '@shoal/peer-wire';
import { Client, type Torrent } from '../../src/index.ts';
import { clientDefaults } from '../../src/options.ts';
import type { RememberedPeer } from '../../src/peer/remembered-peers.ts';
import { ResumeKeeper, type ResumeState } from '../../src/resume-keeper.ts';
import { makeTorrent, temporaryFolder } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeV2Torrent, oneSideOf } from '../support/v2-torrent.ts';
import { metainfoOf } from '../support/metainfo.ts';
import { ManualClock } from './support.ts';

const torrent = makeTorrent([{ path: 'a.bin', length: 550 }], 100);

function stateOf(pieces: number[], changes: Partial<ResumeState> = {}): () => ResumeState {
  const have = new Bitfield(torrent.info.pieceCount);
  for (const piece of pieces) have.set(piece);
  return () => ({
    have,
    priorities: Uint8Array.of(4),
    uploaded: 0,
    downloaded: 0,
    peers: [],
    ...changes,
  });
}

const listOf = (field: Bitfield | undefined): number[] => {
  const indices: number[] = [];
  field?.forEachSet((index) => indices.push(index));
  return indices;
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let clock: ManualClock;
beforeEach(async () => {
  folder = await temporaryFolder();
  clock = new ManualClock();
});
afterEach(() => folder.remove());

const keeperOf = (directory = '/downloads', root: string | undefined = folder.path): ResumeKeeper =>
  new ResumeKeeper(root, clock, torrent.info, directory);

describe('ResumeKeeper', () => {
  it('gives back what was saved', async () => {
    const storage = new ContentStorage(torrent, 'all');
    const keeper = keeperOf();
    expect(await keeper.load(storage)).toBeUndefined();
    keeper.changed();
    await keeper.save(storage, stateOf([0, 3], { uploaded: 70, downloaded: 200 }));
    await keeper.close();

    const later = keeperOf();
    const remembered = await later.load(storage);
    expect(listOf(remembered?.trusted)).toEqual([0, 3]);
    expect(remembered?.recheck).toEqual([]);
    expect(later.totals).toEqual({ uploaded: 70, downloaded: 200 });
  });

  it.each([
    ['hybrid', undefined, 'infoHash'],
    ['v2-only', 'v2', 'infoHashV2'],
  ] as const)(
    'names the files of a %s torrent by its first hash, and tells both',
    async (_, side, first) => {
      const hybrid = makeV2Torrent([{ path: 'a', length: 100_000 }], 32_768, { hybrid: true });
      const info = side === undefined ? hybrid.info : oneSideOf(hybrid.info, side);
      const storage = new ContentStorage({ ...hybrid, info }, 'all');
      const stateOfAll = (): ResumeState => {
        const have = new Bitfield(info.pieceCount);
        have.setAll();
        return { have, priorities: Uint8Array.of(4), uploaded: 0, downloaded: 0, peers: [] };
      };
      const keeper = new ResumeKeeper(folder.path, clock, info, '/downloads');
      keeper.changed();
      await keeper.save(storage, stateOfAll);
      await keeper.close();
      const [directory] = await readdir(folder.path);
      const name = Buffer.from(hybrid.info[first]!.subarray(0, 20)).toString('hex');
      expect(await readdir(join(folder.path, directory!))).toContain(`${name}.resume`);
      const later = new ResumeKeeper(folder.path, clock, info, '/downloads');
      expect(listOf((await later.load(storage))?.trusted)).toHaveLength(info.pieceCount);
      const forged = { ...info, files: info.files, infoHashV2: new Uint8Array(32).fill(1) };
      const other = new ResumeKeeper(folder.path, clock, forged, '/downloads');
      expect(await other.load(storage)).toBeUndefined();
    },
  );

  it('adds up what several sessions transferred, each once', async () => {
    const storage = new ContentStorage(torrent, 'all');
    for (let session = 1; session <= 3; session += 1) {
      const keeper = keeperOf();
      await keeper.load(storage);
      expect(keeper.totals).toEqual({
        uploaded: (session - 1) * 20,
        downloaded: (session - 1) * 5,
      });
      keeper.changed();
      await keeper.save(storage, stateOf([0], { uploaded: 10, downloaded: 5 }));
      // A check in the middle of the session reads the data again.
      await keeper.load(storage);
      // Seeding changes no piece, but is saved at the end all the same.
      await keeper.save(storage, stateOf([0], { uploaded: 20, downloaded: 5 }));
      await keeper.close();
    }
    const last = keeperOf();
    await last.load(storage);
    expect(last.totals).toEqual({ uploaded: 60, downloaded: 15 });
  });

  it('saves the peers it is told of, once', async () => {
    const storage = new ContentStorage(torrent, 'all');
    const file = async (): Promise<Buffer | undefined> => {
      const [directory] = await readdir(folder.path);
      if (directory === undefined) return undefined;
      const names = await readdir(join(folder.path, directory));
      const name = names.find((each) => each.endsWith('.resume'));
      return name === undefined ? undefined : readFile(join(folder.path, directory, name));
    };
    const peer: RememberedPeer = {
      address: '8.8.8.8',
      port: 6881,
      source: 'dht',
      isSeed: true,
      knowsV2: false,
      missed: 0,
    };
    const keeper = keeperOf();
    await keeper.save(storage, stateOf([0]));
    expect(await file()).toBeUndefined();
    await keeper.save(storage, stateOf([0], { peers: [peer] }));
    const later = keeperOf();
    await later.load(storage);
    expect(later.peers).toEqual([peer]);
    const before = await file();
    await later.save(storage, stateOf([1], { peers: [peer] }));
    expect(await file()).toEqual(before);
    await later.save(storage, stateOf([1], { peers: [{ ...peer, missed: 1 }] }));
    const last = keeperOf();
    await last.load(storage);
    expect(last.peers).toEqual([{ ...peer, missed: 1 }]);
  });

  it('keeps the same torrent in two folders apart', async () => {
    const storage = new ContentStorage(torrent, 'all');
    const [one, two] = [keeperOf('/one'), keeperOf('/two')];
    one.changed();
    two.changed();
    await one.save(storage, stateOf([1]));
    await two.save(storage, stateOf([2]));
    expect(listOf((await keeperOf('/one').load(storage))?.trusted)).toEqual([1]);
    expect(listOf((await keeperOf('/two').load(storage))?.trusted)).toEqual([2]);
    await one.lock();
    await two.lock();
    await one.discard();
    expect(await keeperOf('/one').load(storage)).toBeUndefined();
    expect(await keeperOf('/two').load(storage)).toBeDefined();
    await one.close();
    await two.close();
  });

  it('claims no piece that was written while the files were made durable', async () => {
    const have = new Bitfield(torrent.info.pieceCount);
    have.set(0);
    class Busy extends ContentStorage {
      override async sync(): Promise<void> {
        have.set(1);
        await super.sync();
      }
    }
    const keeper = keeperOf();
    keeper.changed();
    const storage = new Busy(torrent, 'all');
    await keeper.save(storage, () => ({
      have,
      priorities: Uint8Array.of(4),
      uploaded: 0,
      downloaded: 0,
      peers: [],
    }));
    expect(listOf((await keeperOf().load(storage))?.trusted)).toEqual([0]);
  });

  it('is due at intervals while something changes', async () => {
    const storage = new ContentStorage(torrent, 'all');
    const keeper = keeperOf();
    await clock.advance(clientDefaults.resumeSaveInterval);
    expect(keeper.isDue(clock.now())).toBe(false);
    keeper.changed();
    expect(keeper.isDue(clock.now())).toBe(true);
    await keeper.save(storage, stateOf([0]));
    expect(keeper.isDue(clock.now())).toBe(false);
    keeper.changed();
    expect(keeper.isDue(clock.now())).toBe(false);
    await clock.advance(clientDefaults.resumeSaveInterval);
    expect(keeper.isDue(clock.now())).toBe(true);
  });

  it('saves again what could not be saved', async () => {
    const storage = new ContentStorage(torrent, 'all');
    const root = join(folder.path, 'resume');
    await writeFile(root, 'in the way');
    const keeper = keeperOf('/downloads', root);
    keeper.changed();
    await expect(keeper.save(storage, stateOf([0]))).rejects.toMatchObject({
      code: 'ERR_DISK_WRONG_TYPE',
    });
    await clock.advance(clientDefaults.resumeSaveInterval);
    expect(keeper.isDue(clock.now())).toBe(true);
  });

  it('remembers nothing without a folder', async () => {
    const storage = new ContentStorage(torrent, 'all');
    const keeper = new ResumeKeeper(undefined, clock, torrent.info, '/downloads');
    keeper.changed();
    await keeper.lock();
    await keeper.save(storage, stateOf([0]));
    expect(await keeper.load(storage)).toBeUndefined();
    await keeper.discard();
    await keeper.close();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('locks a download until it is closed', async () => {
    const one = keeperOf();
    expect(await one.lock()).toBeUndefined();
    await one.lock();
    await expect(keeperOf().lock()).rejects.toMatchObject({ code: 'ERR_DISK_LOCKED' });
    await one.close();
    const two = keeperOf();
    expect(await two.lock()).toBeUndefined();
    await two.close();
  });

  it('goes on without a lock where the folder cannot be written to', async () => {
    const root = join(folder.path, 'resume');
    await writeFile(root, 'in the way');
    expect(await keeperOf('/downloads', root).lock()).toMatchObject({
      code: 'ERR_DISK_WRONG_TYPE',
    });
  });
});

describe('a client with resume data', () => {
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  async function add(have: number[] | 'all', resumeDirectory: string): Promise<Torrent> {
    const client = await Client.start({ bind: '127.0.0.1', resumeDirectory });
    clients.push(client);
    const added = await client.add(metainfoOf(torrent, { trackers: [] }), {
      directory: join(folder.path, 'downloads'),
      storage: () => new ContentStorage(torrent, have),
    });
    added.on('error', () => undefined);
    return added;
  }

  it('holds the lock while it downloads, and leaves it when it is closed', async () => {
    const resume = join(folder.path, 'resume');
    const one = await add([0], resume);
    await one.checked();
    const two = await add([0], resume);
    await expect(two.checked()).rejects.toMatchObject({ code: 'ERR_DISK_LOCKED' });
    expect(two).toMatchObject({ state: 'error', error: { code: 'ERR_DISK_LOCKED' } });
    await one.close();
    await two.resume();
    expect(two.state).toBe('downloading');
  });

  it('serves what is complete beside others', async () => {
    const resume = join(folder.path, 'resume');
    const torrents = [await add('all', resume), await add('all', resume)];
    for (const each of torrents) {
      await each.checked();
      expect(each.state).toBe('seeding');
    }
  });

  it('warns of a folder that cannot be written to, and downloads', async () => {
    const resume = join(folder.path, 'resume');
    await mkdir(folder.path, { recursive: true });
    await writeFile(resume, 'in the way');
    const added = await add([0], resume);
    const warnings: string[] = [];
    added.on('warning', (error) => warnings.push((error as { code?: string }).code ?? ''));
    await added.checked();
    expect(added.state).toBe('downloading');
    expect(warnings).toEqual(['ERR_DISK_WRONG_TYPE']);
    await added.close();
    expect(warnings).toEqual(['ERR_DISK_WRONG_TYPE', 'ERR_DISK_WRONG_TYPE']);
  });
});
