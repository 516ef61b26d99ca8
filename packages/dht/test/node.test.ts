import { readFileSync } from 'node:fs';
import { encode } from '@shoal/bencode';
import { seededRandom } from '@shoal/net';
import {
  decodeKrpc,
  DhtNode,
  encodeKrpc,
  isNodeIdValid,
  ItemKeyPair,
  type KrpcDecoded,
  type KrpcResponse,
  type QueryBody,
} from '../src/index.ts';
import { fromHex } from './support/hex.ts';
import { PORT, SmallDht } from './support/small-dht.ts';

const infoHash = new Uint8Array(20).fill(0xab);
const strangerId = new Uint8Array(20).fill(0x11);

function query(body: QueryBody, more: { readOnly?: boolean } = {}): Uint8Array {
  const transaction = Uint8Array.of(7, 7);
  return encodeKrpc({ kind: 'query', transaction, id: strangerId, body, ...more });
}

/** The one response that has come. */
function response(got: Uint8Array[]): KrpcResponse {
  const message = lastOf(got);
  if (message.kind !== 'response') throw new Error(`a ${message.kind} came`);
  return message;
}

/** The last message that is no query of the other side. */
function lastOf(got: Uint8Array[]): KrpcDecoded {
  const messages = got.map((datagram) => decodeKrpc(datagram));
  const last = messages.filter(({ kind }) => kind !== 'query').at(-1);
  if (last === undefined) throw new Error('nothing came');
  return last;
}

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

