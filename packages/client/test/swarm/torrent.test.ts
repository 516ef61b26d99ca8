import { DiskError } from '../../src/index.ts';
import { makeTorrent, temporaryFolder } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { ScriptedPeer } from '../support/scripted-peer.ts';
import { at, haveOf, pair } from '../support/sim-pair.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

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
