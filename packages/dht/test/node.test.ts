import { encode } from '@shoal/bencode';
import { seededRandom } from '@shoal/net';
import { isNodeIdValid, ItemKeyPair } from '../src/index.ts';
import { query } from './support/messages.ts';
import { PORT, SmallDht } from './support/small-dht.ts';

const infoHash = new Uint8Array(20).fill(0xab);

describe('DhtNode', () => {
  let dht: SmallDht;
  beforeEach(() => {
    dht = new SmallDht();
  });
  afterEach(() => dht.close());

  it('finds what was announced', async () => {
    await dht.grow(20);
    const [, , seeder, leecher] = dht.nodes;
    const announced = await dht.until(seeder!.announce(infoHash, { port: 5555 }));
    expect(announced.stored).toBeGreaterThanOrEqual(8);
    const told: unknown[] = [];
    const found = await dht.until(
      leecher!.lookup(infoHash, { onPeers: (peers) => told.push(...peers) }),
    );
    expect(found.peers).toEqual([{ address: '20.0.3.1', port: 5555 }]);
    expect(told).toEqual(found.peers);
    expect(found.hops).toBeGreaterThan(0);
    expect(found.answers).toBeLessThanOrEqual(found.queries);
  });

  it('announces the port its datagrams come from, where that is asked for', async () => {
    await dht.grow(5);
    await dht.until(dht.nodes[1]!.announce(infoHash, { port: 5555, impliedPort: true }));
    const { peers } = await dht.until(dht.nodes[2]!.lookup(infoHash));
    expect(peers).toEqual([{ address: '20.0.2.1', port: PORT }]);
  });

  it('works in a DHT of two, also for what only it stores', async () => {
    await dht.grow(2);
    const [one, other] = dht.nodes;
    await dht.until(other!.announce(infoHash, { port: 1 }));
    const { peers } = await dht.until(one!.lookup(infoHash));
    expect(peers).toEqual([{ address: '20.0.2.1', port: 1 }]);
    const { item } = await dht.until(
      other!
        .put({ kind: 'immutable', value: encode('mine') })
        .then(({ target }) => one!.get(target)),
    );
    expect(item?.value).toEqual(encode('mine'));
  });

  it('estimates the size of a swarm (BEP 33) and samples info-hashes (BEP 51)', async () => {
    await dht.grow(12);
    for (const [index, node] of dht.nodes.slice(1, 6).entries()) {
      await dht.until(node.announce(infoHash, { port: 1000 + index, seed: index < 2 }));
    }
    const sizes = await dht.until(dht.nodes[8]!.scrape(infoHash));
    expect(sizes.seeds).toBeCloseTo(2, 0);
    expect(sizes.peers).toBeCloseTo(3, 0);
    expect(sizes.nodes).toBeGreaterThan(0);
    const sampled = await dht.until(dht.nodes[9]!.sample(infoHash));
    expect(sampled.infoHashes).toContainEqual(infoHash);
    const noSeeds = await dht.until(dht.nodes[9]!.scrape(new Uint8Array(20)));
    expect([noSeeds.seeds, noSeeds.peers]).toEqual([0, 0]);
  });

  it('stores and finds items (BEP 44), the newest of a key', async () => {
    await dht.grow(15);
    const [, writer, reader] = dht.nodes;
    const { keys } = ItemKeyPair.generate(seededRandom(5));
    const salt = Buffer.from('salt');
    const sign = (seq: bigint, text: string) => keys.sign({ salt, seq, value: encode(text) });
    const place = { publicKey: keys.publicKey, salt };
    await dht.until(writer!.put(sign(1n, 'first')));
    await dht.until(writer!.put(sign(2n, 'second'), { cas: 1n }));
    const { item } = await dht.until(reader!.get(place));
    expect(item).toMatchObject({ kind: 'mutable', seq: 2n, value: encode('second') });
    const stale = dht.until(reader!.put(sign(1n, 'again')));
    await expect(stale).rejects.toMatchObject({
      code: 'ERR_DHT_NOT_STORED',
      message: expect.stringContaining('302') as string,
    });
    const large = { kind: 'immutable', value: encode('x'.repeat(1_000)) } as const;
    await expect(reader!.put(large)).rejects.toMatchObject({ code: 'ERR_DHT_ITEM' });
    const nothing = await dht.until(reader!.get(new Uint8Array(20)));
    expect(nothing.item).toBeUndefined();
  });

  it('serves both families, and finds the nodes of one through the other (BEP 32)', async () => {
    const addresses = ['::'];
    const first = { address: '20.0.1.1', port: PORT };
    await dht.grow(7, { addresses, bootstrap: [first, { address: '2a00:1::1', port: PORT }] });
    // This one knows nobody's IPv6 address.
    await dht.grow(1, { addresses, bootstrap: [first] });
    for (const { stats } of dht.nodes) {
      expect(stats.families.map(({ family }) => family)).toEqual([4, 6]);
      for (const { contacts } of stats.families) expect(contacts).toBeGreaterThan(3);
    }
    await dht.until(dht.nodes[3]!.announce(infoHash, { port: 99 }));
    const { peers } = await dht.until(dht.nodes[5]!.lookup(infoHash));
    expect(new Set(peers.map(({ address }) => address))).toEqual(
      new Set(['20.0.4.1', '2a00:4::1']),
    );
  });

  it('learns its address and takes an id that follows from it (BEP 42)', async () => {
    const heard: string[] = [];
    await dht.grow(10);
    const node = await dht.open({ onExternalAddress: (address) => heard.push(address) });
    await dht.until(node.ready());
    await dht.pass(30_000);
    expect(heard).toEqual(['20.0.11.1']);
    expect(node.externalAddress).toBe('20.0.11.1');
    expect(isNodeIdValid(node.stats.families[0]!.id, '20.0.11.1')).toBe(true);
    // Under its new id it is found as before.
    await dht.until(node.announce(infoHash, { port: 9 }));
    const { peers } = await dht.until(dht.nodes[3]!.lookup(infoHash));
    expect(peers).toEqual([{ address: '20.0.11.1', port: 9 }]);
  });

  it('keeps to itself what it is told to: a read-only node (BEP 43)', async () => {
    await dht.grow(6);
    const node = await dht.open({ readOnly: true });
    await dht.until(node.ready());
    const raw = await dht.raw();
    raw.send(query({ method: 'ping' }), { address: '20.0.7.1', port: PORT });
    await dht.pass(60_000);
    expect(raw.got).toHaveLength(0);
    const known = dht.nodes.slice(0, 6).map(({ stats }) => stats.families[0]!.contacts);
    expect(Math.max(...known)).toBe(5);
    await dht.until(node.announce(infoHash, { port: 9 }));
    const { peers } = await dht.until(dht.nodes[3]!.lookup(infoHash));
    expect(peers).toEqual([{ address: '20.0.7.1', port: 9 }]);
  });

  it('goes on with the state of an earlier run, without bootstrap nodes', async () => {
    await dht.grow(10);
    const [, , third] = dht.nodes;
    const state = third!.state();
    const { id } = third!.stats.families[0]!;
    await third!.close();
    const again = await dht.open({ state, bootstrap: [] });
    await dht.until(again.ready());
    expect(again.nodeCount).toBeGreaterThan(5);
    expect(again.stats.families[0]!.bootstraps).toBe(1);
    expect(id).toHaveLength(20);
    const ignored = await dht.open({ state: Buffer.from('d1:x'), bootstrap: [] });
    expect(ignored.nodeCount).toBe(0);
  });

  it('bootstraps by name, again and again until there is somebody', async () => {
    const first = await dht.open();
    let asked = 0;
    const resolve = (name: string): Promise<readonly string[]> => {
      asked++;
      if (asked < 4) return Promise.reject(new Error('no name service yet'));
      return Promise.resolve(name === 'dht.example' ? ['2a00:1::1', '20.0.1.1'] : []);
    };
    const node = await dht.open({ bootstrap: [`dht.example:${PORT}`], resolve });
    await dht.until(node.ready());
    expect(node.nodeCount).toBe(0);
    await expect(dht.until(node.lookup(infoHash))).rejects.toMatchObject({
      code: 'ERR_DHT_NO_NODES',
    });
    await dht.pass(120_000);
    expect(asked).toBeGreaterThanOrEqual(4);
    expect(node.nodeCount).toBe(1);
    expect(first.nodeCount).toBe(1);
  });

  it('finds back when its line was down, without bootstrap nodes', async () => {
    await dht.grow(12);
    const host = dht.host();
    const node = await dht.open({}, host);
    await dht.until(node.ready());
    const state = node.state();
    await node.close();
    const again = await dht.open({ state, bootstrap: [] }, host);
    await dht.until(again.ready());
    host.down();
    await dht.pass(40 * 60_000);
    const alone = await dht.until(again.lookup(infoHash));
    expect(alone.answers).toBe(0);
    host.up();
    await dht.pass(20 * 60_000);
    await dht.until(dht.nodes[3]!.announce(infoHash, { port: 9 }));
    const { peers } = await dht.until(again.lookup(infoHash));
    expect(peers).toEqual([{ address: '20.0.4.1', port: 9 }]);
  });

  it('does not wait for bootstrap nodes that are dead when another answers', async () => {
    await dht.grow(10);
    const dead = Array.from({ length: 5 }, (_, index) => ({ address: `20.9.${index}.1`, port: 1 }));
    const never = (): Promise<never> => new Promise(() => undefined);
    const bootstrap = ['dht.example:1', ...dead, { address: '20.0.2.1', port: PORT }];
    const from = dht.world.now;
    const node = await dht.open({ bootstrap, resolve: never });
    await dht.until(node.ready());
    expect(dht.world.now - from).toBeLessThan(1_500);
    expect(node.nodeCount).toBeGreaterThan(5);
  });

  it('takes nodes it is told of, if they answer', async () => {
    await dht.grow(5);
    const node = await dht.open({ bootstrap: [] });
    node.addNode({ address: '20.0.9.9', port: 1 });
    node.addNode({ address: '20.0.2.1', port: PORT });
    await dht.pass(20_000);
    // From one on it finds the others.
    expect(node.nodeCount).toBeGreaterThanOrEqual(5);
  });

  it('ends calls when their signal says so, and all of them when it is closed', async () => {
    await dht.grow(10);
    const [, node] = dht.nodes;
    const controller = new AbortController();
    const aborted = node!.lookup(infoHash, { signal: controller.signal });
    const closed = node!.lookup(infoHash, { priority: 'high' });
    controller.abort(new Error('enough'));
    await expect(dht.until(aborted)).rejects.toThrow('enough');
    const ending = expect(closed).rejects.toMatchObject({ code: 'ERR_DHT_CLOSED' });
    await node!.close();
    await ending;
    await expect(node!.lookup(infoHash)).rejects.toMatchObject({ code: 'ERR_DHT_CLOSED' });
    expect(node!.stats.families[0]).toMatchObject({ inFlight: 0, waiting: 0 });
    await expect(
      dht.nodes[2]!.lookup(infoHash, { signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before');
  });

  it('leaves nothing behind when all is closed', async () => {
    await dht.grow(10);
    void dht.nodes[2]!.lookup(infoHash).catch(() => undefined);
    await dht.close();
    expect(await dht.world.run({ limit: 3_600_000 })).toBe('idle');
  });

  it('lets a bounded number of lookups run, and refuses what it could never get done', async () => {
    await dht.grow(8);
    const node = await dht.open({ limits: { maxLookups: 2, maxQueuedLookups: 3 } });
    await dht.until(node.ready());
    await dht.pass(60_000);
    const lookups = Array.from({ length: 6 }, () => node.lookup(infoHash));
    const settled = dht.until(Promise.allSettled(lookups));
    const outcomes = (await settled).map(({ status }) => status);
    expect(outcomes.filter((status) => status === 'rejected')).toHaveLength(1);
    await expect(node.lookup(new Uint8Array(19))).rejects.toMatchObject({
      code: 'ERR_DHT_ARGUMENT',
    });
    await expect(node.announce(infoHash, { port: 0 })).rejects.toMatchObject({
      code: 'ERR_DHT_ARGUMENT',
    });
  });

  it('refuses options of no use', async () => {
    await expect(dht.open({ nodeId: new Uint8Array(3) })).rejects.toMatchObject({
      code: 'ERR_DHT_OPTION',
    });
    await expect(dht.open({ bootstrap: ['nowhere'] })).rejects.toMatchObject({
      code: 'ERR_DHT_OPTION',
    });
    await expect(dht.open({ addresses: ['0.0.0.0', '127.0.0.1'] })).rejects.toMatchObject({
      code: 'ERR_DHT_OPTION',
    });
  });
});
