import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FakeClient, type FakeTorrent } from './support/fake-client.ts';
import { TestWorld, tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();

/** A seed that runs until a signal. */
async function startSeed(...more: string[]): Promise<{
  world: TestWorld;
  client: FakeClient;
  end: () => Promise<number>;
}> {
  const torrent = await folder.write('a.torrent', tinyTorrent('a'));
  await folder.write('a', 'x');
  const world = new TestWorld();
  const client = new FakeClient((added: FakeTorrent) => {
    added.become('seeding');
  });
  world.startClient = client.start;
  const ended = world.run('seed', torrent, ...more);
  await until(() => client.torrents[0]?.state === 'seeding');
  return {
    world,
    client,
    end: () => {
      world.emitter.emit('SIGTERM', 'SIGTERM');
      return ended;
    },
  };
}

/** Lets others work until it holds; not for ever, as a loop that a test leaves behind would keep it from ending. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 20_000) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('--ip-filter', () => {
  it('reads its files, packed or not, and says what could not be read', async () => {
    const one = await folder.write('one.p2p', 'A:1.2.3.0-1.2.3.255\nB\u001b[31mad\n');
    const two = await folder.write('two.gz', gzipSync('2001:db8::/32\n'));
    const { world, client, end } = await startSeed('--ip-filter', one, '--ip-filter', two);
    const { ipFilter } = client.options ?? {};
    expect(['1.2.3.4', '2001:db8::5', '1.2.4.4'].map((each) => ipFilter?.blocks(each))).toEqual([
      true,
      true,
      false,
    ]);
    expect(await end()).toBe(143);
    expect(world.out).toContain(`IP filter: 2 ranges; ${one}: 1 line left out, first line 2: `);
    expect(world.out).not.toContain('\u001b');
  });

  it('reads them again at SIGHUP, and keeps the old addresses where it cannot', async () => {
    const path = await folder.write('list', '1.2.3.4\n');
    const { world, client, end } = await startSeed('--ip-filter', path, '--json');
    await folder.write('list', '5.6.7.8\n1.1.1.1\n');
    world.emitter.emit('SIGHUP', 'SIGHUP');
    await until(() => client.filters.length === 1);
    expect(client.filters[0]?.blocks('5.6.7.8')).toBe(true);
    expect(client.filters[0]?.blocks('1.2.3.4')).toBe(false);
    await folder.write('list', '<html>not found\n');
    world.emitter.emit('SIGHUP', 'SIGHUP');
    await until(() => world.err !== '');
    expect(world.err).toMatch(/cannot use the IP filter .*list: line 1: no line holds a range/);
    expect(client.filters).toHaveLength(1);
    expect(await end()).toBe(143);
    const read = world.lines.filter(({ event }) => event === 'ipFilter');
    expect(read.map(({ ranges }) => ranges)).toEqual([1, 2]);
    expect(read[0]).toMatchObject({ files: [{ file: path, lines: 1, ranges: 1, malformed: 0 }] });
  });

  it('leaves SIGHUP as it is where there is nothing to be read again', async () => {
    const { world, end } = await startSeed();
    world.emitter.emit('SIGHUP', 'SIGHUP');
    expect(await end()).toBe(129);
  });

  it('refuses files that cannot be used before anything is started', async () => {
    const torrent = await folder.write('a.torrent', tinyTorrent('a'));
    const bad = await folder.write('bad', '1.2.3.4\nbad\n');
    const download = async (...args: string[]): Promise<[number, string, boolean]> => {
      const world = new TestWorld();
      const client = new FakeClient();
      world.startClient = client.start;
      const code = await world.run('download', torrent, '-o', join(folder.path, 'out'), ...args);
      return [code, world.err, client.options === undefined];
    };
    expect(await download('--ip-filter', join(folder.path, 'none'))).toEqual([
      4,
      expect.stringMatching(/cannot use the IP filter .*none: there is no such file/),
      true,
    ]);
    expect(await download('--ip-filter', bad, '--ip-filter-strict')).toEqual([
      4,
      expect.stringMatching(/bad: line 2: it holds no range of addresses/),
      true,
    ]);
  });
});

describe('a ban', () => {
  it('is told, with its reason and its time', async () => {
    const torrent = await folder.write('a.torrent', tinyTorrent('a'));
    const ban = {
      address: '192.0.2.1',
      code: 'corrupt-data',
      reason: 'It sent corrupt data',
      since: new Date(0),
      until: new Date(86_400_000),
    } as const;
    const outputs: string[] = [];
    for (const json of [[], ['--json']]) {
      const world = new TestWorld();
      const client = new FakeClient((added) => {
        added.emit('ban', ban);
        added.become('seeding');
      });
      world.startClient = client.start;
      await world.run('download', torrent, '-o', join(folder.path, 'out'), ...json);
      outputs.push(json.length === 0 ? world.err : world.out);
    }
    expect(outputs[0]).toContain(
      'warning: a: 192.0.2.1 banned until 1970-01-02T00:00:00.000Z: It sent corrupt data',
    );
    expect(outputs[1]).toMatch(
      /"event":"ban".*"address":"192.0.2.1","code":"corrupt-data","reason":"It sent corrupt data"/,
    );
  });
});
