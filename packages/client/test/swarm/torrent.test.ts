import { allowedFastSet } from '@shoal/peer-wire';
import { ClientError, DiskError } from '../../src/index.ts';
import { makeTorrent, temporaryFolder } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { metainfoOf } from '../support/metainfo.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';

const at = ({ host }: { host: { address: string } }): { address: string; port: number } => ({
  address: host.address,
  port: 6881,
});

/** Three files over 64 pieces of 32 KiB: pieces 0–20 (a part of 20), 20–41, 41–63. */
const THREE_FILES = [
  { path: 'album/one.flac', length: 20 * 32_768 + 1_000 },
  { path: 'album/two.flac', length: 21 * 32_768 },
  { path: 'album/three.flac', length: 23 * 32_768 - 1_000 },
];

async function pair(
  seed: number,
  options: { leecher?: Parameters<SimSwarm['node']>[0]; files?: typeof THREE_FILES } = {},
): Promise<{ swarm: SimSwarm; seed: Node; leecher: Node }> {
  const swarm = new SimSwarm({
    seed,
    ...(options.files === undefined ? {} : { files: options.files }),
  });
  const seeding = await swarm.seed({ trackerless: true });
  const leecher = await swarm.node({
    trackerless: true,
    ...options.leecher,
    add: { peers: [at(seeding)], ...options.leecher?.add },
  });
  return { swarm, seed: seeding, leecher };
}

const haveOf = ({ torrent }: Node): number => torrent.progress().pieces.have;

