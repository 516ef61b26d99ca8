import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskError } from '@shoal/client';
import { FakeClient, type FakeTorrent } from './support/fake-client.ts';
import { TestWorld, tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();

function worldWith(onAdd: (torrent: FakeTorrent) => void): {
  world: TestWorld;
  client: FakeClient;
} {
  const world = new TestWorld();
  const client = new FakeClient(onAdd);
  world.startClient = client.start;
  return { world, client };
}

const completes = (torrent: FakeTorrent): void => {
  torrent.become('downloading');
  torrent.become('seeding');
};

describe('shoal download', () => {
  it('ends with 0 when the torrent is complete, and closes the client', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith(completes);
    expect(await world.run('download', source, '-o', join(folder.path, 'out'))).toBe(0);
    expect(client.closed).toBe(1);
    expect(world.out).toContain('a: complete, 100 B');
    expect(world.out).not.toContain('\u001b');
    expect(world.err).toBe('');
  });

  it('hands its options to the engine', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a', { files: ['x', 'y', 'z'] }));
    const { world, client } = worldWith(completes);
    const output = join(folder.path, 'out');
    const code = await world.run(
      ...['download', source, '--output', output, '--bind', '127.0.0.1', '--port', '6881-6889'],
      ...['--select', '0,2', '--sequential', '--peer', '192.0.2.7:1', '--peer', '[::1]:2'],
      ...['--tracker', 'http://t.invalid/announce', '--max-download', '1M', '--max-upload', '500K'],
      ...['--max-peers', '30', '--resume-dir', '/r', '--no-pex', '--lsd', '--no-dht', '--quiet'],
      ...['--web-seed', 'http://m.invalid/a', '--web-seed', 'https://m.invalid/'],
      '--local-servers',
      'all',
    );
    expect(code).toBe(0);
    expect(client.options).toEqual({
      bind: '127.0.0.1',
      port: { from: 6881, to: 6889 },
      maxDownloadRate: 1_048_576,
      maxUploadRate: 512_000,
      maxPeers: 30,
      maxPeersPerTorrent: 30,
      localServers: 'all',
      pex: false,
      localDiscovery: true,
      dht: false,
      resumeDirectory: '/r',
    });
    expect(client.torrents[0]?.options).toEqual({
      directory: output,
      select: [0, 2],
      sequential: true,
      peers: [
        { address: '192.0.2.7', port: 1 },
        { address: '::1', port: 2 },
      ],
      trackers: [['http://t.invalid/announce']],
      webSeeds: ['http://m.invalid/a', 'https://m.invalid/'],
    });
    expect(world.out).toBe('');
  });

  it('does without web seeds where it is told to, and refuses what is no URL of one', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith(completes);
    const run = (...args: string[]) =>
      world.run('download', source, '--output', folder.path, '--no-resume', ...args);
    expect(await run('--no-web-seeds')).toBe(0);
    expect(client.options).toEqual({ webSeeds: false });
    expect(await run('--web-seed', 'udp://m.invalid/')).toBe(2);
  });

  it('keeps resume data where the system keeps state, or not at all', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith(completes);
    world.env = { HOME: '/home/me' };
    await world.run('download', source, '-o', folder.path);
    expect(client.options?.resumeDirectory).toBe('/home/me/.local/state/shoal/resume');
    await world.run('download', source, '-o', folder.path, '--no-resume');
    expect(client.options).toEqual({});
  });

  it('copies equal files that are there, unless told not to, and says how much that was', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith((torrent) => {
      torrent.figures = { reusedBytes: 5 << 20 };
      completes(torrent);
    });
    await world.run('download', source, '-o', folder.path, '--no-resume');
    expect(client.options).toEqual({});
    expect(world.out).toMatch(/; ↓ 0 B in [^;]*; reused 5 MiB; ↑ 0 B\n/);
    await world.run('download', source, '-o', folder.path, '--no-resume', '--no-reuse', '--json');
    expect(client.options).toEqual({ reuseLocalData: false });
    expect(world.out).toContain('"reusedBytes":5242880');
  });

  it('prints events as JSON, one per line', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith((torrent) => {
      torrent.emit('tracker', {
        ...{ url: 'u', swarm: undefined, state: 'failed', peers: 0, message: 'no' },
      });
      torrent.emit('warning', new Error('hm'));
      completes(torrent);
    });
    expect(await world.run('download', source, '-o', folder.path, '--json')).toBe(0);
    expect(world.lines.map(({ event }) => event)).toEqual([
      ...['start', 'tracker', 'warning', 'state', 'state', 'complete', 'progress', 'end'],
    ]);
    const infoHash = expect.stringMatching(/^[0-9a-f]{40}$/) as string;
    expect(world.lines[0]).toMatchObject({
      port: 6881,
      torrents: [{ infoHash, name: 'a', length: 100, path: join(folder.path, 'a') }],
    });
    expect(world.lines.at(-1)).toMatchObject({
      exitCode: 0,
      torrents: [{ infoHash, completedBytes: 100, totalBytes: 100 }],
    });
  });

  it('ends with 4 when the disk fails, while the other torrent goes on to its end', async () => {
    const bad = await folder.write('bad.torrent', tinyTorrent('bad'));
    const good = await folder.write('good.torrent', tinyTorrent('good'));
    const { world, client } = worldWith((torrent) => {
      if (torrent.name === 'bad') torrent.fail(new DiskError('ERR_DISK_FULL', 'No space left'));
      else setImmediate(completes, torrent);
    });
    expect(await world.run('download', bad, good, '-o', folder.path, '--quiet')).toBe(4);
    expect(world.err).toBe('shoal: bad: No space left\n');
    expect(client.torrents.map(({ state }) => state)).toEqual(['error', 'seeding']);
  });

  it('says how to go on where the files are gone', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith((torrent) => {
      torrent.fail(new DiskError('ERR_DISK_MISSING', 'The files are gone'));
    });
    expect(await world.run('download', source)).toBe(4);
    expect(world.err).toContain('shoal: a: The files are gone\n');
    expect(world.err).toContain('--no-resume downloads them anew');
  });

  it('tells a failure once, and a warning that comes again once', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith((torrent) => {
      setImmediate(() => {
        torrent.emit('warning', new Error('slow disk'));
        torrent.emit('warning', new Error('slow disk'));
        torrent.fail(new DiskError('ERR_DISK_FULL', 'No space left'));
      });
    });
    expect(await world.run('download', source, '-o', join(folder.path, 'out'))).toBe(4);
    expect(world.err).toBe('shoal: warning: a: slow disk\nshoal: a: No space left\n');
  });

  it('counts the time to fetch a torrent against --timeout', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { world } = worldWith(completes);
    const url = `http://127.0.0.1:${port}/`;
    expect(await world.run('download', url, '-o', folder.path, '--timeout', '10ms')).toBe(5);
    expect(world.err).toContain('no answer in time');
    server.closeAllConnections();
    server.close();
  });

  it('wants a folder to download into', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith(completes);
    expect(await world.run('download', source, '-o', '')).toBe(2);
    expect(await world.run('download', source, '--resume-dir', '')).toBe(2);
    expect(await world.run('download', source, '-o', source)).toBe(4);
    expect(world.err).toContain('it is no folder');
  });

  it('ends with 5 when not complete in time', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith((torrent) => {
      torrent.become('downloading');
    });
    expect(await world.run('download', source, '-o', folder.path, '--timeout', '1ms')).toBe(5);
    expect(world.err).toContain('--timeout');
    expect(client.closed).toBe(1);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('closes the client in order at %s, and ends with %d', async (signal, code) => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith(() => world.emitter.emit(signal, signal));
    expect(await world.run('download', source, '-o', folder.path, '-q')).toBe(code);
    expect(client.closed).toBe(1);
    expect(world.err).toBe('');
    expect(world.emitter.eventNames()).toEqual([]);
  });

  it('seeds up to the ratio asked for', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith((torrent) => {
      completes(torrent);
      torrent.figures = { ratio: 1.5 };
    });
    expect(await world.run('download', source, '-o', folder.path, '--seed-ratio', '1.5')).toBe(0);
  });

  it('seeds on with --seed until a signal comes', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith((torrent) => {
      completes(torrent);
      setImmediate(() => world.emitter.emit('SIGINT', 'SIGINT'));
    });
    expect(await world.run('download', source, '-o', folder.path, '--seed', '--json')).toBe(130);
    expect(world.lines.map(({ event }) => event)).toContain('complete');
  });

  it('runs the command of --on-complete without a shell', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a; touch evil'));
    const script = await folder.write(
      'script.mjs',
      `import { writeFileSync } from 'node:fs';
       const { SHOAL_EVENT, SHOAL_NAME, SHOAL_PATH, SHOAL_INFO_HASH } = process.env;
       writeFileSync(process.argv[2], JSON.stringify([process.argv.slice(3), SHOAL_EVENT, SHOAL_NAME, SHOAL_PATH, SHOAL_INFO_HASH.length]));`,
    );
    const result = join(folder.path, 'result file');
    const { world } = worldWith(completes);
    const command = `'${process.execPath}' "${script}" "${result}" 'two words' $HOME ; ls`;
    const code = await world.run(
      'download',
      source,
      '-o',
      folder.path,
      '-q',
      '--on-complete',
      command,
    );
    expect(world.err).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(result, 'utf8'))).toEqual([
      ['two words', '$HOME', ';', 'ls'],
      'complete',
      'a; touch evil',
      join(folder.path, 'a; touch evil'),
      40,
    ]);
  });

  it('only warns when the command of --on-complete fails', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world } = worldWith(completes);
    const command = '/nonexistent/program';
    expect(await world.run('download', source, '-o', folder.path, '--on-complete', command)).toBe(
      0,
    );
    expect(world.err).toContain('--on-complete failed');
  });

  it('lists files with their numbers, and starts nothing', async () => {
    const source = await folder.write('a.torrent', tinyTorrent('a', { files: ['x', 'y'] }));
    const { world, client } = worldWith(completes);
    expect(await world.run('download', source, '--list-files')).toBe(0);
    expect(world.out).toMatch(/^ +0 +100 B {2}a\/x\n +1 +100 B {2}a\/y\n$/);
    expect(client.options).toBeUndefined();
  });

  it.each([
    [['--select', '7'], 2, 'but the torrent has one file only, 0'],
    [['--peer', 'nonsense'], 2, 'no peer'],
    [['--bind', 'localhost'], 2, 'IP address'],
    [['--port', '70000'], 2, 'no port'],
    [['--port', '1', '--port', '2'], 2, 'twice'],
    [['--max-download', 'fast'], 2, 'no rate'],
    [['--tracker', 'ftp://x'], 2, 'no tracker'],
    [['--on-complete', ''], 2, '--on-complete'],
    [['--seed', '--seed-ratio', '1'], 2, 'mutually exclusive'],
    [['--unknown'], 2, 'unknown'],
  ])('refuses %j with %d', async (options, code, message) => {
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith(completes);
    expect(await world.run('download', source, '-o', folder.path, ...options)).toBe(code);
    expect(world.err).toContain(message);
    expect(world.err.trimEnd().split('\n')).toHaveLength(1);
    expect(client.torrents).toEqual([]);
  });

  it('ends with 3 for a magnet link that leads to nobody or a broken torrent, with 4 for a missing file or folder', async () => {
    const { world } = worldWith(completes);
    const broken = await folder.write('broken.torrent', 'd4:infod6:length');
    const file = await folder.write('file', '');
    const good = await folder.write('a.torrent', tinyTorrent('a'));
    const magnet = `magnet:?xt=urn:btih:${'a'.repeat(40)}`;
    expect(await world.run('download', magnet, '--no-lsd', '--no-dht')).toBe(3);
    expect(await world.run('download', magnet, '--bind', '127.0.0.1')).toBe(3);
    expect(await world.run('download', broken)).toBe(3);
    expect(await world.run('download', join(folder.path, 'none.torrent'))).toBe(4);
    expect(await world.run('download', good, '-o', join(file, 'below'))).toBe(4);
  });
});

