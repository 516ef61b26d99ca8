import { encodeCompact, nodeHost } from '@shoal/net';
import type { Endpoint, Reach } from '@shoal/net';
import { SimWorld } from '@shoal/net/sim';
import type { SimHost, SimHostOptions } from '@shoal/net/sim';
import {
  encodeAnnounceReply,
  encodeConnectReply,
  encodeErrorReply,
  FAMILY_GRACE,
  MAX_INTERVAL,
  MIN_INTERVAL,
  TrackerError,
  UDP_SCRAPE_BATCH,
  UdpTrackerClient,
} from '../../src/index.ts';
import type { AnnounceResponse, UdpTrackerOpenOptions } from '../../src/index.ts';
import { announceRequest } from '../support/request.ts';
import { SimUdpTracker } from '../support/sim-udp-tracker.ts';

const URL4 = 'udp://tracker.example:80/announce';
const TRACKER4 = '10.0.0.1';
const TRACKER6 = '2001:db8::1';
const OWN4 = '10.0.0.2';
const OWN6 = '2001:db8::2';

interface Setting {
  world: SimWorld;
  tracker: SimUdpTracker;
  trackerHost: SimHost;
  host: SimHost;
  client: UdpTrackerClient;
}

let opened: UdpTrackerClient[] = [];
afterEach(async () => {
  await Promise.all(opened.map((client) => client.close()));
  opened = [];
});

async function openClient(
  world: SimWorld,
  host: SimHost,
  options: UdpTrackerOpenOptions = {},
): Promise<UdpTrackerClient> {
  const client = await UdpTrackerClient.open({ host, resolve: world.resolve, ...options });
  opened.push(client);
  return client;
}

async function setUp(
  options: UdpTrackerOpenOptions = {},
  line: Partial<SimHostOptions> = {},
  addresses: readonly string[] = [TRACKER4],
): Promise<Setting> {
  const world = new SimWorld({ seed: 5 });
  const trackerHost = world.host({ address: TRACKER4, alsoAt: [TRACKER6] });
  const tracker = await new SimUdpTracker(trackerHost).listen('0.0.0.0', TRACKER6);
  world.setName('tracker.example', addresses);
  const host = world.host({ address: OWN4, alsoAt: [OWN6], ...line });
  const client = await openClient(world, host, options);
  return { world, tracker, trackerHost, host, client };
}

/** Lets the world run until the call has settled. */
async function outcome<T>(world: SimWorld, call: Promise<T>): Promise<T | Error> {
  let result: { value: T | Error } | undefined;
  call.then(
    (value) => (result = { value }),
    (error: unknown) => (result = { value: error as Error }),
  );
  await world.run({ until: () => result !== undefined, limit: 3 * 3_600_000 });
  if (result === undefined) throw new Error('the call has not settled');
  return result.value;
}

/** Lets `milliseconds` pass, whether or not something happens in them. */
async function pass(world: SimWorld, milliseconds: number): Promise<void> {
  const end = world.now + milliseconds;
  world.at(end, () => undefined);
  await world.run({ until: () => world.now >= end });
}