describe('the life of a torrent', () => {
  it('sleeps while it is complete and has no peers, and is woken by the first one', async () => {
    const { swarm, seed, leecher } = await pair(40);
    await swarm.finished([leecher], 10_000);
    expect(seed.torrent.swarm).toBeDefined();
    await swarm.pass(15_000);
    expect(seed.torrent.swarm).toBeUndefined();
    expect(seed.torrent.progress()).toMatchObject({
      state: 'seeding',
      uploadedBytes: 2 << 20,
      completedBytes: 2 << 20,
      pieces: { total: 64, have: 64 },
      peers: 0,
    });
    const another = await swarm.node({ trackerless: true, add: { peers: [at(seed)] } });
    await swarm.finished([another], 10_000);
    expect(seed.torrent.progress().uploadedBytes).toBe(4 << 20);
    await swarm.close();
  });

  it('sleeps again at once when a peer has only looked whether somebody is there', async () => {
    const swarm = new SimSwarm({ seed: 47 });
    const seed = await swarm.seed({ trackerless: true });
    expect(seed.torrent.swarm).toBeUndefined();
    const connecting = ScriptedPeer.connect(swarm.host(), at(seed), swarm.torrent);
    const peer = await swarm.settle(connecting);
    await swarm.until(() => peer.have.isFull, 10_000);
    expect(seed.torrent.swarm?.peers.size).toBe(1);
    peer.connection.close();
    await swarm.until(() => peer.closed, 10_000);
    await swarm.pass(10);
    expect(seed.torrent.swarm).toBeUndefined();
    await swarm.close();
  });

  it('is not woken any more once it is being closed', async () => {
    const swarm = new SimSwarm({ seed: 48 });
    const seed = await swarm.seed();
    await swarm.until(() => swarm.tracker.seen.length > 0, 10_000);
    swarm.tracker.latency = 2_000;
    expect(seed.torrent.swarm).toBeUndefined();
    const closing = seed.torrent.remove();
    const peer = await swarm.settle(ScriptedPeer.connect(swarm.host(), at(seed), swarm.torrent));
    await swarm.settle(closing);
    await swarm.pass(1_000);
    expect(seed.torrent.swarm).toBeUndefined();
    expect(peer.handshake).toBeUndefined();
    expect(peer.closed).toBe(true);
    await swarm.close();
  });

  it('remembers what a check has found, although it sleeps from then on', async () => {
    const { path, remove } = await temporaryFolder();
    const swarm = new SimSwarm({ seed: 49 });
    const seed = await swarm.seed({ trackerless: true, client: { resumeDirectory: path } });
    // Looking for resume data, like writing it at the end, takes real time.
    await seed.torrent.checked();
    let saves = 0;
    seed.storage.sync = () => Promise.resolve(void (saves += 1));
    await swarm.pass(29_000);
    expect(seed.torrent.swarm).toBeUndefined();
    expect(saves).toBe(0);
    await swarm.pass(4_000);
    expect(saves).toBe(1);
    await seed.torrent.close();
    await swarm.close();
    await remove();
  });

  it('tries again to remember what it could not, although it sleeps', async () => {
    const { path, remove } = await temporaryFolder();
    const swarm = new SimSwarm({ seed: 50 });
    const seed = await swarm.seed({ trackerless: true, client: { resumeDirectory: path } });
    // Looking for resume data, like writing it at the end, takes real time.
    await seed.torrent.checked();
    let saves = 0;
    seed.storage.sync = () =>
      (saves += 1) === 1 ? Promise.reject(new Error('not now')) : Promise.resolve();
    await swarm.pass(33_000);
    expect(saves).toBe(1);
    await swarm.pass(31_000);
    expect(saves).toBe(2);
    await seed.torrent.close();
    await swarm.close();
    await remove();
  });

  it('goes from checking over downloading to seeding, and says so', async () => {
    const { swarm, leecher } = await pair(41);
    const said: string[] = [];
    const pieces: number[] = [];
    leecher.torrent.on('state', (state) => said.push(state));
    leecher.torrent.on('complete', () => said.push('complete'));
    leecher.torrent.on('piece', (piece) => pieces.push(piece));
    const completed = leecher.torrent.completed();
    await leecher.torrent.checked();
    await swarm.settle(completed, 10_000);
    expect(said).toEqual(['downloading', 'seeding', 'complete']);
    expect(new Set(pieces).size).toBe(64);
    expect(leecher.torrent.progress()).toMatchObject({
      state: 'seeding',
      totalBytes: 2 << 20,
      completedBytes: 2 << 20,
      downloadedBytes: 2 << 20,
      pieces: { total: 64, have: 64 },
      eta: undefined,
    });
    await swarm.close();
    expect(leecher.torrent.state).toBe('closed');
    expect(leecher.storage.closed).toBe(true);
    await expect(leecher.torrent.completed()).rejects.toMatchObject({
      code: 'ERR_CLIENT_TORRENT_CLOSED',
    });
  });

  it('pauses and goes on with what it had', async () => {
    const { swarm, seed, leecher } = await pair(42);
    await swarm.until(() => haveOf(leecher) >= 20, 10_000);
    await leecher.torrent.pause();
    expect(leecher.torrent.state).toBe('paused');
    await swarm.pass(200);
    const had = haveOf(leecher);
    await swarm.pass(30_000);
    expect(haveOf(leecher)).toBe(had);
    expect(leecher.torrent.progress().peers).toBe(0);
    expect(seed.torrent.progress().peers).toBe(0);
    await leecher.torrent.resume();
    await swarm.finished([leecher], 15_000);
    // What was verified is not fetched again; partial pieces may be.
    expect(leecher.torrent.progress().downloadedBytes).toBeLessThan((2 << 20) + 16 * 32_768);
    expect(leecher.storage.written).toHaveLength(64);
    await swarm.close();
  });

  it('is not upset by what listeners throw', async () => {
    const { swarm, leecher } = await pair(71);
    const thrown: unknown[] = [];
    const { queueMicrotask } = globalThis;
    globalThis.queueMicrotask = (callback) => {
      void Promise.resolve()
        .then(callback)
        .catch((error: unknown) => thrown.push(error));
    };
    const broken = new Error('a broken listener');
    for (const event of ['state', 'piece', 'complete', 'peer'] as const)
      leecher.torrent.on(event, () => {
        throw broken;
      });
    await swarm.finished([leecher], 15_000);
    await swarm.close();
    globalThis.queueMicrotask = queueMicrotask;
    expect(leecher.torrent.state).toBe('closed');
    expect(new Set(thrown)).toEqual(new Set([broken]));
  });

  it('can be added paused, and takes no connection then', async () => {
    const { swarm, leecher } = await pair(43, { leecher: { add: { paused: true } } });
    await leecher.torrent.checked();
    expect(leecher.torrent.state).toBe('paused');
    const peer = await swarm.settle(ScriptedPeer.connect(swarm.host(), at(leecher), swarm.torrent));
    await swarm.pass(5_000);
    expect(peer.closed).toBe(true);
    expect(peer.handshake).toBeUndefined();
    expect(haveOf(leecher)).toBe(0);
    await leecher.torrent.resume();
    await swarm.finished([leecher], 15_000);
    await swarm.close();
  });

  it('says complete also when the last piece was written during the pause', async () => {
    const { swarm, leecher } = await pair(44);
    let complete = 0;
    leecher.torrent.on('complete', () => (complete += 1));
    let write: () => void = () => undefined;
    leecher.storage.faults.beforeWrite = (piece) =>
      piece === 17 ? new Promise((resolve) => (write = resolve)) : Promise.resolve();
    await swarm.until(() => haveOf(leecher) === 63, 15_000);
    const paused = leecher.torrent.pause();
    await swarm.pass(1_000);
    expect(leecher.torrent.state).toBe('paused');
    expect(leecher.torrent.progress().peers).toBe(0);
    const completed = leecher.torrent.completed();
    write();
    await paused;
    expect(haveOf(leecher)).toBe(64);
    await completed;
    await leecher.torrent.resume();
    await swarm.finished([leecher], 15_000);
    expect(complete).toBe(1);
    await swarm.close();
  });

  it('lets watchers follow it until it is closed', async () => {
    const { swarm, leecher } = await pair(45);
    const states: string[] = [];
    let snapshots = 0;
    const watching = (async () => {
      for await (const progress of leecher.torrent.watch({ interval: 250 })) {
        snapshots += 1;
        if (states.at(-1) !== progress.state) states.push(progress.state);
      }
    })();
    await swarm.finished([leecher], 15_000);
    const time = swarm.world.now;
    expect(snapshots).toBeGreaterThanOrEqual(Math.floor(time / 250));
    expect(snapshots).toBeLessThanOrEqual(Math.ceil(time / 250) + 4);
    await swarm.close();
    await watching;
    expect(states).toEqual(['checking', 'downloading', 'seeding', 'closed']);
  });

  it('lets watchers go that break off or abort', async () => {
    const { swarm, leecher } = await pair(46);
    for await (const progress of leecher.torrent.watch()) {
      expect(progress.pieces.total).toBe(64);
      break;
    }
    const abort = new AbortController();
    let count = 0;
    const watching = (async () => {
      for await (const _ of leecher.torrent.watch({ interval: 100, signal: abort.signal }))
        count += 1;
    })();
    swarm.world.at(350, () => abort.abort());
    await swarm.settle(watching, 1_000);
    expect(count).toBeGreaterThanOrEqual(4);
    expect(count).toBeLessThanOrEqual(5);
    expect(leecher.torrent.listenerCount('state')).toBe(0);
    await swarm.close();
  });

  it('ends waits with the reason of their signal, and with its closing', async () => {
    const { swarm, leecher } = await pair(47);
    const reason = new Error('enough');
    await expect(leecher.torrent.completed({ signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const abort = new AbortController();
    const aborted = expect(leecher.torrent.completed({ signal: abort.signal })).rejects.toBe(
      reason,
    );
    abort.abort(reason);
    await aborted;
    const closed = expect(leecher.torrent.completed()).rejects.toMatchObject({
      code: 'ERR_CLIENT_TORRENT_CLOSED',
    });
    await leecher.torrent.checked();
    await leecher.torrent.checked();
    await swarm.settle(leecher.torrent.remove());
    await closed;
    expect(leecher.client.torrents).toEqual([]);
    await swarm.close();
  });

  it('verifies on demand and fetches again what is gone', async () => {
    const storage = new ContentStorage(
      makeTorrent([{ path: 'film.bin', length: 2 << 20 }], 32_768, 48),
    );
    const { swarm, leecher } = await pair(48, { leecher: { storage } });
    await swarm.finished([leecher], 15_000);
    expect(await leecher.torrent.verify()).toEqual({ missing: [] });
    expect(leecher.torrent.state).toBe('seeding');
    storage.lose(3);
    storage.lose(40);
    expect(await leecher.torrent.verify()).toEqual({ missing: [3, 40] });
    expect(leecher.torrent.state).toBe('downloading');
    await swarm.finished([leecher], 30_000);
    const reason = new Error('no');
    await expect(leecher.torrent.verify({ signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(leecher.torrent.state).toBe('seeding');
    const abort = new AbortController();
    const verifying = expect(leecher.torrent.verify({ signal: abort.signal })).rejects.toBe(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect(leecher.torrent.state).toBe('checking');
    abort.abort(reason);
    await verifying;
    // A check that was broken off changes nothing.
    expect(leecher.torrent.state).toBe('seeding');
    storage.faults.checkError = new DiskError('ERR_DISK_IO', 'The disk is dying');
    await expect(leecher.torrent.verify()).rejects.toBe(storage.faults.checkError);
    expect(leecher.torrent.state).toBe('error');
    storage.faults.checkError = undefined;
    await leecher.torrent.resume();
    expect(leecher.torrent.state).toBe('seeding');
    await swarm.close();
  });
});

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

describe('trackers', () => {
  it('hear started, completed and stopped, with figures', async () => {
    const swarm = new SimSwarm({ seed: 71 });
    const seed = await swarm.seed();
    const leecher = await swarm.node();
    await swarm.finished([leecher], 15_000);
    await swarm.pass(1_000);
    await swarm.close();
    expect(swarm.tracker.eventsOf(seed.host.address)).toEqual(['started', 'stopped']);
    expect(swarm.tracker.eventsOf(leecher.host.address)).toEqual([
      'started',
      'completed',
      'stopped',
    ]);
    const said = swarm.tracker.seen
      .filter(({ from }) => from === leecher.host.address)
      .map(({ request }) => request);
    const length = 2 << 20;
    expect(said.map(({ left }) => left)).toEqual([length, 0, 0]);
    expect(said.map(({ downloaded }) => downloaded)).toEqual([0, length, length]);
    const last = swarm.tracker.seen.find(
      ({ from, request }) => from === seed.host.address && request.event === 'stopped',
    );
    expect(last?.request).toMatchObject({ uploaded: length, port: 6881, left: 0 });
    expect(last?.request.peerId).toEqual(seed.client.peerId);
  });

  it('hear nothing of padding in what is left', async () => {
    const swarm = new SimSwarm({
      seed: 74,
      files: [
        { path: 'album/a', length: 40_000 },
        { path: 'album/.pad/25536', length: 25_536, padding: true },
        { path: 'album/b', length: 30_000 },
        { path: 'album/.pad/2768', length: 2_768, padding: true },
      ],
    });
    await swarm.seed();
    const leecher = await swarm.node();
    await swarm.finished([leecher], 15_000);
    await swarm.pass(1_000);
    const said = swarm.tracker.seen.filter(({ from }) => from === leecher.host.address);
    expect(said.map(({ request }) => request.left)).toEqual([70_000, 0]);
    await swarm.close();
  });

  it('hear stopped at a pause and started afterwards', async () => {
    const swarm = new SimSwarm({ seed: 72 });
    const leecher = await swarm.node();
    await swarm.pass(1_000);
    await leecher.torrent.pause();
    await swarm.pass(1_000);
    await leecher.torrent.resume();
    await swarm.pass(1_000);
    expect(swarm.tracker.eventsOf(leecher.host.address)).toEqual(['started', 'stopped', 'started']);
    await swarm.close();
  });

  it('hear of a removed torrent, not of one that was never started', async () => {
    const swarm = new SimSwarm({ seed: 73 });
    const leecher = await swarm.node();
    const paused = await swarm.node({ add: { paused: true } });
    await swarm.pass(1_000);
    await swarm.settle(Promise.all([leecher.torrent.remove(), paused.torrent.remove()]));
    expect(swarm.tracker.eventsOf(leecher.host.address)).toEqual(['started', 'stopped']);
    expect(swarm.tracker.eventsOf(paused.host.address)).toEqual([]);
    await swarm.close();
  });

  it('may be down: the torrent says so, closes in time and asks again later', async () => {
    const swarm = new SimSwarm({ seed: 74 });
    swarm.tracker.up = false;
    const seed = await swarm.seed();
    const leecher = await swarm.node();
    const reports: string[] = [];
    leecher.torrent.on('tracker', ({ state }) => reports.push(state));
    await swarm.pass(5_000);
    expect(reports).toContain('failed');
    swarm.tracker.up = true;
    await swarm.finished([leecher, seed], 300_000);
    expect(reports).toContain('working');
    swarm.tracker.latency = 3_600_000;
    const start = swarm.world.now;
    await swarm.settle(leecher.client.close({ timeout: 2_000 }));
    expect(swarm.world.now - start).toBeLessThanOrEqual(2_100);
    await swarm.close();
  });

  it('are the only ones who name peers of a private torrent, and it says nothing of other ways (BEP 27)', async () => {
    const swarm = new SimSwarm({ seed: 75, private: true });
    const seed = await swarm.seed();
    const leecher = await swarm.node();
    const outsider = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at(seed), swarm.torrent),
    );
    await swarm.finished([leecher], 15_000);
    expect(leecher.torrent.info.private).toBe(true);
    const peers = [...(outsider.handshake === undefined ? [] : [outsider.handshake.reserved])];
    expect(peers).toEqual([{ dht: false, extension: true, fast: true, v2: false }]);
    leecher.torrent.peerList.forEach((_, sources) => expect(sources).toEqual(['tracker']));
    await swarm.close();
  });
});

describe('a client', () => {
  it('refuses a torrent it has, one that is broken, and any once it is closed', async () => {
    const swarm = new SimSwarm({ seed: 81 });
    const { client } = await swarm.seed();
    const add = { directory: '/nowhere', storage: () => new ContentStorage(swarm.torrent) };
    await expect(client.add(swarm.metainfo, add)).rejects.toMatchObject({
      code: 'ERR_CLIENT_DUPLICATE',
    });
    await expect(client.add(swarm.metainfo, add)).rejects.toBeInstanceOf(ClientError);
    await expect(client.add(new Uint8Array([1, 2, 3]), add)).rejects.toThrow();
    await swarm.settle(client.torrents[0]!.remove());
    const again = await client.add(swarm.metainfo, add);
    await again.checked();
    await swarm.close();
    await expect(client.add(swarm.metainfo, add)).rejects.toMatchObject({
      code: 'ERR_CLIENT_CLOSED',
    });
  });

  it('closes without checking what was added just before', async () => {
    const swarm = new SimSwarm({ seed: 83 });
    const [client] = await swarm.client();
    const storage = new ContentStorage(swarm.torrent, 'all');
    storage.checkPieces = (_pieces, _onPiece, signal) =>
      new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const adding = client.add(swarm.metainfo, { directory: '/nowhere', storage: () => storage });
    await Promise.all([adding, swarm.settle(client.close())]);
    expect((await adding).state).toBe('closed');
  });

  it('gives up what it was just dialling when it closes', async () => {
    const swarm = new SimSwarm({ seed: 84 });
    const far = swarm.host({ latency: 3_000 });
    const peers = await ScriptedPeer.listen(far, swarm.torrent);
    const leecher = await swarm.node({ trackerless: true, add: { peers: [at({ host: far })] } });
    await swarm.pass(2_000);
    await swarm.settle(leecher.client.close());
    await swarm.pass(30_000);
    expect(peers.filter((peer) => peer.handshake !== undefined)).toEqual([]);
    await swarm.close();
  });

  it('closes at any moment', async () => {
    for (const time of [0, 20, 60, 100, 1_000, 2_000]) {
      const swarm = new SimSwarm({ seed: 82 });
      await swarm.seed();
      const leecher = await swarm.node();
      await swarm.pass(time);
      const closing = leecher.client.close();
      expect(leecher.client.close()).toBe(closing);
      await swarm.settle(closing);
      await swarm.close();
      // Nothing is left to happen, but for connections that end by themselves.
      expect(await swarm.world.run({ limit: 60_000 })).toBe('idle');
    }
  });
});
