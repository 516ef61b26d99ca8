import { DhtNode } from '@shoal/dht';
import { fileServer, SimWeb } from '../../../../packages/client/test/support/sim-web.ts';
import type { SimHost } from '@shoal/net/sim';
import type {
  Node,
  NodeOptions,
  SimSwarm,
} from '../../../../packages/client/test/support/sim-swarm.ts';
import { scenario, type Theme } from '../scenario.ts';
import type { Sim } from '../sim.ts';
import { copiesBy, endpointOf, isWhole, KIB, leechers, MINUTE, PORT, SECOND } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 2_000_000 }], pieceLength: 64 * KIB };
const BASE = 'http://mirror.example/files/';

/** So many nodes of a DHT beside a swarm; the answer is how clients take part in it. */
async function dhtBeside(
  swarm: SimSwarm,
  count: number,
  line: Partial<SimHost> = {},
): Promise<{ options: NodeOptions; nodes: DhtNode[]; hosts: SimHost[] }> {
  const nodes: DhtNode[] = [];
  const hosts: SimHost[] = [];
  for (let index = 0; index < count; index += 1) {
    const host = swarm.host({ loss: line.loss ?? 0 });
    const [first] = hosts;
    const bootstrap = first === undefined ? [] : [endpointOf({ host: first })];
    nodes.push(await DhtNode.open({ host, port: PORT, addresses: [host.address], bootstrap }));
    hosts.push(host);
  }
  await swarm.pass(30 * SECOND);
  const entry = hosts.slice(0, 3).map((host) => endpointOf({ host }));
  return { options: { trackerless: true, client: { dht: { bootstrap: entry } } }, nodes, hosts };
}

/** A swarm by the DHT alone. */
async function byDht(sim: Sim, count: number, loss: number, dead: number): Promise<void> {
  const swarm = sim.swarm(FILM);
  const { options, nodes, hosts } = await dhtBeside(swarm, count, { loss });
  await swarm.seed(options);
  await swarm.pass(30 * SECOND);
  for (const host of hosts.slice(3, 3 + dead)) host.down();
  const found = await leechers(swarm, 4, () => options);
  const time = await swarm.finished(found, 10 * MINUTE);
  // A look that finds nobody, which loss may bring about, is taken again after two minutes.
  sim.check('end', time / 1_000, { atMost: loss === 0 ? 120 : 150 }, ' s');
  await swarm.settle(Promise.all(nodes.map((node) => node.close())));
}

const byWeb = (swarm: SimSwarm, web: SimWeb, options: NodeOptions = {}): Promise<Node> =>
  swarm.node({
    trackerless: true,
    ...options,
    client: { webSeeds: { transport: web } },
    add: { webSeeds: [BASE], ...options.add },
  });

function webOf(swarm: SimSwarm): SimWeb {
  let host: SimHost | undefined;
  return new SimWeb(() => (host ??= swarm.host()).clock);
}

