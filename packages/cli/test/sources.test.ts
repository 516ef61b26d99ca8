import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseMetainfo } from '@shoal/metainfo';
import { dataDirectory, FolderNames } from '../src/data-location.ts';
import { fetchTorrent, MAX_TORRENT_LENGTH } from '../src/fetch-torrent.ts';
import { loadTorrent, loadTorrentNow } from '../src/load-torrent.ts';
import { resolvePeers } from '../src/resolve-peers.ts';
import { defaultResumeDirectory } from '../src/resume-directory.ts';
import { tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();

describe('a torrent from an address', () => {
  let server: Server;
  let origin: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  beforeEach(async () => {
    server = createServer((request, response) => {
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is fetched, over redirects', async () => {
    answer = ({ url }, response) => {
      if (url === '/t') response.end(tinyTorrent('t'));
      else response.writeHead(302, { location: url === '/a' ? '/b' : `${origin}/t` }).end();
    };
    expect((await loadTorrent(`${origin}/a`)).info.name).toBe('t');
  });

  it('gets the credentials of its address, and no other origin does', async () => {
    const seen: [string | undefined, string | undefined][] = [];
    const other = origin.replace('127.0.0.1', 'localhost');
    answer = ({ url, headers }, response) => {
      seen.push([url, headers.authorization]);
      if (url === '/t') response.end(tinyTorrent('t'));
      else if (url === '/a') response.writeHead(302, { location: '/b' }).end();
      else {
        const location = `${other.replace('//', '//another:word@')}/t`;
        response.writeHead(302, { location }).end();
      }
    };
    await loadTorrent(`${origin.replace('//', '//user:secret@')}/a`);
    const own = `Basic ${Buffer.from('user:secret').toString('base64')}`;
    expect(seen).toEqual([
      ['/a', own],
      ['/b', own],
      ['/t', undefined],
    ]);
  });

  it('is not fetched from a local server where a public one redirects', async () => {
    const paths: string[] = [];
    answer = ({ url = '' }, response) => {
      paths.push(url);
      response.writeHead(302, { location: `${origin}/inner` }).end();
    };
    const connect = Reflect.get(Socket.prototype, 'connect') as (...args: unknown[]) => Socket;
    // The server plays a public one: that is where its answer seems to come from.
    Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]) {
      Object.defineProperty(this, 'remoteAddress', { value: '8.8.8.8' });
      return Reflect.apply(connect, this, args);
    });
    try {
      await expect(loadTorrent(`${origin}/outer`)).rejects.toMatchObject({
        exitCode: 5,
        message: expect.stringContaining('local or private') as string,
      });
    } finally {
      Reflect.set(Socket.prototype, 'connect', connect);
    }
    expect(paths).toEqual(['/outer']);
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['a status', (_request, response) => response.writeHead(404).end()],
    ['a redirect loop', (_request, response) => response.writeHead(301, { location: '/' }).end()],
    [
      'a redirect to a file',
      (_request, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
    ],
    ['a broken connection', (request) => request.socket.destroy()],
  ])('%s ends with 5, without user name and query in the message', async (_what, reply) => {
    answer = reply;
    const url = origin.replace('http://', 'http://user:secret@');
    await expect(loadTorrent(`${url}/x?passkey=1`)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.not.stringMatching(/secret|passkey/) as string,
    });
  });

  it('is decompressed where the server compressed it unasked, up to the limit', async () => {
    let body = gzipSync(tinyTorrent('t'));
    answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    };
    expect((await loadTorrent(origin)).info.name).toBe('t');
    body = gzipSync(Buffer.alloc(MAX_TORRENT_LENGTH + 1));
    await expect(fetchTorrent(origin)).rejects.toMatchObject({ exitCode: 5 });
    body = Buffer.from('not compressed');
    await expect(fetchTorrent(origin)).rejects.toMatchObject({ exitCode: 5 });
  });

  it('is not read beyond the limit', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    let sent = 0;
    answer = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && sent < 2 * MAX_TORRENT_LENGTH) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    };
    await expect(fetchTorrent(origin)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringContaining('64 MiB') as string,
    });
  });

  it('ends at the time limit and at the signal', async () => {
    answer = () => undefined;
    await expect(fetchTorrent(origin, { timeout: 1 })).rejects.toMatchObject({ exitCode: 5 });
    const reason = new Error('enough');
    await expect(fetchTorrent(origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('a torrent from a file', () => {
  it('can be a pipe, for which nobody waits longer than wanted', async () => {
    const path = join(folder.path, 'pipe');
    execFileSync('mkfifo', [path]);
    const enough = new AbortController();
    const reading = loadTorrent(path, enough.signal);
    enough.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    const [{ info }] = await Promise.all([loadTorrent(path), writeFile(path, tinyTorrent('t'))]);
    expect(info.name).toBe('t');
    await expect(loadTorrent('/dev/zero')).rejects.toMatchObject({ exitCode: 4 });
  });

  it.each(['', 'http://', 'ftp://host/x.torrent'])('cannot be "%s"', async (source) => {
    await expect(loadTorrent(source)).rejects.toMatchObject({ exitCode: 2 });
  });

  it('is refused with its name where it is missing, a folder, too large or broken', async () => {
    await expect(loadTorrent(join(folder.path, 'none'))).rejects.toMatchObject({ exitCode: 4 });
    await expect(loadTorrent(folder.path)).rejects.toMatchObject({ exitCode: 4 });
    const broken = await folder.write('broken', 'de');
    await expect(loadTorrent(broken)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(broken) as string,
    });
    const large = await folder.write('large', Buffer.alloc(MAX_TORRENT_LENGTH + 1));
    await expect(loadTorrent(large)).rejects.toMatchObject({ exitCode: 3 });
  });
});

describe('where the data is', () => {
  const folderTorrent = parseMetainfo(tinyTorrent('x', { files: ['f'] }));
  const fileTorrent = parseMetainfo(tinyTorrent('x'));

  it('is the folder that holds the content, or that of the content', async () => {
    await folder.write('a/x/f', '');
    await folder.write('b/x', '');
    const at = (path: string): string => join(folder.path, path);
    expect(await dataDirectory(folderTorrent, at('a'))).toBe(at('a'));
    expect(await dataDirectory(folderTorrent, at('a/x'))).toBe(at('a'));
    expect(await dataDirectory(fileTorrent, at('b'))).toBe(at('b'));
    expect(await dataDirectory(fileTorrent, at('b/x'))).toBe(at('b'));
    // A folder x that holds a folder x, and a folder x for a file x.
    await mkdir(at('x/x'), { recursive: true });
    expect(await dataDirectory(folderTorrent, at('x'))).toBe(at('x'));
    expect(await dataDirectory(fileTorrent, at('x'))).toBe(at('x'));
  });

  it('is refused where it is missing, of another kind, or under another name', async () => {
    const file = await folder.write('x', '');
    const other = await folder.write('y', '');
    for (const [torrent, path] of [
      [fileTorrent, join(folder.path, 'none')],
      [folderTorrent, file],
      [fileTorrent, other],
    ] as const) {
      await expect(dataDirectory(torrent, path)).rejects.toMatchObject({ exitCode: 4 });
    }
  });
});

describe('names in a folder', () => {
  it('are found one by one and all at once, with what is added later and without links that lead nowhere', async () => {
    await folder.write('file', '');
    await mkdir(join(folder.path, 'folder'));
    await symlink(join(folder.path, 'none'), join(folder.path, 'broken'));
    await symlink(join(folder.path, 'file'), join(folder.path, 'link'));
    const names = new FolderNames();
    for (let round = 0; round < 20; round += 1) {
      const there = ['file', 'folder', 'broken', 'link', 'none'].filter((name) =>
        names.has(folder.path, name),
      );
      expect(there).toEqual(['file', 'folder', 'link']);
    }
    await folder.write('late', '');
    expect(names.has(folder.path, 'late')).toBe(true);
    expect(names.has(join(folder.path, 'folder'), 'file')).toBe(false);
    expect(names.has(join(folder.path, 'none'), 'file')).toBe(false);
  });
});

describe('a torrent read at once', () => {
  it('is the same as one read with care', async () => {
    const path = await folder.write('t.torrent', tinyTorrent('t'));
    expect(loadTorrentNow(path, true)?.info).toEqual((await loadTorrent(path)).info);
    const fields = '6:lengthi327680000e4:name5:large12:piece lengthi16384e6:pieces400000:';
    const large = `d4:infod${fields}${'h'.repeat(400_000)}ee`;
    const largePath = await folder.write('large.torrent', large);
    expect(loadTorrentNow(largePath)).toBeUndefined();
    expect((await loadTorrent(largePath)).info.pieceCount).toBe(20_000);
  });

  it('keeps its bytes when others are read', async () => {
    const [one, other] = [
      await folder.write('one.torrent', tinyTorrent('one')),
      await folder.write('other.torrent', tinyTorrent('other')),
    ];
    const first = loadTorrentNow(one, true);
    const bytes = Buffer.from(first?.info.bytes ?? []);
    loadTorrentNow(other, true);
    expect(Buffer.from(first?.info.bytes ?? []).equals(bytes)).toBe(true);
  });

  it('is left to the other way where it is none, or no plain file', async () => {
    await mkdir(join(folder.path, 'd.torrent'));
    const empty = await folder.write('empty.torrent', '');
    expect(loadTorrentNow(empty, true)).toBeUndefined();
    expect(loadTorrentNow(join(folder.path, 'd.torrent'))).toBeUndefined();
    expect(loadTorrentNow(join(folder.path, 'none.torrent'))).toBeUndefined();
  });
});

describe('where resume data is', () => {
  it.each([
    ['linux', { HOME: '/h' }, '/h/.local/state/shoal/resume'],
    ['linux', { HOME: '/h', XDG_STATE_HOME: '/s' }, '/s/shoal/resume'],
    ['linux', { HOME: '/h', XDG_STATE_HOME: 'relative' }, '/h/.local/state/shoal/resume'],
    ['darwin', { HOME: '/h' }, '/h/Library/Application Support/shoal/resume'],
    ['win32', { LOCALAPPDATA: '/l' }, '/l/shoal/resume'],
    ['win32', { USERPROFILE: '/u' }, '/u/AppData/Local/shoal/resume'],
  ] as const)('%s %j', (platform, env, expected) => {
    expect(defaultResumeDirectory({ env, platform })).toBe(expected);
  });
});

describe('peers by name', () => {
  it('are resolved; literals are not looked up', async () => {
    const peers = await resolvePeers([
      { host: '192.0.2.1', port: 1 },
      { host: '::FFFF', port: 2 },
      { host: 'localhost', port: 3 },
    ]);
    expect(peers.slice(0, 2)).toEqual([
      { address: '192.0.2.1', port: 1 },
      { address: '::ffff', port: 2 },
    ]);
    expect(peers.slice(2).every(({ address }) => ['127.0.0.1', '::1'].includes(address))).toBe(
      true,
    );
    await expect(resolvePeers([{ host: 'no.such.invalid', port: 1 }])).rejects.toMatchObject({
      exitCode: 5,
    });
  });
});
