import { fileUrl } from '../../src/web-seed/seed-url.ts';
import { fileServer, type SimServer } from '../support/sim-web.ts';
import type { SimSwarm } from '../support/sim-swarm.ts';
import { BASE, leech, mirrored, setUp, statusOf } from './support.ts';

const K = 1024;
const MIB = K * K;

describe('a download from a web seed alone', () => {
  it('fetches every byte once, in a few requests at a time', async () => {
    const { swarm, web } = mirrored({ files: [{ path: 'film.bin', length: 8 * MIB + 77 }] });
    const node = await leech(swarm, web);
    await swarm.finished([node], 60_000);
    expect(web.askedBytes).toBe(8 * MIB + 77);
    expect(web.sentBytes).toBe(8 * MIB + 77);
    expect(web.peak).toBe(4);
    expect(web.requests.length).toBeLessThan(40);
    expect(node.torrent.progress()).toMatchObject({
      state: 'seeding',
      downloadedBytes: 8 * MIB + 77,
      wastedBytes: 0,
    });
    const [status] = node.torrent.webSeeds;
    expect(status).toMatchObject({ url: BASE, state: 'idle', downloadedBytes: 8 * MIB + 77 });
    await swarm.close();
    expect(web.active).toBe(0);
  });

  it('asks one request for each file, and none for padding and empty files', async () => {
    const { swarm, web } = mirrored({
      files: [
        { path: 'album/a b?.flac', length: 100 * K + 1 },
        { path: 'album/.pad/1', length: 28 * K - 1, padding: true },
        { path: 'album/leer', length: 0 },
        { path: 'album/ü/ø.flac', length: 3 },
        { path: 'album/.pad/2', length: 64 * K - 3, padding: true },
        { path: 'album/z', length: 40 * K },
      ],
    });
    const node = await leech(swarm, web);
    await swarm.finished([node], 60_000);
    const all = swarm.torrent.info.files.filter((file) => !file.attributes.padding);
    const urls = all
      .filter(({ length }) => length > 0)
      .map(({ index }) => fileUrl(new URL(BASE), swarm.torrent.info, index));
    expect(new Set(web.asked().keys())).toEqual(new Set(urls));
    expect(urls[0]).toBe('http://mirror.example/files/album/a%20b%3F.flac');
    expect(web.askedBytes).toBe(140 * K + 4);
    await swarm.close();
  });

  it('fills padding within a piece with zeros, and takes blocks across files', async () => {
    const { swarm, web } = mirrored({
      files: [
        { path: 'x/a', length: 10_001 },
        { path: 'x/.pad/1', length: 20_000, padding: true },
        { path: 'x/b', length: 70_007 },
        { path: 'x/c', length: 5 },
        { path: 'x/d', length: 99_999 },
      ],
    });
    const node = await leech(swarm, web);
    await swarm.finished([node], 60_000);
    expect(web.askedBytes).toBe(10_001 + 70_007 + 5 + 99_999);
    expect(node.torrent.progress().wastedBytes).toBe(0);
    await swarm.close();
  });

  it('fetches only what is wanted of a selection', async () => {
    const { swarm, web } = mirrored({
      files: [
        { path: 'x/a', length: 256 * K },
        { path: 'x/b', length: 256 * K },
        { path: 'x/c', length: 256 * K },
      ],
    });
    const node = await leech(swarm, web, { add: { select: [1] } });
    await swarm.finished([node], 60_000);
    expect([...web.asked().keys()]).toEqual(['http://mirror.example/files/x/b']);
    expect(web.askedBytes).toBe(256 * K);
    node.torrent.select([1, 2]);
    await swarm.finished([node], 60_000);
    expect(web.askedBytes).toBe(512 * K);
    await swarm.close();
  });

  it('works for hybrid torrents, and with memory for two pieces', async () => {
    const { swarm, web } = setUp({ hybrid: MIB + 1 });
    web.serve('http://mirror.example', fileServer(BASE, swarm.torrent));
    const node = await leech(swarm, web, { client: { pieceBufferBudget: 64 * K } });
    await swarm.finished([node], 60_000);
    expect(web.askedBytes).toBe(MIB + 1);
    await swarm.close();
  });

  it('keeps to the download limit, by reading no more', async () => {
    const { swarm, web } = mirrored({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    const node = await leech(swarm, web, { add: { maxDownloadRate: 200 * K } });
    const time = await swarm.finished([node], 60_000);
    expect(time).toBeGreaterThan(9_000);
    expect(time).toBeLessThan(14_000);
    expect(web.pauses).toBeGreaterThan(3);
    expect(web.sentBytes).toBe(2 * MIB);
    await swarm.close();
  });

  it('pauses with the torrent, and goes on with it', async () => {
    const { swarm, web } = mirrored({ files: [{ path: 'film.bin', length: 4 * MIB }] });
    const node = await leech(swarm, web);
    await swarm.until(() => node.torrent.progress().pieces.have > 8, 60_000);
    await swarm.settle(node.torrent.pause());
    expect(web.active).toBe(0);
    const asked = web.requests.length;
    await swarm.pass(30_000);
    expect(web.requests).toHaveLength(asked);
    await swarm.settle(node.torrent.resume());
    await swarm.finished([node], 60_000);
    await swarm.close();
  });

  it('asks nobody where web seeds are switched off', async () => {
    const { swarm } = setUp();
    const node = await swarm.node({
      client: { webSeeds: false },
      add: { webSeeds: [BASE] },
    });
    await swarm.pass(10_000);
    expect(node.torrent.webSeeds).toEqual([]);
    expect(node.torrent.progress().pieces.have).toBe(0);
    await swarm.close();
  });
});

describe('web seeds beside others', () => {
  it('share a gap, and nothing is fetched twice', async () => {
    const { swarm, web } = mirrored({ files: [{ path: 'film.bin', length: 8 * MIB }] });
    web.serve('http://other.example', fileServer('http://other.example/', swarm.torrent));
    const node = await leech(swarm, web, { add: { webSeeds: [BASE, 'http://other.example/'] } });
    await swarm.finished([node], 60_000);
    expect(web.askedBytes).toBe(8 * MIB);
    for (const { downloadedBytes } of node.torrent.webSeeds) {
      expect(downloadedBytes).toBeGreaterThan(2 * MIB);
    }
    await swarm.close();
  });

  it('share a download with peers: each gets its part, and hardly anything comes twice', async () => {
    const { swarm, web } = mirrored(
      { files: [{ path: 'film.bin', length: 12 * MIB }] },
      { rate: 250_000 },
    );
    await swarm.seed();
    const node = await leech(swarm, web, { trackerless: false });
    const time = await swarm.finished([node], 60_000);
    const { downloadedBytes, wastedBytes } = node.torrent.progress();
    expect(time).toBeLessThan(9_000);
    expect(downloadedBytes - wastedBytes).toBe(12 * MIB);
    expect(wastedBytes).toBeLessThan(256 * K);
    expect(web.sentBytes).toBeGreaterThan(3 * MIB);
    expect(web.sentBytes).toBeLessThan(9 * MIB);
    await swarm.close();
  });

  it('leaves to others what would come late', async () => {
    const { swarm, web } = mirrored(
      { files: [{ path: 'film.bin', length: 4 * MIB }] },
      { rate: 3_000 },
    );
    await swarm.seed();
    const node = await leech(swarm, web, { trackerless: false });
    const time = await swarm.finished([node], 60_000);
    expect(time).toBeLessThan(20_000);
    const { downloadedBytes, wastedBytes } = node.torrent.progress();
    expect(downloadedBytes - wastedBytes).toBe(4 * MIB);
    expect(wastedBytes).toBeLessThan(64 * K);
    await swarm.close();
  });

  it('helps where a peer has stopped in the middle of its pieces', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2 * MIB }] });
    const seed = await swarm.seed();
    const node = await leech(swarm, web, { trackerless: false });
    await swarm.until(() => node.torrent.progress().pieces.have > 4, 60_000);
    seed.host.down();
    web.serve('http://mirror.example', fileServer(BASE, swarm.torrent));
    await swarm.finished([node], 120_000);
    await swarm.close();
  });
});

