import type { WebSeedStatus } from '../../src/index.ts';
import { fileServer, ranged, type SimAnswer, type SimServer } from '../support/sim-web.ts';
import type { SimSwarm } from '../support/sim-swarm.ts';
import { BASE, leech, setUp, statusOf } from './support.ts';

const K = 1024;
const MIB = K * K;
const ORIGIN = 'http://mirror.example';

/** A server that is right but for what `spoil` makes of an answer. */
function spoiled(
  swarm: SimSwarm,
  spoil: (answer: SimAnswer, request: number) => SimAnswer,
): SimServer {
  const right = fileServer(BASE, swarm.torrent);
  let requests = 0;
  return (request) => spoil(right(request), requests++);
}

describe('a web seed that fails', () => {
  const cases: [string, RegExp, 'waiting' | 'refused', (answer: SimAnswer) => SimAnswer][] = [
    ['is not allowed', /refuses access \(status 401\)/, 'refused', () => ({ status: 401 })],
    ['fails within', /status 500/, 'waiting', () => ({ status: 500 })],
    ['is not there', /Not found/, 'refused', () => ({ status: 404 })],
    ['has less', /less of the file/, 'refused', () => ({ status: 416 })],
    [
      'packs what it sends',
      /packs what it sends \(gzip\)/,
      'refused',
      (answer) => ({ ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' } }),
    ],
    [
      'has a longer file',
      /9999999 bytes there/,
      'refused',
      (answer) => ({ ...answer, headers: { 'content-range': 'bytes 0-524287/9999999' } }),
    ],
    [
      'sends another range',
      /bytes 1-524288 unasked/,
      'waiting',
      (answer) => ({ ...answer, headers: { 'content-range': 'bytes 1-524288/2097152' } }),
    ],
    ['names no range', /names no range/, 'waiting', (answer) => ({ ...answer, headers: {} })],
    [
      'contradicts itself',
      /contradicts itself/,
      'waiting',
      (answer) => ({ ...answer, headers: { ...answer.headers, 'content-length': '5' } }),
    ],
    [
      'sends too little',
      /less than it said/,
      'waiting',
      (answer) => ({ ...answer, body: new Uint8Array(9) }),
    ],
    ['never answers', /does not answer/, 'waiting', (answer) => ({ ...answer, silentAfter: -1 })],
    ['stops', /stopped sending/, 'waiting', (answer) => ({ ...answer, silentAfter: 9 })],
    ['breaks', /connection was lost/, 'waiting', (answer) => ({ ...answer, cutAfter: 9 })],
  ];

  it.each(cases)('because it %s says so, and is %s', async (_what, reason, state, spoil) => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    web.serve(ORIGIN, spoiled(swarm, spoil));
    const node = await leech(swarm, web);
    const heard: WebSeedStatus[] = [];
    node.torrent.on('webSeed', (status) => heard.push(status));
    await swarm.until(() => heard.length > 0, 40_000);
    expect(heard[0]).toMatchObject({ state, reason: expect.stringMatching(reason) as unknown });
    expect(statusOf(node)).toMatchObject({ state, reason: heard[0]?.reason });
    expect(web.active).toBe(0);
    await swarm.pass(60_000);
    if (state === 'refused') expect(web.requests).toHaveLength(1);
    else {
      expect(web.requests.length).toBeGreaterThan(1);
      expect(web.requests.length).toBeLessThan(8);
      expect(heard).toHaveLength(1);
    }
    expect(node.torrent.progress().pieces.have).toBe(0);
    await swarm.close();
    expect(web.active).toBe(0);
  });

  it('because it sends more than it was asked for', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    const more = ({ body = new Uint8Array(0), ...answer }: SimAnswer): SimAnswer => ({
      ...answer,
      body: Buffer.concat([body, new Uint8Array(20_000)]),
    });
    web.serve(ORIGIN, spoiled(swarm, more));
    const node = await leech(swarm, web);
    await swarm.until(() => statusOf(node).state === 'waiting', 5_000);
    expect(statusOf(node).reason).toMatch(/more than it was asked for/);
    await swarm.close();
  });

  it('because it trickles is given up for a while', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    web.serve(ORIGIN, fileServer(BASE, swarm.torrent), { rate: 900 });
    const node = await leech(swarm, web, { add: { maxDownloadRate: 0 } });
    await swarm.until(() => statusOf(node).state === 'waiting', 100_000);
    expect(statusOf(node).reason).toMatch(/too slow|stopped sending/);
    await swarm.close();
  });

  it('waits as long as Retry-After says, within bounds', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    const busy = { status: 503, headers: { 'retry-after': '100' } };
    web.serve(
      ORIGIN,
      spoiled(swarm, (answer, request) => (request === 0 ? busy : answer)),
    );
    const node = await leech(swarm, web);
    await swarm.pass(95_000);
    expect(web.requests).toHaveLength(1);
    expect(statusOf(node)).toMatchObject({ state: 'waiting' });
    await swarm.finished([node], 60_000);
    await swarm.close();
  });

  it('backs off longer and longer, and completes when the server is back', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    let isUp = false;
    web.serve(
      ORIGIN,
      spoiled(swarm, (answer) => (isUp ? answer : { status: 502 })),
    );
    const node = await leech(swarm, web);
    await swarm.pass(3_600_000);
    expect(web.requests.length).toBeGreaterThan(8);
    expect(web.requests.length).toBeLessThan(20);
    isUp = true;
    await swarm.finished([node], 800_000);
    await swarm.close();
  });

  it('keeps what has come before a connection breaks, and fetches only the rest', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 4 * MIB }] });
    web.serve(
      ORIGIN,
      spoiled(swarm, (answer) => ({ ...answer, cutAfter: 300_000 })),
    );
    const node = await leech(swarm, web);
    await swarm.finished([node], 120_000);
    expect(web.sentBytes).toBeLessThan(4 * MIB + 20 * 16 * K);
    expect(node.torrent.progress().wastedBytes).toBe(0);
    await swarm.close();
  });

  it('may send less than it was asked for, if it says so', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    const bytes = swarm.torrent.fileBytes(0);
    web.serve(ORIGIN, ({ range }) => {
      const { first = 0, last = 0 } = range ?? {};
      return ranged(bytes, { first, last: Math.min(last, first + 100_000) });
    });
    const node = await leech(swarm, web);
    await swarm.finished([node], 60_000);
    expect(statusOf(node).reason).toBeUndefined();
    await swarm.close();
  });

  it('is not asked for a file that it has not, but for the others', async () => {
    const { swarm, web } = setUp({
      files: [
        { path: 'x/a', length: 512 * K },
        { path: 'x/b', length: 512 * K },
        { path: 'x/c', length: 512 * K },
      ],
    });
    web.serve(ORIGIN, fileServer(BASE, swarm.torrent, { missing: [1] }));
    const node = await leech(swarm, web);
    await swarm.pass(60_000);
    expect(node.torrent.progress().pieces.have).toBe(16);
    expect(web.asked().get(`${BASE}x/b`)).toHaveLength(1);
    expect(statusOf(node).state).toBe('idle');
    await swarm.close();
  });

  it('is banned for corrupt pieces, and another completes the download', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 4 * MIB }] });
    const bad = (answer: SimAnswer): SimAnswer => ({
      ...answer,
      body: Uint8Array.from(answer.body ?? [], (byte, at) => (at % 100_000 === 0 ? ~byte : byte)),
    });
    web.serve(ORIGIN, spoiled(swarm, bad));
    web.serve('http://other.example', fileServer('http://other.example/', swarm.torrent));
    const node = await leech(swarm, web, { add: { webSeeds: [BASE, 'http://other.example/'] } });
    await swarm.finished([node], 60_000);
    expect(statusOf(node)).toMatchObject({ state: 'refused', reason: 'It sent corrupt data' });
    expect(node.torrent.webSeeds[1]).toMatchObject({ state: 'idle', reason: undefined });
    await swarm.close();
  });

  it('is not banned for one damaged piece, which peers then have to send', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    const damaged = Uint8Array.from(swarm.torrent.fileBytes(0));
    damaged[200_000]! ^= 1;
    web.serve(ORIGIN, ({ range }) => ranged(damaged, range ?? { first: 0, last: 0 }));
    const node = await leech(swarm, web, { trackerless: false });
    await swarm.until(() => node.torrent.progress().pieces.have === 31, 60_000);
    await swarm.pass(30_000);
    expect(statusOf(node).state).toBe('idle');
    await swarm.seed();
    await swarm.finished([node], 120_000);
    await swarm.close();
  });

  it('because its URL is of no use is never asked', async () => {
    const { swarm, web } = setUp();
    const urls = ['ftp://mirror.example/', 'not a URL', 'file:///etc/passwd'];
    const node = await leech(swarm, web, { add: { webSeeds: urls } });
    await swarm.pass(10_000);
    expect(node.torrent.webSeeds.map(({ state }) => state)).toEqual(urls.map(() => 'refused'));
    expect(web.requests).toEqual([]);
    await swarm.close();
  });

  it('is asked in the same place again after a redirect, until that place is gone', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 4 * MIB }] });
    const bytes = swarm.torrent.fileBytes(0);
    let hop = 0;
    web.serve(ORIGIN, ({ range }) => {
      hop += 1;
      return { ...ranged(bytes, range ?? { first: 0, last: 0 }), url: `http://cdn.example/${hop}` };
    });
    web.serve('http://cdn.example', ({ url, range }) =>
      url.endsWith('/1') && web.requests.length > 3
        ? { status: 403 }
        : ranged(bytes, range ?? { first: 0, last: 0 }),
    );
    const node = await leech(swarm, web);
    await swarm.finished([node], 60_000);
    expect(hop).toBeGreaterThan(1);
    expect(hop).toBeLessThan(6);
    expect(statusOf(node).reason).toBeUndefined();
    await swarm.close();
  });
});

