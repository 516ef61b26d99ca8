import {
  poseAsSeed,
  ScriptedPeer,
  type PeerScript,
} from '../../../../packages/client/test/support/scripted-peer.ts';
import type { Node, SimSwarm } from '../../../../packages/client/test/support/sim-swarm.ts';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { scenario, type Theme } from '../scenario.ts';
import { blocksWastedBy, endpointOf, isWhole, KIB, MINUTE, PORT } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 3_000_000 }], pieceLength: 128 * KIB };

/** Peers of a script, at machines of their own, in the order of their addresses. */
async function scripted(
  swarm: SimSwarm,
  count: number,
  script: PeerScript,
): Promise<{ address: string; port: number }[]> {
  const found = [];
  for (let index = 0; index < count; index += 1) {
    const host = swarm.host();
    const peerId = Buffer.from(host.address.padEnd(20, '-'));
    await ScriptedPeer.listen(host, swarm.torrent, { ...script, peerId });
    found.push({ address: host.address, port: PORT });
  }
  return found;
}

const bytesOf = ({ torrent }: Node): number => torrent.progress().completedBytes;

export const endgame: Theme = {
  title: 'The end, and peers that stall',
  scenarios: [
    scenario(
      'end-with-stalled-peers',
      'Five peers take requests and answer none: an honest seed of 300 kB/s ends within 6 s of what it needs alone',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const peers = await scripted(swarm, sim.vary('stalled', 5, 1, 12), { onOpen: poseAsSeed });
        const seed = await swarm.seed({ trackerless: true, line: { bandwidthUp: 300_000 } });
        const node = await swarm.node({ trackerless: true, add: { peers } });
        swarm.world.at(500, () => node.torrent.addPeer(endpointOf(seed)));
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 16 }, ' s');
        sim.check('longest stall', sim.watchOf(swarm).longestStall / 1_000, { atMost: 5 }, ' s');
      },
    ),
    scenario(
      'end-with-dripping-peers',
      'Four peers send a block every 50 s, enough not to be snubbed: they do not hold the end up',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const peers = await scripted(swarm, 4, {
          onOpen: poseAsSeed,
          onRequest: (peer, piece, begin, length) => {
            if (peer.count('request') % 16 === 1) peer.serve(piece, begin, length);
          },
        });
        const seed = await swarm.seed({ trackerless: true, line: { bandwidthUp: 300_000 } });
        const node = await swarm.node({
          trackerless: true,
          add: { peers: [...peers, endpointOf(seed)] },
        });
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 30 }, ' s');
      },
    ),
    scenario(
      'end-snubbed',
      'The only peer takes requests and answers none: after a minute all are taken back, and it is asked for one at a time',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const host = swarm.host();
        const stalled = await ScriptedPeer.listen(host, swarm.torrent, { onOpen: poseAsSeed });
        const peers = [endpointOf({ host })];
        await swarm.node({ trackerless: true, add: { peers } });
        await swarm.pass(50_000);
        const asked = stalled[0]?.count('request') ?? 0;
        sim.check('asked for before', asked, { atLeast: 4 });
        sim.check('taken back before', stalled[0]?.count('cancel') ?? 0, { is: 0 });
        await swarm.pass(20_000);
        sim.check('taken back', stalled[0]?.count('cancel') ?? 0, { is: asked });
        sim.check('asked for after', (stalled[0]?.count('request') ?? 0) - asked, { is: 1 });
      },
    ),
    scenario(
      'end-slowest-block',
      'One peer of 2 kB/s among five of 200 kB/s: what it holds at the end is fetched from the others, at most 8 blocks of each twice',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 12_000_000 }] });
        await swarm.seed({ line: { bandwidthUp: sim.vary('rate', 2_000, 500, 10_000) } });
        for (let index = 0; index < 5; index += 1)
          await swarm.seed({ line: { bandwidthUp: 200_000 } });
        const node = await swarm.node();
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 20 }, ' s');
        // A cancel does not reach what is on the line: two batches of a quarter of a second, and twice the way, are 7 blocks of one.
        sim.check('waste of each', blocksWastedBy([node]) / 6, { atMost: 8 }, ' blocks');
      },
    ),
    scenario(
      'end-waste-bounded',
      'Thirty equal seeds: what comes twice at the end is at most four blocks of each',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 12_000_000 }] });
        const count = sim.vary('seeds', 30, 10, 50);
        for (let index = 0; index < count; index += 1)
          await swarm.seed({ line: { bandwidthUp: 50_000, latency: 10 + index } });
        const node = await swarm.node({ line: { bandwidthDown: 4_000_000 } });
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 14 * (30 / count) }, ' s');
        sim.check('waste of each seed', blocksWastedBy([node]) / count, { atMost: 4 }, ' blocks');
      },
    ),
    scenario(
      'end-vanishing-peers',
      'Every peer but one vanishes without a word when 90 % is there: the last one is asked for the rest within 20 s',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const going = [];
        for (let index = 0; index < 4; index += 1)
          going.push(await swarm.seed({ line: { bandwidthUp: 100_000 } }));
        await swarm.seed({ line: { bandwidthUp: 100_000 } });
        const node = await swarm.node();
        await swarm.until(() => bytesOf(node) > 2_700_000, 2 * MINUTE, 'nine tenths');
        for (const { host } of going) host.down();
        const time = await swarm.finished([node], 3 * MINUTE);
        sim.check('end after that', time / 1_000, { atMost: 20 }, ' s');
      },
    ),
    scenario(
      'end-choked-midway',
      'A peer chokes after every sixteenth block and unchokes ten seconds later: no block is lost sight of',
      async (sim) => {
        const swarm = sim.swarm({ ...FILM, files: [{ path: 'film.bin', length: 1_500_000 }] });
        let served = 0;
        let choking = false;
        const fast = sim.vary('fast', 0, 0, 1) === 1;
        const script: PeerScript = {
          fast,
          onOpen: poseAsSeed,
          onRequest: (peer, piece, begin, length) => {
            // Requests that cross the choke are dropped (BEP 3), or rejected (BEP 6).
            if (choking) {
              if (fast) peer.send((to) => to.reject(piece, begin, length));
              return;
            }
            served += 1;
            peer.serve(piece, begin, length);
            if (served % 16 !== 0) return;
            choking = true;
            peer.send((to) => to.choke());
            host.clock.setTimer(() => {
              choking = false;
              peer.send((to) => to.unchoke());
            }, 10_000);
          },
        };
        const host = swarm.host();
        await ScriptedPeer.listen(host, swarm.torrent, script);
        const node = await swarm.node({
          trackerless: true,
          add: { peers: [endpointOf({ host })] },
        });
        const blocks = Math.ceil(1_500_000 / BLOCK_LENGTH);
        const time = await swarm.finished([node], 5 * MINUTE);
        sim.holds('it is whole', isWhole(node));
        // All but the choked time is five seconds; a block that was lost sight of would cost a minute.
        const chokes = Math.floor((blocks - 1) / 16);
        sim.check('end', time / 1_000, { atMost: chokes * 10 + 8 }, ' s');
        sim.check('blocks served', served, { is: blocks });
      },
    ),
  ],
};
