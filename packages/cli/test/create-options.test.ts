import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileColumns, infoHashHex, parseMetainfo, toHex } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import { UsageError } from '../src/errors.ts';
import { excluding } from '../src/run/exclude.ts';
import { TestWorld, useFolder } from './support/test-world.ts';

const folder = useFolder();
const inFolder = (name: string): string => join(folder.path, name);

const read = async (torrent: string): Promise<Metainfo> => parseMetainfo(await readFile(torrent));

/** Paths of the files, without padding. */
async function pathsIn(torrent: string): Promise<string[]> {
  const { info } = await read(torrent);
  const columns = fileColumns(info);
  return info.files.filter(({ index }) => !columns.isPadding(index)).map(({ path }) => path);
}

describe('shoal create', () => {
  beforeEach(async () => {
    for (const path of ['a.bin', 'b.tmp', 'sub/c.bin', 'sub/d.tmp', '.git/config', 'git']) {
      await folder.write(join('album', path), path);
    }
  });

  const create = async (world: TestWorld, ...options: string[]): Promise<number> =>
    world.run('create', inFolder('album'), '-o', inFolder('out.torrent'), ...options);

  it('makes each format, and says both info-hashes of a hybrid torrent', async () => {
    for (const [format, hasV1, hasV2] of [
      ['--v1', true, false],
      ['--hybrid', true, true],
      ['--v2', false, true],
    ] as const) {
      const world = new TestWorld();
      expect([await create(world, format, '-f'), world.err]).toEqual([0, '']);
      const { info } = await read(inFolder('out.torrent'));
      expect([info.infoHash !== undefined, info.infoHashV2 !== undefined]).toEqual([hasV1, hasV2]);
      expect(world.out).toContain(infoHashHex(info));
      if (hasV1 && hasV2) expect(world.out).toContain(toHex(info.infoHashV2!));
    }
    const world = new TestWorld();
    expect(await create(world, '--v1', '--v2', '-f')).toBe(2);
    expect(await create(world, '--no-hybrid', '-f')).toBe(2);
  });

  it('writes to a name as long as a file system takes', async () => {
    const world = new TestWorld();
    const long = inFolder(`${'n'.repeat(247)}.torrent`);
    expect(await world.run('create', inFolder('album'), '-o', long)).toBe(0);
    expect(await read(long)).toBeDefined();
  });

  it('leaves out what is excluded', async () => {
    const world = new TestWorld();
    expect(await create(world, '-x', '*.tmp', '--exclude', '.git/')).toBe(0);
    expect(await pathsIn(inFolder('out.torrent'))).toEqual([
      'album/a.bin',
      'album/git',
      'album/sub/c.bin',
    ]);
  });

  it.each([
    'sub/c.bin\n./a.bin\n\n',
    './sub/c.bin\0a.bin\0',
    'sub/c.bin\r\na.bin',
    '\uFEFFsub/c.bin\r\na.bin\r\n',
  ])('takes the files of the list %j', async (list) => {
    const world = new TestWorld();
    world.input = list;
    const expected = ['album/sub/c.bin', 'album/a.bin'];
    expect(await create(world, '--files-from', '-', '--v1')).toBe(0);
    expect(await pathsIn(inFolder('out.torrent'))).toEqual(expected);
    const file = await folder.write('list', list);
    expect(await create(world, '--files-from', file, '--v1', '-f')).toBe(0);
    expect(await pathsIn(inFolder('out.torrent'))).toEqual(expected);
    expect(await create(world, '--files-from', inFolder('none'), '-f')).toBe(4);
    expect(await create(world, '--files-from', file, '-f', '-x', 'a.bin')).toBe(0);
    expect(await pathsIn(inFolder('out.torrent'))).toEqual(['album/sub/c.bin']);
  });

  it('ends at a signal while it waits for a list', async () => {
    const world = new TestWorld();
    world.stdin = async function* () {
      world.emitter.emit('SIGINT', 'SIGINT');
      await new Promise<void>(() => undefined);
      yield Buffer.from('');
    };
    expect(await create(world, '--files-from', '-')).toBe(130);
    const pipe = inFolder('pipe');
    execFileSync('mkfifo', [pipe]);
    const ended = create(world, '--files-from', pipe);
    // Before it begins to read or while it does: nobody writes.
    while (world.emitter.listenerCount('SIGINT') === 0) await setImmediate();
    world.emitter.emit('SIGINT', 'SIGINT');
    expect(await ended).toBe(130);
  });

  it('refuses a list that is too long, and one that is none', async () => {
    const world = new TestWorld();
    const list = await folder.write('list', '');
    await truncate(list, 2 ** 30);
    expect(await create(world, '--files-from', list)).toBe(4);
    expect(world.err).toContain('larger than 256 MiB');
    expect(await create(world, '--files-from', inFolder('album'))).toBe(4);
  });

  it('takes no name that readers would change', async () => {
    const world = new TestWorld();
    expect(await create(world, '--name', 'CON')).toBe(2);
    expect(world.err).toContain('device');
  });

  it('keeps links and attributes, or not', async () => {
    await chmod(inFolder('album/a.bin'), 0o755);
    await symlink('../a.bin', inFolder('album/sub/link'));
    const world = new TestWorld();
    expect(await create(world, '--symlinks', 'keep', '--attributes', 'executable,hidden')).toBe(0);
    const files = (await read(inFolder('out.torrent'))).info.files;
    const find = (path: string) => files.find((file) => file.path === path)?.attributes;
    expect(find('album/sub/link')?.symlink).toBe('album/a.bin');
    expect(find('album/a.bin')?.executable).toBe(true);
    expect(await create(world, '--symlinks', 'skip', '-f', '--attributes', 'none')).toBe(0);
    const without = (await read(inFolder('out.torrent'))).info.files;
    expect(without.some(({ path }) => path === 'album/sub/link')).toBe(false);
    expect(without.some(({ attributes }) => attributes.executable)).toBe(false);
    for (const wrong of [
      ['--symlinks', 'follow'],
      ['--attributes', 'red'],
      ['--symlinks', 'keep', '--skip-symlinks'],
    ]) {
      expect(await create(world, '-f', ...wrong)).toBe(2);
    }
  });

  it('writes similar torrents, collections, http seeds and nodes', async () => {
    const world = new TestWorld();
    expect(await create(world)).toBe(0);
    const other = (await read(inFolder('out.torrent'))).info;
    const options = ['--similar', 'ab'.repeat(20), '--similar', inFolder('out.torrent')];
    const code = await world.run(
      ...['create', inFolder('album'), '-o', inFolder('new.torrent'), ...options],
      ...['--collection', 'org.example', '--http-seed', 'http://h.invalid/'],
      ...['--node', '[2001:db8::1]:6881'],
    );
    expect([code, world.err]).toEqual([0, '']);
    const metainfo = await read(inFolder('new.torrent'));
    expect(metainfo.similar.map(toHex)).toEqual(['ab'.repeat(20), toHex(other.infoHash!)]);
    expect(metainfo.collections).toEqual(['org.example']);
    expect(metainfo.httpSeeds).toEqual(['http://h.invalid/']);
    expect(metainfo.nodes).toEqual([{ host: '2001:db8::1', port: 6881 }]);
  });
});

