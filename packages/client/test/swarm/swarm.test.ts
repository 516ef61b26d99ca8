import { figure } from '../support/figure.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';

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
      Array.from({ length: 50 }, (_, index) =>
        swarm.node({ line: { latency: 10 + (index % 16) }, add: { maxPeers: 16 } }),
      ),
    );
    const time = await swarm.finished(leechers, 600_000);
    const copies = seed.torrent.progress().uploadedBytes / swarm.torrent.info.totalLength;
    const wasted = leechers.reduce((sum, { torrent }) => sum + torrent.progress().wastedBytes, 0);
    figure(
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

  it('finds and bans the corrupting tenth of its peers and nobody else', async () => {
    const swarm = new SimSwarm({
      seed: 5,
      files: [{ path: 'film.bin', length: 4 * MIB }],
      pieceLength: 128 * 1024,
    });
    await swarm.seed();
    const honest: Node[] = [];
    const corrupt: Node[] = [];
    for (let index = 0; index < 20; index += 1) {
      const isCorrupt = index % 10 === 3;
      const node = await swarm.node({
        line: { latency: 10 + index },
        // Of the corrupting peers one begins with everything, so that many ask it.
        have: isCorrupt && corrupt.length === 0 ? 'all' : [],
      });
      (isCorrupt ? corrupt : honest).push(node);
      if (isCorrupt) {
        const { random } = node.host;
        node.storage.faults.spoil = (block) => {
          if (random.next() < 0.3) block[random.integer(block.length)]! ^= 0xff;
        };
      }
    }
    const liars = new Set(corrupt.map(({ host }) => host.address));
    const banned = new Map<string, number>();
    for (const { torrent } of honest)
      torrent.on('peer', ({ event, endpoint }) => {
        if (event === 'banned')
          banned.set(endpoint.address, (banned.get(endpoint.address) ?? 0) + 1);
      });
    const time = await swarm.finished(honest, 300_000);
    const wasted = honest.reduce((sum, { torrent }) => sum + torrent.progress().wastedBytes, 0);
    const bans = [...banned.values()].reduce((sum, each) => sum + each, 0);
    figure(
      `2 of 20 corrupt: ${bans} bans by ${honest.length} peers, ${(time / 1000).toFixed(1)} s, ${wasted} bytes wasted`,
    );
    expect(new Set(banned.keys())).toEqual(liars);
    expect(bans).toBeGreaterThanOrEqual(honest.length);
    const now = swarm.world.now;
    for (const { torrent, host } of honest) {
      for (const other of honest)
        if (other.host !== host)
          expect(torrent.peerList.banOf(other.host.address, now)).toBeUndefined();
    }
    await swarm.close();
  });

  it('finishes a swarm in which nobody has everything', async () => {
    const swarm = new SimSwarm({ seed: 6 });
    const thirds = await Promise.all(
      [0, 1, 2].map((part) =>
        swarm.node({
          have: Array.from({ length: 64 }, (_, piece) => piece).filter(
            (piece) => piece % 3 === part,
          ),
        }),
      ),
    );
    await swarm.finished(thirds, 60_000);
    for (const { torrent } of thirds) expect(torrent.progress().pieces.have).toBe(64);
    await swarm.close();
  });

  it('repeats from its seed', async () => {
    const run = async (): Promise<unknown> => {
      const swarm = new SimSwarm({ seed: 7 });
      const nodes = [
        await swarm.seed(),
        ...(await Promise.all([1, 2, 3, 4].map(() => swarm.node()))),
      ];
      const time = await swarm.finished(nodes, 60_000);
      const figures = nodes.map(({ torrent }) => torrent.progress().uploadedBytes);
      const { events } = swarm.world;
      await swarm.close();
      return { time, figures, events };
    };
    expect(await run()).toEqual(await run());
  });
});
