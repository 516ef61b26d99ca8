import { SimSwarm } from '../support/sim-swarm.ts';

describe('peers that are choked', () => {
  it('do not take a slow seed from those with a slot by their allowed-fast pieces', async () => {
    const files = [{ path: 'film.bin', length: 2_000_000 }];
    const swarm = new SimSwarm({ seed: 71, files, pieceLength: 65_536 });
    const seed = await swarm.seed({ line: { bandwidthUp: 50_000 } });
    const leechers = [];
    for (let index = 0; index < 20; index += 1) leechers.push(await swarm.node());
    await swarm.finished(leechers, 600_000);
    const copies = seed.torrent.progress().uploadedBytes / 2_000_000;
    // 2.5 where all who wait share the line with those who have a slot.
    expect(copies).toBeLessThan(2.2);
    await swarm.close();
  });
});
