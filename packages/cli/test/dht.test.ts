import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DhtNode } from '@shoal/dht';
import { formatEndpoint } from '@shoal/net';
import { TestWorld, tinyTorrent, useFolder } from './support/test-world.ts';

const folder = useFolder();
const infoHash = 'ab'.repeat(20);

// A small DHT on loopback; every command enters it by its first node.
const nodes: DhtNode[] = [];
let entry: string[] = [];

beforeAll(async () => {
  for (let count = 0; count < 5; count++) {
    const bootstrap = nodes[0]?.endpoints ?? [];
    const node = await DhtNode.open({ addresses: ['127.0.0.1'], bootstrap });
    nodes.push(node);
    await node.ready();
  }
  const [first] = nodes[0]?.endpoints ?? [];
  entry = ['--bind', '127.0.0.1', '--bootstrap', first === undefined ? '' : formatEndpoint(first)];
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
});

async function dht(...args: string[]): Promise<{ code: number; world: TestWorld }> {
  const world = new TestWorld();
  const code = await world.run('dht', ...args, ...entry);
  return { code, world };
}

describe('shoal dht', () => {
  it('announces, finds and counts peers', async () => {
    const announced = await dht('announce', infoHash, '--peer-port', '5555', '--seed', '--json');
    expect([announced.code, announced.world.err]).toEqual([0, '']);
    expect(announced.world.lines.at(-1)).toMatchObject({
      event: 'end',
      infoHash,
      port: 5555,
      stored: 5,
    });
    const found = await dht('lookup', infoHash);
    expect([found.code, found.world.out]).toEqual([0, '127.0.0.1:5555\n']);
    const json = await dht('lookup', `magnet:?xt=urn:btih:${infoHash}`, '--json');
    expect(json.world.lines).toEqual([
      { event: 'peer', infoHash, address: '127.0.0.1', port: 5555 },
      {
        event: 'end',
        infoHash,
        peers: 1,
        queries: expect.any(Number) as number,
        answers: 5,
        hops: expect.any(Number) as number,
      },
    ]);
    const scraped = await dht('scrape', infoHash);
    expect(scraped.world.out).toBe(`${infoHash}: about 1 seeds, 0 other peers, as 5 nodes say\n`);
    const sampled = await dht('sample', infoHash);
    expect([sampled.code, sampled.world.out]).toEqual([0, `${infoHash}\n`]);
    // Those who only ask are in nobody's table.
    expect(nodes.map(({ nodeCount }) => nodeCount)).toEqual([4, 4, 4, 4, 4]);
  });

  it('says by its exit code that nothing was found', async () => {
    const lookup = await dht('lookup', 'cd'.repeat(20));
    expect([lookup.code, lookup.world.out]).toEqual([5, '']);
    const get = await dht('get', 'cd'.repeat(20));
    expect([get.code, get.world.err]).toEqual([5, 'shoal: no node has such an item\n']);
    const world = new TestWorld();
    expect(await world.run('dht', 'lookup', infoHash, '--bind', '127.0.0.1')).toBe(5);
    expect(world.err).toContain('no other node of the DHT is known');
  });

  it('gives up in time', async () => {
    const world = new TestWorld();
    // Nobody answers there: its own socket, which is deaf.
    const silent = await DhtNode.open({ addresses: ['127.0.0.1'], readOnly: true });
    const [at] = silent.endpoints;
    const code = await world.run(
      ...['dht', 'lookup', infoHash, '--bind', '127.0.0.1', '--timeout', '50ms'],
      ...['--bootstrap', at === undefined ? '' : formatEndpoint(at)],
    );
    expect([code, world.err]).toEqual([5, 'shoal: the DHT did not answer in time\n']);
    await silent.close();
  });

  it('stores items that never change', async () => {
    const put = await dht('put', 'hello', '--json');
    const [{ target, stored, value }] = put.world.lines as [Record<string, string>];
    expect([put.code, stored, value]).toEqual([0, 5, Buffer.from('5:hello').toString('hex')]);
    const get = await dht('get', String(target));
    expect([get.code, get.world.out]).toEqual([0, 'hello\n']);
    const path = await folder.write('value', 'li1e1:xe');
    const list = await dht('put', '--file', path, '--bencoded', '--json');
    const [{ target: listTarget }] = list.world.lines as [Record<string, string>];
    expect((await dht('get', String(listTarget))).world.out).toBe('li1e1:xe\n');
    const json = await dht('get', String(listTarget), '--json');
    expect(json.world.lines).toMatchObject([{ kind: 'immutable', text: null }]);
  });

  it('stores items that their owner can change', async () => {
    const key = join(folder.path, 'my.key');
    const first = await dht('put', 'one', '--key', key, '--new-key', '--salt', 's', '--json');
    expect([first.code, first.world.err]).toEqual([0, '']);
    const [{ publicKey, seq }] = first.world.lines as [Record<string, string>];
    expect(seq).toBe('1');
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(await readFile(key, 'latin1')).toMatch(/^[0-9a-f]{64}\n$/);
    // The key is not written over.
    const again = await dht('put', 'two', '--key', key, '--new-key');
    expect(again.code).toBe(4);
    const second = await dht('put', 'two', '--key', key, '--salt', 's', '--cas', '1', '--json');
    expect(second.world.lines).toMatchObject([{ seq: '2', publicKey }]);
    for (const place of [[String(publicKey)], ['--key', key]]) {
      const get = await dht('get', ...place, '--salt', 's');
      expect([get.code, get.world.out]).toEqual([0, 'two\n']);
    }
    const stale = await dht('put', 'three', '--key', key, '--salt', 's', '--cas', '1');
    expect([stale.code, stale.world.err]).toEqual([5, expect.stringContaining('301') as string]);
    const old = await dht('put', 'three', '--key', key, '--salt', 's', '--seq', '1');
    expect([old.code, old.world.err]).toEqual([5, expect.stringContaining('302') as string]);
  });

  it('runs a node until it is told to end', async () => {
    const world = new TestWorld();
    const running = world.run('dht', 'node', '--json', '--every', '100ms', ...entry);
    const figures = (): Record<string, unknown>[] =>
      world.out === '' ? [] : world.lines.filter(({ event }) => event === 'figures');
    while (!figures().some((line) => line['nodes'] === 5)) await new Promise(setImmediate);
    world.emitter.emit('SIGINT', 'SIGINT');
    expect(await running).toBe(130);
    const [listening] = world.lines;
    expect(listening).toMatchObject({
      event: 'listening',
      endpoints: [{ address: '127.0.0.1' }],
      ids: [{ family: 4, id: expect.stringMatching(/^[0-9a-f]{40}$/) as string }],
    });
    expect(world.lines.at(-1)).toMatchObject({ event: 'end', nodes: 5, malformed: 0 });
  });

  it.each([
    [['lookup'], 'It needs an info-hash'],
    [['lookup', 'abc'], 'no info-hash'],
    [['get', 'x'], 'neither a target'],
    [['get', infoHash, '--salt', 's'], 'goes with a public key'],
    [['put'], 'It needs a text, or --file'],
    [['put', 'x', '--salt', 's'], 'name a --key'],
    [['put', 'i01e', '--bencoded'], 'not valid bencode'],
    [['put', 'x', '--seq', '9223372036854775808'], 'no sequence number'],
    [['lookup', infoHash, '--seed'], '--seed is for announce'],
    [['announce', infoHash, '--peer-port', '0'], 'port 0'],
    [['node', 'x'], 'takes no argument'],
    [['sing'], 'sing'],
  ])('refuses %j', async (args, message) => {
    const { code, world } = await dht(...args);
    expect([code, world.err]).toEqual([2, expect.stringContaining(message) as string]);
  });

  it('refuses values that no node takes', async () => {
    const { code, world } = await dht('put', 'x'.repeat(1_001));
    expect([code, world.err]).toEqual([2, expect.stringContaining('value too big') as string]);
  });

  it('does not ask for private torrents', async () => {
    const bytes = Buffer.from(tinyTorrent('x')).toString('latin1');
    const path = await folder.write('p.torrent', bytes.replace(/ee$/, '7:privatei1eee'));
    const { code, world } = await dht('lookup', path);
    expect([code, world.err]).toEqual([3, expect.stringContaining('BEP 27') as string]);
  });
});
