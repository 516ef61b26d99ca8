import { allowedFastSet } from '@shoal/peer-wire';
import { DiskError } from '../../src/index.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { metainfoOf } from '../support/metainfo.ts';
import { at, haveOf, pair, THREE_FILES } from '../support/sim-pair.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';

describe('pieces on their way to the disk', () => {
  const slowly = ({ storage, host }: Node): void => {
    storage.faults.beforeWrite = () => new Promise((resolve) => host.clock.setTimer(resolve, 400));
  };

  it('are counted once when everything is verified meanwhile', async () => {
    const { swarm, leecher } = await pair(49);
    slowly(leecher);
    await swarm.until(() => haveOf(leecher) >= 20, 15_000);
    await swarm.settle(leecher.torrent.verify());
    const { completedBytes, pieces } = leecher.torrent.progress();
    expect(completedBytes).toBe(pieces.have * 32_768);
    await swarm.finished([leecher], 30_000);
    expect(leecher.torrent.progress().completedBytes).toBe(2 << 20);
    expect(leecher.storage.written).toHaveLength(64);
    await swarm.close();
  });

  it('are waited for by close', async () => {
    const { swarm, leecher } = await pair(50);
    slowly(leecher);
    await swarm.until(() => leecher.torrent.swarm!.writing >= 5, 15_000);
    await swarm.settle(leecher.client.close());
    expect(leecher.torrent.swarm?.writing).toBe(0);
    expect(leecher.storage.written).toHaveLength(haveOf(leecher));
    await swarm.close();
  });
});

describe('what is wanted', () => {
  it('downloads the selected files only, and the others when they are selected later', async () => {
    const { swarm, leecher } = await pair(51, {
      files: THREE_FILES,
      leecher: { add: { select: [1] } },
    });
    await swarm.finished([leecher], 15_000);
    expect([...leecher.storage.written].sort((one, other) => one - other)).toEqual(
      Array.from({ length: 22 }, (_, index) => 20 + index),
    );
    expect(leecher.torrent.progress()).toMatchObject({
      totalBytes: 21 * 32_768,
      completedBytes: 21 * 32_768,
    });
    expect(leecher.storage.wanted).toEqual([false, true, false]);
    expect(leecher.torrent.files.map(({ priority }) => priority)).toEqual([0, 4, 0]);
    await swarm.pass(5_000);
    expect(leecher.storage.written).toHaveLength(22);
    leecher.torrent.select([1, 2]);
    await swarm.until(() => leecher.torrent.state === 'downloading', 100);
    await swarm.finished([leecher], 15_000);
    expect(leecher.storage.written).toHaveLength(44);
    await swarm.close();
  });

  it('drops what is no longer wanted while it comes in', async () => {
    const { swarm, leecher } = await pair(52, { files: THREE_FILES });
    await swarm.until(() => haveOf(leecher) >= 10, 15_000);
    leecher.torrent.select([0]);
    await swarm.finished([leecher], 15_000);
    expect(haveOf(leecher)).toBeLessThan(64);
    for (let piece = 0; piece <= 20; piece += 1) expect(leecher.storage.has(piece)).toBe(true);
    leecher.torrent.select([]);
    await swarm.pass(1_000);
    leecher.torrent.select([0, 1, 2]);
    await swarm.pass(100);
    await swarm.finished([leecher], 15_000);
    expect(haveOf(leecher)).toBe(64);
    await swarm.close();
  });

  it('cancels what it has asked for when that is not wanted any more', async () => {
    const swarm = new SimSwarm({ seed: 56, files: THREE_FILES });
    const host = swarm.host();
    const peers = await ScriptedPeer.listen(host, swarm.torrent, { onOpen: poseAsSeed });
    const leecher = await swarm.node({ trackerless: true, add: { peers: [at({ host })] } });
    const blocks = (name: string): string[] =>
      (peers[0]?.messages ?? []).filter(([each]) => each === name).map((each) => each.join(' '));
    await swarm.until(() => blocks('request').length > 0, 10_000);
    leecher.torrent.select([]);
    await swarm.pass(1_000);
    const asked = blocks('request').map((each) => each.replace('request', 'cancel'));
    expect(new Set(blocks('cancel'))).toEqual(new Set(asked));
    leecher.torrent.select([0, 1, 2]);
    await swarm.until(() => blocks('request').length > asked.length, 10_000);
    await swarm.close();
  });

  it('sets the priorities of many files in one go', async () => {
    const { swarm, leecher } = await pair(69, { files: THREE_FILES });
    const wanted: (readonly boolean[])[] = [];
    leecher.storage.setWanted = (files) => {
      wanted.push(files);
      return Promise.resolve();
    };
    await leecher.torrent.checked();
    wanted.length = 0;
    for (const file of leecher.torrent.files) file.priority = file.index === 1 ? 7 : 0;
    await swarm.finished([leecher], 15_000);
    expect(wanted).toEqual([[false, true, false]]);
    await swarm.close();
  });

  it('fetches a file of higher priority first', async () => {
    const { swarm, leecher } = await pair(53, {
      files: THREE_FILES,
      leecher: { add: { paused: true } },
    });
    await leecher.torrent.checked();
    leecher.torrent.files[2]!.priority = 7;
    await leecher.torrent.resume();
    await swarm.finished([leecher], 15_000);
    const { written } = leecher.storage;
    const last = Math.max(...written.map((piece, index) => (piece > 41 ? index : 0)));
    expect(last).toBeLessThan(30);
    await swarm.close();
  });

  it('downloads in order where it is told to', async () => {
    const { swarm, leecher } = await pair(54, { leecher: { add: { sequential: true } } });
    await swarm.finished([leecher], 15_000);
    // Before it is unchoked a peer may ask for a few pieces that are not of its choosing (BEP 6).
    const given = new Set(
      allowedFastSet(leecher.host.address, swarm.torrent.info.infoHash!, 64, 10),
    );
    const chosen = leecher.storage.written.filter((piece) => !given.has(piece));
    expect(chosen).toEqual([...chosen].sort((one, next) => one - next));
    expect(chosen.findIndex((piece) => piece > 20)).toBeGreaterThan(15);
    const other = await pair(54);
    await other.swarm.finished([other.leecher], 15_000);
    const farthest = Math.max(
      ...other.leecher.storage.written.map((piece, index) => Math.abs(piece - index)),
    );
    expect(farthest).toBeGreaterThan(10);
    await swarm.close();
    await other.swarm.close();
  });
});

