import type { Node } from '../../../../packages/client/test/support/sim-swarm.ts';
import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, endings, isWhole, KIB, leechers, mean, MINUTE, SECOND, sum } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 4_000_000 }], pieceLength: 64 * KIB };

export const crowds: Theme = {
  title: 'Crowds that come and go',
  scenarios: [
    scenario(
      'crowd-flash',
      '60 peers arrive within 5 s at one seed: all complete, it uploads at most 5 copies, nobody waits over 35 s',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 2_000_000 }] });
        const seed = await swarm.seed({ add: { maxPeers: 20 } });
        await swarm.pass(5 * SECOND);
        const count = sim.vary('peers', 60, 30, 90);
        const nodes: Node[] = [];
        for (let index = 0; index < count; index += 1) {
          nodes.push(await swarm.node({ add: { maxPeers: 16 } }));
          await swarm.pass((5 * SECOND) / count);
        }
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 5 });
        sim.check('longest stall', sim.watchOf(swarm).longestStall / 1_000, { atMost: 35 }, ' s');
      },
    ),
    scenario(
      'crowd-churn',
      'Every 2 s a peer joins and one leaves, complete or not: those that stay complete as fast as without that',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const staying = await leechers(swarm, 10);
        const passing: Node[] = [];
        let joined = 0;
        while (staying.some(({ torrent }) => torrent.state !== 'seeding') && joined < 60) {
          passing.push(await swarm.node());
          joined += 1;
          await swarm.pass(sim.vary('pause', 2_000, 500, 4_000));
          const leaving = passing.length > 4 ? passing.shift() : undefined;
          if (leaving !== undefined) await swarm.settle(leaving.client.close());
        }
        sim.holds('all that stay are whole', staying.every(isWhole));
        sim.check('end', swarm.world.now / 1_000, { atMost: 60 }, ' s');
        sim.figure('joined meanwhile', joined);
        sim.check('copies by the seed', copiesBy(seed), { atMost: 5 });
      },
    ),
    scenario(
      'crowd-churn-by-power-loss',
      'Peers lose their line without a word and others come: those that stay complete, and keep no dead connection for over 4 minutes',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed({ add: { maxUploadRate: 200_000 } });
        const staying = await leechers(swarm, 8);
        const dead = new Set<string>();
        for (let round = 0; round < sim.vary('rounds', 8, 3, 12); round += 1) {
          const node = await swarm.node();
          await swarm.pass(3 * SECOND);
          node.host.down();
          dead.add(node.host.address);
          swarm.nodes.splice(swarm.nodes.indexOf(node), 1);
        }
        await swarm.finished(staying, 4 * MINUTE);
        sim.holds('all that stay are whole', staying.every(isWhole));
        sim.check('end', swarm.world.now / 1_000, { atMost: 150 }, ' s');
        const ghosts = () =>
          sum(
            swarm.nodes.map(
              ({ torrent }) =>
                [...(torrent.swarm?.peers ?? [])].filter(({ endpoint }) =>
                  dead.has(endpoint.address),
                ).length,
            ),
          );
        await swarm.pass(4 * MINUTE);
        sim.check('dead connections after 4 minutes', ghosts(), { is: 0 });
      },
    ),
    scenario(
      'crowd-seed-leaves',
      'The only seed leaves for good once every piece is somewhere: it needs at most 1.8 copies for that, and the others complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed({ line: { bandwidthUp: 150_000 } });
        const nodes = await leechers(swarm, sim.vary('peers', 12, 8, 20));
        const missing = new Set(Array(swarm.torrent.info.pieceCount).keys());
        for (const { torrent } of nodes) torrent.on('piece', (piece) => missing.delete(piece));
        await swarm.until(() => missing.size === 0, 3 * MINUTE, 'a whole copy');
        sim.check('copies by the seed', copiesBy(seed), { atMost: 1.8 });
        await swarm.settle(seed.client.close());
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end after it left', time / 1_000, { atMost: 30 }, ' s');
      },
    ),
    scenario(
      'crowd-slow-seeder',
      'One seed of 50 kB/s, twenty peers of 1 MB/s: they end soon after the seed has sent one copy; it uploads at most 2.3',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 2_000_000 }] });
        const rate = sim.vary('rate', 50_000, 50_000, 100_000);
        const seed = await swarm.seed({ line: { bandwidthUp: rate } });
        const nodes = await leechers(swarm, 20);
        const time = await swarm.finished(nodes, 5 * MINUTE);
        const copy = 2_000_000 / rate;
        sim.check('end, in times of a copy', time / 1_000 / copy, { atMost: 2.3 });
        sim.check('copies by the seed', copiesBy(seed), { atMost: 2.3 });
        sim.check('longest stall', sim.watchOf(swarm).longestStall / 1_000, { atMost: 35 }, ' s');
      },
    ),
    scenario(
      'crowd-nobody-has-all',
      'Four peers with a different quarter each, and four with nothing: all complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const { pieceCount } = swarm.torrent.info;
        const all = [...Array(pieceCount).keys()];
        const nodes: Node[] = [];
        for (let part = 0; part < 4; part += 1)
          nodes.push(await swarm.node({ have: all.filter((piece) => piece % 4 === part) }));
        nodes.push(...(await leechers(swarm, 4)));
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end', time / 1_000, { atMost: 30 }, ' s');
        sim.check('longest stall', sim.watchOf(swarm).longestStall / 1_000, { atMost: 35 }, ' s');
      },
    ),
    scenario(
      'crowd-rarest-first',
      'One peer, with a line like all, has the only copy of four pieces of 123: eight peers have them before two fifths of the rest',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 8_000_000 }] });
        const all = [...Array(swarm.torrent.info.pieceCount).keys()];
        const rare = new Set([7, 23, 41, 55]);
        const common = all.filter((piece) => !rare.has(piece));
        const line = { bandwidthUp: sim.vary('rate', 100_000, 50_000, 200_000) };
        const nodes = await leechers(swarm, 8, () => ({ line }));
        // Who lacks nothing else would take them whatever the order: behind NATs, these four do not meet.
        const hidden = { ...line, nat: true };
        await leechers(swarm, 3, () => ({ have: common, line: hidden }));
        const holder = await swarm.node({ have: 'all', line: hidden });
        const missing = new Set(rare);
        for (const { torrent } of nodes) torrent.on('piece', (piece) => missing.delete(piece));
        await swarm.until(() => missing.size === 0, 5 * MINUTE, 'the rare pieces');
        const had = mean(nodes.map(({ torrent }) => torrent.progress().pieces.have)) / all.length;
        // With pieces in any order it would be most of them.
        sim.check('share they had by then', had, { atMost: 0.4 });
        await swarm.settle(holder.client.close());
        await swarm.finished(nodes, 10 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
      },
    ),
    scenario(
      'crowd-late-joiner',
      'Twenty peers have half of it already when one joins: it is served at once and ends within 15 s of the others',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        const early = await leechers(swarm, 20);
        const half = swarm.torrent.info.pieceCount / 2;
        await swarm.until(
          () => early.every(({ torrent }) => torrent.progress().pieces.have >= half),
          MINUTE,
          'half of it',
        );
        const late = await swarm.node();
        const joined = swarm.world.now;
        const ends = endings(swarm, [...early, late]);
        await swarm.until(() => late.torrent.progress().pieces.have > 0, MINUTE, 'the first piece');
        sim.check('first piece after', (swarm.world.now - joined) / 1_000, { atMost: 12 }, ' s');
        await swarm.finished([...early, late], 2 * MINUTE);
        const last = Math.max(...early.map((node) => ends.get(node) ?? 0));
        sim.check(
          'after the others',
          ((ends.get(late) ?? Infinity) - last) / 1_000,
          { atMost: 15 },
          ' s',
        );
      },
    ),
  ],
};