describe('an announce over UDP', () => {
  it('connects, announces, and gives the answer', async () => {
    const { world, tracker, client } = await setUp();
    const request = announceRequest({
      event: 'started',
      uploaded: 1,
      downloaded: 2n,
      left: 2 ** 40,
      key: 0xfedcba98,
      numwant: 30,
      ip: '192.0.2.1',
    });
    const answer = await outcome(world, client.announce(`${URL4}?k=%41`, request));
    expect(answer).toEqual({
      interval: 1800,
      minInterval: undefined,
      peers: [{ address: '192.0.2.7', port: 7 }],
      namedPeers: [],
      complete: 4,
      incomplete: 3,
      downloaded: undefined,
      trackerId: undefined,
      externalIp: undefined,
      warning: undefined,
    });
    const announce = tracker.asked[1]?.request;
    expect(announce).toMatchObject({
      kind: 'announce',
      event: 'started',
      uploaded: 1,
      downloaded: 2,
      left: 2 ** 40,
      key: 0xfedcba98,
      numWant: 30,
      port: 6881,
      ip: '192.0.2.1',
      urlData: '/announce?k=%41',
    });
    expect(tracker.take()).toEqual(['connect', 'announce started']);
  });

  it('leaves out what a packet has no room for, and the options where the URL is bare', async () => {
    const { world, tracker, client } = await setUp();
    const request = announceRequest({ ip: 'host.example' });
    await outcome(world, client.announce('udp://tracker.example:80', request));
    expect(tracker.asked[1]?.request).toMatchObject({
      event: undefined,
      numWant: undefined,
      ip: undefined,
      key: 0,
      urlData: undefined,
    });
  });

  it('uses a connection id for a minute, and shares it', async () => {
    const { world, tracker, client } = await setUp();
    const many = Promise.all([1, 2, 3].map(() => client.announce(URL4, announceRequest())));
    await outcome(world, many);
    expect(tracker.take()).toEqual(['connect', 'announce -', 'announce -', 'announce -']);
    await pass(world, 50_000);
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(tracker.take()).toEqual(['announce -']);
    await pass(world, 10_000);
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(tracker.take()).toEqual(['connect', 'announce -']);
  });

  it.each([
    [0, MIN_INTERVAL],
    [0xffff_ffff, MAX_INTERVAL],
  ])('keeps an interval of %d s within bounds', async (interval, kept) => {
    const { world, tracker, client } = await setUp();
    tracker.interval = interval;
    const answer = (await outcome(
      world,
      client.announce(URL4, announceRequest()),
    )) as AnnounceResponse;
    expect(answer.interval).toBe(kept);
  });

  it('takes long lists up to its limit, and none of those nobody can be reached at', async () => {
    const { world, tracker, client } = await setUp({ limits: { maxPeers: 200 } });
    tracker.peers = Array.from({ length: 300 }, (_, n) => ({
      address: n < 2 ? '0.0.0.0' : `198.51.${n >> 8}.${n & 255}`,
      port: n === 2 ? 0 : 1000 + n,
    }));
    const answer = (await outcome(
      world,
      client.announce(URL4, announceRequest()),
    )) as AnnounceResponse;
    expect(answer.peers).toEqual(tracker.peers.slice(3, 200));
  });

  it('tells what the tracker says no with', async () => {
    const { world, tracker, client } = await setUp();
    tracker.refusal = 'unregistered\u001b[31m torrent';
    expect(await outcome(world, client.announce(URL4, announceRequest()))).toMatchObject({
      code: 'ERR_TRACKER_FAILURE',
      reason: 'unregistered [31m torrent',
    });
    expect(tracker.take()).toEqual(['connect', 'announce -']);
  });

  it.each([true, false])(
    'connects anew to a tracker that was started anew (told: %s)',
    async (told) => {
      const { world, tracker, client } = await setUp();
      await outcome(world, client.announce(URL4, announceRequest()));
      tracker.restart();
      tracker.namesBadConnections = told;
      tracker.take();
      expect(await outcome(world, client.announce(URL4, announceRequest()))).toMatchObject({
        interval: 1800,
      });
      expect(tracker.take()).toEqual(['announce -', 'connect', 'announce -']);
    },
  );

  it('does not connect anew for ever', async () => {
    const { world, tracker, client } = await setUp();
    tracker.refusal = 'connection refused by policy';
    const answer = await outcome(world, client.announce(URL4, announceRequest()));
    expect(answer).toMatchObject({ code: 'ERR_TRACKER_FAILURE' });
    expect(tracker.take()).toEqual(['connect', 'announce -', 'connect', 'announce -']);
  });
});

