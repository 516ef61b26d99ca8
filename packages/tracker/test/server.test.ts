import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { decode } from '@shoal/bencode';
import type { BencodeDictionary } from '@shoal/bencode';
import { formatEndpoint } from '@shoal/net';
import { HttpTrackerClient, MemorySwarmStore, TrackerServer } from '../src/index.ts';
import type { SwarmStore, TrackerServerOptions } from '../src/index.ts';
import { SEEDS_FOR_A_SEED } from '../src/server/store/swarm.ts';
import { text, toHex } from './support/hex.ts';
import { ManualClock } from './support/manual-clock.ts';
import { announceRequest } from './support/request.ts';

const QUERY =
  `info_hash=${'%aa'.repeat(20)}&peer_id=-SH0100-0123456789ab&port=6881` +
  '&uploaded=0&downloaded=0&left=1';

describe('TrackerServer', () => {
  const client = new HttpTrackerClient({ limits: { minInterval: 1 } });
  const servers: TrackerServer[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  afterAll(() => client.close());

  async function listen(options: TrackerServerOptions = {}, address = '127.0.0.1') {
    const server = new TrackerServer(options);
    servers.push(server);
    const endpoint = await server.listen({ port: 0, address });
    return { server, origin: `http://${formatEndpoint(endpoint)}`, port: endpoint.port };
  }

  function get(url: string, method = 'GET'): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(url, { method, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
        );
      });
      request.on('error', reject);
      request.end();
    });
  }

  async function ask(url: string): Promise<BencodeDictionary> {
    const { status, body } = await get(url);
    expect(status).toBe(200);
    // Strict: what the server sends is canonical.
    return decode(body) as BencodeDictionary;
  }

  async function failure(url: string): Promise<string> {
    const reason = (await ask(url)).get('failure reason');
    return reason instanceof Uint8Array ? Buffer.from(reason).toString() : '';
  }

  it('introduces peers to each other, without themselves', async () => {
    const { origin } = await listen({ interval: 1000, minInterval: 30 });
    const url = `${origin}/announce`;
    const first = await client.announce(url, announceRequest({ port: 1001, event: 'started' }));
    expect(first).toMatchObject({
      peers: [],
      complete: 0,
      incomplete: 1,
      downloaded: 0,
      minInterval: 30,
      externalIp: '127.0.0.1',
    });
    expect(first.interval).toBeGreaterThan(899);
    expect(first.interval).toBeLessThanOrEqual(1000);
    const second = await client.announce(url, announceRequest({ port: 1002, left: 0 }));
    expect(second).toMatchObject({
      peers: [{ address: '127.0.0.1', port: 1001 }],
      complete: 1,
      incomplete: 1,
    });
    const again = await client.announce(url, announceRequest({ port: 1001 }));
    expect(again.peers).toEqual([{ address: '127.0.0.1', port: 1002 }]);
  });

  it('counts completed downloads once, and forgets who stops', async () => {
    const { origin } = await listen();
    const url = `${origin}/announce`;
    await client.announce(url, announceRequest({ event: 'started' }));
    await client.announce(url, announceRequest({ event: 'completed', left: 0 }));
    const twice = await client.announce(url, announceRequest({ event: 'completed', left: 0 }));
    expect(twice).toMatchObject({ complete: 1, incomplete: 0, downloaded: 1 });
    const { files } = await client.scrape(url, [
      new Uint8Array(20).fill(0xaa),
      new Uint8Array(20).fill(0xbb),
    ]);
    expect([...files]).toEqual([
      ['aa'.repeat(20), { complete: 1, incomplete: 0, downloaded: 1, name: undefined }],
    ]);
    const stopped = await client.announce(url, announceRequest({ event: 'stopped', left: 0 }));
    expect(stopped).toMatchObject({ complete: 0, incomplete: 0, peers: [] });
  });

  it('hands seeds to seeds only where there is nobody else, and then a few', async () => {
    const { origin } = await listen();
    const url = `${origin}/announce`;
    const portsOf = async (port: number, left?: number) => {
      const request = announceRequest(left === undefined ? { port } : { port, left });
      return (await client.announce(url, request)).peers.map((peer) => peer.port).sort();
    };
    await portsOf(1, 0);
    // Whoever has only a magnet link may say that nothing is left.
    expect(await portsOf(2, 0)).toEqual([1]);
    expect(await portsOf(3)).toEqual([1, 2]);
    expect(await portsOf(4, 0)).toEqual([3]);
    for (let port = 5; port < 20; port += 1) await portsOf(port, 0);
    await client.announce(url, announceRequest({ port: 3, event: 'stopped' }));
    expect(await portsOf(20, 0)).toHaveLength(SEEDS_FOR_A_SEED);
  });

  it('gives peers as dictionaries, with ids unless they are not wanted', async () => {
    const { origin } = await listen();
    const url = `${origin}/announce`;
    const peerId = text('-XX0000-\xff\x00abcdefghij');
    await client.announce(url, announceRequest({ port: 1, peerId }));
    const full = { port: 2, compact: false, noPeerId: false };
    const withIds = await client.announce(url, announceRequest(full));
    expect(withIds.peers).toEqual([{ address: '127.0.0.1', port: 1, peerId }]);
    const without = await client.announce(url, announceRequest({ ...full, noPeerId: true }));
    expect(without.peers).toEqual([{ address: '127.0.0.1', port: 1 }]);
    const none = await client.announce(url, announceRequest({ ...full, numwant: 0 }));
    expect(none.peers).toEqual([]);
  });

  it('speaks IPv6 and hands on both families', async () => {
    let listening: Awaited<ReturnType<typeof listen>>;
    try {
      listening = await listen({}, '::');
    } catch {
      return; // No IPv6 on this machine.
    }
    const { port } = listening;
    const over6 = await client.announce(
      `http://[::1]:${port}/announce`,
      announceRequest({ port: 6 }),
    );
    expect(over6.externalIp).toBe('::1');
    const over4 = await client.announce(
      `http://127.0.0.1:${port}/announce`,
      announceRequest({ port: 4 }),
    );
    expect(over4).toMatchObject({
      externalIp: '127.0.0.1',
      peers: [{ address: '::1', port: 6 }],
    });
    const third = announceRequest({ port: 5, compact: false, noPeerId: false });
    const both = await client.announce(`http://[::1]:${port}/announce`, third);
    expect(both.peers.map(({ address, port: own }) => `${address} ${own}`).sort()).toEqual([
      '127.0.0.1 4',
      '::1 6',
    ]);
    expect(both.peers.every(({ peerId }) => peerId?.length === 20)).toBe(true);
  });

  it('caps the number of peers, and takes a default', async () => {
    const { origin } = await listen({ maxNumwant: 60 });
    const url = `${origin}/announce`;
    for (let port = 1; port <= 80; port += 1) {
      await client.announce(url, announceRequest({ port, numwant: 0 }));
    }
    const count = async (query: string): Promise<number> => {
      const peers = (await ask(`${url}?${QUERY}${query}`)).get('peers') as Uint8Array;
      const ports = new Set<string>();
      for (let at = 0; at < peers.length; at += 6) ports.add(toHex(peers.subarray(at, at + 6)));
      expect(ports.size).toBe(peers.length / 6);
      return ports.size;
    };
    expect(await count('&numwant=1000000')).toBe(60);
    expect(await count('&numwant=7')).toBe(7);
    expect(await count('&numwant=-1')).toBe(50);
    expect(await count('')).toBe(50);
    expect(await count('&numwant=0')).toBe(0);
  });

  it('believes the ip parameter only where it is told to', async () => {
    const request = announceRequest({ port: 9, ip: '192.0.2.77' });
    for (const [honourIp, expected] of [
      [false, '127.0.0.1'],
      [true, '192.0.2.77'],
    ] as const) {
      const { origin } = await listen({ honourIp });
      await client.announce(`${origin}/announce`, request);
      const { peers } = await client.announce(`${origin}/announce`, announceRequest());
      expect(peers).toEqual([{ address: expected, port: 9 }]);
    }
    const { origin } = await listen({ honourIp: true });
    expect(await failure(`${origin}/announce?${QUERY}&ip=evil.invalid`)).toMatch(/^ip /);
  });

  it.each([
    ['', 'info_hash'],
    [QUERY.replace(/info_hash=[^&]*/, 'info_hash=%aa'), 'info_hash'],
    [QUERY.replace('%aa', '%a'), 'info_hash'],
    [QUERY.replace('%aa', '%zz'), 'info_hash'],
    [QUERY.replace('%aa', '+%2b'), 'info_hash'],
    [`${QUERY}&info_hash=${'b'.repeat(20)}`, 'info_hash'],
    [QUERY.replace('-SH', '-S'), 'peer_id'],
    [QUERY.replace(/&peer_id=[^&]*/, ''), 'peer_id'],
    [QUERY.replace('port=6881', 'port=0'), 'port'],
    [QUERY.replace('port=6881', 'port=65536'), 'port'],
    [QUERY.replace('port=6881', 'port=-1'), 'port'],
    [QUERY.replace('port=6881', 'port=0x50'), 'port'],
    [QUERY.replace('&port=6881', ''), 'port'],
    [QUERY.replace('uploaded=0', 'uploaded=-5'), 'uploaded'],
    [QUERY.replace('&downloaded=0', '&downloaded='), 'downloaded'],
    [QUERY.replace('&left=1', ''), 'left'],
    [QUERY.replace('&left=1', `&left=${'9'.repeat(400)}`), 'left'],
    [`${QUERY}&event=paid`, 'event'],
    [`${QUERY}&numwant=many`, 'numwant'],
  ])('refuses %j for its %s', async (query, parameter) => {
    const { origin, server } = await listen();
    expect(await failure(`${origin}/announce?${query}`)).toMatch(new RegExp(`^${parameter} `));
    expect(server.counts.failures).toBe(1);
  });

  it.each([
    QUERY,
    `&&${QUERY}&`,
    `${QUERY}&event=&compact&supportcrypto=1&=x&unknown`,
    `${QUERY}&event=paused&numwant=-1`,
    QUERY.replace('left=1', 'left=18446744073709551615'),
  ])('accepts %j', async (query) => {
    const { origin } = await listen();
    expect((await ask(`${origin}/announce?${query}`)).has('peers')).toBe(true);
  });

  it('refuses scrapes without an info-hash, with a broken one, or with too many', async () => {
    const { origin } = await listen({ maxScrape: 2 });
    const hash = `info_hash=${'b'.repeat(20)}`;
    expect(await failure(`${origin}/scrape`)).toMatch(/missing/);
    expect(await failure(`${origin}/scrape?info_hash=b`)).toMatch(/20 bytes/);
    expect(await failure(`${origin}/scrape?${hash}&${hash}&${hash}`)).toMatch(/at most 2/);
    expect((await ask(`${origin}/scrape?x=y&${hash}&${hash}`)).has('files')).toBe(true);
  });

  it('knows its paths and methods', async () => {
    const { origin } = await listen();
    expect((await get(`${origin}/`)).status).toBe(404);
    expect((await get(`${origin}/stats`)).status).toBe(404);
    expect((await get(`${origin}/announce/../x`)).status).toBe(404);
    expect((await get(`${origin}/announce?${QUERY}`, 'POST')).status).toBe(405);
    expect((await get(`${origin}/announce?${'x'.repeat(20_000)}`)).status).toBe(431);
  });

  it('shows its figures where that is wanted', async () => {
    const { origin } = await listen({ stats: true });
    await client.announce(`${origin}/announce`, announceRequest());
    await client.announce(`${origin}/announce`, announceRequest({ left: 0, port: 2 }));
    const { body } = await get(`${origin}/stats`);
    expect(JSON.parse(body.toString())).toEqual({
      swarms: 1,
      seeds: 1,
      leechers: 1,
      announces: 2,
      scrapes: 0,
      failures: 0,
    });
  });

  it.each([
    ['at once', (hash: Uint8Array): boolean => hash[0] === 0xaa],
    ['later', (hash: Uint8Array): Promise<boolean> => Promise.resolve(hash[0] === 0xaa)],
  ])('tracks only what it is allowed to, as decided %s', async (_, allow) => {
    const { origin } = await listen({ allow });
    expect((await ask(`${origin}/announce?${QUERY}`)).has('peers')).toBe(true);
    expect(await failure(`${origin}/announce?${QUERY.replaceAll('%aa', '%bb')}`)).toMatch(
      /not tracked/,
    );
  });

  it('works with a store that answers later, and survives one that breaks', async () => {
    const memory = new MemorySwarmStore();
    let broken = false;
    const errors: unknown[] = [];
    const later = async <T>(value: () => T): Promise<T> => {
      if (broken) throw new Error('broken');
      return value();
    };
    const store: SwarmStore = {
      announce: (announce) => later(() => memory.announce(announce)),
      scrape: (hashes) => later(() => memory.scrape(hashes)),
      expire: (now) => later(() => memory.expire(now)),
      figures: () => later(() => memory.figures()),
    };
    const clock = new ManualClock();
    const { origin } = await listen({ store, clock, onError: (error) => errors.push(error) });
    expect((await ask(`${origin}/announce?${QUERY}`)).has('peers')).toBe(true);
    broken = true;
    expect(await failure(`${origin}/announce?${QUERY}`)).toMatch(/out of order/);
    await clock.advance(1000);
    expect(errors).toHaveLength(2);
    const throwing = {
      ...store,
      announce: () => {
        throw new Error('at once');
      },
    };
    const second = await listen({ store: throwing });
    expect(await failure(`${second.origin}/announce?${QUERY}`)).toMatch(/out of order/);
  });

  it('forgets peers that have been silent for two intervals', async () => {
    const clock = new ManualClock();
    const { origin } = await listen({ clock, interval: 100 });
    const figures = async () =>
      (await client.scrape(`${origin}/announce`, [new Uint8Array(20).fill(0xaa)])).files.get(
        'aa'.repeat(20),
      );
    await client.announce(`${origin}/announce`, announceRequest({ port: 1 }));
    await clock.advance(150_000);
    await client.announce(`${origin}/announce`, announceRequest({ port: 2 }));
    expect(await figures()).toMatchObject({ incomplete: 2 });
    await clock.advance(60_000);
    expect(await figures()).toMatchObject({ incomplete: 1 });
    await clock.advance(250_000);
    expect(await figures()).toBeUndefined();
  });

  it('ends connections that do not get on, or are too many', async () => {
    const { port } = await listen({ headersTimeout: 200, maxConnections: 1 });
    const closed = (first: string): Promise<string> =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(first));
        socket.on('data', (chunk) => (answer += chunk.toString()));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(answer));
      });
    const slow = closed('GET /announce');
    expect(await closed('GET / HTTP/1.1\r\n\r\n')).toBe('');
    expect(await slow).toContain('408');
  });

  it('answers requests sent in one go, and drops who goes on asking without waiting', async () => {
    const { server, port } = await listen();
    const request = `GET /announce?${QUERY} HTTP/1.1\r\nHost: t\r\n\r\n`;
    const answers = (count: number, rounds: number): Promise<number> =>
      new Promise((resolve) => {
        let left = rounds;
        let text = '';
        const answered = (): number => text.split('HTTP/1.1 200').length - 1;
        const socket = connect(port, '127.0.0.1', () => socket.write(request.repeat(count)));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(answered()));
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1');
          if (answered() < (rounds - left + 1) * count) return;
          left -= 1;
          if (left > 0) socket.write(request.repeat(count));
          else socket.end();
        });
      });
    expect(await answers(90, 3)).toBe(270);
    expect(server.counts.failures).toBe(0);
    expect(await answers(20_000, 1)).toBeLessThan(200);
    expect(server.counts.announces).toBeLessThan(270 + 200);
    expect(server.counts.failures).toBe(1);
  });

  it('says when it cannot listen, and listens once', async () => {
    const { port, server } = await listen();
    const second = new TrackerServer();
    servers.push(second);
    await expect(second.listen({ port, address: '127.0.0.1' })).rejects.toMatchObject({
      code: 'ERR_TRACKER_LISTEN',
      message: `The tracker cannot listen on 127.0.0.1:${port}: the port is taken`,
    });
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_TRACKER_LISTEN' });
    await server.close();
    await server.close();
    expect(server.endpoint).toBeUndefined();
  });
});
