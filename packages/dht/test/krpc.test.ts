import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import {
  decodeEndpoint,
  decodeKrpc,
  decodeNodes,
  decodePeers,
  encodeKrpc,
  encodeNodes,
  KRPC_ERROR,
  MAX_MESSAGE_BYTES,
  type KrpcDecoded,
  type KrpcMessage,
} from '../src/krpc/index.ts';
import { fromHex, toHex } from './support/hex.ts';

interface NodeVector {
  readonly id: string;
  readonly ip: string;
  readonly port: number;
}
interface Fields {
  readonly ip?: string;
  readonly port?: number;
  readonly nodes?: readonly NodeVector[];
  readonly nodes6?: readonly NodeVector[];
  readonly nodes_whole?: readonly NodeVector[];
  readonly peers?: readonly { readonly ip: string; readonly port: number }[];
  readonly samples?: readonly string[];
  readonly code?: number;
}
interface Vectors {
  readonly vectors: readonly {
    readonly id: string;
    readonly hex: string;
    readonly fields?: Fields;
  }[];
  readonly malformed: readonly {
    readonly id: string;
    readonly hex: string;
    readonly expect: string;
  }[];
  readonly live_libtorrent_2_0_8: {
    readonly captured_from_libtorrent: readonly {
      readonly what: string;
      readonly query_hex: string;
      readonly reply_hex: string;
    }[];
  };
}

const { vectors, malformed, live_libtorrent_2_0_8 } = JSON.parse(
  readFileSync(new URL('fixtures/dht/krpc.json', import.meta.url), 'utf8'),
) as Vectors;

/** What a decoder drops, so that encoding again gives other bytes. */
const LOSSY = new Set([
  'find_node-response-ragged',
  'get_peers-response-values-bad-sizes',
  'sample_infohashes-response-ragged',
]);

function understood(decoded: KrpcDecoded): KrpcMessage {
  if (decoded.kind === 'invalid') throw new Error(decoded.reason);
  if (decoded.kind === 'query' && decoded.body.method === 'unknown') throw new Error('unknown');
  return decoded as KrpcMessage;
}

describe('KRPC vectors', () => {
  it.each(vectors.map((each) => [each.id, each] as const))('%s', (id, { hex, fields = {} }) => {
    const bytes = fromHex(hex);
    const message = understood(decodeKrpc(bytes));
    if (!LOSSY.has(id)) expect(toHex(encodeKrpc(message))).toBe(hex);
    if (message.kind === 'error' && fields.code !== undefined)
      expect(message.code).toBe(fields.code);
    if (message.kind !== 'response') return;
    const { body } = message;
    if (fields.ip !== undefined) {
      expect(message.ip && decodeEndpoint(message.ip)).toEqual({
        address: fields.ip,
        port: fields.port,
      });
    }
    const nodeVectors = (nodes: Uint8Array | undefined, family: 4 | 6): NodeVector[] =>
      decodeNodes(nodes ?? new Uint8Array(0), family).map((node) => ({
        id: toHex(node.id),
        ip: node.endpoint.address,
        port: node.endpoint.port,
      }));
    const nodes = fields.nodes ?? fields.nodes_whole;
    if (nodes !== undefined) expect(nodeVectors(body.nodes, 4)).toEqual(nodes);
    if (fields.nodes6 !== undefined) expect(nodeVectors(body.nodes6, 6)).toEqual(fields.nodes6);
    if (fields.peers !== undefined) {
      expect(
        decodePeers(body.values ?? []).map(({ address, port }) => ({ ip: address, port })),
      ).toEqual(fields.peers);
    }
    if (fields.samples !== undefined) {
      expect(toHex(body.samples ?? new Uint8Array(0))).toBe(fields.samples.join(''));
    }
  });

  const captured = live_libtorrent_2_0_8.captured_from_libtorrent;
  it.each(captured.map((each) => [each.what, each] as const))(
    'libtorrent: %s',
    (_what, { query_hex, reply_hex }) => {
      expect(toHex(encodeKrpc(understood(decodeKrpc(fromHex(query_hex)))))).toBe(query_hex);
      const reply = understood(decodeKrpc(fromHex(reply_hex)));
      // libtorrent gives its id with an error, too, which nobody needs.
      if (reply.kind === 'error') expect(reply.code).toBeGreaterThanOrEqual(205);
      else expect(toHex(encodeKrpc(reply))).toBe(reply_hex);
    },
  );

  it('drops what is not whole', () => {
    const ragged = vectors.find(({ id }) => id === 'sample_infohashes-response-ragged');
    const message = understood(decodeKrpc(fromHex(ragged?.hex ?? '')));
    expect(message.kind === 'response' && message.body.samples?.length).toBe(20);
  });

  it.each(malformed.map((each) => [each.id, each] as const))(
    'malformed: %s',
    (id, { hex, expect: expected }) => {
      const decoded = decodeKrpc(fromHex(hex));
      if (decoded.kind === 'invalid') {
        const reply = decoded.transaction === undefined ? 'silence' : `error ${decoded.code}`;
        if (expected !== 'either') expect(expected).toContain(reply);
        return;
      }
      // What is well-formed and may not be carried out: an unknown method, a token never given, odd spellings.
      expect(['error 204', 'error 203', 'either', 'a normal reply']).toContain(
        expected.replace(/ or .*/, ''),
      );
      const method = decoded.kind === 'query' ? decoded.body.method : decoded.kind;
      if (expected.includes('204')) expect(method).toBe('unknown');
      else if (expected.includes('203')) expect(id).toBe('announce-bad-token');
    },
  );
});

