import { isDeepStrictEqual } from 'node:util';
import { BencodeError, decode } from '../../../../packages/bencode/src/index.ts';
import {
  decodeKrpc,
  decodeNodes,
  decodePeers,
  encodeKrpc,
  encodeNodes,
  formatPublicKeyMagnet,
  immutableTarget,
  infoHashOfValue,
  isNodeIdValid,
  isSignatureValid,
  itemFault,
  ItemKeyPair,
  makeNodeId,
  mutableTarget,
  parsePublicKeyMagnet,
} from '../../../../packages/dht/src/index.ts';
import type { KrpcDecoded, KrpcMessage } from '../../../../packages/dht/src/index.ts';
import { ScrapeFilter } from '../../../../packages/dht/src/scrape-filter.ts';
import { decodeState, encodeState } from '../../../../packages/dht/src/state.ts';
import { addressFromBytes, isEndpoint, seededRandom } from '../../../../packages/net/src/index.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { asText, texts, vectorsOf } from '../vectors.ts';

const KRPC = 'packages/dht/test/fixtures/dht/krpc.json';

export const KRPC_TOKENS = [
  't',
  'y',
  'q',
  'r',
  'e',
  'a',
  'id',
  'ping',
  'find_node',
  'get_peers',
  'announce_peer',
  'get',
  'put',
  'sample_infohashes',
  'target',
  'info_hash',
  'token',
  'port',
  'implied_port',
  'seed',
  'scrape',
  'noseed',
  'want',
  'n4',
  'n6',
  'nodes',
  'nodes6',
  'values',
  'v',
  'k',
  'sig',
  'seq',
  'cas',
  'salt',
  'samples',
  'num',
  'interval',
  'ip',
  'ro',
  'BFsd',
  'BFpe',
] as const;

export function* krpcSeeds(): Generator<Uint8Array> {
  for (const bytes of vectorsOf(KRPC, 'hex')) if (bytes.length <= 2_048) yield bytes;
}

const common = {
  area: 'dht',
  shape: 'bencode',
  seeds: krpcSeeds,
  tokens: KRPC_TOKENS,
  maxLength: 2_048,
} as const;

function isSendable(message: KrpcDecoded): message is KrpcMessage {
  if (message.kind === 'invalid') return false;
  return message.kind !== 'query' || message.body.method !== 'unknown';
}

/** What is written of a message: a flag that is off is left out. */
function comparable(message: KrpcMessage): unknown {
  return JSON.parse(
    JSON.stringify(message, (_key, value: unknown) => {
      if (value === false) return undefined;
      if (typeof value === 'bigint') return `${value}`;
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
    }),
  );
}

