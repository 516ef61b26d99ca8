import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, KIB, leechers, MINUTE, endpointOf } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 3_000_000 }], pieceLength: 64 * KIB };
const HIDDEN = { line: { nat: true } };

export const nat: Theme = {
  title: 'Peers behind NATs',
  scenarios: [
    scenario(
      'nat-half',
      'Half of twenty peers cannot be connected to: all complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, 20, (index) => (index % 2 === 0 ? HIDDEN : {}));
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 40 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 4 });
      },
    ),
    scenario(
      'nat-all-but-seed',
      'Nobody but the seed can be connected to: it serves all twelve, in turns, as nobody else can',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 1_000_000 }] });
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, sim.vary('peers', 12, 4, 16), () => HIDDEN);
        const time = await swarm.finished(nodes, 10 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 120 }, ' s');
        sim.check('copies by the seed, of each', copiesBy(seed) / nodes.length, { atMost: 1.05 });
      },
    ),
    scenario(
      'nat-seed',
      'The only seed cannot be connected to: it dials those who can, who pass it on to all',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        swarm.tracker.interval = 60;
        const seed = await swarm.seed(HIDDEN);
        const nodes = await leechers(swarm, 10, (index) => (index % 2 === 0 ? HIDDEN : {}));
        const time = await swarm.finished(nodes, 5 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 120 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 4 });
      },
    ),
    scenario(
      'nat-on-both-sides',
      'Seed and leecher both behind NATs, and one open peer: what the leecher gets has passed through that one',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        swarm.tracker.interval = 60;
        const seed = await swarm.seed(HIDDEN);
        const leecher = await swarm.node(HIDDEN);
        const open = await swarm.node();
        const time = await swarm.finished([open, leecher], 10 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 240 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1.05 });
        sim.check('copies by the open one', copiesBy(open), { atLeast: 0.95, atMost: 1.05 });
      },
    ),
    scenario(
      'nat-dead-addresses',
      'Of 200 peers that the tracker names, 195 never answer: five seeds are found within 30 s',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seeds = [];
        for (let index = 0; index < 5; index += 1)
          seeds.push(await swarm.seed({ trackerless: true }));
        for (let index = 0; index < 195; index += 1)
          swarm.tracker.put(endpointOf({ host: swarm.host({ nat: true }) }));
        for (const seed of seeds) swarm.tracker.put(endpointOf(seed));
        // The tracker gives fifty at a time, and few of them are alive.
        swarm.tracker.interval = 60;
        const leecher = await swarm.node();
        await swarm.until(
          () => leecher.torrent.progress().completedBytes > 0,
          5 * MINUTE,
          'the first piece',
        );
        sim.check('first piece', swarm.world.now / 1_000, { atMost: 130 }, ' s');
        await swarm.finished([leecher], 5 * MINUTE);
      },
    ),
  ],
};