describe('silence', () => {
  const HOURS = { timeout: 10 * 3_600_000 };
  const seconds = (tracker: SimUdpTracker, from = 0): number[] =>
    tracker.asked.map(({ at }) => Math.round((at - from) / 1000));

  it('is met with 15 · 2ⁿ s between connect requests, eight times', async () => {
    const { world, tracker, client } = await setUp(HOURS);
    tracker.mute = new Set(['connect']);
    const answer = await outcome(world, client.announce(URL4, announceRequest()));
    expect(answer).toMatchObject({ code: 'ERR_TRACKER_TIMEOUT' });
    expect(seconds(tracker)).toEqual([0, 15, 45, 105, 225, 465, 945, 1905, 3825]);
    expect(Math.round(world.now / 1000)).toBe(3825 + 3840);
  });

  it('is met with a new connection id once the old one has run out, as BEP 15 has it', async () => {
    const { world, tracker, client } = await setUp({ timeout: 230_000 });
    tracker.mute = new Set(['announce']);
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(tracker.asked.map(({ at, request }) => [Math.round(at / 1000), request.kind])).toEqual([
      [0, 'connect'],
      [0, 'announce'],
      [15, 'announce'],
      [45, 'announce'],
      [105, 'connect'],
      [105, 'announce'],
      [225, 'connect'],
      [225, 'announce'],
    ]);
  });

  it('ends a call at its deadline, and one of `stopped` sooner', async () => {
    const { world, tracker, client } = await setUp();
    tracker.mute = new Set(['connect']);
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(Math.round(world.now / 1000)).toBe(20);
    expect(tracker.take()).toHaveLength(2);
    const stopped = announceRequest({ event: 'stopped' });
    const answer = await outcome(world, client.announce(URL4, stopped));
    expect(answer).toMatchObject({ code: 'ERR_TRACKER_TIMEOUT' });
    expect(Math.round(world.now / 1000)).toBe(25);
  });

  it('makes no more than one connect request in 15 s, however many wait', async () => {
    const { world, tracker, client } = await setUp();
    tracker.mute = new Set(['connect']);
    const calls: Promise<unknown>[] = [];
    for (let second = 0; second < 60; second += 1) {
      world.at(second * 1000, () => {
        for (let each = 0; each < 20; each += 1) {
          calls.push(client.announce(URL4, announceRequest()).catch(() => undefined));
        }
      });
    }
    await pass(world, 120_000);
    expect(calls).toHaveLength(1200);
    const gaps = seconds(tracker)
      .slice(1)
      .map((at, index) => at - (seconds(tracker)[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(15);
  });

  it('ends with the reason of the signal, and with the client', async () => {
    const { world, tracker, client } = await setUp();
    tracker.mute = new Set(['announce']);
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('enough');
    world.at(5_000, () => controller.abort(reason));
    expect(await outcome(world, client.announce(URL4, announceRequest(), { signal }))).toBe(reason);
    const gone = AbortSignal.abort(reason);
    const early = client.announce(URL4, announceRequest(), { signal: gone });
    expect(await outcome(world, early)).toBe(reason);
    world.at(10_000, () => void client.close());
    const call = client.announce(URL4, announceRequest());
    expect(await outcome(world, call)).toMatchObject({ code: 'ERR_TRACKER_CLOSED' });
    expect(await outcome(world, client.announce(URL4, announceRequest()))).toMatchObject({
      code: 'ERR_TRACKER_CLOSED',
    });
    expect(await world.run({ limit: 3_600_000 })).toBe('idle');
  });

  it('is survived by most announces on a line that loses a tenth each way', async () => {
    const { world, client } = await setUp({ timeout: 400_000 }, { loss: 0.1 });
    const calls = Array.from({ length: 40 }, (_, n) =>
      client.announce(URL4, announceRequest({ port: 1000 + n })),
    );
    const settled = (await outcome(
      world,
      Promise.allSettled(calls),
    )) as PromiseSettledResult<unknown>[];
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(35);
  });
});

describe('what was not asked for', () => {
  it('changes nothing: other addresses, ports, transactions, actions, floods', async () => {
    const { world, tracker, trackerHost, client } = await setUp();
    const strange = world.host({ address: '10.6.6.6' });
    const handler = { onDatagram: () => undefined, onError: () => undefined };
    const stranger = await strange.network.bind({ address: '0.0.0.0', port: 80 }, handler);
    const otherPort = await trackerHost.network.bind({ address: TRACKER4, port: 81 }, handler);
    const evil = encodeCompact([{ address: '203.0.113.66', port: 666 }], 4);
    tracker.disturb = (reply, to) => {
      const id = Buffer.from(reply).readUInt32BE(4);
      const isConnect = reply[3] === 0;
      const forged = isConnect
        ? encodeConnectReply(id, 666n)
        : encodeAnnounceReply(id, { interval: 60, leechers: 6, seeders: 6 }, evil);
      for (const socket of [stranger, otherPort]) {
        socket.send(forged, to);
        socket.send(encodeErrorReply(id, Buffer.from('go away')), to);
      }
    };
    const flood = (to: Endpoint): void => {
      for (let n = 0; n < 2000; n += 1) {
        stranger.send(encodeErrorReply(n, Buffer.from('flood')), to);
        stranger.send(new Uint8Array(n % 9), to);
      }
    };
    world.at(1, () => flood({ address: OWN4, port: tracker.asked[0]?.from.port ?? 49152 }));
    const answer = await outcome(world, client.announce(URL4, announceRequest()));
    expect(answer).toMatchObject({ interval: 1800, peers: [{ address: '192.0.2.7', port: 7 }] });
    const { mismatched, unknown, replies } = client.counts;
    expect(mismatched).toBeGreaterThanOrEqual(6);
    expect(unknown).toBeGreaterThan(0);
    expect(replies).toBe(2);
  });

  it('is counted by kind', async () => {
    const { world, tracker, host } = await setUp();
    const sent: [Uint8Array, Endpoint][] = [];
    const client = new UdpTrackerClient({
      clock: host.clock,
      random: host.random,
      resolve: world.resolve,
      send: (datagram, to) => sent.push([datagram.slice(), to]),
    });
    opened.push(client);
    const call = client.announce(URL4, announceRequest()).catch(() => undefined);
    await world.run({ limit: 10 });
    const [connect, to = { address: '', port: 0 }] = sent[0] ?? [];
    expect(to).toEqual({ address: TRACKER4, port: 80 });
    const id = Buffer.from(connect ?? []).readUInt32BE(12);
    const answers: [Uint8Array, Endpoint, boolean][] = [
      [encodeConnectReply((id + 1) >>> 0, 1n), to, false],
      [encodeConnectReply(id, 1n), { address: '10.0.0.9', port: 80 }, true],
      [encodeConnectReply(id, 1n), { address: TRACKER4, port: 8080 }, true],
      [
        encodeAnnounceReply(id, { interval: 1, leechers: 1, seeders: 1 }, new Uint8Array()),
        to,
        true,
      ],
      [encodeConnectReply(id, 1n).subarray(0, 15), to, true],
      [new Uint8Array(3), to, false],
    ];
    for (const [datagram, from, ours] of answers) {
      expect(client.onDatagram(datagram, from)).toBe(ours);
    }
    expect(client.counts).toEqual({ sent: 1, replies: 0, unknown: 1, mismatched: 3, malformed: 2 });
    expect(sent).toHaveLength(1);
    expect(client.onDatagram(encodeConnectReply(id, 99n), to)).toBe(true);
    expect(Buffer.from(sent[1]?.[0] ?? []).readBigUInt64BE(0)).toBe(99n);
    // The second of two equal answers is to nobody's question.
    expect(client.onDatagram(encodeConnectReply(id, 77n), to)).toBe(false);
    await client.close();
    await call;
    expect(tracker.asked).toEqual([]);
  });
});

describe('a tracker with several addresses', () => {
  const BOTH = [TRACKER6, TRACKER4];

  it('is announced to over both families, and gives the peers of both', async () => {
    const { world, tracker, client } = await setUp({}, {}, BOTH);
    tracker.peers = [
      { address: '192.0.2.7', port: 7 },
      { address: '2001:db8::7', port: 8 },
    ];
    const answer = await outcome(world, client.announce(URL4, announceRequest()));
    expect((answer as AnnounceResponse).peers).toHaveLength(2);
    expect(answer).toMatchObject({
      complete: 4,
      incomplete: 3,
      peers: expect.arrayContaining([...tracker.peers]) as unknown,
    });
    expect(tracker.take().sort()).toEqual(['announce -', 'announce -', 'connect', 'connect']);
  });

  it('does not keep anyone waiting for a family that is silent, and leaves that alone later', async () => {
    const { world, tracker, host } = await setUp({}, { alsoAt: [] }, BOTH);
    const client = await openClient(world, host);
    const answer = await outcome(world, client.announce(URL4, announceRequest()));
    expect(answer).toMatchObject({ interval: 1800 });
    expect(world.now).toBeGreaterThanOrEqual(FAMILY_GRACE);
    expect(world.now).toBeLessThan(FAMILY_GRACE + 200);
    await pass(world, 120_000);
    expect(tracker.take()).toEqual(['connect', 'announce -']);
    const before = world.now;
    const { sent } = client.counts;
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(world.now - before).toBeLessThan(200);
    expect(client.counts.sent - sent).toBe(2);
  });

  it('is announced to once for each family when one of several addresses answers', async () => {
    const { world, tracker, client } = await setUp({}, {}, ['10.9.9.9', '10.9.9.8', TRACKER4]);
    const answer = await outcome(world, client.announce(URL4, announceRequest()));
    expect(answer).toMatchObject({ interval: 1800 });
    expect(world.now).toBeLessThan(5_000);
    expect(tracker.take()).toEqual(['connect', 'announce -']);
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(tracker.take()).toEqual(['announce -']);
  });

  it('tells what it said rather than that one family was silent', async () => {
    const { world, tracker, client } = await setUp({}, { alsoAt: [] }, BOTH);
    tracker.refusal = 'no';
    expect(await outcome(world, client.announce(URL4, announceRequest()))).toMatchObject({
      code: 'ERR_TRACKER_FAILURE',
    });
  });
});

describe('addresses', () => {
  it.each([
    ['udp://255.255.255.255:80', {}, 'ERR_TRACKER_ADDRESS'],
    ['udp://0.0.0.0:80', {}, 'ERR_TRACKER_ADDRESS'],
    ['udp://local.example:80', { refuseAddresses: ['private'] as const }, 'ERR_TRACKER_ADDRESS'],
    [
      'udp://[::ffff:10.0.0.1]:80',
      { refuseAddresses: ['private'] as const },
      'ERR_TRACKER_ADDRESS',
    ],
    ['udp://unknown.example:80', {}, 'ERR_TRACKER_CONNECTION'],
    [`udp://[${TRACKER6}]:80`, { bind: OWN4 }, 'ERR_TRACKER_CONNECTION'],
    ['udp://tracker.example', {}, 'ERR_TRACKER_URL'],
    ['udp://tracker.example:0', {}, 'ERR_TRACKER_URL'],
    ['udp://tracker.example:70000', {}, 'ERR_TRACKER_URL'],
    ['udp://a b:80', {}, 'ERR_TRACKER_URL'],
    ['http://tracker.example:80', {}, 'ERR_TRACKER_SCHEME_UNSUPPORTED'],
  ])('refuses %s', async (url, options, code) => {
    const { world, tracker, client } = await setUp(options);
    world.setName('local.example', ['10.0.0.1']);
    expect(await outcome(world, client.announce(url, announceRequest()))).toMatchObject({ code });
    expect(tracker.asked).toEqual([]);
    expect(client.counts.sent).toBe(0);
  });

  it('leaves out those that are refused, and uses the others', async () => {
    const options = { refuseAddresses: ['loopback'] as const };
    const { world, tracker, client } = await setUp(options, {}, ['127.0.0.1', TRACKER4]);
    await outcome(world, client.announce(URL4, announceRequest()));
    expect(tracker.take()).toEqual(['connect', 'announce -']);
  });

  it('looks a name up once for many, and again after a while', async () => {
    let looked = 0;
    const { world, host } = await setUp();
    const client = await openClient(world, host, {
      resolve: (name, options) => {
        looked += 1;
        return world.resolve(name, options);
      },
    });
    const announce = (): Promise<unknown> =>
      outcome(world, Promise.all([1, 2, 3].map(() => client.announce(URL4, announceRequest()))));
    await announce();
    await announce();
    expect(looked).toBe(1);
    await pass(world, 600_000);
    await announce();
    expect(looked).toBe(2);
  });
});

describe('a scrape over UDP', () => {
  const hashes = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, n) => new Uint8Array(20).fill(n));

  it('asks in batches, and gives figures by info-hash', async () => {
    const { world, tracker, client } = await setUp();
    const asked = hashes(UDP_SCRAPE_BATCH + 6);
    const answer = await outcome(world, client.scrape(URL4, asked));
    if (answer instanceof Error) throw answer;
    expect(answer.files.size).toBe(asked.length);
    expect(answer.files.get('07'.repeat(20))).toEqual({
      complete: 7,
      downloaded: 7,
      incomplete: 7,
      name: undefined,
    });
    expect(
      tracker.asked.map(({ request }) => 'infoHashes' in request && request.infoHashes.length),
    ).toEqual([false, 74, 6]);
  });

  it('is one question, whatever addresses there are', async () => {
    const { world, tracker, client } = await setUp({}, {}, [TRACKER6, TRACKER4]);
    await outcome(world, client.scrape(URL4, hashes(1)));
    expect(tracker.take()).toEqual(['connect', 'scrape']);
  });

  it('refuses to ask for everything, and for what is no info-hash', async () => {
    const { client } = await setUp();
    await expect(client.scrape(URL4, [])).rejects.toMatchObject({
      code: 'ERR_TRACKER_SCRAPE_UNSUPPORTED',
    });
    await expect(client.scrape(URL4, [new Uint8Array(32)])).rejects.toMatchObject({
      code: 'ERR_TRACKER_REQUEST',
    });
  });
});

it('speaks over real sockets', async () => {
  const tracker = new SimUdpTracker(nodeHost);
  const port = await tracker.listenAt({ address: '127.0.0.1', port: 0 });
  await using client = await UdpTrackerClient.open();
  const answer = await client.announce(`udp://127.0.0.1:${port}`, announceRequest());
  expect(answer.peers).toEqual([{ address: '192.0.2.7', port: 7 }]);
  await tracker.close();
});

describe('a tracker that a torrent names', () => {
  async function codeOf(
    options: UdpTrackerOpenOptions,
    addresses: readonly string[],
    reach: Reach,
  ): Promise<string> {
    const { world, client } = await setUp(options, {}, addresses);
    const answer = await outcome(world, client.announce(URL4, announceRequest(), { reach }));
    return answer instanceof TrackerError ? answer.code : 'asked';
  }

  it('is sent nothing beyond its reach', async () => {
    expect(await codeOf({}, [TRACKER4], 'public')).toBe('ERR_TRACKER_ADDRESS');
    expect(await codeOf({}, [TRACKER4], 'local')).toBe('asked');
    expect(await codeOf({}, ['169.254.169.254', 'fd00:ec2::254'], 'local')).toBe(
      'ERR_TRACKER_ADDRESS',
    );
    expect(await codeOf({}, ['127.0.0.1', TRACKER6], 'public')).toBe('asked');
  });

  it('is sent nothing where the IP filter blocks it', async () => {
    const isBlocked = (address: string): boolean => address === TRACKER4;
    expect(await codeOf({ isBlocked }, [TRACKER4], 'any')).toBe('ERR_TRACKER_ADDRESS');
    expect(await codeOf({ isBlocked }, [TRACKER4, TRACKER6], 'any')).toBe('asked');
  });
});
