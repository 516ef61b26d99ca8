import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nodeNetwork, seededRandom } from '@shoal/net';
import { SimWorld } from '@shoal/net/sim';
import { MemorySwarmStore, TrackerServer, UdpTrackerClient } from '../../src/index.ts';
import type { TrackerListenOptions, TrackerServerOptions } from '../../src/index.ts';
import { fromHex } from '../support/hex.ts';
import { announceRequest } from '../support/request.ts';

const HASH = 'aa'.repeat(20);

describe('TrackerServer over UDP', () => {
  const servers: TrackerServer[] = [];
  const clients: UdpTrackerClient[] = [];

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  function server(options: TrackerServerOptions = {}): TrackerServer {
    const made = new TrackerServer(options);
    servers.push(made);
    return made;
  }

  async function open(...options: Parameters<typeof UdpTrackerClient.open>) {
    const client = await UdpTrackerClient.open(...options);
    clients.push(client);
    return client;
  }

  it('serves many clients of both families in a lossy network', async () => {
    const world = new SimWorld({ seed: 1 });
    const trackerHost = world.host({ address: '10.0.0.1', alsoAt: ['2001:db8::1'], loss: 0.1 });
    const store = new MemorySwarmStore({ random: seededRandom(1) });
    const { clock, random, network } = trackerHost;
    const tracker = server({ store, clock, random, network });
    const listening = await tracker.listen({ http: false, udp: true, port: 80 });
    expect(listening.port).toBe(80);
    const announces = Array.from({ length: 100 }, async (_, index) => {
      const family = index % 2 === 0 ? 4 : 6;
      const address = family === 4 ? `10.0.1.${index}` : `2001:db8:1:${index}::1`;
      const host = world.host({ address });
      const client = await open({ host, bind: address, timeout: 600_000 });
      const at = family === 4 ? '10.0.0.1' : '[2001:db8::1]';
      await client.announce(`udp://${at}:80/announce`, announceRequest({ port: 1000 + index }));
      const { peers } = await client.announce(
        `udp://${at}:80/announce`,
        announceRequest({ port: 1000 + index, left: index % 3 }),
      );
      expect(peers.every((peer) => peer.address.includes(':') === (family === 6))).toBe(true);
      return peers.length;
    });
    let done = false;
    const all = Promise.all(announces).finally(() => {
      done = true;
    });
    await world.run({ until: () => done, limit: 3_600_000 });
    const counts = await all;
    expect(Math.max(...counts)).toBeGreaterThan(10);
    expect(store.figures()).toEqual({ swarms: 1, seeds: 34, leechers: 66 });
    expect(tracker.counts.announces).toBeGreaterThanOrEqual(200);
    expect(tracker.counts.udp?.malformed).toBe(0);
  });

  it('is one server with HTTP: the same port, the same swarms', async () => {
    const options: TrackerListenOptions = { port: 0, address: '127.0.0.1', udp: true };
    const tracker = server({ stats: true });
    const { port } = await tracker.listen(options);
    const client = await open({ bind: '127.0.0.1' });
    await client.announce(`udp://127.0.0.1:${port}`, announceRequest({ port: 7, left: 0 }));
    const { files } = await client.scrape(`udp://127.0.0.1:${port}`, [fromHex(HASH)]);
    expect(files.get(HASH)).toMatchObject({ complete: 1, incomplete: 0 });
    const response = await fetch(`http://127.0.0.1:${port}/stats`);
    expect(await response.json()).toEqual({
      swarms: 1,
      seeds: 1,
      leechers: 0,
      announces: 1,
      scrapes: 1,
      failures: 0,
      udp: {
        connects: 1,
        announces: 1,
        scrapes: 1,
        failures: 0,
        malformed: 0,
        unknownConnections: 0,
        limited: 0,
      },
    });
    const taken = server();
    await expect(taken.listen({ ...options, port, http: false })).rejects.toMatchObject({
      code: 'ERR_TRACKER_LISTEN',
      message: `The tracker cannot listen on 127.0.0.1:${port}: the port is taken`,
    });
    await tracker.close();
    // Both are free again.
    await taken.listen({ ...options, port });
  });

  it('does not begin where another has the port of either family', async () => {
    const world = new SimWorld({ seed: 1 });
    const { network, clock } = world.host({ address: '10.0.0.1', alsoAt: ['2001:db8::1'] });
    const quiet = { onDatagram: () => undefined, onError: () => undefined };
    const other = await network.bind({ address: '2001:db8::1', port: 80 }, quiet);
    const options = { http: false, udp: true, port: 80 };
    const tracker = server({ network, clock });
    await expect(tracker.listen(options)).rejects.toMatchObject({ code: 'ERR_TRACKER_LISTEN' });
    await other.close();
    // What it had opened is free again.
    expect(await tracker.listen(options)).toEqual({ address: '::', port: 80 });
  });

  it('listens on both families by itself, and needs one protocol at least', async () => {
    const tracker = server();
    await expect(tracker.listen({ http: false })).rejects.toMatchObject({
      code: 'ERR_TRACKER_LISTEN',
    });
    const { port } = await tracker.listen({ port: 0, http: false, udp: true });
    const over4 = await open({ bind: '127.0.0.1' });
    const { peers } = await over4.announce(`udp://127.0.0.1:${port}`, announceRequest());
    expect(peers).toEqual([]);
    try {
      const probe = await nodeNetwork.bind(
        { address: '::1', port: 0 },
        { onDatagram: () => undefined, onError: () => undefined },
      );
      await probe.close();
    } catch {
      return; // No IPv6 on this machine.
    }
    const over6 = await open({ bind: '::1' });
    const answer = await over6.announce(`udp://[::1]:${port}`, announceRequest({ port: 3 }));
    expect(answer.incomplete).toBe(2);
  });
});

