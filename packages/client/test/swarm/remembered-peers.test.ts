import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatMagnet } from '@shoal/metainfo';
import type { AddOptions, AnyTorrent, Client } from '../../src/index.ts';
import { temporaryFolder } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';

/** Lets virtual time pass until a promise is settled that waits for real files. */
async function real<T>(swarm: SimSwarm, promise: Promise<T>): Promise<T> {
  const state = { over: false };
  const end = (): void => {
    state.over = true;
  };
  promise.then(end, end);
  while (!state.over) {
    await swarm.pass(10);
    await new Promise(setImmediate);
  }
  return promise;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** Lets virtual and real time pass until something holds. */
async function until(swarm: SimSwarm, isSo: () => boolean, limit = 60_000): Promise<void> {
  for (const end = swarm.world.now + limit; !isSo();) {
    if (swarm.world.now >= end) throw new Error('It did not happen');
    await swarm.pass(10);
    await new Promise(setImmediate);
  }
}

/** Those with resume data take real time to close. */
async function end(swarm: SimSwarm): Promise<void> {
  for (const { client } of swarm.nodes) await real(swarm, client.close());
  await swarm.close();
}

const starting = (torrent: AnyTorrent): boolean => torrent.state === 'checking';

describe('a torrent whose tracker is dead after a restart', () => {
  it('finds its peers again', async () => {
    const swarm = new SimSwarm({ seed: 601 });
    const seed = await swarm.seed();
    const storage = new ContentStorage(swarm.torrent);
    const client = { resumeDirectory: folder.path };
    const first = await swarm.node({ storage, client, add: { maxDownloadRate: 200_000 } });
    await until(swarm, () => first.torrent.progress().pieces.have > 3);
    await real(swarm, first.client.close());
    swarm.tracker.up = false;
    const again = await swarm.node({ storage, client });
    await until(swarm, () => again.torrent.state === 'seeding');
    expect(seed.torrent.progress().uploadedBytes).toBeGreaterThan(0);
    await end(swarm);
  });

  it('does so also where nothing of the data has come yet', async () => {
    const swarm = new SimSwarm({ seed: 602 });
    const other = await swarm.node();
    const client = { resumeDirectory: folder.path };
    const first = await swarm.node({ client });
    await until(swarm, () => first.torrent.progress().peers === 1);
    await real(swarm, first.client.close());
    swarm.tracker.up = false;
    const again = await swarm.node({ client });
    await until(swarm, () => again.torrent.progress().peers === 1);
    expect(other.torrent.progress().peers).toBe(1);
    await end(swarm);
  });

  it('writes nothing where there was nobody', async () => {
    const swarm = new SimSwarm({ seed: 603 });
    const client = { resumeDirectory: folder.path };
    const seed = await swarm.seed({ client });
    await until(swarm, () => !starting(seed.torrent));
    await real(swarm, seed.torrent.close());
    const written = async (): Promise<string[]> => {
      const names = await readdir(folder.path, { recursive: true });
      return names.filter((name) => name.endsWith('.resume'));
    };
    // The check was news; after that nothing is.
    const [name] = await written();
    const before = await readFile(join(folder.path, name!));
    const again = await swarm.seed({ client, storage: seed.storage, trackerless: true });
    await until(swarm, () => !starting(again.torrent));
    await real(swarm, again.torrent.close());
    expect(await readFile(join(folder.path, name!))).toEqual(before);
    await end(swarm);
  });

  it.each(['tracker', 'link'] as const)(
    'has only those peers where it is private that a tracker named: %s',
    async (from) => {
      const swarm = new SimSwarm({ seed: 604 });
      const seed = await swarm.seed({ trackerless: true });
      const at = { address: seed.host.address, port: 6881 };
      if (from === 'tracker') swarm.tracker.put(at);
      const storage = new ContentStorage(swarm.torrent);
      const client = { resumeDirectory: folder.path };
      const first = await swarm.node({ storage, client, add: { maxDownloadRate: 200_000 } });
      if (from === 'link') first.torrent.discovery.found([at], 'link');
      await until(swarm, () => first.torrent.progress().pieces.have > 3);
      await real(swarm, first.client.close());
      swarm.tracker.up = false;
      const again = await swarm.node({ storage, client, add: { private: true } });
      await until(swarm, () => !starting(again.torrent));
      await swarm.pass(30_000);
      expect(again.torrent.state).toBe(from === 'tracker' ? 'seeding' : 'downloading');
      await end(swarm);
    },
  );
});

describe('a magnet link without its metadata after a restart', () => {
  /** Two that know nothing but the link, one of which finds the other through a tracker, and is restarted without one. */
  async function restarted(swarm: SimSwarm, more: Partial<AddOptions> = {}) {
    const magnet = formatMagnet({
      infoHash: swarm.torrent.info.infoHash,
      trackers: [TRACKER_URL],
    });
    const add = async (client: Client, options: Partial<AddOptions> = {}): Promise<AnyTorrent> => {
      const storage = new ContentStorage(swarm.torrent);
      const torrent = await client.add(magnet, {
        directory: '/nowhere',
        storage: () => storage,
        ...options,
      });
      torrent.on('error', () => undefined);
      return torrent;
    };
    const [other] = await swarm.client();
    const waiting = await add(other);
    const [client] = await swarm.client({ resumeDirectory: folder.path });
    const first = await add(client);
    await until(swarm, () => first.progress().peers === 1);
    await real(swarm, client.close());
    swarm.tracker.up = false;
    const [later] = await swarm.client({ resumeDirectory: folder.path });
    return { waiting, again: await add(later, more), later };
  }

  const swarmOf = (seed: number): SimSwarm =>
    new SimSwarm({ seed, torrent: makeRealTorrent(seed, {}) });

  it('finds its peers again, and later keeps them with the rest', async () => {
    const swarm = swarmOf(605);
    const { waiting, again, later } = await restarted(swarm);
    await until(swarm, () => again.progress().peers === 1);
    const names = async (): Promise<string[]> => {
      const all = await readdir(folder.path, { recursive: true });
      return all.flatMap((name) => /\.(peers|info|resume)$/.exec(name)?.[1] ?? []).sort();
    };
    expect(await names()).toEqual(['peers']);
    const seed: Node = await swarm.seed({ trackerless: true });
    for (const each of [waiting, again]) {
      each.addPeer({ address: seed.host.address, port: 6881 });
    }
    await until(swarm, () => again.state === 'seeding');
    await real(swarm, later.close());
    expect(await names()).toEqual(['info', 'resume']);
    await end(swarm);
  });

  it('forgets them with the torrent, and reads nothing that is damaged', async () => {
    const swarm = swarmOf(606);
    const { again, later } = await restarted(swarm, { paused: true });
    await until(swarm, () => again.state === 'paused');
    expect(again.knowsPeers).toBe(true);
    await real(swarm, later.close());
    const file = join(folder.path, 'metadata', (await readdir(join(folder.path, 'metadata')))[0]!);
    const bytes = await readFile(file);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(file, bytes);
    const [last] = await swarm.client({ resumeDirectory: folder.path });
    const torrent = await last.add(formatMagnet({ infoHash: swarm.torrent.info.infoHash }), {
      directory: '/nowhere',
      paused: true,
    });
    await until(swarm, () => torrent.state === 'paused');
    expect(torrent.knowsPeers).toBe(false);
    await real(swarm, torrent.remove());
    expect(await readdir(join(folder.path, 'metadata'))).toEqual([]);
    await real(swarm, last.close());
    await end(swarm);
  });
});
