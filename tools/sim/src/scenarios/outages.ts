import { WALL_TIME_AT_START } from '@shoal/net/sim';
import type { Node } from '../../../../packages/client/test/support/sim-swarm.ts';
import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, endpointOf, isWhole, KIB, leechers, MINUTE, SECOND } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 4_000_000 }], pieceLength: 64 * KIB };
const HOUR = 60 * MINUTE;

const haveOf = (nodes: readonly Node[]): number[] =>
  nodes.map(({ torrent }) => torrent.progress().pieces.have);

export const outages: Theme = {
  title: 'Partitions, sleep and clocks',
  scenarios: [
    scenario(
      'partition-short',
      'The network is cut in two for 20 s: connections survive it, and the side without the seed completes after it has healed',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, 10);
        await swarm.pass(3 * SECOND);
        const far = nodes.slice(5).map(({ host }) => host);
        const near = [seed, ...nodes.slice(0, 5)].map(({ host }) => host);
        const heal = swarm.world.partition(near, far);
        await swarm.pass(sim.vary('cut', 20_000, 1_000, 60_000));
        heal();
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end after healing', time / 1_000, { atMost: 40 }, ' s');
      },
    ),
    scenario(
      'partition-long',
      'Cut for five minutes, longer than any connection lives: the sides find each other again by the tracker',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        swarm.tracker.interval = 300;
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, 8);
        await swarm.pass(3 * SECOND);
        const far = nodes.slice(4);
        const near = [seed, ...nodes.slice(0, 4)].map(({ host }) => host);
        const heal = swarm.world.partition(
          near,
          far.map(({ host }) => host),
        );
        await swarm.finished(nodes.slice(0, 4), MINUTE);
        await swarm.pass(sim.vary('cut', 300_000, 200_000, 900_000));
        const had = haveOf(far);
        sim.holds(
          'the far side could not complete',
          had.every((have) => have < swarm.torrent.info.pieceCount),
        );
        heal();
        const time = await swarm.finished(far, 20 * MINUTE);
        sim.check('end after healing', time / 1_000, { atMost: 420 }, ' s');
      },
    ),
    scenario(
      'partition-both-have-seeds',
      'Cut for good, with a seed on each side: both sides complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const sides = [];
        for (let side = 0; side < 2; side += 1) {
          const seed = await swarm.seed();
          sides.push([seed, ...(await leechers(swarm, 4))]);
        }
        const [one = [], other = []] = sides;
        await swarm.pass(1 * SECOND);
        swarm.world.partition(
          one.map(({ host }) => host),
          other.map(({ host }) => host),
        );
        const time = await swarm.finished([...one, ...other], 4 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 130 }, ' s');
      },
    ),
    scenario(
      'partition-flapping',
      'A line that is gone for 2 s of every 5: the download goes on whenever it can',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const node = await swarm.node();
        let isDone = false;
        const flap = (): void => {
          if (isDone) return;
          node.host.down();
          swarm.world.at(swarm.world.now + 2_000, () => node.host.up());
          swarm.world.at(swarm.world.now + 5_000, flap);
        };
        swarm.world.at(2_000, flap);
        const time = await swarm.finished([node], 3 * MINUTE);
        isDone = true;
        await swarm.pass(3_000);
        sim.check('end', time / 1_000, { atMost: 20 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1.2 });
      },
    ),
    scenario(
      'sleep-of-an-hour',
      'A laptop sleeps for an hour in the middle, line and clock: its timers do no harm, and it completes within 90 s of waking',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        await leechers(swarm, 2);
        const laptop = await swarm.node({ line: { bandwidthDown: 300_000 } });
        await swarm.until(() => laptop.torrent.progress().pieces.have > 10, MINUTE, 'ten pieces');
        laptop.host.down();
        const asleep = sim.vary('sleep', HOUR, 10_000, 8 * HOUR);
        await swarm.pass(10 * SECOND);
        laptop.host.leap(asleep);
        laptop.host.up();
        const time = await swarm.finished([laptop], 10 * MINUTE);
        sim.holds('it is whole', isWhole(laptop));
        sim.check('end after waking', time / 1_000, { atMost: 90 }, ' s');
      },
    ),
    scenario(
      'process-stopped-for-a-minute',
      'The clock of a downloading peer leaps by 50 s while its connections stay: nobody is dropped or snubbed for that',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const node = await swarm.node({ line: { bandwidthDown: 300_000 } });
        await swarm.until(() => node.torrent.progress().pieces.have > 10, MINUTE, 'ten pieces');
        const events: string[] = [];
        node.torrent.on('peer', ({ event }) => events.push(event));
        node.host.leap(sim.vary('leap', 50_000, 1_000, 59_000));
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.check('end after it', time / 1_000, { atMost: 20 }, ' s');
        sim.check('connections lost', events.length, { is: 0 });
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1.1 });
      },
    ),
    scenario(
      'clock-set-back',
      'Wall clocks are set back by a year and ahead by ten during a download: nothing depends on them',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, 4);
        const year = 365 * 24 * HOUR;
        await swarm.pass(2 * SECOND);
        seed.host.setWallTime(WALL_TIME_AT_START - year);
        for (const [index, { host }] of nodes.entries())
          host.setWallTime(WALL_TIME_AT_START + (index % 2 === 0 ? 10 : -1) * year);
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.check('end after it', time / 1_000, { atMost: 20 }, ' s');
        swarm.nodes[0]?.torrent.addPeer(endpointOf(seed));
        const late = await swarm.node();
        late.host.setWallTime(0);
        sim.check(
          'end of another',
          (await swarm.finished([late], MINUTE)) / 1_000,
          { atMost: 15 },
          ' s',
        );
      },
    ),
  ],
};