const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const id = bytes(20);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const value = bytes(0, 900).map((content) =>
  Uint8Array.from([...Buffer.from(`${content.length}:`), ...content]),
);
const want = fc.constantFrom<readonly (4 | 6)[]>([], [4], [6], [4, 6]);
/** Only `true` is written; an absent flag is read as undefined. */
const flag = fc.constantFrom(true, undefined);
const envelope = { transaction: bytes(1, 32), version: optional(bytes(1, 64)) };

const body = fc.oneof(
  fc.record({ method: fc.constant('ping' as const) }),
  fc.record({ method: fc.constantFrom('find_node', 'sample_infohashes'), target: id, want }),
  fc.record({
    method: fc.constant('get_peers' as const),
    infoHash: id,
    want,
    noSeed: flag,
    scrape: flag,
  }),
  fc.record({
    method: fc.constant('announce_peer' as const),
    infoHash: id,
    port: fc.integer({ min: 1, max: 65_535 }),
    impliedPort: fc.boolean(),
    token: bytes(0, 128),
    seed: optional(fc.boolean()),
    name: optional(bytes(0, 50)),
  }),
  fc.record({ method: fc.constant('get' as const), target: id, seq: optional(int64), want }),
  fc.record({
    method: fc.constant('put' as const),
    token: bytes(0, 128),
    value,
    key: bytes(32),
    seq: int64,
    signature: bytes(64),
    salt: optional(bytes(0, 80)),
    cas: optional(int64),
  }),
);
const small = optional(fc.integer({ min: 0, max: 2 ** 40 }));
const message = fc.oneof(
  fc.record({ kind: fc.constant('query' as const), ...envelope, id, readOnly: flag, body }),
  fc.record({
    kind: fc.constant('response' as const),
    ...envelope,
    id,
    ip: optional(fc.oneof(bytes(6), bytes(18))),
    body: fc.record({
      nodes: optional(fc.array(bytes(26), { maxLength: 8 }).map((all) => Buffer.concat(all))),
      nodes6: optional(fc.array(bytes(38), { maxLength: 8 }).map((all) => Buffer.concat(all))),
      values: optional(fc.array(fc.oneof(bytes(6), bytes(18)), { maxLength: 50 })),
      token: optional(bytes(1, 128)),
      seedsFilter: optional(bytes(256)),
      peersFilter: optional(bytes(256)),
      value: optional(value),
      key: optional(bytes(32)),
      signature: optional(bytes(64)),
      seq: optional(int64),
      samples: optional(fc.array(id, { maxLength: 20 }).map((all) => Buffer.concat(all))),
      num: small,
      interval: small,
      port: optional(fc.integer({ min: 0, max: 65_535 })),
    }),
  }),
  fc.record({
    kind: fc.constant('error' as const),
    ...envelope,
    ip: optional(bytes(6)),
    code: fc.integer({ min: 0, max: 999 }),
    message: fc.string({ unit: 'binary-ascii', maxLength: 256 }),
  }),
);

