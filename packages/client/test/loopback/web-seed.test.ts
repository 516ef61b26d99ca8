import { createReadStream } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { createTorrent, type CreateOptions, parseMetainfo } from '@shoal/metainfo';
import { Client, type ClientOptions, type WebSeedStatus } from '../../src/index.ts';
import { noise, temporaryFolder } from '../disk/fixture.ts';

const K = 1024;
const FILES: readonly [string, number][] = [
  ['a.bin', 700 * K + 1],
  ['deep/über #1?.bin', 300 * K],
  ['deep/empty', 0],
  ['one', 1],
];

describe('a client and a web server', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Server[];
  let clients: Client[];

  beforeEach(async () => {
    folder = await temporaryFolder();
    servers = [];
    clients = [];
    for (const [index, [path, length]] of FILES.entries()) {
      const file = join(folder.path, 'www/set', path);
      await mkdir(join(file, '..'), { recursive: true });
      await writeFile(file, noise(length, index));
    }
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await folder.remove();
  });

  async function listen(serve: RequestListener): Promise<string> {
    const server = createServer(serve);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /** A server of files as they usually are; `log` gets each request. */
  function serveFiles(log: string[], hasRanges = true): Promise<string> {
    return listen((request, response) => {
      const path = decodeURIComponent(request.url ?? '');
      const { range } = request.headers;
      log.push(`${path} ${range ?? 'all'}`);
      const file = join(folder.path, 'www', path);
      void stat(file).then(
        ({ size }) => {
          const match = hasRanges ? /^bytes=(\d+)-(\d+)$/.exec(range ?? '') : null;
          if (match === null) {
            response.writeHead(200, { 'Content-Length': size });
            createReadStream(file).pipe(response);
            return;
          }
          const [start, end] = [Number(match[1]), Number(match[2])];
          response.writeHead(206, {
            'Content-Length': end - start + 1,
            'Content-Range': `bytes ${start}-${end}/${size}`,
          });
          createReadStream(file, { start, end }).pipe(response);
        },
        () => response.writeHead(404).end(),
      );
    });
  }

  async function torrentOf(options: Partial<CreateOptions>) {
    const path = join(folder.path, 'www/set');
    return parseMetainfo((await createTorrent(path, { pieceLength: 32 * K, ...options })).bytes);
  }

  async function start(options: ClientOptions = {}): Promise<Client> {
    const client = await Client.start({ bind: '127.0.0.1', ...options });
    clients.push(client);
    return client;
  }

  async function isWhole(directory: string): Promise<void> {
    for (const [path] of FILES) {
      const [here, there] = await Promise.all(
        [join(directory, 'set', path), join(folder.path, 'www/set', path)].map((file) =>
          readFile(file),
        ),
      );
      expect(Buffer.compare(here!, there!)).toBe(0);
    }
  }

  it.each(['v1', 'hybrid', 'v2'] as const)('download a %s torrent', async (format) => {
    const log: string[] = [];
    const url = await serveFiles(log);
    const metainfo = await torrentOf({ format, webSeeds: [url] });
    const client = await start({ localServers: 'all' });
    const directory = join(folder.path, format);
    const torrent = await client.add(metainfo, { directory });
    await torrent.completed();
    expect(torrent.webSeeds[0]).toMatchObject({ url, downloadedBytes: 1000 * K + 2 });
    await isWhole(directory);
    expect(log.some((line) => line.endsWith('all'))).toBe(false);
  });

  it('download from a server without ranges, each file once', async () => {
    const log: string[] = [];
    const url = await serveFiles(log, false);
    const client = await start();
    const directory = join(folder.path, 'plain');
    const torrent = await client.add(await torrentOf({}), { directory, webSeeds: [url] });
    await torrent.completed();
    await isWhole(directory);
    // The first request, for a range, is answered with the whole file.
    expect(log.sort()).toEqual([
      '/set/a.bin bytes=0-524287',
      '/set/deep/über #1?.bin all',
      '/set/one all',
    ]);
  });

  it('ask no local server that only the torrent names', async () => {
    const log: string[] = [];
    const url = await serveFiles(log);
    const client = await start();
    const torrent = await client.add(await torrentOf({ webSeeds: [url] }), {
      directory: join(folder.path, 'guarded'),
    });
    const [status] = (await once(torrent, 'webSeed')) as [WebSeedStatus];
    expect(status).toMatchObject({
      state: 'refused',
      reason: 'It is at an address of a local or private network',
    });
    expect(log).toEqual([]);
  });
});
