// @ts-check
/** A small DHT: nodes of libtorrent's, one of Transmission's, one of Shoal's. */
import { join } from 'node:path';
import { PYTHON, SCRIPT, talkTo } from '../clients/libtorrent.mjs';
import { transmission } from '../clients/transmission.mjs';
import { Program } from './process.mjs';
import { waitFor } from './wait.mjs';

/** Transmission announces nothing before it knows nine nodes. */
const NODES = 12;
const PORT = 6881;

/**
 * @param {import('./context.mjs').Context} context
 * @returns {Promise<{ nodes: import('../clients/client.mjs').Address[], knows: (infoHash: string, peer: import('../clients/client.mjs').Address) => Promise<void> }>}
 *   `nodes`: to enter by, one of each kind first; `knows`: waits until the nodes have heard of a peer
 */
export async function startDht(context) {
  const machine = await context.machine({ addresses: NODES });
  const program = new Program(
    [...machine.enter, PYTHON, SCRIPT, 'nodes', `${PORT}`, ...machine.ips],
    { home: join(context.folder, 'nodes'), log: join(context.logs, 'nodes.log'), pipeOutput: true },
  );
  await context.onEnd(() => program.kill());
  const call = await talkTo(program);
  const first = { ip: machine.ip, port: PORT };
  const others = [];
  for (const client of [transmission, context.shoal]) {
    const actor = await context.start(client, `node-${client.name}`, {
      discovery: { dht: [first] },
    });
    // A torrent that nobody looks for: shoal runs while it has one.
    const unsought = context.openContent('sought', `-${client.name}`);
    await actor.seed(unsought, context.torrent(unsought));
    others.push(actor.address);
  }
  await waitFor('the nodes of the DHT know each other', 30_000, async () => {
    const { counts = [] } = await call({ op: 'nodes' });
    return counts.every((count) => count >= NODES / 2);
  });
  return {
    nodes: [first, ...others, ...machine.ips.slice(1).map((ip) => ({ ip, port: PORT }))],
    knows: async (infoHash, peer) => {
      const wanted = `${peer.ip}:${peer.port}`;
      await waitFor(`the DHT knows ${wanted}`, context.patience, async () => {
        const { peers = [] } = await call({ op: 'peers', info_hash: infoHash });
        return peers.includes(wanted);
      });
    },
  };
}
