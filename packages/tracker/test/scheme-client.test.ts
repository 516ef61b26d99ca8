import { createTrackerClient, SchemeTrackerClient, UdpTrackerClient } from '../src/index.ts';
import type { TrackerClient } from '../src/index.ts';
import { SimWorld } from '@shoal/net/sim';
import { FakeClient } from './support/fake-client.ts';
import { announceRequest } from './support/request.ts';
import { SimUdpTracker } from './support/sim-udp-tracker.ts';

class ClosingClient extends FakeClient {
  closed = 0;
  override close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

const request = announceRequest();

describe('SchemeTrackerClient', () => {
  it('hands each call to the client of its scheme', async () => {
    const [web, udp] = [new ClosingClient(), new ClosingClient()];
    const client = new SchemeTrackerClient({ http: web, https: web, udp });
    await client.announce('http://a.invalid/announce', request);
    await client.announce('HTTPS://b.invalid/announce', request);
    await client.announce('udp://c.invalid:80', request);
    expect(web.take()).toHaveLength(2);
    expect(udp.take()).toEqual(['c.invalid -']);
    await expect(client.announce('wss://d.invalid', request)).rejects.toMatchObject({
      code: 'ERR_TRACKER_SCHEME_UNSUPPORTED',
    });
    await client.close();
    expect([web.closed, udp.closed]).toEqual([1, 1]);
    await expect(client.announce('udp://c.invalid:80', request)).rejects.toMatchObject({
      code: 'ERR_TRACKER_CLOSED',
    });
  });

  it('opens a client once, when it is needed, and again when that failed', async () => {
    const udp = new ClosingClient();
    const openings: ((client: TrackerClient | Error) => void)[] = [];
    const client = new SchemeTrackerClient({
      udp: () =>
        new Promise((resolve, reject) => {
          openings.push((made) => (made instanceof Error ? reject(made) : resolve(made)));
        }),
    });
    expect(openings).toHaveLength(0);
    const calls = [1, 2].map(() => client.announce('udp://c.invalid:80', request));
    expect(openings).toHaveLength(1);
    const failure = new Error('no socket');
    openings[0]?.(failure);
    for (const call of calls) await expect(call).rejects.toBe(failure);
    const again = client.announce('udp://c.invalid:80', request);
    openings[1]?.(udp);
    await again;
    expect(openings).toHaveLength(2);
    await client.close();
    expect(udp.closed).toBe(1);
  });

  it('opens nothing only to close it', async () => {
    let opened = 0;
    const client = new SchemeTrackerClient({
      udp: () => {
        opened += 1;
        return Promise.resolve(new ClosingClient());
      },
    });
    await client.close();
    expect(opened).toBe(0);
  });
});

describe('createTrackerClient', () => {
  it('reaches trackers over UDP by the host it is given', async () => {
    const world = new SimWorld({ seed: 1 });
    const tracker = await new SimUdpTracker(world.host({ address: '10.0.0.1' })).listen('0.0.0.0');
    world.setName('tracker.example', ['10.0.0.1']);
    const host = world.host({ address: '10.0.0.2' });
    const client = createTrackerClient({ host, udp: { resolve: world.resolve } });
    let peers: number | undefined;
    void client.announce('udp://tracker.example:80', request).then((answer) => {
      peers = answer.peers.length;
    });
    await world.run({ until: () => peers !== undefined, limit: 1_000 });
    expect(peers).toBe(1);
    expect(tracker.take()).toEqual(['connect', 'announce -']);
    await client.close();
  });

  it('takes a client whose socket somebody else has', async () => {
    const world = new SimWorld({ seed: 1 });
    const host = world.host({ address: '10.0.0.2' });
    let sent = 0;
    const udp = new UdpTrackerClient({
      clock: host.clock,
      random: host.random,
      send: () => (sent += 1),
    });
    const client = createTrackerClient({ udp });
    const call = client.announce('udp://10.0.0.1:80', request).catch((error: unknown) => error);
    await world.run({ limit: 1 });
    expect(sent).toBe(1);
    await client.close();
    expect(await call).toMatchObject({ code: 'ERR_TRACKER_CLOSED' });
  });
});