describe('a torrent that fails', () => {
  const full = new DiskError('ERR_DISK_FULL', 'No space left');

  it('is not stopped again by what else failed while it stopped, when it is resumed at once', async () => {
    const { swarm, leecher } = await pair(63);
    const { torrent, storage } = leecher;
    const errors: Error[] = [];
    torrent.on('error', (error) => errors.push(error));
    await swarm.until(() => haveOf(leecher) >= 20, 15_000);
    const writes: (() => void)[] = [];
    storage.faults.beforeWrite = () => new Promise((resolve) => writes.push(resolve));
    await swarm.until(() => writes.length >= 2, 15_000);
    storage.faults.writeError = full;
    let resumed: Promise<void> | undefined;
    torrent.on('state', (state) => {
      if (state === 'error') resumed ??= torrent.resume();
      if (state === 'checking') storage.faults.writeError = undefined;
    });
    writes.shift()?.();
    await swarm.until(() => torrent.state === 'error', 1_000);
    storage.faults.beforeWrite = undefined;
    for (const write of writes.splice(0)) write();
    await resumed;
    await swarm.finished([leecher], 15_000);
    expect(errors).toEqual([full]);
    await swarm.close();
  });

  it('stops with the error, leaves others alone, and goes on where it was when it is resumed', async () => {
    const { swarm, seed, leecher } = await pair(61);
    const second = makeTorrent([{ path: 'other.bin', length: 1 << 20 }], 32_768, 99);
    const others = await Promise.all(
      [seed, leecher].map((node, index) =>
        node.client.add(metainfoOf(second), {
          directory: '/nowhere',
          storage: () => new ContentStorage(second, index === 0 ? 'all' : []),
          peers: index === 0 ? [] : [at(seed)],
        }),
      ),
    );
    const errors: Error[] = [];
    leecher.torrent.on('error', (error) => errors.push(error));
    await swarm.until(() => haveOf(leecher) >= 20, 15_000);
    const completed = expect(leecher.torrent.completed()).rejects.toBe(full);
    leecher.storage.faults.writeError = full;
    await swarm.until(() => leecher.torrent.state === 'error', 1_000);
    await completed;
    expect(leecher.torrent.error).toBe(full);
    expect(errors).toEqual([full]);
    expect(leecher.torrent.progress().peers).toBe(0);
    const had = haveOf(leecher);
    await swarm.until(() => others[1]?.state === 'seeding', 15_000);
    expect(haveOf(leecher)).toBe(had);
    leecher.storage.faults.writeError = undefined;
    await leecher.torrent.resume();
    expect(leecher.torrent.error).toBeUndefined();
    expect(haveOf(leecher)).toBe(had);
    await swarm.finished([leecher], 30_000);
    expect(new Set(leecher.storage.written).size).toBe(64);
    await swarm.close();
  });

  it('fails again when it is resumed too early', async () => {
    const { swarm, leecher } = await pair(62);
    await swarm.until(() => haveOf(leecher) >= 5, 15_000);
    leecher.storage.faults.writeError = full;
    await swarm.until(() => leecher.torrent.state === 'error', 1_000);
    await leecher.torrent.resume();
    expect(leecher.torrent.state).toBe('downloading');
    await swarm.until(() => leecher.torrent.state === 'error', 15_000);
    await swarm.close();
  });

  it('fails when what it should upload cannot be read', async () => {
    const { swarm, seed, leecher } = await pair(63);
    await swarm.until(() => haveOf(leecher) >= 5, 15_000);
    seed.storage.faults.readError = new DiskError('ERR_DISK_MISSING', 'The file is gone');
    await swarm.until(() => seed.torrent.state === 'error', 2_000);
    expect(leecher.torrent.state).toBe('downloading');
    seed.storage.faults.readError = undefined;
    await seed.torrent.resume();
    await swarm.finished([leecher], 60_000);
    await swarm.close();
  });

  it('cannot verify what was never opened, or is being closed', async () => {
    const swarm = new SimSwarm({ seed: 67 });
    const broken = new DiskError('ERR_DISK_IO', 'The disk is dying');
    const storage = new ContentStorage(swarm.torrent, 'all');
    storage.faults.checkError = broken;
    const { torrent } = await swarm.node({ trackerless: true, storage });
    await expect(torrent.verify()).rejects.toBe(broken);
    storage.faults.checkError = undefined;
    await torrent.resume();
    expect(torrent.error).toBeUndefined();
    const verifying = expect(torrent.verify()).rejects.toMatchObject({
      code: 'ERR_CLIENT_TORRENT_CLOSED',
    });
    await swarm.close();
    await verifying;
    expect(torrent.state).toBe('closed');
  });

  it('is closed, and the client with it, when its storage cannot be', async () => {
    const swarm = new SimSwarm({ seed: 68 });
    const storage = new ContentStorage(swarm.torrent, 'all');
    const broken = new DiskError('ERR_DISK_IO', 'The disk is dying');
    storage.close = () => Promise.reject(broken);
    const { torrent, client } = await swarm.node({ trackerless: true, storage });
    const warnings: Error[] = [];
    torrent.on('warning', (error) => warnings.push(error));
    await torrent.checked();
    await swarm.close();
    expect(warnings).toEqual([broken]);
    expect(torrent.state).toBe('closed');
    expect(client.torrents).toEqual([]);
  });

  it('fails when a storage that should never reject does', async () => {
    const { swarm, leecher } = await pair(70);
    const broken = new Error('not as agreed');
    const { writePiece } = leecher.storage;
    leecher.storage.writePiece = () => Promise.reject(broken);
    await swarm.until(() => leecher.torrent.state === 'error', 15_000);
    expect(leecher.torrent.error).toBe(broken);
    leecher.storage.writePiece = writePiece;
    await leecher.torrent.resume();
    await swarm.finished([leecher], 20_000);
    await swarm.close();
  });

  it('fails to open, and can be tried again', async () => {
    const swarm = new SimSwarm({ seed: 64 });
    const [client] = await swarm.client();
    let broken = true;
    const storage = new ContentStorage(swarm.torrent, 'all');
    const torrent = await client.add(swarm.metainfo, {
      directory: '/nowhere',
      storage: () => {
        if (broken) throw full;
        return storage;
      },
    });
    await expect(torrent.checked()).rejects.toBe(full);
    expect(torrent.state).toBe('error');
    broken = false;
    await torrent.resume();
    expect(torrent.state).toBe('seeding');
    await swarm.close();
  });
});
