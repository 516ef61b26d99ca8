import { existsSync } from 'node:fs';
import { chmod, lstat, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@shoal/client';
import { createTorrent, magnetOf, parseMetainfo } from '@shoal/metainfo';
import { folderMustBeWritable } from '../src/run/write-torrent.ts';
import { FakeClient, type FakeTorrent } from './support/fake-client.ts';
import { TestWorld, tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();

const bytes = tinyTorrent('album', { files: ['x', 'y'] });
const tracker = 'http://tracker.invalid/announce';
const magnet = magnetOf({ ...parseMetainfo(bytes), trackers: [[tracker]] });

/** A world whose client finds the metadata, and then everything. */
function worldWith(onAdd: (torrent: FakeTorrent) => void = () => undefined): {
  world: TestWorld;
  client: FakeClient;
} {
  const world = new TestWorld();
  const client = new FakeClient(onAdd);
  world.startClient = client.start;
  return { world, client };
}

const completes = (torrent: FakeTorrent): void => {
  torrent.learn(bytes);
  torrent.become('downloading');
  torrent.become('seeding');
  torrent.emit('complete');
};

describe('shoal download of a magnet link', () => {
  it('waits for the metadata, then for the content', async () => {
    const { world, client } = worldWith(completes);
    expect(await world.run('download', magnet, '-o', folder.path)).toBe(0);
    const [torrent] = client.torrents;
    expect(torrent?.link).toMatchObject({ trackers: [tracker] });
    expect(world.out).toContain('album: metadata complete, 200 B in 2 files\n');
    expect(world.out).toContain('album: complete');
  });

  it('tells of the metadata with --json', async () => {
    const { world } = worldWith(completes);
    expect(await world.run('download', magnet, '-o', folder.path, '--json')).toBe(0);
    const events = (name: string) => world.lines.filter(({ event }) => event === name);
    const path = join(folder.path, 'album');
    expect(events('metadata')).toMatchObject([{ name: 'album', length: 200, files: 2, path }]);
    expect(events('end')).toMatchObject([{ exitCode: 0, torrents: [{ path, state: 'seeding' }] }]);
  });

  it.each([[['--lsd', '--bind', '127.0.0.1']], [['--bind', '192.0.2.7']], [['--bind', '::']]])(
    'looks in the local network with %j when the link names nobody',
    async (options) => {
      const { world, client } = worldWith(completes);
      const args = ['download', `magnet:?xt=urn:btih:${'a'.repeat(40)}`, '-o', folder.path];
      expect(await world.run(...args, ...options)).toBe(0);
      expect(client.torrents).toHaveLength(1);
    },
  );

  it('is not complete while there is no metadata', async () => {
    const { world } = worldWith();
    const options = ['-o', folder.path, '--timeout', '1'];
    expect(await world.run('download', magnet, ...options)).toBe(5);
    expect(world.out).toContain('no metadata');
    const json = worldWith().world;
    expect(await json.run('download', magnet, ...options, '--json')).toBe(5);
    expect(json.lines.find(({ event }) => event === 'start')).toMatchObject({
      torrents: [{ name: 'album', length: null, path: null }],
    });
    const metadata = { length: 0, received: 0 };
    expect(json.lines.findLast(({ event }) => event === 'progress')).toMatchObject({ metadata });
  });

  it('refuses numbers of files that it turns out not to have', async () => {
    const { world } = worldWith((torrent) => torrent.learn(bytes));
    expect(await world.run('download', magnet, '-o', folder.path, '--select', '7')).toBe(2);
    expect(world.err).toContain('files 0 to 1');
  });

  it('says no more than that of a torrent without the files that were asked for', async () => {
    // As the engine has it, which ignores numbers beyond the last: nothing is wanted, and is there.
    const { world } = worldWith((torrent) => {
      torrent.figures = { totalBytes: 0, completedBytes: 0 };
      torrent.learn(bytes);
      torrent.become('seeding');
    });
    expect(await world.run('download', magnet, '-o', folder.path, '--select', '7')).toBe(2);
    expect(world.err.trimEnd().split('\n')).toHaveLength(1);
    expect(world.out).not.toContain('album: complete');
  });

  it('refuses a link that names only files its torrent does not have', async () => {
    const content = await folder.write('film.bin', Buffer.alloc(100_000, 'film'));
    const created = await createTorrent(content, { pieceLength: 16_384 });
    const seeder = await Client.start({ bind: '127.0.0.1' });
    try {
      await seeder.add(created.bytes, { directory: folder.path, check: 'trust' });
      const run = async (so: string): Promise<{ code: number; world: TestWorld }> => {
        const world = new TestWorld();
        const link = `${magnetOf(created.metainfo)}&so=${so}`;
        const peer = ['--peer', `127.0.0.1:${seeder.port}`, '--bind', '127.0.0.1'];
        const args = ['-o', join(folder.path, `of ${so}`), '--timeout', '20'];
        return { code: await world.run('download', link, ...peer, ...args), world };
      };
      const none = await run('5');
      expect(none.code).toBe(2);
      expect(none.world.err).toMatch(/^shoal: film\.bin: .*it has one file, 0\n$/);
      expect(none.world.out).not.toContain('complete');
      const some = await run('0,5');
      expect([some.code, some.world.err]).toEqual([0, '']);
      expect(some.world.out).toContain('film.bin: complete, 97.7 KiB');
    } finally {
      await seeder.close();
    }
  });

  it('lists the files, and downloads nothing', async () => {
    const { world, client } = worldWith((torrent) => torrent.learn(bytes));
    expect(await world.run('download', magnet, '--list-files')).toBe(0);
    expect(world.out).toMatch(/^ +0 +100 B {2}album\/x\n +1 +100 B {2}album\/y\n$/);
    expect(client.torrents.map(({ closed }) => closed)).toEqual([1]);
    expect(client.closed).toBe(1);
  });

  it('leaves out peers whose names lead nowhere', async () => {
    const { world, client } = worldWith(completes);
    const peers = '&x.pe=192.0.2.7:6881&x.pe=nowhere.invalid:6881';
    expect(await world.run('download', `${magnet}${peers}`, '-o', folder.path)).toBe(0);
    expect(client.torrents[0]?.link?.peers).toEqual([{ host: '192.0.2.7', port: 6881 }]);
  });
});

describe('shoal metadata', () => {
  const learns = (torrent: FakeTorrent): void => torrent.learn(bytes);

  it('makes a .torrent file with the trackers of the link', async () => {
    const { world, client } = worldWith(learns);
    const file = join(folder.path, 'x.torrent');
    expect(await world.run('metadata', magnet, '-o', file, '--json')).toBe(0);
    expect(world.lines).toMatchObject([{ file, name: 'album', length: 200, files: 2 }]);
    const made = parseMetainfo(await readFile(file));
    const given = parseMetainfo(bytes);
    expect(made.info.infoHash).toEqual(given.info.infoHash);
    expect(client.closed).toBe(1);
    expect(await readdir(folder.path)).toEqual(['x.torrent']);
  });

  it('asks for the piece layers, without which there is no .torrent file of version 2', async () => {
    const content = await folder.write('film.bin', Buffer.alloc(100_000, 'film'));
    const created = await createTorrent(content, { format: 'v2', pieceLength: 16_384 });
    const file = join(folder.path, 'x.torrent');
    const seeder = await Client.start({ bind: '127.0.0.1' });
    try {
      await seeder.add(created.bytes, { directory: folder.path, check: 'trust' });
      const peer = `127.0.0.1:${seeder.port}`;
      const link = magnetOf(created.metainfo);
      const world = new TestWorld();
      const args = ['-o', file, '--peer', peer, '--bind', '127.0.0.1', '--timeout', '20'];
      expect([await world.run('metadata', link, ...args), world.err]).toEqual([0, '']);
    } finally {
      await seeder.close();
    }
    const { info, pieceLayers } = parseMetainfo(await readFile(file));
    expect(info.infoHashV2).toEqual(created.metainfo.info.infoHashV2);
    expect(pieceLayers.layerOf(0)).toEqual(created.metainfo.pieceLayers.layerOf(0));
    const { world: late } = worldWith((torrent) => {
      torrent.completedMetainfo = 'never';
      torrent.learn(bytes);
    });
    const other = join(folder.path, 'y.torrent');
    expect(await late.run('metadata', magnet, '-o', other, '--timeout', '0.2')).toBe(5);
    expect(late.err).toContain('no piece layers within --timeout');
  });

  it('looks for nothing that it could not keep, and keeps a link one', async () => {
    const { world, client } = worldWith((torrent) => torrent.learn(bytes));
    expect(await world.run('metadata', magnet, '-o', join(folder.path, 'no', 'x'))).toBe(4);
    expect(client.torrents).toHaveLength(0);
    const file = await folder.write('real.torrent', 'old');
    const link = join(folder.path, 'link.torrent');
    await symlink(file, link);
    expect(await world.run('metadata', magnet, '-o', link, '--force')).toBe(0);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(parseMetainfo(await readFile(file)).info.name).toBe('album');
  });

  it('says that nothing can be put into a folder', async () => {
    const none = join(folder.path, 'none');
    await expect(folderMustBeWritable(none)).rejects.toMatchObject({
      exitCode: 4,
      message: `cannot write into ${none}: there is no such folder`,
    });
    await folderMustBeWritable(folder.path);
  });

  // To the superuser every folder is writable, but one that takes no file from anybody.
  const takesNone = process.getuid?.() === 0 ? '/proc/sys' : undefined;
  (takesNone === undefined || existsSync(takesNone) ? it : it.skip)(
    'looks for nothing where the current folder takes no file',
    async () => {
      const before = process.cwd();
      if (takesNone === undefined) await chmod(folder.path, 0o555);
      process.chdir(takesNone ?? folder.path);
      const { world, client } = worldWith(learns);
      try {
        expect(await world.run('metadata', magnet)).toBe(4);
      } finally {
        process.chdir(before);
      }
      expect(world.err).toMatch(/^shoal: cannot write into .+: (?:not permitted|EROFS.*)\n$/);
      expect(client.torrents).toEqual([]);
    },
  );

  it('writes over nothing unless told to', async () => {
    const file = await folder.write('x.torrent', 'mine');
    const { world, client } = worldWith(learns);
    expect(await world.run('metadata', magnet, '-o', file)).toBe(4);
    expect(world.err).toContain('--force');
    expect(client.torrents).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await world.run('metadata', magnet, '-o', file, '--force')).toBe(0);
    expect(parseMetainfo(await readFile(file)).info.name).toBe('album');
    expect(await readdir(folder.path)).toEqual(['x.torrent']);
    expect(await world.run('metadata', magnet, '-o', folder.path, '--force')).toBe(4);
  });

  it.each([
    [[magnet, '--timeout', '0.2'], 5, '--timeout'],
    [
      [`magnet:?xt=urn:btih:${'a'.repeat(40)}`, '--no-lsd', '--no-dht'],
      3,
      'no tracker and no peer',
    ],
    [
      [`magnet:?xt=urn:btih:${'a'.repeat(40)}&ws=http://w.invalid/`, '--no-lsd', '--no-dht'],
      3,
      'its web seeds have the files',
    ],
    [
      [
        `magnet:?xt=urn:btih:${'a'.repeat(40)}&xs=http://w.invalid/`,
        '--no-lsd',
        '--no-dht',
        '--timeout',
        '0.2',
      ],
      5,
      '--timeout',
    ],
    [['magnet:?dn=x'], 3, 'info-hash'],
    [['x.torrent'], 2, 'magnet link'],
    [[magnet, '-o', ''], 2, 'empty'],
  ])('ends %j with %d', async (args, code, message) => {
    const { world } = worldWith();
    expect(await world.run('metadata', ...args)).toBe(code);
    expect(world.err).toContain(message);
    expect(world.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('ends with the code of what went wrong, and at a signal', async () => {
    const failing = worldWith((torrent) => {
      torrent.fail(Object.assign(new Error('broken'), { code: 'ERR_METAINFO_BENCODE' }));
    });
    expect(await failing.world.run('metadata', magnet)).toBe(3);
    const { world, client } = worldWith(() => world.emitter.emit('SIGINT', 'SIGINT'));
    expect(await world.run('metadata', magnet)).toBe(130);
    expect(client.closed).toBe(1);
  });
});