describe('a server without ranges', () => {
  const plain = (swarm: SimSwarm): SimServer => fileServer(BASE, swarm.torrent, { ranges: false });

  it('is read from the beginning, file by file, and nothing twice', async () => {
    const { swarm, web } = setUp({
      files: [
        { path: 'x/a', length: MIB + 5 },
        { path: 'x/b', length: 3 },
        { path: 'x/c', length: 777_777 },
        { path: 'x/d', length: 0 },
        { path: 'x/e', length: 5 },
      ],
    });
    web.serve('http://mirror.example', plain(swarm));
    const node = await leech(swarm, web, { client: { pieceBufferBudget: 64 * K } });
    await swarm.finished([node], 60_000);
    // The first request, which was for a range, is answered with the whole file as well.
    expect([...web.asked().values()]).toEqual([['0-131071'], ['all'], ['all'], ['all']]);
    expect(web.aborts).toBe(0);
    expect(web.sentBytes).toBe(MIB + 5 + 3 + 777_777 + 5);
    expect(web.peak).toBe(1);
    await swarm.close();
  });

  it('is left alone where little of a big file is wanted', async () => {
    const { swarm, web } = setUp({
      files: [
        { path: 'x/a', length: 4 * MIB },
        { path: 'x/b', length: 4 * MIB },
      ],
    });
    web.serve('http://mirror.example', plain(swarm));
    // All but the last eight pieces of the first file, and nothing of the other.
    const have = Array.from({ length: 56 }, (_, piece) => piece);
    const node = await leech(swarm, web, { have, add: { select: [0] } });
    await swarm.pass(20_000);
    expect(web.sentBytes).toBe(0);
    expect(web.requests).toHaveLength(1);
    expect(statusOf(node)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/whole files/) as unknown,
    });
    node.torrent.select([1]);
    await swarm.finished([node], 60_000);
    expect(web.sentBytes).toBe(4 * MIB);
    expect(statusOf(node)).toMatchObject({ state: 'idle', reason: undefined });
    await swarm.close();
  });

  it('is read no further than the last byte of use', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 4 * MIB }] });
    web.serve('http://mirror.example', plain(swarm));
    const have = Array.from({ length: 40 }, (_, piece) => piece + 24);
    const node = await leech(swarm, web, { have });
    await swarm.finished([node], 60_000);
    expect(web.sentBytes).toBeLessThan(24 * 64 * K + 40_000);
    await swarm.close();
  });
});