export const dhtTargets: readonly Target[] = [
  {
    ...common,
    name: 'dht-krpc',
    property:
      'any datagram: a message whose fields have the lengths they must have, or why it is none',
    maxLength: 9_000,
    run(input) {
      const message = decodeKrpc(input);
      const { transaction } = message;
      must(transaction === undefined || (transaction.length >= 1 && transaction.length <= 32), 't');
      if (message.kind === 'invalid') {
        must(/^[\x20-\x7e]{1,80}$/.test(message.reason), 'a reason that is not for people');
        return message.reason;
      }
      if (message.kind === 'error') {
        must(Number.isSafeInteger(message.code) && message.message.length <= 256, 'an error');
        return 'error';
      }
      must(message.id.length === 20, 'an id of another length');
      if (message.kind === 'query') {
        const { body } = message;
        if ('target' in body && body.target !== undefined)
          must(body.target.length === 20, 'target');
        if (body.method === 'announce_peer') {
          must(body.port >= 0 && body.port <= 65_535, 'a port');
          must(body.port > 0 || body.impliedPort, 'no port, and none implied');
        }
        return body.method;
      }
      const { nodes, nodes6, samples, values, port, seq } = message.body;
      must((nodes?.length ?? 0) % 26 === 0 && (nodes6?.length ?? 0) % 38 === 0, 'half a node');
      must((samples?.length ?? 0) % 20 === 0, 'half a sample');
      must(values?.every(({ length }) => length === 6 || length === 18) ?? true, 'half a peer');
      must(port === undefined || port <= 65_535, 'a port');
      must(seq === undefined || (seq >= -(2n ** 63n) && seq < 2n ** 63n), 'a sequence number');
      return 'response';
    },
  },
  {
    ...common,
    name: 'dht-krpc-round-trip',
    property: 'a message that was read, written and read again is the same, in canonical bencode',
    run(input) {
      const message = decodeKrpc(input);
      if (!isSendable(message)) return message.kind;
      const written = encodeKrpc(message);
      const strict = typed(BencodeError, () => decode(written, { maxDepth: 1_000 }));
      // An item's value is passed on as it stands, canonical or not.
      const hasValue = message.kind !== 'error' && 'value' in message.body;
      must(
        'value' in strict || hasValue,
        () => `written it is ${'code' in strict ? strict.code : ''}`,
      );
      const again = decodeKrpc(written);
      must(isSendable(again), 'written it is no message');
      must(isDeepStrictEqual(comparable(again), comparable(message)), 'another message');
      return message.kind === 'query' ? message.body.method : message.kind;
    },
  },
  {
    name: 'dht-nodes',
    area: 'dht',
    property:
      'compact nodes and peers: whole ones of the right family, written again the same bytes',
    maxLength: 1_024,
    run(input) {
      for (const family of [4, 6] as const) {
        const width = family === 4 ? 26 : 38;
        const most = 8;
        const nodes = decodeNodes(input, family, most);
        must(nodes.length <= Math.min(most, Math.floor(input.length / width)), 'too many nodes');
        must(
          nodes.every(({ id, endpoint }) => id.length === 20 && isEndpoint(endpoint)),
          'a node',
        );
        const written = encodeNodes(nodes, family);
        must(written.length === nodes.length * width, 'a node is lost');
        if (nodes.length === Math.floor(input.length / width)) {
          must(Buffer.compare(written, input.subarray(0, written.length)) === 0, 'other bytes');
        }
      }
      const choices = new Choices(input);
      const values = choices.list(20, () => choices.bytes(choices.pick([6, 18, 5, 0, 12])));
      const peers = decodePeers(values);
      must(
        peers.length === values.filter(({ length }) => length === 6 || length === 18).length,
        'peers',
      );
      return undefined;
    },
  },
  {
    name: 'dht-state',
    area: 'dht',
    shape: 'bencode',
    property:
      'any bytes: a state whose ids and nodes are whole, the same when written and read again',
    tokens: ['ipv4', 'ipv6', 'id', 'nodes', 'version'],
    maxLength: 8_192,
    seeds: () => {
      const nodes = [{ id: new Uint8Array(20).fill(1), endpoint: { address: '1.2.3.4', port: 5 } }];
      const nodes6 = [
        { id: new Uint8Array(20).fill(1), endpoint: { address: '2001:db8::1', port: 5 } },
      ];
      const id = new Uint8Array(20).fill(9);
      return [
        encodeState(
          new Map([
            [4, { id, nodes }],
            [6, { id, nodes: nodes6 }],
          ]),
        ),
      ];
    },
    run(input) {
      const state = decodeState(input);
      for (const [family, { id, nodes }] of state) {
        must(id.length === 20 && nodes.length <= 400, 'an id or too many nodes');
        must(
          nodes.every(({ endpoint }) => isEndpoint(endpoint) && endpoint.port > 0),
          'a node',
        );
        must(
          nodes.every(({ endpoint }) => endpoint.address.includes(':') === (family === 6)),
          'family',
        );
      }
      must(isDeepStrictEqual(decodeState(encodeState(state)), state), 'another state');
      return [...state.keys()].join();
    },
  },
  {
    name: 'dht-items',
    area: 'dht',
    property:
      'items: what is signed is valid, what is changed is not, and faults are those of BEP 44',
    maxLength: 1_400,
    baseTime: 500,
    run(input) {
      const choices = new Choices(input);
      const keys = ItemKeyPair.fromSeed(choices.exactly(32));
      const salt = choices.blob(70);
      const seq = choices.oneIn(4)
        ? choices.uint64() * (choices.bool() ? 1n : -1n)
        : BigInt(choices.byte());
      const change = choices.below(5);
      const value = choices.rest();
      const item = keys.sign({ salt, seq, value });
      must(isSignatureValid(item), 'what was signed is not valid');
      const bad = [
        { ...item, seq: seq + 1n },
        { ...item, salt: Uint8Array.of(...salt, 1) },
        { ...item, value: Uint8Array.of(...value, 1) },
        { ...item, signature: item.signature.map((byte, at) => (at === 3 ? byte ^ 1 : byte)) },
        { ...item, key: item.signature.subarray(0, 32) },
      ][change];
      must(bad !== undefined && !isSignatureValid(bad), 'what was changed is valid');
      // Bytes that are no signature, and no key.
      isSignatureValid({ ...item, key: value.subarray(0, 32), signature: value.subarray(0, 64) });
      const fault = itemFault(item);
      const canonical = 'value' in typed(BencodeError, () => decode(value, { maxDepth: 1_000 }));
      const isGood =
        value.length <= 1_000 && canonical && salt.length <= 64 && seq >= 0n && seq < 2n ** 63n;
      must((fault === undefined) === isGood, () => `fault ${fault?.message ?? 'none'}`);
      must(
        immutableTarget(value).length === 20 && mutableTarget(item.key, salt).length === 20,
        'a target',
      );
      must((infoHashOfValue(value)?.length ?? 20) === 20, 'an info-hash');
      return fault?.message;
    },
  },
  {
    name: 'dht-magnet',
    area: 'dht',
    property: 'any text: a link to a mutable item that reads the same when written, or none',
    shape: 'text',
    tokens: ['magnet:?xs=urn:btpk:', '&s=', '%', '+', '0'.repeat(64), 'f'.repeat(130)],
    seeds: () => [
      ...vectorsOf('packages/dht/test/fixtures/dht/bep44-bep46.json', 'magnet', 'link', 'uri'),
      ...texts(`magnet:?xs=urn:btpk:${'8543d3e6115f0f98'.repeat(4)}&s=6e`),
    ],
    run(input) {
      const link = parsePublicKeyMagnet(asText(input));
      if (link === undefined) return 'none';
      const { key, salt } = link;
      must(key.length === 32 && salt.length <= 64, 'a key or salt of another length');
      must(
        isDeepStrictEqual(parsePublicKeyMagnet(formatPublicKeyMagnet(key, salt)), link),
        'another link',
      );
      return `${salt.length > 0}`;
    },
  },
  {
    name: 'dht-scrape-filter',
    area: 'dht',
    property:
      'a filter of 256 bytes holds all that was put in, estimates a number, and grows by a union',
    maxLength: 600,
    run(input) {
      const filter = ScrapeFilter.from(input.subarray(0, 256));
      must((filter !== undefined) === input.length >= 256, 'another length');
      const other = filter ?? ScrapeFilter.empty();
      const choices = new Choices(input.subarray(256));
      const before = other.estimate();
      must(
        Number.isFinite(before) && before >= 0 && before <= 7_900,
        () => `an estimate of ${before}`,
      );
      const added = ScrapeFilter.empty();
      const addresses = choices.list(20, () => choices.exactly(choices.bool() ? 4 : 16));
      for (const address of addresses) added.insert(address);
      must(added.isEmpty === (addresses.length === 0), 'empty or not');
      other.merge(added);
      must(
        addresses.every((address) => other.has(address)),
        'an address is lost',
      );
      must(other.estimate() >= before, 'a union is smaller');
      return `${other.isFull} ${filter === undefined}`;
    },
  },
  {
    name: 'dht-node-id',
    area: 'dht',
    property: 'an id made for an address is valid there; any bytes are an id that is valid or not',
    maxLength: 64,
    run(input) {
      const choices = new Choices(input);
      const address = addressFromBytes(choices.exactly(choices.bool() ? 4 : 16));
      const id = makeNodeId(address, seededRandom(choices.uint32()));
      must(id.length === 20 && isNodeIdValid(id, address), 'what was made is not valid');
      const other = choices.rest();
      const isValid = isNodeIdValid(other, address);
      must(!isValid || other.length === 20, 'an id of another length');
      return `${isValid}`;
    },
  },
];
