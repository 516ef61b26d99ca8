import { SimSwarm } from '../support/sim-swarm.ts';

const MIB = 1 << 20;

describe('a simulated swarm', () => {
  it('spreads 8 MiB from one seed to 50 leechers, of which the seed uploads less than 3 copies', async () => {
    const swarm = new SimSwarm({
      seed: 4,
      files: [{ path: 'film.bin', length: 8 * MIB }],
      pieceLength: 128 * 1024,
    });
    const seed = await swarm.seed();
    const leechers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => swarm.node({ line: { latency: 10 + (index % 16) }, add: { maxPeers: 20 } })),
    );
    const time = await swarm.finished(leechers, 600_000);
    const copies = seed.torrent.progress().uploadedBytes / swarm.torrent.info.totalLength;
    const wasted = leechers.reduce((sum, { torrent }) => sum + torrent.progress().wastedBytes, 0);
    console.info(
      `50 leechers: ${copies.toFixed(2)} copies uploaded, ${(time / 1000).toFixed(1)} s, ${wasted} bytes wasted, ${swarm.world.events} events`,
    );
    expect(copies).toBeLessThan(3);
    expect(seed.host.sentBytes / swarm.torrent.info.totalLength).toBeLessThan(3.1);
    for (const { storage, torrent } of leechers) {
      expect(storage.written).toHaveLength(64);
      expect(torrent.progress()).toMatchObject({ state: 'seeding', pieces: { have: 64 } });
    }
    await swarm.close();
  });
});
