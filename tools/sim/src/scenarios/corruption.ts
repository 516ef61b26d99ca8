import type { Node } from '../../../../packages/client/test/support/sim-swarm.ts';
import {
  poseAsSeed,
  ScriptedPeer,
} from '../../../../packages/client/test/support/scripted-peer.ts';
import { scenario, type Theme } from '../scenario.ts';
import { endpointOf, isWhole, KIB, leechers, MINUTE, PORT, sum } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 3_000_000 }], pieceLength: 128 * KIB };

/** Spoils one block in so many that it uploads. */
function corrupt({ storage, host }: Node, oneIn: number): void {
  storage.faults.spoil = (block) => {
    if (host.random.integer(oneIn) === 0)
      block[host.random.integer(block.length)] = host.random.integer(256);
  };
}

const wastedBy = (nodes: readonly Node[]): number =>
  sum(nodes.map(({ torrent }) => torrent.progress().wastedBytes)) /
  sum(nodes.map(({ torrent }) => torrent.info.totalLength));

export const corruption: Theme = {
  title: 'Corrupt data',
  scenarios: [
    scenario(
      'corrupt-storm',
      'Six of sixteen peers spoil every third block: honest ones ban only them, waste less than their content, and complete',
      async (sim) => {
        const liars = new Set<string>();
        const swarm = sim.swarm(FILM, { liars });
        await swarm.seed();
        const bad: Node[] = [];
        for (let index = 0; index < sim.vary('liars', 6, 1, 8); index += 1) {
          const node = await swarm.node({ have: index < 3 ? 'all' : [] });
          corrupt(node, 3);
          liars.add(node.host.address);
          bad.push(node);
        }
        const honest = await leechers(swarm, 10);
        const time = await swarm.finished(honest, 5 * MINUTE);
        sim.holds('all are whole', honest.every(isWhole));
        sim.check('end', time / 1_000, { atMost: 90 }, ' s');
        sim.check('waste', 100 * wastedBy(honest), { atMost: 100 }, ' %');
        const banned = [...liars].filter((each) => sim.watchOf(swarm).bannedAddresses.has(each));
        sim.check('liars banned', banned.length, { atLeast: Math.min(3, bad.length) });
      },
    ),
    scenario(
      'corrupt-rarely',
      'A seed spoils one block in a hundred among four honest ones: it is found out by its blocks, not by guilt of presence',
      async (sim) => {
        const liars = new Set<string>();
        const swarm = sim.swarm(
          { ...FILM, files: [{ path: 'film.bin', length: 8_000_000 }] },
          { liars },
        );
        for (let index = 0; index < 4; index += 1)
          await swarm.seed({ line: { bandwidthUp: 200_000 } });
        const bad = await swarm.seed({ line: { bandwidthUp: 400_000 } });
        liars.add(bad.host.address);
        // The first, and then one in so many.
        let read = 0;
        const every = sim.vary('one in', 100, 20, 100);
        bad.storage.faults.spoil = (block) => {
          read += 1;
          if (read % every === 1) block.fill(0xee, 0, 100);
        };
        const node = await swarm.node();
        await swarm.finished([node], 2 * MINUTE);
        sim.holds('it is whole', isWhole(node));
        sim.check('banned', sim.watchOf(swarm).bannedAddresses.size, { is: 1 });
        sim.check('waste', node.torrent.progress().wastedBytes / KIB, { atMost: 768 }, ' KiB');
      },
    ),
    scenario(
      'corrupt-only-source',
      'The only peer spoils everything: nothing is taken for whole, it is banned after a few pieces, no storm of requests',
      async (sim) => {
        const liars = new Set<string>();
        const swarm = sim.swarm(FILM, { liars });
        const bad = await swarm.seed();
        liars.add(bad.host.address);
        bad.storage.faults.spoil = (block) => block.fill(1);
        const node = await swarm.node();
        await swarm.pass(10 * MINUTE);
        sim.check('pieces taken', node.torrent.progress().pieces.have, { is: 0 });
        sim.check('pieces fetched', bad.torrent.progress().uploadedBytes / (128 * KIB), {
          atMost: 26,
        });
        const good = await swarm.seed();
        node.torrent.addPeer(endpointOf(good));
        const time = await swarm.finished([node], 2 * MINUTE);
        sim.check('end once there is an honest one', time / 1_000, { atMost: 20 }, ' s');
      },
    ),
    scenario(
      'corrupt-by-turns',
      'Two liars who send alternate halves of every piece they can: both are banned, the honest seed is not',
      async (sim) => {
        const liars = new Set<string>();
        const swarm = sim.swarm(FILM, { liars });
        const hosts = [swarm.host(), swarm.host()];
        for (const [index, host] of hosts.entries()) {
          liars.add(host.address);
          await ScriptedPeer.listen(host, swarm.torrent, {
            peerId: Buffer.from(host.address.padEnd(20, '-')),
            onOpen: poseAsSeed,
            onRequest: (peer, piece, begin, length) => {
              const block = peer.blockOf(piece, begin, length).slice();
              if ((begin / (16 * KIB)) % 2 === index) block.fill(7);
              peer.send((to) => to.piece(piece, begin, block));
            },
          });
        }
        const seed = await swarm.seed({ trackerless: true });
        const node = await swarm.node({
          trackerless: true,
          add: {
            peers: [...hosts.map(({ address }) => ({ address, port: PORT })), endpointOf(seed)],
          },
        });
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.holds('it is whole', isWhole(node));
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
        sim.check('banned', sim.watchOf(swarm).bannedAddresses.size, { is: 2 });
      },
    ),
    scenario(
      'corrupt-last-piece',
      'A seed spoils the last piece alone, until nothing else is left to fetch: the end does not fail for it',
      async (sim) => {
        const liars = new Set<string>();
        const swarm = sim.swarm(FILM, { liars });
        const bad = await swarm.seed({ line: { bandwidthUp: 3_000_000 } });
        liars.add(bad.host.address);
        const last = swarm.torrent.info.pieceCount - 1;
        bad.storage.faults.spoil = (block, { piece }) => {
          if (piece === last) block.fill(0, 0, 4);
        };
        await swarm.seed({ line: { bandwidthUp: 100_000 } });
        const nodes = await leechers(swarm, 3);
        const time = await swarm.finished(nodes, 3 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
      },
    ),
  ],
};
