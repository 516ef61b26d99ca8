import type { Node, SimSwarm } from '../../../../packages/client/test/support/sim-swarm.ts';
import { SimTracker } from '../../../../packages/client/test/support/sim-tracker.ts';
import { scenario, type Theme } from '../scenario.ts';
import { isWhole, KIB, leechers, MINUTE, SECOND } from '../swarms.ts';

const FILM = { files: [{ path: 'film.bin', length: 2_000_000 }], pieceLength: 64 * KIB };
const HOUR = 60 * MINUTE;
const urlOf = (name: string): string => `http://${name}.test/announce`;

/** A peer of several trackers: the URL chooses which one is asked. */
async function withTrackers(
  swarm: SimSwarm,
  trackers: ReadonlyMap<string, SimTracker>,
  tiers: readonly (readonly string[])[],
  have: 'all' | [] = [],
): Promise<Node> {
  const host = swarm.host();
  const clients = new Map([...trackers].map(([url, each]) => [url, each.clientFor(host)]));
  const fallback = swarm.tracker.clientFor(host);
  return swarm.node({
    have,
    host,
    trackerless: true,
    add: { trackers: tiers },
    client: {
      trackerClient: {
        ...fallback,
        announce: (url, request, options) => {
          const to = clients.get(url);
          if (to === undefined) return Promise.reject(new Error(`no tracker at ${url}`));
          return to.announce(url, request, options);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      },
    },
  });
}

function makeTrackers(swarm: SimSwarm, names: readonly string[]): Map<string, SimTracker> {
  return new Map(names.map((name) => [urlOf(name), new SimTracker(swarm.world.random)]));
}

export const trackers: Theme = {
  title: 'Trackers',
  scenarios: [
    scenario(
      'tracker-down-at-first',
      'The tracker is down for the first four minutes: it is asked again, not more than ten times, and then all complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        swarm.tracker.up = false;
        await swarm.seed();
        const nodes = await leechers(swarm, 4);
        const outage = sim.vary('outage', 4 * MINUTE, MINUTE, HOUR);
        let asked = 0;
        for (const { torrent } of nodes) torrent.on('tracker', () => (asked += 1));
        await swarm.pass(outage);
        sim.check('announces of one peer meanwhile', asked / 4, { atMost: 10 });
        swarm.tracker.up = true;
        const time = await swarm.finished(nodes, HOUR);
        sim.check('end after it is up, in times of the outage', time / outage, { atMost: 2 });
      },
    ),
    scenario(
      'tracker-dies-midway',
      'The tracker dies for good once the peers know each other: they complete',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        const nodes = await leechers(swarm, 6);
        await swarm.pass(sim.vary('after', 1_000, 500, 3_000));
        swarm.tracker.up = false;
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.holds('all are whole', nodes.every(isWhole));
        sim.check('end', time / 1_000, { atMost: 20 }, ' s');
      },
    ),
    scenario(
      'tracker-tier-fail-over',
      'The whole first tier is down: the second one is asked at once, and the first tried again later (BEP 12)',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const found = makeTrackers(swarm, ['one', 'two', 'three']);
        for (const name of ['one', 'two']) {
          const dead = found.get(urlOf(name));
          if (dead !== undefined) dead.up = false;
        }
        const tiers = [[urlOf('one'), urlOf('two')], [urlOf('three')]];
        await withTrackers(swarm, found, tiers, 'all');
        const leecher = await withTrackers(swarm, found, tiers);
        const time = await swarm.finished([leecher], 2 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 30 }, ' s');
        for (const each of found.values()) each.up = true;
        await swarm.pass(2 * HOUR);
        const first =
          (found.get(urlOf('one'))?.seen.length ?? 0) + (found.get(urlOf('two'))?.seen.length ?? 0);
        sim.check('announces to the first tier within two hours of its return', first, {
          atLeast: 1,
        });
      },
    ),
    scenario(
      'tracker-tier-fails-later',
      'Seed and leecher share the tracker of the second tier only: once that of the first dies they find each other',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const found = makeTrackers(swarm, ['one', 'two']);
        const first = found.get(urlOf('one'));
        if (first !== undefined) first.interval = 600;
        await withTrackers(swarm, found, [[urlOf('two')]], 'all');
        const leecher = await withTrackers(swarm, found, [[urlOf('one')], [urlOf('two')]]);
        await swarm.pass(sim.vary('alive', 5 * MINUTE, MINUTE, HOUR));
        sim.check('pieces before', leecher.torrent.progress().pieces.have, { is: 0 });
        if (first !== undefined) first.up = false;
        const time = await swarm.finished([leecher], 2 * HOUR);
        sim.check('end after that', time / 1_000, { atMost: 660 }, ' s');
      },
    ),
    scenario(
      'tracker-slow',
      'The tracker takes 14 s for every answer: peers still start within 35 s, and leave without waiting for it',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        swarm.tracker.latency = 14 * SECOND;
        await swarm.seed();
        const nodes = await leechers(swarm, 3);
        const time = await swarm.finished(nodes, 2 * MINUTE);
        sim.check('end', time / 1_000, { atMost: 60 }, ' s');
        const before = swarm.world.now;
        await swarm.settle(Promise.all(nodes.map(({ client }) => client.close())));
        sim.check('closing', (swarm.world.now - before) / 1_000, { atMost: 10 }, ' s');
      },
    ),
    scenario(
      'tracker-names-thousands',
      'A tracker names 20,000 peers nobody is at: memory for 2,000, dials of 50 a second, and the seed is found among them',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        await swarm.seed();
        await swarm.pass(2_000);
        for (let index = 0; index < 20_000; index += 1)
          swarm.tracker.put({
            address: `30.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
            port: 7,
          });
        const host = swarm.host();
        const client = swarm.tracker.clientFor(host);
        const { network } = host;
        const connect = network.connect.bind(network);
        let dials = 0;
        network.connect = (to, options) => {
          dials += 1;
          return connect(to, options);
        };
        const node = await swarm.node({
          host,
          client: {
            trackerClient: {
              ...client,
              announce: (url, request, options) =>
                client.announce(url, { ...request, numwant: 50_000 }, options),
              [Symbol.asyncDispose]: () => Promise.resolve(),
            },
          },
        });
        await swarm.pass(60 * SECOND);
        sim.check('candidates', node.torrent.peerList.total, { atMost: 2_000 });
        sim.check('dials in the first minute', dials, { atMost: 3_100 });
        node.torrent.addPeer({ address: swarm.nodes[0]?.host.address ?? '', port: 6881 });
        await swarm.finished([node], 5 * MINUTE);
      },
    ),
    scenario(
      'tracker-hears-all',
      'Every peer says started once, completed once and stopped once, and a seed never completed',
      async (sim) => {
        const swarm = sim.swarm(FILM);
        const seed = await swarm.seed();
        const nodes = await leechers(swarm, sim.vary('peers', 5, 1, 9));
        await swarm.finished(nodes, 2 * MINUTE);
        await swarm.pass(HOUR);
        await swarm.settle(Promise.all([seed, ...nodes].map(({ client }) => client.close())));
        const count = (address: string, event: string): number =>
          swarm.tracker.eventsOf(address).filter((each) => each === event).length;
        for (const { host } of nodes)
          for (const event of ['started', 'completed', 'stopped'])
            sim.holds(`${host.address} says ${event} once`, count(host.address, event) === 1);
        sim.holds('the seed does not say completed', count(seed.host.address, 'completed') === 0);
        const regular = swarm.tracker
          .eventsOf(seed.host.address)
          .filter((each) => each === '').length;
        sim.check('regular announces in an hour', regular, { atLeast: 1, atMost: 2 });
      },
    ),
  ],
};
