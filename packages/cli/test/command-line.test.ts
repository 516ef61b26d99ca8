import { parseCommandLine } from '../src/command-line.ts';
import { commands } from '../src/commands/index.ts';
import { UsageError } from '../src/errors.ts';
import { withDefault } from '../src/main.ts';
import { VERSION } from '../src/version.ts';
import { TestWorld } from './support/test-world.ts';

async function argsOf(...args: string[]): Promise<Record<string, unknown>> {
  const request = await parseCommandLine(args);
  if ('output' in request) throw new Error(request.output);
  return request.args as Record<string, unknown>;
}

describe('the command line', () => {
  it('shows help that names every command, and every command has help with an example', async () => {
    const world = new TestWorld();
    expect(await world.run('--help')).toBe(0);
    for (const { name } of commands) expect(world.out).toContain(`shoal ${name}`);
    expect(world.out).toContain('Exit codes: 0 done');
    for (const { name, usage } of commands) {
      const help = new TestWorld();
      expect(await help.run(name, '--help')).toBe(0);
      expect(help.out).toContain(`shoal ${usage}`);
      expect(help.out).toContain('Examples:');
      expect(help.out).not.toContain('\u001b');
      expect(help.err).toBe('');
    }
  });

  it('shows help where nothing is asked for, and the tour where the workspace runs it', async () => {
    const world = new TestWorld();
    expect(await world.run()).toBe(0);
    expect(world.out).toContain('shoal download');
    expect(withDefault([], { SHOAL_TOUR_BY_DEFAULT: '1' })).toEqual(['tour']);
    expect(withDefault(['info'], { SHOAL_TOUR_BY_DEFAULT: '1' })).toEqual(['info']);
  });

  it('says its version', async () => {
    const world = new TestWorld();
    expect(await world.run('--version')).toBe(0);
    expect(world.out).toBe(`${VERSION}\n`);
    expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('prints a completion script, and completes', async () => {
    const world = new TestWorld();
    expect(await world.run('completion')).toBe(0);
    expect(world.out).toContain('shoal');
    expect(world.out).toContain('--get-yargs-completions');
  });

  it('takes arguments as they are: no numbers, no dots, no greedy lists', async () => {
    const args = await argsOf('seed', '0123', '--data', '007', '-t', 'http://a.b', '1e5');
    expect(args).toMatchObject({ torrent: ['0123', '1e5'], data: '007', tracker: ['http://a.b'] });
  });

  it('takes what stands behind -- as names, whatever they look like', async () => {
    expect(await argsOf('info', '--', 'x.torrent')).toMatchObject({ torrent: 'x.torrent' });
    expect(await argsOf('info', '--json', '--', '-x')).toMatchObject({
      torrent: './-x',
      json: true,
    });
    expect(await argsOf('info', '--json', '--', 'true')).toMatchObject({ torrent: './true' });
    expect(await argsOf('verify', 'a', '--', '--json')).toMatchObject({
      torrent: 'a',
      path: './--json',
      json: false,
    });
    await expect(argsOf('info', 'a', '--', 'b')).rejects.toThrow(UsageError);
    await expect(argsOf('info', '--')).rejects.toThrow(/needs a torrent/);
  });

  it('accepts what a benchmark passes', async () => {
    const net = ['--bind', '127.0.0.1', '--port', '6881', '--quiet'];
    await expect(argsOf('download', 'T', '--output', 'D', ...net)).resolves.toMatchObject({
      source: ['T'],
      output: 'D',
      bind: '127.0.0.1',
      port: 6881,
      quiet: true,
    });
    expect((await argsOf('seed', 'T', '--data', 'D', '--no-check', ...net))['check']).toBe(false);
    expect((await argsOf('seed', 'T', '--data', 'D', '--check', ...net))['check']).toBe(true);
    expect((await argsOf('seed', 'T'))['check']).toBeUndefined();
    await expect(
      argsOf('create', 'F', '-o', 'O', '--piece-length', '1048576', '--v1', '--quiet'),
    ).resolves.toMatchObject({ path: 'F', output: 'O', 'piece-length': 1_048_576, v1: true });
    await expect(argsOf('tracker', ...net)).resolves.toMatchObject({ port: 6881 });
  });

  it('reads tiers of trackers for a new torrent', async () => {
    const args = await argsOf('create', 'x', '-t', 'http://a/1,2,udp://b:1', '-t', 'https://c');
    expect(args['tracker']).toEqual([['http://a/1,2', 'udp://b:1'], ['https://c']]);
  });

  it.each([
    ['bogus'],
    ['--bogus'],
    ['info'],
    ['info', 'a', 'b'],
    ['create'],
    ['create', 'x', '--piece-length', 'big'],
    ['create', 'x', '--comment'],
    ['create', 'x', '--comment', 'a', '--comment', 'b'],
    ['tracker', '--port', '1-2'],
    ['download'],
    ['seed', 'x', '--seed-time', 'long'],
  ])('refuses %j', async (...args) => {
    await expect(parseCommandLine(args)).rejects.toBeInstanceOf(UsageError);
    const world = new TestWorld();
    expect(await world.run(...args)).toBe(2);
    expect(world.out).toBe('');
    expect(world.err).toMatch(/^shoal: .+\n$/);
  });

  it('says what is missing, and where help is', async () => {
    const world = new TestWorld();
    expect(await world.run('download')).toBe(2);
    expect(world.err).toBe(
      'shoal: download what? It needs a source: shoal download <source..> (shoal download --help says more)\n',
    );
  });

  it('strips what an argument could do to a terminal from the error', async () => {
    const world = new TestWorld();
    expect(await world.run('info', 'no\u001b[31m\nsuch\u0007.torrent')).toBe(4);
    expect(world.err).toBe('shoal: cannot read nosuch.torrent: there is no such file\n');
  });
});