describe('a day of a busy tracker', () => {
  it('leaves nothing behind', () => {
    const store = new MemorySwarmStore({ random: seededRandom(2), peerLifetime: 3600 });
    const random = seededRandom(3);
    const endpoint = new Uint8Array(6);
    const endpoint6 = new Uint8Array(18);
    const hour = 3_600_000;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    let most = 0;
    const atNoon: number[] = [];
    // Torrents come and go: each hour has its own; a fifth of the peers say that they stop, the others fall silent.
    for (let now = hour; now < 25 * hour; now += 12_000) {
      for (let each = 0; each < 12; each += 1) {
        const six = random.integer(4) === 0;
        const at = six ? endpoint6 : endpoint;
        at[1] = random.integer(200);
        at[at.length - 1] = random.integer(250);
        const swarm = Math.floor(now / hour) * 1_000 + random.integer(random.integer(1_000) + 1);
        store.announce({
          infoHash: String(swarm).padStart(20, 's'),
          peerId: 'p'.repeat(20),
          endpoint: at,
          seed: random.integer(3) === 0,
          event: random.integer(5) === 0 ? 'stopped' : undefined,
          wanted: 50,
          withIds: false,
          now,
        });
      }
      store.expire(now);
      const { seeds, leechers } = store.figures();
      most = Math.max(most, seeds + leechers);
      if (now % hour === 0) atNoon.push(store.peerBytes);
    }
    expect(most).toBeGreaterThan(2_000);
    // The evening needs no more than the morning.
    const [, , third = 0] = atNoon;
    expect(Math.max(...atNoon.slice(3))).toBeLessThan(1.3 * third);
    for (let turn = 0; turn < 4; turn += 1) store.expire(28 * hour);
    expect(store.figures()).toEqual({ swarms: 0, seeds: 0, leechers: 0 });
    // A chunk of each size and family may stay.
    expect(store.peerBytes).toBeLessThanOrEqual(2 * 12 * 65_536);
    collect();
    const after = process.memoryUsage();
    expect(after.heapUsed - heapUsed).toBeLessThan(4_000_000);
    expect(after.arrayBuffers - arrayBuffers).toBeLessThan(2 * 12 * 65_536 + 1_000_000);
  });
});