describe('patterns', () => {
  it.each([
    ['*.tmp', 'deep/in/x.tmp', false, true],
    ['*.tmp', 'x.tmp.bin', false, false],
    ['.git/', 'sub/.git', true, true],
    ['.git/', '.git', false, false],
    ['sub/*.log', 'sub/x.log', false, true],
    ['sub/*.log', 'other/sub/x.log', false, false],
    ['/top.bin', 'top.bin', false, true],
    ['/top.bin', 'sub/top.bin', false, false],
    ['**/x/*', 'a/b/x/y', false, true],
    ['{a,b}?', 'bc', false, true],
    ['!a', 'b', false, false],
    ['*', '.hidden', false, true],
    ['Extras (1999)/', 'sub/Extras (1999)', true, true],
    ['+(a|b)', 'ab', false, false],
    ['(a|b)', '(a|b)', false, true],
    ['(a|b)', 'b)', false, false],
    ['a*|b*', 'b', false, false],
    ['[!ab]*', 'c.txt', false, true],
    ['[!ab]*', 'a.txt', false, false],
    ['[^ab]*', 'a.txt', false, false],
    ['[[:digit:]]', '5', false, true],
    ['*[(]?).txt', 'x(1).txt', false, true],
    ['*-*-*-*', '1-2-3-4', false, true],
    ['*/*/*/*/*/*.tmp', 'a/b/c/d/e/f.tmp', false, true],
  ])('%s on %s', (pattern, path, isFolder, expected) => {
    expect(excluding([pattern])(path, isFolder)).toBe(expected);
  });

  it.each(['', '/', './', '//', 'x'.repeat(70_000)])('refuses one of no use', (pattern) => {
    expect(() => excluding([pattern])).toThrow(UsageError);
  });

  it.each([
    'a\\\\\\\\',
    '*\\\\\\\\\\/',
    '*a'.repeat(5),
    '**/'.repeat(5),
    '*[a/]'.repeat(5),
    '*{/,a}'.repeat(5),
    '{a,aa}'.repeat(28),
    '{*a,*b}{*a,*b}{*a,*b}',
  ])('refuses one that could take for ever: %s', (pattern) => {
    expect(() => excluding([pattern])).toThrow(UsageError);
  });

  it('refuses one of kilobytes', () => {
    expect(() => excluding(['{'.repeat(2000)])).toThrow(/1024 characters/);
    expect(() => excluding(['x'.repeat(1024)])).not.toThrow();
  });

  it('takes parentheses and signs as they are, so that nothing is repeated', () => {
    const matches = excluding(['(a|aa)+'.repeat(12), '+(+(a))'.repeat(9), '[ab]+'.repeat(9)]);
    expect(matches(`${'a'.repeat(200)}!`, false)).toBe(false);
  });
});