describe('shoal seed', () => {
  const seeds =
    (world: TestWorld) =>
    (torrent: FakeTorrent): void => {
      torrent.become('seeding');
      if (torrent.metainfo.info.name === 'last') world.emitter.emit('SIGTERM', 'SIGTERM');
    };

  it('seeds every torrent of a folder in one process, beside the torrents', async () => {
    for (const name of ['a', 'b', 'last']) {
      await folder.write(`torrents/${name}.torrent`, tinyTorrent(name));
      await folder.write(`torrents/${name}`, 'data');
    }
    await folder.write('torrents/broken.torrent', 'x');
    await folder.write('torrents/readme.txt', 'x');
    const world = new TestWorld();
    const client = new FakeClient(seeds(world));
    world.startClient = client.start;
    const torrents = join(folder.path, 'torrents');
    expect(await world.run('seed', torrents, '--quiet')).toBe(143);
    expect(client.torrents.map(({ name }) => name)).toEqual(['a', 'b', 'last']);
    expect(client.torrents[0]?.options).toMatchObject({ directory: torrents, check: 'resume' });
    expect(world.err).toContain('broken.torrent');
    expect(client.closed).toBe(1);
  });

  it('says with --json when every torrent is read and checked', async () => {
    for (const name of ['a', 'b', 'c']) {
      await folder.write(`torrents/${name}.torrent`, tinyTorrent(name));
      await folder.write(`torrents/${name}`, 'data');
    }
    const world = new TestWorld();
    const client = new FakeClient((torrent) => {
      if (torrent.name === 'a') torrent.fail(new DiskError('ERR_DISK_MISSING', 'Gone'));
      else torrent.become(torrent.name === 'b' ? 'downloading' : 'seeding');
      if (client.torrents.every(({ state }) => state !== 'checking')) {
        setImmediate(() => world.emitter.emit('SIGTERM', 'SIGTERM'));
      }
    });
    world.startClient = client.start;
    expect(await world.run('seed', join(folder.path, 'torrents'), '--json')).toBe(143);
    const ready = world.lines.filter(({ event }) => event === 'ready');
    expect(ready).toEqual([
      { event: 'ready', time: expect.any(String) as string, torrents: 3, seeding: 1 },
    ]);
    const states = world.lines.findLastIndex(({ event }) => event === 'state');
    expect(world.lines.findIndex(({ event }) => event === 'ready')).toBeGreaterThan(states);
  });

  it.each([
    [['--check'], 'force'],
    [['--no-check'], 'trust'],
    [[], 'resume'],
  ])('%j checks by the rule %s', async (options, check) => {
    const source = await folder.write('t.torrent', tinyTorrent('last'));
    await folder.write('last', 'data');
    const world = new TestWorld();
    const client = new FakeClient(seeds(world));
    world.startClient = client.start;
    await world.run('seed', source, ...options, '-q');
    expect(client.torrents[0]?.options.check).toBe(check);
  });

  it('sums up where there are many', async () => {
    for (let index = 0; index < 21; index++) {
      await folder.write(`many/t${index}.torrent`, tinyTorrent(`t${index}`));
      await folder.write(`many/t${index}`, '');
    }
    const { world } = worldWith(completes);
    expect(await world.run('seed', join(folder.path, 'many'), '--seed-time', '0')).toBe(0);
    expect(world.out).toContain('21 of 21 torrents complete, 2.05 KiB in all; ↓ 0 B; ↑ 0 B\n');
  });

  it('finds the data in the folder that holds it, or in the content itself', async () => {
    const source = await folder.write('t.torrent', tinyTorrent('last', { files: ['x'] }));
    await folder.write('data/last/x', 'x');
    for (const data of ['data', 'data/last', 'data/last/']) {
      const world = new TestWorld();
      const client = new FakeClient(seeds(world));
      world.startClient = client.start;
      await world.run('seed', source, '--data', join(folder.path, data), '-q');
      expect(client.torrents[0]?.options.directory).toBe(join(folder.path, 'data'));
    }
  });

  it('leaves out what is not there', async () => {
    await folder.write('a', '');
    const source = await folder.write('a.torrent', tinyTorrent('a'));
    const { world, client } = worldWith(completes);
    const missing = join(folder.path, 'none.torrent');
    expect(await world.run('seed', missing, source, '--seed-time', '0')).toBe(0);
    expect(client.torrents).toHaveLength(1);
    expect(world.err).toContain(missing);
  });

  it('ends with 4 when there is no data, no torrent, or the disk fails', async () => {
    const source = await folder.write('t.torrent', tinyTorrent('t'));
    await folder.write('t', 'data');
    mkdirSync(join(folder.path, 'empty'));
    const world = new TestWorld();
    world.startClient = new FakeClient((torrent) => {
      torrent.fail(new DiskError('ERR_DISK_MISSING', 'gone'));
    }).start;
    expect(await world.run('seed', source, '--data', join(folder.path, 'none'))).toBe(4);
    expect(await world.run('seed', join(folder.path, 'empty'))).toBe(4);
    expect(await world.run('seed', source, '--data', join(folder.path, 'empty'))).toBe(4);
    expect(world.err).toContain('there is no "t" in');
    expect(await world.run('seed', source, '-q')).toBe(4);
  });

  it('says so where the data is not whole', async () => {
    const source = await folder.write('t.torrent', tinyTorrent('t'));
    await folder.write('t', 'data');
    const world = new TestWorld();
    world.startClient = new FakeClient((torrent) => {
      torrent.figures = { completedBytes: 42 };
      torrent.become('downloading');
      setImmediate(() => world.emitter.emit('SIGINT', 'SIGINT'));
    }).start;
    expect(await world.run('seed', source)).toBe(130);
    expect(world.err).toContain('warning: t: only 42.0% of the data is there');
  });

  it('ends when the time asked for is over', async () => {
    const source = await folder.write('t.torrent', tinyTorrent('t'));
    await folder.write('t', 'data');
    const world = new TestWorld();
    world.startClient = new FakeClient((torrent) => {
      torrent.become('seeding');
    }).start;
    expect(await world.run('seed', source, '-q', '--seed-time', '1ms')).toBe(0);
  });

  it('does not wait for ever for a client that cannot close', async () => {
    const source = await folder.write('t.torrent', tinyTorrent('last'));
    await folder.write('last', 'data');
    const world = new TestWorld();
    const client = new FakeClient(seeds(world));
    client.closing = () => new Promise(() => undefined);
    world.closeTimeout = 10;
    world.startClient = client.start;
    expect(await world.run('seed', source, '-q')).toBe(143);
  });
});