/** Comparable: bytes as hexadecimal, and without members that are undefined. */
function plain(input: unknown): unknown {
  return JSON.parse(
    JSON.stringify(input, (_key, member: unknown) => {
      if (typeof member === 'bigint') return `${member}n`;
      if (member instanceof Uint8Array) return toHex(member);
      const buffer = member as { type?: unknown; data?: unknown } | null | undefined;
      return buffer?.type === 'Buffer' ? toHex(Uint8Array.from(buffer.data as number[])) : member;
    }),
  );
}

describe('KRPC codec', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(message, (original) => {
        const encoded = encodeKrpc(original);
        expect(plain(decodeKrpc(encoded))).toEqual(plain(original));
      }),
    );
  });

  it('gives a message or a reason for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(decodeKrpc(noise)).toHaveProperty('kind');
      }),
    );
  });

  it('survives any damage to a message', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(message, damage, fc.nat(), (original, places, cut) => {
        const encoded = encodeKrpc(original);
        for (const [at, byte] of places) encoded[at % encoded.length] = byte;
        expect(decodeKrpc(encoded)).toHaveProperty('kind');
        expect(decodeKrpc(encoded.subarray(0, cut % encoded.length))).toHaveProperty('kind');
      }),
    );
  });

  it('answers nothing but queries, however wrong a reply or an error is', () => {
    const invalid = (text: string): unknown => {
      const decoded = decodeKrpc(Buffer.from(text));
      return decoded.kind === 'invalid' ? decoded.transaction : decoded.kind;
    };
    for (const y of ['r', 'e', 'x']) {
      for (const body of ['', '1:ei1e', '1:ele', '1:rde', '1:rle'])
        expect(invalid(`d${body}1:t2:aa1:y1:${y}e`)).toBeUndefined();
    }
    expect(invalid('d1:q4:ping1:t2:aa1:y1:qe')).toEqual(Uint8Array.of(0x61, 0x61));
  });

  it('does not look at datagrams beyond its limit', () => {
    const padded = Buffer.concat([
      fromHex(vectors[0]?.hex ?? ''),
      new Uint8Array(MAX_MESSAGE_BYTES),
    ]);
    expect(decodeKrpc(padded).kind).toBe('invalid');
  });

  it('refuses a mutable item without a signature with the code of BEP 44', () => {
    const put = `d1:ad2:id20:${'a'.repeat(20)}1:k32:${'k'.repeat(32)}3:seqi1e5:token1:x1:v1:xe1:q3:put1:t1:t1:y1:qe`;
    const decoded = decodeKrpc(Buffer.from(put));
    expect(decoded.kind === 'invalid' && decoded.code).toBe(KRPC_ERROR.invalidSignature);
  });

  const queryOf = (method: string, args: string): Uint8Array =>
    Buffer.from(
      `d1:ad2:id20:${'a'.repeat(20)}${args}e1:q${method.length}:${method}1:t2:tt1:y1:qe`,
      'latin1',
    );
  const mutablePut = (cas: string, v = '1:x'): Uint8Array =>
    queryOf(
      'put',
      `3:cas${cas}1:k32:${'k'.repeat(32)}3:seqi1e3:sig64:${'s'.repeat(64)}5:token1:x1:v${v}`,
    );

  it('refuses a put whose cas it cannot check', () => {
    expect(decodeKrpc(mutablePut('i-5e'))).toMatchObject({ kind: 'query', body: { cas: -5n } });
    for (const cas of ['1:1', 'i9223372036854775808e', 'i-9223372036854775809e', 'li1ee']) {
      expect(decodeKrpc(mutablePut(cas))).toMatchObject({
        kind: 'invalid',
        code: KRPC_ERROR.protocol,
        transaction: new Uint8Array(Buffer.from('tt')),
      });
    }
  });

  it('reads messages with values as deep, or with integers as long, as an item may be', () => {
    const deep = `${'l'.repeat(500)}${'e'.repeat(500)}`;
    const long = `i${'9'.repeat(998)}e`;
    for (const v of [deep, long]) {
      expect(decodeKrpc(mutablePut('i1e', v))).toMatchObject({
        kind: 'query',
        body: { method: 'put', value: new Uint8Array(Buffer.from(v)) },
      });
      // Where it is of no use, the rest is understood.
      expect(decodeKrpc(queryOf('ping', `1:v${v}`))).toMatchObject({ body: { method: 'ping' } });
    }
    expect(decodeKrpc(mutablePut(long))).toMatchObject({ kind: 'invalid', code: 203 });
  });

  it('reads peers that old nodes put into one string', () => {
    const replyWith = (values: string): readonly string[] | undefined => {
      const decoded = decodeKrpc(
        Buffer.from(`d1:rd2:id20:${'a'.repeat(20)}6:values${values}e1:t1:t1:y1:re`, 'latin1'),
      );
      return decoded.kind === 'response' ? decoded.body.values?.map(toHex) : undefined;
    };
    const two = 'abcdefghijkl';
    const wanted = [two.slice(0, 6), two.slice(6)].map((each) => toHex(Buffer.from(each)));
    expect(replyWith(`12:${two}`)).toEqual(wanted);
    expect(replyWith(`l12:${two}e`)).toEqual(wanted);
    // Three of them, unless in a list: that is one of IPv6.
    expect(replyWith(`18:${two}mnopqr`)).toHaveLength(3);
    expect(replyWith(`l18:${two}mnopqre`)).toHaveLength(1);
    expect(replyWith(`13:${two}m`)).toEqual([]);
    expect(replyWith(`l12:${two}6:abcdefe`)).toEqual([wanted[0]]);
    expect(replyWith(`6000:${'x'.repeat(6000)}`)).toHaveLength(256);
  });

  it('leaves out IPv4-mapped nodes of IPv6: they would be asked by IPv4', () => {
    const entry = (address: string): Buffer =>
      Buffer.concat([new Uint8Array(20).fill(1), fromHex(address), Uint8Array.of(26, 225)]);
    const bytes = Buffer.concat([
      entry(`${'00'.repeat(10)}ffff01020304`),
      entry(`20010db8${'00'.repeat(11)}01`),
    ]);
    expect(decodeNodes(bytes, 6).map(({ endpoint }) => endpoint.address)).toEqual(['2001:db8::1']);
  });

  it('gives bytes that can be copied, also of a Buffer', () => {
    const buffer = Buffer.from(fromHex(vectors[0]?.hex ?? ''));
    const decoded = decodeKrpc(buffer);
    if (decoded.kind !== 'query') throw new Error('that is a query');
    const copy = decoded.id.slice();
    buffer.fill(0);
    expect(Buffer.isBuffer(copy)).toBe(false);
    expect(toHex(copy)).toBe(toHex(Buffer.from('abcdefghij0123456789')));
    expect(decoded.id).toEqual(new Uint8Array(20));
  });

  it('keeps nodes of both families apart', () => {
    const nodes = [
      { id: new Uint8Array(20).fill(1), endpoint: { address: '192.0.2.1', port: 6881 } },
      { id: new Uint8Array(20).fill(2), endpoint: { address: '2001:db8::1', port: 6882 } },
    ];
    expect(decodeNodes(encodeNodes(nodes, 4), 4)).toEqual([nodes[0]]);
    expect(decodeNodes(encodeNodes(nodes, 6), 6)).toEqual([nodes[1]]);
    expect(decodeNodes(encodeNodes([...nodes, ...nodes], 4), 4, 1)).toHaveLength(1);
  });
});