describe('a web seed of the older kind (BEP 17)', () => {
  /** The reference: a piece, or ranges of one, by info-hash. */
  function pieceServer(swarm: SimSwarm, asked: string[]): SimServer {
    return ({ url, range }) => {
      const { searchParams, search } = new URL(url);
      asked.push(search);
      if (range !== undefined) return { status: 500 };
      const piece = Number(searchParams.get('piece'));
      const { info } = swarm.torrent;
      const all = swarm.torrent.blockOf(piece, 0, info.pieceLength);
      const ranges = /^(\d+)-(\d+)$/.exec(searchParams.get('ranges') ?? `0-${all.length - 1}`);
      const body = all.subarray(Number(ranges?.[1]), Number(ranges?.[2]) + 1);
      return { status: 200, headers: { 'content-length': `${body.length}` }, body };
    };
  }

  it('is asked piece by piece, over several files', async () => {
    const { swarm, web } = setUp({
      files: [
        { path: 'x/a', length: 100 * K },
        { path: 'x/b', length: 300 * K + 5 },
      ],
    });
    const asked: string[] = [];
    web.serve(ORIGIN, pieceServer(swarm, asked));
    Object.assign(swarm.metainfo, { httpSeeds: [`${ORIGIN}/seed?key=1`] });
    const node = await leech(swarm, web, { add: { webSeeds: [] } });
    await swarm.finished([node], 60_000);
    expect(asked).toHaveLength(7);
    expect(asked[0]).toMatch(/^\?key=1&info_hash=(%[0-9a-f]{2}){20}&piece=\d+$/);
    expect(web.sentBytes).toBe(400 * K + 5);
    expect(statusOf(node)).toMatchObject({ kind: 'httpseeds' });
    await swarm.close();
  });

  it('says in the body how long to wait', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 256 * K }] });
    const asked: string[] = [];
    const server = pieceServer(swarm, asked);
    web.serve(ORIGIN, (request) =>
      asked.length === 0
        ? (server(request), { status: 503, body: Buffer.from('50') })
        : server(request),
    );
    Object.assign(swarm.metainfo, { httpSeeds: [`${ORIGIN}/seed`] });
    const node = await leech(swarm, web, { add: { webSeeds: [] } });
    await swarm.pass(45_000);
    expect(asked).toHaveLength(1);
    await swarm.finished([node], 30_000);
    await swarm.close();
  });
});
