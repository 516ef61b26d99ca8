import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseMetainfo } from '@shoal/metainfo';
import {
  encodeConnectReply,
  encodeScrapeReply,
  parseUdpRequest,
  TrackerServer,
} from '@shoal/tracker';
import { formatRanges } from '../src/run/verify.ts';
import { FakeClient } from './support/fake-client.ts';
import { TestWorld, tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();

/** A folder with files, and its torrent made by `shoal create`. */
async function madeTorrent(...options: string[]): Promise<string> {
  await folder.write('data/album/a.bin', randomBytes(100_000));
  await folder.write('data/album/b/c.txt', 'text');
  await folder.write('data/album/empty', '');
  const torrent = join(folder.path, 'album.torrent');
  const world = new TestWorld();
  const code = await world.run(
    ...['create', join(folder.path, 'data/album'), '-o', torrent, '--quiet', ...options],
  );
  expect([code, world.err, world.out]).toEqual([0, '', '']);
  return torrent;
}

describe('shoal create', () => {
  it('writes what it is told into the torrent', async () => {
    const torrent = await madeTorrent(
      ...['-t', 'http://a.invalid/x,http://b.invalid/x', '-t', 'udp://c.invalid:1', '--private'],
      ...['--web-seed', 'http://w.invalid/', '--source', 'S', '--comment', 'C', '--no-date'],
      ...['--piece-length', '32K', '--name', 'Album', '--v1'],
    );
    expect(parseMetainfo(await readFile(torrent))).toMatchObject({
      trackers: [['http://a.invalid/x', 'http://b.invalid/x'], ['udp://c.invalid:1']],
      webSeeds: ['http://w.invalid/'],
      comment: 'C',
      createdBy: expect.stringMatching(/^shoal\//) as string,
      creationDate: undefined,
      info: { name: 'Album', private: true, source: 'S', pieceLength: 32_768, length: 100_004 },
    });
  });

  it('prints info-hash and magnet link, as text or JSON', async () => {
    const torrent = await madeTorrent('--no-date');
    const world = new TestWorld();
    const path = join(folder.path, 'data/album');
    expect(await world.run('create', path, '-o', torrent, '--force', '--json')).toBe(0);
    const { infoHash, magnet } = world.lines[0] as { infoHash: string; magnet: string };
    expect(world.lines).toEqual([
      {
        file: torrent,
        infoHash: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
        infoHashV2: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        magnet: expect.stringContaining(`magnet:?xt=urn:btih:${infoHash}`) as string,
        name: 'album',
        length: 100_004,
        pieceLength: 16_384,
        pieceCount: 8,
        files: 3,
      },
    ]);
    const text = new TestWorld();
    expect(await text.run('create', path, '-o', torrent, '-f')).toBe(0);
    expect(text.out).toContain(infoHash);
    expect(text.out).toContain(magnet);
  });

  it('does not write over a file unless told to', async () => {
    const torrent = await madeTorrent();
    const before = await readFile(torrent);
    const world = new TestWorld();
    expect(await world.run('create', join(folder.path, 'data'), '-o', torrent)).toBe(4);
    expect(world.err).toContain('--force');
    expect((await readFile(torrent)).equals(before)).toBe(true);
  });

  it('finds out before hashing where it cannot write, and never writes over what it hashed', async () => {
    const content = join(folder.path, 'content');
    await folder.write('content/a', 'text');
    const inside = await folder.write('content/old.torrent', 'old');
    const world = new TestWorld();
    expect(await world.run('create', content, '-o', join(folder.path, 'none/x.torrent'))).toBe(4);
    expect(await world.run('create', content, '-f', '-o', folder.path)).toBe(4);
    expect(await world.run('create', content, '-f', '-o', inside)).toBe(2);
    expect(await world.run('create', inside, '-f', '-o', inside)).toBe(2);
    expect(await world.run('create', '')).toBe(2);
    expect(await world.run('create', content, '-o', '')).toBe(2);
    expect(await readFile(inside, 'utf8')).toBe('old');
    expect(await world.run('create', content, '-o', join(content, 'new.torrent'))).toBe(0);
  });

  it('tells wrong options from files that cannot be read', async () => {
    const world = new TestWorld();
    await mkdir(join(folder.path, 'hollow'));
    expect(await world.run('create', join(folder.path, 'hollow'), '-o', 'x.torrent')).toBe(2);
    expect(await world.run('create', join(folder.path, 'none'), '-o', 'x.torrent')).toBe(4);
    expect(await world.run('create', 'x', '--piece-length', '3')).toBe(2);
    expect(await world.run('create', 'x', '--no-v1')).toBe(2);
  });
});

describe('shoal info', () => {
  it('prints the documented fields as JSON', async () => {
    const torrent = await madeTorrent('--v1', '--no-date', '-t', 'http://a.invalid/x');
    const world = new TestWorld();
    expect(await world.run('info', torrent, '--json')).toBe(0);
    const plain = '';
    expect(world.lines).toEqual([
      {
        name: 'album',
        infoHash: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
        infoHashV2: null,
        kind: 'v1',
        length: 100_004,
        pieceLength: 16_384,
        pieceCount: 7,
        private: false,
        source: null,
        comment: null,
        createdBy: expect.stringMatching(/^shoal\//) as string,
        creationDate: null,
        trackers: [['http://a.invalid/x']],
        webSeeds: [],
        nodes: [],
        files: [
          { index: 0, path: 'album/a.bin', length: 100_000, offset: 0, attributes: plain },
          { index: 1, path: 'album/b/c.txt', length: 4, offset: 100_000, attributes: plain },
          { index: 2, path: 'album/empty', length: 0, offset: 100_004, attributes: plain },
        ],
        magnet: expect.stringContaining('magnet:?xt=urn:btih:') as string,
      },
    ]);
  });

  it('shows torrents and links to a person, without what a name could do to a terminal', async () => {
    const torrent = await folder.write('t.torrent', tinyTorrent('na\u202eme', { files: ['x'] }));
    const world = new TestWorld();
    const hash = 'ab'.repeat(20);
    expect(await world.run('info', torrent)).toBe(0);
    expect(await world.run('info', `magnet:?xt=urn:btih:${hash}&dn=a%1b%5b31mb&xl=5`)).toBe(0);
    expect(world.out).toContain(hash);
    expect(world.out).toContain('100 B');
    expect(world.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('shows files as a tree', async () => {
    const torrent = await madeTorrent('--no-date');
    const world = new TestWorld();
    expect(await world.run('info', torrent, '--tree')).toBe(0);
    const lines = world.out.split('\n');
    const start = lines.indexOf('Files:') + 1;
    expect(lines.slice(start, start + 5)).toEqual([
      '  97.7 KiB  album/',
      '  97.7 KiB  ├── a.bin',
      '       4 B  ├── b/',
      '       4 B  │   └── c.txt',
      '       0 B  └── empty',
    ]);
  });

  it('shows v2 and hybrid torrents without the padding between their files', async () => {
    const root = 'r'.repeat(32);
    const leaf = (length: number): string => `d0:d6:lengthi${length}e11:pieces root32:${root}ee`;
    const tree = `9:file treed1:a${leaf(5)}1:bd1:c${leaf(7)}ee`;
    const list =
      '5:filesld6:lengthi5e4:pathl1:aeed4:attr1:p6:lengthi16379e4:pathl4:.pad5:16379eed6:lengthi7e4:pathl1:b1:ceee';
    const rest = '12:meta versioni2e4:name1:n12:piece lengthi16384e';
    const hybrid = `d${tree}${list}${rest}6:pieces40:${'x'.repeat(40)}e`;
    for (const [kind, info] of [['v2', `d${tree}${rest}e`] as const, ['hybrid', hybrid] as const]) {
      const torrent = await folder.write(`${kind}.torrent`, Buffer.from(`d4:info${info}e`));
      const world = new TestWorld();
      expect(await world.run('info', torrent, '--json')).toBe(0);
      const hash = (algorithm: string): string => createHash(algorithm).update(info).digest('hex');
      const piecesRoot = Buffer.from(root).toString('hex');
      expect(world.lines).toMatchObject([
        {
          kind,
          infoHash: kind === 'v2' ? null : hash('sha1'),
          infoHashV2: hash('sha256'),
          length: 12,
          pieceCount: 2,
          files: [
            { index: 0, path: 'n/a', length: 5, offset: 0, piecesRoot, attributes: '' },
            { index: 2, path: 'n/b/c', length: 7, offset: 16_384, piecesRoot, attributes: '' },
          ],
          magnet: expect.stringContaining(`xt=urn:btmh:1220${hash('sha256')}`) as string,
        },
      ]);
      const text = new TestWorld();
      expect(await text.run('info', torrent)).toBe(0);
      expect(text.out).toContain(hash('sha256'));
      expect(text.out).toMatch(kind === 'v2' ? /Kind: +v2\n/ : /Kind: +hybrid: v1 and v2\n/);
      expect(text.out).not.toContain('.pad');
      const view = new TestWorld();
      expect(await view.run('info', torrent, '--tree')).toBe(0);
      expect(view.out).toContain('      12 B  n/\n       5 B  ├── a\n       7 B  └── b/\n');
    }
  });

  it('gives a link the same fields', async () => {
    const world = new TestWorld();
    const link = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=x&tr=http%3A%2F%2Fa.invalid%2F&xl=5`;
    expect(await world.run('info', link, '--json')).toBe(0);
    expect(world.lines[0]).toMatchObject({
      name: 'x',
      infoHash: 'ab'.repeat(20),
      length: 5,
      trackers: [['http://a.invalid/']],
      files: null,
      pieceCount: null,
    });
  });

  it.each(['x', 'd4:infodee', 'magnet:?dn=x', 'magnet:?xt=urn:btih:zz'])(
    'refuses %j with 3 and one line',
    async (content) => {
      const source = content.startsWith('magnet:')
        ? content
        : await folder.write('bad.torrent', content);
      const world = new TestWorld();
      expect(await world.run('info', source)).toBe(3);
      expect(world.err).toMatch(/^shoal: .+\n$/);
      expect(world.out).toBe('');
    },
  );
});

describe('shoal magnet', () => {
  it('prints the link', async () => {
    const torrent = await madeTorrent();
    const world = new TestWorld();
    expect(await world.run('magnet', torrent)).toBe(0);
    expect(world.out).toMatch(
      /^magnet:\?xt=urn:btih:[0-9a-f]{40}&xt=urn:btmh:1220[0-9a-f]{64}&dn=album\S*\n$/,
    );
    const json = new TestWorld();
    expect(await json.run('magnet', torrent, '--json')).toBe(0);
    expect(json.lines[0]).toMatchObject({ magnet: world.out.trim() });
  });
});

describe('shoal verify', () => {
  it('finds whole data whole, named by its folder or itself', async () => {
    const torrent = await madeTorrent();
    for (const path of ['data', 'data/album']) {
      const world = new TestWorld();
      expect(await world.run('verify', torrent, join(folder.path, path))).toBe(0);
      expect(world.out).toContain('whole');
    }
  });

  it('says which files and pieces are bad or missing', async () => {
    const torrent = await madeTorrent('--v1');
    const album = join(folder.path, 'data/album');
    const content = await readFile(join(album, 'a.bin'));
    content[40_000] = (content[40_000] ?? 0) ^ 1;
    await writeFile(join(album, 'a.bin'), content);
    await rm(join(album, 'empty'));
    const world = new TestWorld();
    expect(await world.run('verify', torrent, join(folder.path, 'data'), '--json')).toBe(1);
    expect(world.lines[0]).toMatchObject({
      name: 'album',
      whole: false,
      pieceCount: 7,
      badPieces: [2],
      files: [
        { path: 'album/a.bin', state: 'damaged', badPieces: 1 },
        { path: 'album/b/c.txt', state: 'whole', badPieces: 0 },
        { path: 'album/empty', state: 'missing', badPieces: 0 },
      ],
    });
    await truncate(join(album, 'a.bin'), 50_000);
    const text = new TestWorld();
    expect(await text.run('verify', torrent, join(folder.path, 'data'))).toBe(1);
    expect(text.out).toContain('short    album/a.bin');
    expect(text.out).toMatch(/pieces +2-6\n/);
  });

  it('hashes without telling anyone, and leaves nothing behind', async () => {
    const torrent = await folder.write('t.torrent', tinyTorrent('t'));
    const world = new TestWorld();
    const client = new FakeClient();
    world.startClient = client.start;
    expect(await world.run('verify', torrent)).toBe(1);
    expect(client.options).toEqual({ bind: '127.0.0.1', port: 0 });
    expect(client.torrents[0]?.options).toMatchObject({ paused: true });
    expect(client.closed).toBe(1);
  });

  it('writes numbers as ranges', () => {
    expect(formatRanges([])).toBe('');
    expect(formatRanges([0, 3, 4, 5, 7])).toBe('0, 3-5, 7');
    expect(formatRanges([0, 2, 4, 6], 2)).toBe('0, 2, …');
  });
});

describe('shoal tracker and scrape', () => {
  it('runs a tracker until a signal comes', async () => {
    const world = new TestWorld();
    const running = world.run('tracker', '--port', '0', '--bind', '127.0.0.1', '--json');
    while (world.out === '') await new Promise(setImmediate);
    expect(world.lines[0]).toMatchObject({ event: 'listening', address: '127.0.0.1' });
    const answer = await fetch(String(world.lines[0]?.['url']));
    expect(await answer.text()).toContain('failure reason');
    world.emitter.emit('SIGTERM', 'SIGTERM');
    expect(await running).toBe(143);
  });

  it('serves HTTP and UDP at one port, or one of them', async () => {
    for (const [flags, schemes] of [
      [[], ['http', 'udp']],
      [['--no-udp'], ['http']],
      [['--no-http'], ['udp']],
    ] as const) {
      const world = new TestWorld();
      const running = world.run(
        'tracker',
        '--port',
        '0',
        '--bind',
        '127.0.0.1',
        '--json',
        ...flags,
      );
      while (world.out === '') await new Promise(setImmediate);
      const [line] = world.lines;
      const urls = schemes.map(
        (scheme) => `${scheme}://127.0.0.1:${String(line?.['port'])}/announce`,
      );
      expect(line).toMatchObject({ url: urls[0], urls });
      for (const url of urls) {
        const asking = new TestWorld();
        expect(await asking.run('scrape', url, '--info-hash', 'ab'.repeat(20))).toBe(0);
      }
      world.emitter.emit('SIGTERM', 'SIGTERM');
      expect(await running).toBe(143);
    }
    expect(await new TestWorld().run('tracker', '--no-http', '--no-udp')).toBe(2);
    expect(await new TestWorld().run('tracker', '--no-http', '--stats')).toBe(2);
  });

  it('shows its figures at /stats', async () => {
    const world = new TestWorld();
    const at = ['--port', '0', '--bind', '127.0.0.1', '--udp-rate', '5'];
    const running = world.run('tracker', '--stats', '--json', ...at);
    while (world.out === '') await new Promise(setImmediate);
    const answer = await fetch(String(world.lines[0]?.['url']).replace('/announce', '/stats'));
    expect(await answer.json()).toMatchObject({ swarms: 0, announces: 0, udp: { connects: 0 } });
    world.emitter.emit('SIGTERM', 'SIGTERM');
    expect(await running).toBe(143);
  });

  it('asks the trackers of a torrent, and ends with 5 where none answers', async () => {
    await using server = new TrackerServer();
    const { port } = await server.listen({ port: 0, address: '127.0.0.1' });
    const url = `http://127.0.0.1:${port}/announce`;
    const torrent = await folder.write('t.torrent', tinyTorrent('t', { trackers: [url] }));
    const world = new TestWorld();
    expect(await world.run('scrape', torrent)).toBe(0);
    expect(await world.run('scrape', url, '--info-hash', 'ab'.repeat(20))).toBe(0);
    expect(world.out).toContain(`127.0.0.1:${port}`);
    await server.close();
    expect(await world.run('scrape', torrent)).toBe(5);
    expect(world.err).toMatch(/^shoal: 127\.0\.0\.1:.+\n$/);
  });

  it('asks a tracker for everything it has where no info-hash is named', async () => {
    const server = createServer((request, response) => {
      const files = `20:${'a'.repeat(20)}d8:completei1e10:downloadedi0e10:incompletei0ee`;
      response.end(request.url === '/scrape' ? `d5:filesd${files}ee` : 'wrong');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/announce`;
    const world = new TestWorld();
    const code = await world.run('scrape', url, '--json');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(0);
    expect(world.lines).toMatchObject([{ tracker: url, infoHash: '61'.repeat(20), complete: 1 }]);
    const other = new TestWorld();
    expect(await other.run('scrape', url)).toBe(5);
  });

  it('asks for both swarms of a hybrid, and for that of a v2-only torrent', async () => {
    const asked: (string | null)[][] = [];
    const server = createServer((request, response) => {
      asked.push([...(request.url ?? '').matchAll(/info_hash=([^&]*)/g)].map(([, hash]) => hash!));
      response.end('d5:filesdee');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const tracker = `tr=http://127.0.0.1:${port}/announce`;
    const v1 = `xt=urn:btih:${'61'.repeat(20)}`;
    const v2 = `xt=urn:btmh:1220${'62'.repeat(32)}`;
    for (const link of [`${v1}&${v2}`, v1, v2])
      expect(await new TestWorld().run('scrape', `magnet:?${link}&${tracker}`)).toBe(0);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const [a, b] = ['a'.repeat(20), 'b'.repeat(20)];
    expect(asked).toEqual([[a, b], [a], [b]]);
  });

  it('asks trackers over UDP, which need info-hashes', async () => {
    const asked: string[] = [];
    const socket = createSocket('udp4', (datagram, { address, port }) => {
      const request = parseUdpRequest(datagram);
      if (request === undefined || request.kind === 'announce') return;
      asked.push(request.kind);
      const { kind, transactionId } = request;
      const reply =
        kind === 'connect'
          ? encodeConnectReply(transactionId, 7n)
          : encodeScrapeReply(
              transactionId,
              request.infoHashes.map(() => ({ seeders: 4, completed: 5, leechers: 6 })),
            );
      socket.send(reply, port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const tracker = `udp://127.0.0.1:${socket.address().port}/announce`;
    const infoHash = 'ab'.repeat(20);
    const figures = { tracker, infoHash, complete: 4, downloaded: 5, incomplete: 6 };
    const world = new TestWorld();
    expect(await world.run('scrape', tracker, '--info-hash', infoHash, '--json')).toBe(0);
    const link = `magnet:?xt=urn:btih:${infoHash}&tr=${encodeURIComponent(tracker)}`;
    expect(await world.run('scrape', link, '--json')).toBe(0);
    expect(world.lines).toMatchObject([figures, figures]);
    expect(await world.run('scrape', tracker)).toBe(5);
    expect(world.err).toContain('info-hashes');
    expect(asked).toEqual(['connect', 'scrape', 'connect', 'scrape']);
    await new Promise<void>((resolve) => socket.close(resolve));
  });

  it('has someone to ask, or says so', async () => {
    const torrent = await folder.write('t.torrent', tinyTorrent('t'));
    const world = new TestWorld();
    expect(await world.run('scrape', torrent)).toBe(3);
    expect(await world.run('scrape', 'http://a.invalid/', '--info-hash', 'x')).toBe(2);
    expect(existsSync(join(folder.path, 't'))).toBe(false);
  });
});