export const discovery: Theme = {
  title: 'Peers by DHT, PEX and LSD alone; web seeds',
  scenarios: [
    scenario(
      'dht-only',
      'No tracker, and a DHT of twelve nodes: a seed and four peers find each other within 2 minutes',
      (sim) => byDht(sim, 12, 0, 0),
    ),
    scenario(
      'dht-lossy',
      'A tenth of its datagrams is lost: they still find each other, at the second look at the latest',
      (sim) => byDht(sim, 12, sim.vary('loss in %', 10, 0, 20) / 100, 0),
    ),
    scenario(
      'dht-half-dead',
      'Half of its nodes vanish after the announce: what they stored is found at the others',
      (sim) => byDht(sim, 20, 0, 10),
    ),
    scenario(
      'pex-only',
      'Ten peers know only one other each, in a chain: by peer exchange each has five connections within 5 minutes',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const line = { bandwidthUp: 20_000 };
        const seed = await swarm.seed({ trackerless: true, line });
        const nodes: Node[] = [];
        let before = seed;
        for (let index = 0; index < 10; index += 1) {
          before = await swarm.node({
            trackerless: true,
            line,
            add: { peers: [endpointOf(before)] },
          });
          nodes.push(before);
        }
        await swarm.pass(5 * MINUTE);
        const least = Math.min(
          ...nodes.map(({ torrent }) =>
            torrent.state === 'seeding' ? 99 : torrent.progress().peers,
          ),
        );
        sim.check('fewest connections', least, { atLeast: 5 });
        await swarm.finished(nodes, 20 * MINUTE);
      },
    ),
    scenario(
      'pex-none-when-private',
      'The same chain, but private: nobody has more than the two it was told of, and all complete one after the other',
      async (sim) => {
        const swarm = sim.swarm({
          ...FILM,
          files: [{ path: 'film.bin', length: 600_000 }],
          private: true,
        });
        let before = await swarm.seed({ trackerless: true, line: { lan: 'home' } });
        const nodes: Node[] = [];
        for (let index = 0; index < 5; index += 1) {
          before = await swarm.node({
            trackerless: true,
            line: { lan: 'home' },
            add: { peers: [endpointOf(before)] },
          });
          nodes.push(before);
        }
        await swarm.finished(nodes, 10 * MINUTE);
        sim.check('most connections', sim.watchOf(swarm).mostPeers, { atMost: 2 });
      },
    ),
    scenario(
      'lsd-only',
      'Five peers of one local network, no tracker: they find each other and complete; a peer elsewhere does not',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const home: NodeOptions = { trackerless: true, line: { lan: 'home' } };
        await swarm.seed(home);
        const far = await swarm.node({ trackerless: true, line: { lan: 'office' } });
        const nodes = await leechers(swarm, 4, () => home);
        const time = await swarm.finished(nodes, 10 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
        sim.check('pieces of the one elsewhere', far.torrent.progress().pieces.have, { is: 0 });
      },
    ),
    scenario(
      'web-seed-only',
      'Two peers and a web server: both complete, and the server sends hardly more than a copy to each',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const web = webOf(swarm).serve('http://mirror.example', fileServer(BASE, swarm.torrent), {
          rate: 100_000,
        });
        const first = await byWeb(swarm, web);
        const second = await byWeb(swarm, web, { add: { peers: [endpointOf(first)] } });
        const time = await swarm.finished([first, second], 3 * MINUTE);
        sim.holds('both are whole', isWhole(first) && isWhole(second));
        sim.check('copies by the server', web.sentBytes / 2_000_000, { atMost: 2.1 });
        sim.check('end', time / 1_000, { atMost: 30 }, ' s');
      },
    ),
    scenario(
      'web-seed-breaks',
      'A web server answers 503 after a while, one gives wrong bytes, one cuts every answer: a slow peer has the rest',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const web = webOf(swarm);
        const good = fileServer(BASE, swarm.torrent);
        let answers = 0;
        web.serve('http://mirror.example', (request) => {
          answers += 1;
          return answers > 3 ? { status: 503 } : good(request);
        });
        web.serve('http://wrong.example', (request) => {
          const answer = good({ ...request, url: request.url.replace('wrong', 'mirror') });
          return {
            ...answer,
            ...(answer.body === undefined ? {} : { body: answer.body.map((byte) => byte ^ 1) }),
          };
        });
        web.serve('http://short.example', (request) => ({
          ...good({ ...request, url: request.url.replace('short', 'mirror') }),
          cutAfter: 1_000,
        }));
        const seed = await swarm.seed({ trackerless: true, line: { bandwidthUp: 100_000 } });
        const urls = [BASE, BASE.replace('mirror', 'wrong'), BASE.replace('mirror', 'short')];
        const node = await byWeb(swarm, web, {
          add: { webSeeds: urls, peers: [endpointOf(seed)] },
        });
        const time = await swarm.finished([node], 5 * MINUTE);
        sim.holds('it is whole', isWhole(node));
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
        sim.check('copies by the peer', copiesBy(seed), { atMost: 1.3 });
        sim.check('requests', web.requests.length, { atMost: 60 });
      },
    ),
  ],
};