describe('shoal edit', () => {
  let torrent = '';
  beforeEach(async () => {
    await folder.write('album/a', randomBytes(20_000));
    torrent = inFolder('album.torrent');
    const world = new TestWorld();
    const tracker = ['-t', 'http://a.invalid/x', '-w', 'http://w.invalid/'];
    await world.run('create', inFolder('album'), '-o', torrent, '--no-date', ...tracker);
  });

  it('changes what is beside the info dictionary, in place', async () => {
    const before = await read(torrent);
    await chmod(torrent, 0o640);
    const world = new TestWorld();
    const code = await world.run(
      ...['edit', torrent, '--in-place', '-t', 'udp://b.invalid:1,udp://c.invalid:1'],
      ...['--remove-tracker', 'http://a.invalid/x', '--clear-web-seeds', '-w', 'http://v.invalid/'],
      ...['--http-seed', 'http://h.invalid/', '--node', 'n.invalid:6881', '--comment', 'C'],
      ...['--created-by', '', '--creation-date', '2026-02-23T12:00Z'],
    );
    expect([code, world.err]).toEqual([0, '']);
    const after = await read(torrent);
    expect(after).toMatchObject({
      trackers: [['udp://b.invalid:1', 'udp://c.invalid:1']],
      webSeeds: ['http://v.invalid/'],
      httpSeeds: ['http://h.invalid/'],
      nodes: [{ host: 'n.invalid', port: 6881 }],
      comment: 'C',
      createdBy: undefined,
      creationDate: Date.UTC(2026, 1, 23, 12) / 1000,
    });
    expect(Buffer.from(after.info.bytes).equals(before.info.bytes)).toBe(true);
    expect(world.out).toContain(infoHashHex(before.info));
    expect(world.out).not.toContain('was');
    expect((await stat(torrent)).mode & 0o777).toBe(0o640);
    const again = ['--remove-http-seed', 'http://h.invalid/', '--remove-node', 'n.invalid:6881'];
    expect(await world.run('edit', torrent, '-i', '-q', ...again, '--clear-trackers')).toBe(0);
    expect(await read(torrent)).toMatchObject({ trackers: [], httpSeeds: [], nodes: [] });
  });

  it('changes the info-hash only when asked, and says so', async () => {
    const before = await read(torrent);
    const out = inFolder('new.torrent');
    const world = new TestWorld();
    const change = ['--private', '--source', 'S', '--name', 'new'];
    expect(await world.run('edit', torrent, '-o', out, ...change)).toBe(0);
    const after = await read(out);
    expect(after.info).toMatchObject({ private: true, source: 'S', name: 'new' });
    expect(world.out).toContain(`${infoHashHex(after.info)} (was ${infoHashHex(before.info)})`);
    const json = new TestWorld();
    const back = ['--no-private', '--source', '', '--name', 'album', '--json'];
    expect(await json.run('edit', out, '-o', out, '-f', ...back)).toBe(0);
    expect(json.lines).toEqual([
      {
        file: out,
        changed: true,
        infoHash: toHex(before.info.infoHash!),
        infoHashV2: toHex(before.info.infoHashV2!),
        before: {
          infoHash: toHex(after.info.infoHash!),
          infoHashV2: toHex(after.info.infoHashV2!),
        },
      },
    ]);
    expect((await readFile(out)).equals(await readFile(torrent))).toBe(true);
  });

  it('leaves alone what is as asked already, and says so', async () => {
    const old = new Date(1_000_000_000_000);
    await utimes(torrent, old, old);
    const same = ['-t', 'http://a.invalid/x', '--name', 'album', '--no-private'];
    for (const where of [['-i'], ['-o', torrent, '-f']]) {
      const world = new TestWorld();
      expect(await world.run('edit', torrent, ...where, ...same)).toBe(0);
      expect(world.out).toContain('nothing was to be changed: left as it was\n');
      expect((await stat(torrent)).mtime).toEqual(old);
    }
    // Somewhere else it is still asked for.
    const world = new TestWorld();
    const out = inFolder('copy.torrent');
    expect(await world.run('edit', torrent, '-o', out, '--json', ...same)).toBe(0);
    expect(world.lines).toMatchObject([{ file: out, changed: false }]);
    expect((await readFile(out)).equals(await readFile(torrent))).toBe(true);
  });

  it('says that magnet links and addresses are not edited', async () => {
    const world = new TestWorld();
    const change = ['-i', '-c', 'x'];
    expect(await world.run('edit', `magnet:?xt=urn:btih:${'a'.repeat(40)}`, ...change)).toBe(3);
    expect(world.err).toContain('shoal metadata');
    expect(await world.run('edit', 'http://a.invalid/x.torrent', ...change)).toBe(2);
    expect(world.err).toContain('download it');
  });

  it('writes over no file unless told to, and leaves none behind', async () => {
    const other = await folder.write('other.torrent', 'other');
    const world = new TestWorld();
    expect(await world.run('edit', torrent, '-o', other, '-c', 'x')).toBe(4);
    expect(world.err).toContain('--force');
    expect(await readFile(other, 'utf8')).toBe('other');
    const link = inFolder('link.torrent');
    await symlink('album.torrent', link);
    expect(await world.run('edit', link, '-i', '-c', 'through a link')).toBe(0);
    expect((await read(torrent)).comment).toBe('through a link');
    await mkdir(inFolder('new'));
    expect(await world.run('edit', torrent, '-o', inFolder('new/x.torrent'), '-c', 'y')).toBe(0);
    expect(await readdir(inFolder('new'))).toEqual(['x.torrent']);
    expect((await readdir(folder.path)).sort()).toEqual([
      ...['album', 'album.torrent', 'link.torrent', 'new', 'other.torrent'],
    ]);
  });

  it('says what is wrong', async () => {
    const world = new TestWorld();
    await writeFile(inFolder('bad.torrent'), 'no torrent');
    for (const [code, ...args] of [
      [2, torrent, '-c', 'x'],
      [2, torrent, '-i', '-o', 'x', '-c', 'x'],
      [2, torrent, '-i'],
      [2, torrent, '-i', '-t', 'nowhere'],
      [2, torrent, '-i', '-w', 'nowhere'],
      [2, torrent, '-i', '--remove-tracker', 'http://none.invalid/'],
      [2, torrent, '-i', '--creation-date', 'yesterday'],
      [2, torrent, '-i', '--name', '..'],
      [2, torrent, '-i', '--name', 'CON'],
      [3, inFolder('bad.torrent'), '-i', '-c', 'x'],
      [4, inFolder('none.torrent'), '-o', inFolder('y.torrent'), '-c', 'x'],
    ] as const) {
      expect([args, await world.run('edit', ...args)]).toEqual([args, code]);
    }
  });
});
