import type { Scenario, Theme } from '../scenario.ts';
import type { Sim } from '../sim.ts';
import { copiesBy, isWhole, KIB, leechers, MINUTE, blocksWastedBy } from '../swarms.ts';

interface Size {
  readonly peers: number;
  readonly pieces: number;
  readonly pieceLength: number;
  readonly maxPeers: number;
  /** Virtual ms. */
  readonly within: number;
  /** Of the content, uploaded by the seed. */
  readonly copies: number;
}

async function spread(sim: Sim, size: Size): Promise<void> {
  const { peers, pieces, pieceLength, maxPeers, within, copies } = size;
  const count = sim.vary('peers', peers, Math.ceil(peers / 2), peers);
  const files = [{ path: 'film.bin', length: pieces * pieceLength - 1_000 }];
  const swarm = sim.swarm({ files, pieceLength });
  const seed = await swarm.seed({ add: { maxPeers } });
  const nodes = await leechers(swarm, count, (index) => ({
    line: { latency: 10 + (index % 16) },
    add: { maxPeers },
  }));
  const time = await swarm.finished(nodes, within);
  sim.holds('all are whole', nodes.every(isWhole));
  sim.check('end', time / 1_000, { atMost: within / 1_000 }, ' s');
  sim.check('copies by the seed', copiesBy(seed), { atMost: copies });
  sim.check('waste of each', blocksWastedBy(nodes), { atMost: 30 }, ' blocks');
  sim.check('longest stall', sim.watchOf(swarm).longestStall / 1_000, { atMost: 35 }, ' s');
}

const size = (peers: number, rest: Omit<Size, 'peers'>): Scenario => ({
  name: `swarm-of-${peers}`,
  holds: `${peers} peers with lines like the seed's complete; the seed uploads at most ${rest.copies} copies`,
  run: (sim) => spread(sim, { peers, ...rest }),
});

export const sizes: Theme = {
  title: 'Swarms of all sizes',
  scenarios: [
    size(10, { pieces: 64, pieceLength: 128 * KIB, maxPeers: 60, within: MINUTE, copies: 3 }),
    size(50, { pieces: 64, pieceLength: 128 * KIB, maxPeers: 20, within: MINUTE, copies: 3 }),
    size(150, { pieces: 16, pieceLength: 64 * KIB, maxPeers: 12, within: 2 * MINUTE, copies: 7 }),
    size(1000, { pieces: 6, pieceLength: 32 * KIB, maxPeers: 6, within: 3 * MINUTE, copies: 10 }),
  ],
};
