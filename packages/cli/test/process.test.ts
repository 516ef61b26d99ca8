import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION } from '../src/version.ts';
import { buildCommand, CommandProcess, removeCommand } from './support/built-command.ts';
import { tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();
let script: string;
beforeAll(() => {
  script = buildCommand();
});
afterAll(() => {
  removeCommand();
});

async function run(...args: string[]): Promise<CommandProcess & { code: unknown }> {
  const process = new CommandProcess(script, args, { HOME: folder.path });
  return Object.assign(process, { code: await process.ended });
}

/** What a command printed with `--json`. */
function linesOf({ out }: { readonly out: string }): unknown[] {
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe('the shoal process', () => {
  it('says its version, ends with the exit code of an error, and says it in one line', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: `${VERSION}\n`, err: '' });
    const wrong = await run('info', join(folder.path, 'none.torrent'));
    expect(wrong).toMatchObject({ code: 4, out: '' });
    expect(wrong.err).toMatch(/^shoal: .+\n$/);
  });

  it('runs the first steps of the README', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const steps = /```sh\n([^`]+)```/.exec(readme)?.[1]?.trimEnd().split('\n') ?? [];
    expect(steps.length).toBeGreaterThan(3);
    await folder.write('album/song.flac', 'la');
    for (const step of steps) {
      const [name, ...args] = step.split(' ');
      expect(name).toBe('shoal');
      const process = new CommandProcess(script, args, { HOME: folder.path }, folder.path);
      expect([step, await process.ended, process.err]).toEqual([step, 0, '']);
    }
  });

  it('says in one line that its output cannot be written', async () => {
    if (!existsSync('/dev/full')) return;
    const torrent = await folder.write('a.torrent', tinyTorrent('a'));
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [script, 'info', torrent], {
      stdio: ['ignore', full, 'pipe'],
    });
    let err = '';
    child.stderr?.on('data', (text: Buffer) => (err += text.toString()));
    const [code] = (await once(child, 'close')) as [number];
    closeSync(full);
    expect([code, err]).toEqual([4, 'shoal: cannot write to the output: no space left\n']);
  });

  it('is quiet when its reader goes away', async () => {
    const process = new CommandProcess(script, ['--help']);
    process.child.stdout.destroy();
    await process.ended;
    expect(process.err).toBe('');
  });

  it('creates, tracks, seeds, downloads and verifies, and ends in order at a signal', async () => {
    const content = join(folder.path, 'data/album');
    const bytes = randomBytes(3_000_000);
    await folder.write('data/album/a.bin', bytes);
    await folder.write('data/album/b/c.txt', 'text');
    await folder.write('data/album/empty', '');
    const torrent = join(folder.path, 'album.torrent');
    const target = join(folder.path, 'target');
    const env = { HOME: folder.path };
    const loopback = ['--bind', '127.0.0.1'];

    const tracker = new CommandProcess(
      script,
      ['tracker', '--port', '0', ...loopback, '--json'],
      env,
    );
    await tracker.says('\n');
    const { url } = JSON.parse(tracker.out) as { url: string };
    expect(await run('create', content, '-o', torrent, '-t', url)).toMatchObject({ code: 0 });

    const seeder = new CommandProcess(
      script,
      ['seed', torrent, '--data', content, ...loopback, '--json'],
      env,
    );
    await seeder.says('"state":"working"');
    const download = await run('download', torrent, '-o', target, ...loopback, '--timeout', '50s');
    expect(download).toMatchObject({ code: 0, err: '' });
    expect(download.out).toContain('album: complete');
    expect(download.out).not.toContain('\u001b');
    expect((await readFile(join(target, 'album/a.bin'))).equals(bytes)).toBe(true);
    expect(await run('verify', torrent, target)).toMatchObject({ code: 0 });
    expect(await readdir(join(folder.path, '.local/state/shoal/resume'))).not.toEqual([]);
    // The seeder is in both swarms of a hybrid torrent.
    const one: unknown = expect.objectContaining({ complete: 1, incomplete: 0 });
    expect(linesOf(await run('scrape', torrent, '--json'))).toEqual([one, one]);

    seeder.child.kill('SIGINT');
    expect(await seeder.ended).toBe(130);
    expect(seeder.err).toBe('');
    // `stopped` was sent: the tracker knows nobody any more.
    const nobody: unknown = expect.objectContaining({ complete: 0 });
    for (const swarm of linesOf(await run('scrape', torrent, '--json')))
      expect(swarm).toEqual(nobody);
    tracker.child.kill('SIGTERM');
    expect(await tracker.ended).toBe(143);
  });

  it('goes on with the same command after an interruption', async () => {
    await folder.write('data/big.bin', randomBytes(4_000_000));
    const torrent = join(folder.path, 'big.torrent');
    const target = join(folder.path, 'target');
    const env = { HOME: folder.path };
    await run('create', join(folder.path, 'data/big.bin'), '-o', torrent);
    const seeder = new CommandProcess(
      script,
      ['seed', torrent, '--data', join(folder.path, 'data'), '--bind', '127.0.0.1', '--json'],
      env,
    );
    await seeder.says('"event":"start"');
    const { port } = JSON.parse(seeder.out.slice(0, seeder.out.indexOf('\n'))) as { port: number };
    const args = ['download', torrent, '-o', target, '--bind', '127.0.0.1', '--json'];
    args.push('--peer', `127.0.0.1:${port}`, '--timeout', '50s');
    const slow = new CommandProcess(script, [...args, '--max-download', '1M'], env);
    await slow.says('"event":"progress"');
    slow.child.kill('SIGTERM');
    expect(await slow.ended).toBe(143);
    expect(slow.out).toContain('"exitCode":143');
    const rest = await run(...args);
    expect(rest.code).toBe(0);
    expect((await run('verify', torrent, target)).code).toBe(0);
    seeder.child.kill('SIGTERM');
    await seeder.ended;
  });

  it('finds its peer again after an interruption, though the tracker is gone', async () => {
    await folder.write('data/big.bin', randomBytes(4_000_000));
    const torrent = join(folder.path, 'big.torrent');
    const target = join(folder.path, 'target');
    const env = { HOME: folder.path };
    const loopback = ['--bind', '127.0.0.1', '--json'];
    const tracker = new CommandProcess(script, ['tracker', '--port', '0', ...loopback], env);
    await tracker.says('\n');
    const { url } = JSON.parse(tracker.out) as { url: string };
    await run('create', join(folder.path, 'data/big.bin'), '-o', torrent, '-t', url);
    const data = ['--data', join(folder.path, 'data')];
    const seeder = new CommandProcess(script, ['seed', torrent, ...data, ...loopback], env);
    await seeder.says('"state":"working"');
    const args = ['download', torrent, '-o', target, ...loopback, '--timeout', '50s'];
    const slow = new CommandProcess(script, [...args, '--max-download', '1M'], env);
    await slow.says('"event":"progress"');
    slow.child.kill('SIGTERM');
    expect(await slow.ended).toBe(143);
    tracker.child.kill('SIGTERM');
    await tracker.ended;
    const rest = await run(...args);
    expect([rest.code, rest.err]).toEqual([0, '']);
    expect((await run('verify', torrent, target)).code).toBe(0);
    seeder.child.kill('SIGTERM');
    await seeder.ended;
  });

  it('shows the tour, and cleans up', async () => {
    const tour = new CommandProcess(script, ['tour', '--size', '3M'], { TMPDIR: folder.path });
    expect(await tour.ended).toBe(0);
    for (const step of ['tracker', 'create', 'seed', 'download', 'verify']) {
      expect(tour.out).toContain(`$ shoal ${step} `);
    }
    expect(tour.out).toContain('all 194 pieces match');
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('can be interrupted on the tour', async () => {
    const tour = new CommandProcess(script, ['tour', '--size', '3M'], { TMPDIR: folder.path });
    await tour.says('A tracker');
    tour.child.kill('SIGINT');
    expect(await tour.ended).toBe(130);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('leaves nothing of the tour behind where a second Ctrl-C ends it at once', async () => {
    const tour = new CommandProcess(script, ['tour', '--size', '3M'], { TMPDIR: folder.path });
    await tour.says('A seeder');
    const again = setInterval(() => tour.child.kill('SIGINT'), 100);
    expect(await tour.ended).toBe(130);
    clearInterval(again);
    expect(await readdir(folder.path)).toEqual([]);
  });
});