describe('DhtNode as it answers', () => {
  let dht: SmallDht;
  let raw: Awaited<ReturnType<SmallDht['raw']>>;
  beforeEach(async () => {
    dht = new SmallDht();
    await dht.grow(10);
    raw = await dht.raw();
  });
  afterEach(() => dht.close());

  const ask = async (datagram: Uint8Array): Promise<KrpcDecoded> => {
    raw.got.length = 0;
    raw.send(datagram);
    await dht.pass(1_000);
    return lastOf(raw.got);
  };

  it('names nodes, sender and token, in a packet', async () => {
    raw.send(query({ method: 'get_peers', infoHash, want: [] }));
    await dht.pass(1_000);
    const { body, ip, transaction } = response(raw.got);
    expect(transaction).toEqual(Uint8Array.of(7, 7));
    expect(body.nodes).toHaveLength(8 * 26);
    expect(body.token?.length).toBeGreaterThan(3);
    expect(ip).toEqual(Uint8Array.of(20, 0, 11, 1, PORT >> 8, PORT & 255));
  });

  it('stores for who has a token, and for nobody else', async () => {
    const announce = (token: Uint8Array): Uint8Array =>
      query({ method: 'announce_peer', infoHash, port: 5, impliedPort: false, token });
    expect(await ask(announce(new Uint8Array(8)))).toMatchObject({ kind: 'error', code: 203 });
    const put = query({ method: 'put', token: new Uint8Array(8), value: encode('x') });
    expect(await ask(put)).toMatchObject({ kind: 'error', code: 203 });
    expect(dht.nodes[0]!.stats.stored).toMatchObject({ peers: 0, items: 0 });
    const reply = await ask(query({ method: 'get_peers', infoHash, want: [] }));
    const token = reply.kind === 'response' ? reply.body.token! : new Uint8Array();
    expect(await ask(announce(token))).toMatchObject({ kind: 'response' });
    expect(await ask(query({ method: 'get_peers', infoHash, want: [] }))).toMatchObject({
      body: { values: [Uint8Array.of(20, 0, 11, 1, 0, 5)] },
    });
    expect(dht.nodes[0]!.stats.stored).toMatchObject({ peers: 1, torrents: 1 });
  });

  interface Malformed {
    readonly id: string;
    readonly hex: string;
    readonly expect: string;
  }
  const { malformed } = JSON.parse(
    readFileSync(new URL('fixtures/dht/krpc.json', import.meta.url), 'utf8'),
  ) as { readonly malformed: readonly Malformed[] };
  it.each(malformed.map((each) => [each.id, each] as const))(
    'malformed: %s',
    async (_id, { hex, expect: expected }) => {
      raw.send(fromHex(hex));
      await dht.pass(1_000);
      const replies = raw.got
        .map((each) => decodeKrpc(each))
        .filter(({ kind }) => kind !== 'query');
      const [reply] = replies;
      expect(replies.length).toBeLessThanOrEqual(1);
      if (reply === undefined) expect(expected).toMatch(/silence|either/);
      else if (reply.kind === 'error') expect(expected).toContain(`error ${reply.code}`);
      else expect(expected).toMatch(/either|normal reply|find_node style/);
      // It is none the worse for it.
      expect(await ask(query({ method: 'ping' }))).toMatchObject({ kind: 'response' });
    },
  );

  it('answers only so many queries of one network', async () => {
    for (let count = 0; count < 300; count++) raw.send(query({ method: 'ping' }));
    await dht.pass(1_000);
    const { limited, answered } = dht.nodes[0]!.stats.queries;
    expect(raw.got.length).toBeLessThan(130);
    expect(limited).toBeGreaterThan(180);
    // Others are answered as before.
    const other = await dht.raw();
    other.send(query({ method: 'ping' }));
    await dht.pass(1_000);
    expect(other.got.length).toBeGreaterThan(0);
    expect(answered).toBeGreaterThan(0);
  });

  it('sends no more, in the long run, than came in the name of who gets it', async () => {
    const host = dht.host();
    const node = await dht.open(
      { limits: { queriesPerNetwork: { rate: 1e6, burst: 1e6 }, maxPeers: 10_000 } },
      host,
    );
    await dht.until(node.ready());
    const datagram = query({ method: 'find_node', target: infoHash, want: [4, 6] });
    const before = node.stats.sentBytes;
    const seconds = 60;
    let sent = 0;
    for (let second = 0; second < seconds; second++) {
      for (let count = 0; count < 200; count++) {
        raw.send(datagram, { address: host.address, port: PORT });
        sent += datagram.length;
      }
      await dht.pass(1_000);
    }
    const excess = node.stats.sentBytes - before - sent;
    // The allowance of the default limits, and some queries of the node's own.
    expect(excess).toBeLessThan(32_768 + seconds * 4_096 + 20_000);
    expect(node.stats.queries.withheld).toBeGreaterThan(5_000);
  });

  it('takes no answer that was not asked for, nor from somebody else than was asked', async () => {
    const body = { nodes: new Uint8Array(26).fill(9) };
    const before = dht.nodes[0]!.nodeCount;
    for (let count = 0; count < 50; count++) {
      const transaction = Uint8Array.of(count, 2, 3, 4);
      raw.send(encodeKrpc({ kind: 'response', transaction, id: strangerId, body }));
    }
    await dht.pass(1_000);
    expect(dht.nodes[0]!.stats.families[0]!.transactions.unmatched).toBe(50);
    expect(dht.nodes[0]!.nodeCount).toBe(before);
  });

  it('does not take a sender for a node that is only said to be one', async () => {
    const before = dht.nodes[0]!.nodeCount;
    // It is asked back, and does not answer.
    await ask(query({ method: 'ping' }));
    await dht.pass(30_000);
    expect(dht.nodes[0]!.nodeCount).toBe(before);
  });

  it('leaves datagrams of others alone', () => {
    const node = dht.nodes[0]!;
    const from = raw.endpoint;
    expect(node.onDatagram(Uint8Array.of(0x41, 1, 2), from)).toBe(false);
    expect(node.onDatagram(new Uint8Array(0), from)).toBe(false);
    expect(node.onDatagram(Uint8Array.of(0x64, 0x65), from)).toBe(true);
  });

  it('is made without sockets, too', async () => {
    const sent: [Uint8Array, unknown][] = [];
    const { clock, random } = dht.host();
    const node = new DhtNode({
      clock,
      random,
      send: (datagram, to) => sent.push([datagram.slice(), to]),
      bootstrap: [{ address: '20.0.1.1', port: PORT }],
    });
    node.onDatagram(query({ method: 'ping' }), raw.endpoint);
    expect(sent[0]?.[1]).toEqual(raw.endpoint);
    expect(node.endpoints).toEqual([]);
    await node.close();
    expect(node.onDatagram(query({ method: 'ping' }), raw.endpoint)).toBe(true);
  });
});
