import { encodeCompact, type Endpoint, type Host } from '@shoal/net';
import {
  encodeAnnounceReply,
  encodeConnectReply,
  parseUdpRequest,
  type UdpRequest,
} from '@shoal/tracker';
import { Client, type Torrent } from '../../src/index.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

const TRACKER = '30.0.0.1';

/** A tracker of one swarm, over UDP. Gives the announces it has seen, as `address event`. */
async function udpTracker({ network }: Host): Promise<string[]> {
  const peers = new Map<string, Endpoint>();
  const seen: string[] = [];
  const answer = (request: UdpRequest, { address }: Endpoint): Uint8Array | undefined => {
    const { kind, transactionId } = request;
    if (kind === 'connect') return encodeConnectReply(transactionId, 5n);
    if (kind === 'scrape' || request.connectionId !== 5n) return undefined;
    seen.push(`${address} ${request.event ?? '-'}`);
    const others = [...peers.values()].filter((peer) => peer.address !== address);
    peers.set(address, { address, port: request.port });
    const figures = { interval: 1800, leechers: 1, seeders: 1 };
    return encodeAnnounceReply(transactionId, figures, encodeCompact(others, 4));
  };
  const socket = await network.bind(
    { address: TRACKER, port: 80 },
    {
      onDatagram: (datagram, from) => {
        const request = parseUdpRequest(datagram);
        const reply = request === undefined ? undefined : answer(request, from);
        if (reply !== undefined) socket.send(reply, from);
      },
      onError: () => undefined,
    },
  );
  return seen;
}

it('finds peers by a tracker over UDP alone, with what it needs by default', async () => {
  const swarm = new SimSwarm({ seed: 11, files: [{ path: 'film.bin', length: 200_000 }] });
  const seen = await udpTracker(swarm.world.host({ address: TRACKER }));
  const metainfo = { ...swarm.metainfo, trackers: [[`udp://${TRACKER}:80/announce`]] };
  const clients: Client[] = [];
  const hosts = [swarm.host(), swarm.host()] as const;
  const torrents: Torrent[] = [];
  for (const [index, host] of hosts.entries()) {
    const client = await Client.start({ host });
    clients.push(client);
    const storage = new ContentStorage(swarm.torrent, index === 0 ? 'all' : []);
    torrents.push(await client.add(metainfo, { directory: '/nowhere', storage: () => storage }));
    await swarm.pass(1_000);
  }
  await swarm.until(() => torrents.every(({ state }) => state === 'seeding'), 60_000);
  await swarm.settle(Promise.all(clients.map((client) => client.close())));
  const [seed, leech] = hosts.map(({ address }) => address);
  expect(seen.filter((each) => each.startsWith(`${seed} `))).toEqual([
    `${seed} started`,
    `${seed} stopped`,
  ]);
  expect(seen.filter((each) => each.startsWith(`${leech} `))).toEqual([
    `${leech} started`,
    `${leech} completed`,
    `${leech} stopped`,
  ]);
});

it.each([
  ['asks the next tracker while a dead one is silent', false, 5_000],
  ['keeps to the order of the trackers of a private torrent', true, 40_000],
] as const)('%s', async (_, isPrivate, limit) => {
  const swarm = new SimSwarm({ seed: 12, files: [{ path: 'film.bin', length: 100_000 }] });
  await udpTracker(swarm.world.host({ address: TRACKER }));
  const alive = `udp://${TRACKER}:80/announce`;
  const dead = 'udp://30.0.0.2:80/announce';
  const clients: Client[] = [];
  const torrents: Torrent[] = [];
  for (const trackers of [[[alive]], [[dead], [alive]]]) {
    const client = await Client.start({ host: swarm.host() });
    clients.push(client);
    const storage = new ContentStorage(swarm.torrent, clients.length === 1 ? 'all' : []);
    const options = { directory: '/nowhere', storage: () => storage, private: isPrivate };
    torrents.push(await client.add({ ...swarm.metainfo, trackers }, options));
    await swarm.pass(1_000);
  }
  const time = await swarm.until(() => torrents.every(({ state }) => state === 'seeding'), limit);
  expect(time > 15_000).toBe(isPrivate);
  await swarm.settle(Promise.all(clients.map((client) => client.close())));
});
