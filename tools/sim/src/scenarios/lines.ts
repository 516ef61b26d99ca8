import { scenario, type Theme } from '../scenario.ts';
import type { Sim } from '../sim.ts';
import { blocksWastedBy, copiesBy, endings, KIB, leechers, MINUTE, mean } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 4_000_000 }], pieceLength: 64 * KIB };

/** A pair over one way: what it makes of the rate that the way allows. */
async function alone(
  sim: Sim,
  line: { latency: number; streamLoss?: number; bandwidthUp?: number },
  { rate, share }: { rate: number; share: number },
): Promise<void> {
  const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 12_000_000 }] });
  await swarm.seed({ line });
  const leecher = await swarm.node({ line });
  const time = await swarm.finished([leecher], 20 * MINUTE);
  const best = swarm.torrent.info.totalLength / rate;
  sim.check('share of what the line gives', best / (time / 1_000), { atLeast: share });
}

export const lines: Theme = {
  title: 'Lines of all kinds',
  scenarios: [
    scenario(
      'line-asymmetric',
      'Twenty peers that receive ten times as fast as they send: all complete, and the uplinks are in use over 60 % of the time',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const up = sim.vary('uplink', 100_000, 50_000, 200_000);
        const line = { bandwidthUp: up, bandwidthDown: 10 * up };
        const seed = await swarm.seed({ line: { bandwidthUp: 2 * up } });
        const nodes = await leechers(swarm, 20, () => ({ line }));
        const time = await swarm.finished(nodes, 20 * MINUTE);
        const sent = [...nodes, seed].map(({ host }) => host.sentBytes);
        const used = mean(sent.map((bytes) => bytes / ((up * time) / 1_000)));
        sim.check('end', time / 1_000, { atMost: (1.7 * 20 * 4_000_000) / (22 * up) }, ' s');
        sim.check('use of the uplinks', used, { atLeast: 0.6 });
        sim.check('copies by the seed', copiesBy(seed), { atMost: 4 });
      },
    ),
    scenario(
      'line-mixed',
      'Peers of 20 kB/s to 2 MB/s in one swarm: all complete, the fast ones before the slow ones, no slow one holds a fast one up',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 2_000_000 }] });
        await swarm.seed({ line: { bandwidthUp: 500_000 } });
        const rates = [20_000, 100_000, 500_000, 2_000_000];
        const nodes = await leechers(swarm, 12, (index) => {
          const rate = rates[index % 4] ?? 0;
          return { line: { bandwidthUp: rate, bandwidthDown: 2 * rate } };
        });
        const ends = endings(swarm, nodes);
        await swarm.finished(nodes, 10 * MINUTE);
        const endOf = (kind: number): number =>
          mean(nodes.filter((_, index) => index % 4 === kind).map((node) => ends.get(node) ?? 0)) /
          1_000;
        sim.check('fastest', endOf(3), { atMost: 30 }, ' s');
        sim.check('fast', endOf(2), { atMost: 35 }, ' s');
        sim.check('slow', endOf(1), { atMost: 60 }, ' s');
        sim.check('slowest', endOf(0), { atMost: 120 }, ' s');
        sim.holds('the fastest end before the slowest', endOf(3) < endOf(0));
      },
    ),
    scenario(
      'line-far',
      'A round trip of 600 ms, as by satellite: the window grows until the line is full for over 65 % of the time',
      (sim) =>
        alone(
          sim,
          { latency: sim.vary('latency', 150, 50, 200), bandwidthUp: 500_000 },
          { rate: 500_000, share: 0.65 },
        ),
    ),
    scenario(
      'line-lossy',
      '1 % of packets lost near by: over half of what TCP gives there',
      (sim) =>
        // 12 segments a round trip of 60 ms and some 200 ms for each loss.
        alone(
          sim,
          { latency: 15, streamLoss: 0.005, bandwidthUp: 250_000 },
          { rate: 90_000, share: 0.8 },
        ),
    ),
    scenario(
      'line-lossy-swarm',
      'Half of sixteen peers lose 2 % of packets: all complete, and those with clean lines are not held up',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        const streamLoss = sim.vary('loss in 1/1000', 20, 1, 40) / 1_000;
        const nodes = await leechers(swarm, 16, (index) => ({
          line: index % 2 === 0 ? {} : { streamLoss },
        }));
        const ends = endings(swarm, nodes);
        await swarm.finished(nodes, 10 * MINUTE);
        const endOf = (kind: number): number =>
          Math.max(
            ...nodes.filter((_, index) => index % 2 === kind).map((node) => ends.get(node) ?? 0),
          ) / 1_000;
        sim.check('clean', endOf(0), { atMost: 25 }, ' s');
        sim.check('lossy', endOf(1), { atMost: 150 }, ' s');
      },
    ),
    scenario(
      'line-modems',
      'Six peers and a seed of 6 kB/s, where one block takes ten seconds: all complete, at most 1.5 blocks of each other come twice',
      async (sim) => {
        const length = 900_000;
        const files = [{ path: 'text.bin', length }];
        const swarm = sim.swarm({ files, pieceLength: 32 * KIB });
        const line = { bandwidthUp: 6_000, bandwidthDown: 6_000, latency: 80 };
        const seed = await swarm.seed({ line });
        const nodes = await leechers(swarm, 6, () => ({ line }));
        await swarm.finished(nodes, 30 * MINUTE);
        const best = (6 * length) / (7 * 6_000);
        sim.check('end, in times of what all lines need', swarm.world.now / 1_000 / best, {
          atMost: 3,
        });
        // Each may be at a block that comes from somebody else first, and has another in its line that no cancel reaches.
        sim.check('waste of each other', blocksWastedBy(nodes) / 6, { atMost: 1.5 }, ' blocks');
        // The others upload no less than it.
        sim.check('copies by the seed', copiesBy(seed), { atMost: 3 });
      },
    ),
    scenario(
      'line-fast',
      'A line of 100 MB/s and 1 ms: the pipeline fills it for over half of the time',
      async (sim) => {
        const files = [{ path: 'film.bin', length: 64_000_000 }];
        const swarm = sim.swarm({ files, pieceLength: 1024 * KIB });
        const line = { bandwidthUp: 100_000_000, bandwidthDown: 100_000_000, latency: 0.5 };
        await swarm.seed({ line });
        const leecher = await swarm.node({ line });
        await swarm.until(() => leecher.torrent.progress().pieces.have > 0, MINUTE);
        const time = await swarm.finished([leecher], MINUTE);
        sim.check('rate', 64 / (time / 1_000), { atLeast: 50 }, ' MB/s');
      },
    ),
  ],
};
