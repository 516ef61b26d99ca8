import { ScriptedPeer } from '../support/scripted-peer.ts';
import { at } from '../support/sim-pair.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

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
