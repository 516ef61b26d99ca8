import { DiskError } from '../../../../packages/client/src/index.ts';
import type { Node } from '../../../../packages/client/test/support/sim-swarm.ts';
import { scenario, type Theme } from '../scenario.ts';
import { copiesBy, endpointOf, isWhole, KIB, leechers, MIB, MINUTE } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 3_000_000 }], pieceLength: 64 * KIB };

/** Every write takes so many virtual ms. */
function slowly({ storage, host }: Node, time: number): void {
  storage.faults.beforeWrite = () => new Promise((resolve) => host.clock.setTimer(resolve, time));
}

export const disks: Theme = {
  title: 'Disks',
  scenarios: [
    scenario(
      'disk-slow',
      'A disk that writes 130 kB/s on a line of 1 MB/s: what waits for it stays within the budget, and the disk is never idle long',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        const budget = 16 * 64 * KIB;
        const node = await swarm.node({ client: { pieceBufferBudget: budget } });
        let free = 0;
        // One head: a write waits for the one before it.
        const time = sim.vary('write', 500, 200, 1_000);
        node.storage.faults.beforeWrite = () => {
          free = Math.max(free, swarm.world.now) + time;
          return new Promise((resolve) =>
            node.host.clock.setTimer(resolve, free - swarm.world.now),
          );
        };
        let most = 0;
        await swarm.until(() => {
          const { writing = 0, picker } = node.torrent.swarm ?? {};
          most = Math.max(most, (writing + (picker?.partialCount ?? 0)) * 64 * KIB);
          return node.torrent.state === 'seeding';
        }, 5 * MINUTE);
        const { pieceCount } = swarm.torrent.info;
        sim.check('held in memory', most / MIB, { atMost: (2 * budget) / MIB }, ' MiB');
        sim.check('end, in times of what the disk needs', swarm.world.now / (pieceCount * time), {
          atMost: 1.2,
        });
      },
    ),
    scenario(
      'disk-slow-among-fast',
      'One of ten peers takes 2 s for every write: the others end as if it were not there',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        const nodes = await leechers(swarm, 10);
        const [slow, ...fast] = nodes;
        if (slow !== undefined) slowly(slow, 2_000);
        const time = await swarm.finished(fast, 2 * MINUTE);
        sim.check('end of the fast', time / 1_000, { atMost: 20 }, ' s');
        await swarm.finished(nodes, 5 * MINUTE);
      },
    ),
    scenario(
      'disk-full',
      'A disk is full after twelve pieces: that torrent stops with its error, the others go on; with room again it completes',
      async (sim) => {
        const swarm = sim.swarm(FILM, { errorsAllowed: true });
        await swarm.seed();
        const nodes = await leechers(swarm, 6);
        const [full] = nodes;
        if (full === undefined) return;
        const after = sim.vary('pieces', 12, 0, 40);
        const error = new DiskError('ERR_DISK_FULL', 'The disk is full');
        full.storage.faults.beforeWrite = () => {
          if (full.storage.written.length >= after) full.storage.faults.writeError = error;
          return Promise.resolve();
        };
        await swarm.until(() => full.torrent.state === 'error', MINUTE, 'the error');
        const had = full.torrent.progress().pieces.have;
        const time = await swarm.finished(nodes.slice(1), MINUTE);
        sim.check('end of the others', time / 1_000, { atMost: 25 }, ' s');
        sim.holds('it does not go on while the disk is full', full.torrent.state === 'error');
        full.storage.faults.beforeWrite = undefined;
        full.storage.faults.writeError = undefined;
        await swarm.settle(full.torrent.resume());
        await swarm.finished([full], MINUTE);
        sim.holds('it is whole', isWhole(full));
        const again = full.storage.written.length - full.torrent.info.pieceCount;
        sim.check('pieces written twice', again, { is: 0 });
        sim.figure('pieces it had', had);
      },
    ),
    scenario(
      'disk-of-seed-fails',
      'The disk of one of two seeds can no longer be read: it stops serving, and everybody completes from the other',
      async (sim) => {
        const swarm = sim.swarm(FILM, { errorsAllowed: true });
        const [bad, good] = [await swarm.seed(), await swarm.seed()];
        const nodes = await leechers(swarm, 5);
        await swarm.pass(sim.vary('after', 2_000, 100, 4_000));
        bad.storage.faults.readError = new DiskError('ERR_DISK_IO', 'The disk is dying');
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 45 }, ' s');
        sim.holds('the seed says so', bad.torrent.state === 'error');
        sim.check('copies by the other', copiesBy(good), { atMost: 5 });
      },
    ),
    scenario(
      'disk-of-seed-spoils',
      'The disk of one of two seeds gives wrong bytes in every twentieth block: it is banned, everybody completes',
      async (sim) => {
        const liars = new Set<string>();
        const swarm = sim.swarm(FILM, { liars });
        await swarm.seed();
        const bad = await swarm.seed();
        liars.add(bad.host.address);
        bad.storage.faults.spoil = (block) => {
          if (bad.host.random.next() < 0.05) block.fill(0, 0, 8);
        };
        const nodes = await leechers(swarm, 5);
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end', time / 1_000, { atMost: 45 }, ' s');
        sim.check('banned', sim.watchOf(swarm).bannedAddresses.size, { is: 1 });
      },
    ),
    scenario(
      'disk-memory-short',
      'Memory for four pieces only, and thirty peers to ask: the download goes on at over half of its line',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, pieceLength: 256 * KIB });
        for (let index = 0; index < 30; index += 1)
          await swarm.seed({ line: { bandwidthUp: 100_000 } });
        const node = await swarm.node({ client: { pieceBufferBudget: 4 * 256 * KIB } });
        const time = await swarm.finished([node], 2 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 10 }, ' s');
        const { mostPartialBytes } = sim.watchOf(swarm);
        sim.check('partial pieces', mostPartialBytes / MIB, { atMost: 1.25 }, ' MiB');
      },
    ),
    scenario(
      'disk-loses-pieces',
      "Pieces vanish from a complete peer's disk: a check finds exactly these, and they are fetched again",
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const node = await swarm.node();
        await swarm.finished([node], MINUTE);
        const lost = new Set<number>();
        const { pieceCount } = node.torrent.info;
        while (lost.size < 9) lost.add(sim.random.integer(pieceCount));
        for (const piece of lost) node.storage.lose(piece);
        const { missing } = await swarm.settle(node.torrent.verify());
        sim.holds(
          'the check finds these',
          missing.length === 9 && missing.every((each) => lost.has(each)),
        );
        node.torrent.addPeer(endpointOf(seed));
        await swarm.finished([node], 3 * MINUTE);
        sim.holds('it is whole', isWhole(node));
        sim.check('fetched', copiesBy(seed), { atMost: 1 + 10 / pieceCount });
      },
    ),
  ],
};
