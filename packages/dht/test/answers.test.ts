import { readFileSync } from 'node:fs';
import { encode } from '@shoal/bencode';
import { type Endpoint } from '@shoal/net';
import {
  decodeKrpc,
  DhtNode,
  encodeKrpc,
  immutableTarget,
  type KrpcDecoded,
  type KrpcResponse,
  type QueryBody,
} from '../src/index.ts';
import { fromHex } from './support/hex.ts';
import { lastOf, query, response, strangerId } from './support/messages.ts';
import { PORT, SmallDht } from './support/small-dht.ts';

const infoHash = new Uint8Array(20).fill(0xab);
const plenty = { rate: 1e9, burst: 1e9 };

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

  it('limits less strictly where many nodes may share an address', async () => {
    const { clock, random } = dht.host();
    let answers = 0;
    const node = new DhtNode({ clock, random, send: () => answers++ });
    const from = { address: '127.0.0.1', port: PORT };
    for (let count = 0; count < 1_000; count++) node.onDatagram(query({ method: 'ping' }), from);
    // Each of them is answered, and one is asked back for.
    expect(answers).toBeGreaterThanOrEqual(1_000);
    expect(node.stats.queries).toMatchObject({ answered: 1_000, limited: 0 });
    await node.close();
  });

  it('keeps replies within the 1,024 bytes of BEP 32, whatever they hold', async () => {
    const { clock, random } = dht.host();
    const replies: Uint8Array[] = [];
    const asked: [Uint8Array, Endpoint][] = [];
    const node = new DhtNode({
      clock,
      random,
      families: [4, 6],
      limits: { queriesPerNetwork: plenty, excessPerNetwork: plenty, putsPerNetwork: plenty },
      send: (datagram, to) => {
        if (decodeKrpc(datagram).kind === 'query') asked.push([datagram.slice(), to]);
        else replies.push(datagram.slice());
      },
    });
    const transaction = new Uint8Array(32).fill(0x74);
    const from = [
      { address: '20.1.1.1', port: PORT },
      { address: '2a00:1::1', port: PORT },
    ];
    const reply = (body: QueryBody, sender: Endpoint): KrpcResponse => {
      replies.length = 0;
      const asking = { kind: 'query', transaction, id: strangerId, readOnly: true, body } as const;
      node.onDatagram(encodeKrpc(asking), sender);
      return response(replies);
    };
    for (let index = 0; index < 40; index++) {
      node.addNode({ address: `20.${index}.0.1`, port: PORT });
      node.addNode({ address: `2a00:${index + 1}::1`, port: PORT });
      for (const [datagram, to] of asked.splice(0)) {
        const message = decodeKrpc(datagram);
        if (message.kind !== 'query') continue;
        const { transaction: mirrored } = message;
        const id = random.bytes(20);
        node.onDatagram(encodeKrpc({ kind: 'response', transaction: mirrored, id, body: {} }), to);
      }
    }
    const value = encode('x'.repeat(993));
    for (let index = 0; index < 60; index++) {
      for (const address of [`20.2.${index}.1`, `2a00:2:${index}::1`]) {
        const hash = index < 30 ? infoHash : random.bytes(20);
        const sender = { address, port: PORT };
        const { token } = reply({ method: 'get_peers', infoHash: hash, want: [] }, sender).body;
        const announce = { method: 'announce_peer', infoHash: hash, port: 5, impliedPort: false };
        reply({ ...announce, token: token! } as QueryBody, sender);
      }
    }
    const lengths: number[] = [];
    for (const want of [[], [4], [6], [4, 6]] as const) {
      for (const sender of from) {
        const target = infoHash;
        const own = sender === from[0] ? 'nodes' : 'nodes6';
        for (const body of [
          { method: 'find_node', target, want },
          { method: 'get_peers', infoHash, want },
          { method: 'get_peers', infoHash, want, scrape: true },
          { method: 'sample_infohashes', target, want },
        ] as const) {
          const answer = reply(body, sender);
          lengths.push(replies.at(-1)!.length);
          // What is left out is of the other family.
          if (want.length !== 1) expect(answer.body[own]?.length).toBeGreaterThan(200);
          if (body.method === 'sample_infohashes') expect(answer.body.samples).toHaveLength(400);
        }
      }
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1_024);
    expect(Math.max(...lengths)).toBeGreaterThan(900);
    // An item cannot be sent in part; it comes without nodes then.
    const { token } = reply({ method: 'get', target: infoHash, want: [] }, from[0]!).body;
    reply({ method: 'put', token: token!, value }, from[0]!);
    const target = immutableTarget(value);
    const { body } = reply({ method: 'get', target, want: [4, 6] }, from[0]!);
    expect(body).toMatchObject({ value, nodes: undefined, nodes6: undefined });
    await node.close();
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
