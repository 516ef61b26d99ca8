import {
  decodeKrpc,
  DhtError,
  DhtNode,
  encodeKrpc,
  encodeNodes,
} from '../../../../packages/dht/src/index.ts';
import type { QueryBody } from '../../../../packages/dht/src/index.ts';
import { isEndpoint, seededRandom } from '../../../../packages/net/src/index.ts';
import type { Endpoint } from '../../../../packages/net/src/index.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { ManualClock } from '../manual-clock.ts';
import { krpcSeeds } from './dht.ts';

const STRANGERS: readonly [Endpoint, ...Endpoint[]] = [
  { address: '20.0.1.1', port: 6881 },
  { address: '20.0.2.1', port: 6881 },
  { address: '2a00:1::1', port: 6881 },
  { address: '20.0.1.1', port: 0 },
];
const [FRIEND] = STRANGERS;

interface Sent {
  readonly datagram: Uint8Array;
  readonly to: Endpoint;
}

class Rig {
  readonly clock = new ManualClock();
  readonly sent: Sent[] = [];
  readonly node: DhtNode;

  constructor(bootstrap: readonly Endpoint[]) {
    this.node = new DhtNode({
      clock: this.clock,
      random: seededRandom(7),
      send: (datagram, to) => this.sent.push({ datagram: datagram.slice(), to }),
      families: [4, 6],
      bootstrap,
      limits: { maxPeers: 50, maxInfoHashes: 8, maxItems: 4, maxNetworks: 16 },
    });
  }

  /** What was sent since the last time. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}

/** A query of a stranger, right but for what the decisions make of it. */
function queryOf(choices: Choices, token: Uint8Array): Uint8Array {
  const hash = (): Uint8Array => new Uint8Array(20).fill(choices.below(12));
  const want = choices.pick<readonly (4 | 6)[]>([[], [4], [6], [4, 6]]);
  const body = ((): QueryBody => {
    switch (choices.below(8)) {
      case 0:
        return { method: 'ping' };
      case 1:
        return { method: 'find_node', target: choices.exactly(20), want };
      case 2:
        return {
          method: 'get_peers',
          infoHash: hash(),
          want,
          scrape: choices.bool(),
          noSeed: choices.bool(),
        };
      case 3:
      case 4:
        return {
          method: 'announce_peer',
          infoHash: hash(),
          port: 1 + choices.below(65_535),
          impliedPort: choices.bool(),
          token: choices.oneIn(4) ? choices.blob(20) : token,
          seed: choices.bool(),
        };
      case 5:
        return {
          method: 'get',
          target: choices.exactly(20),
          want,
          seq: choices.bool() ? 1n : undefined,
        };
      case 6:
        return { method: 'put', token, value: Buffer.from(`i${choices.byte()}e`) };
      default:
        return { method: 'sample_infohashes', target: choices.exactly(20), want };
    }
  })();
  const id = choices.exactly(20);
  return encodeKrpc({ kind: 'query', transaction: choices.exactly(2), id, body });
}

/** An answer to what the node has asked: right but for one thing. */
function answerOf(choices: Choices, query: Uint8Array): Uint8Array {
  const asked = decodeKrpc(query);
  const transaction =
    asked.kind === 'query' && !choices.oneIn(6) ? asked.transaction : choices.exactly(2);
  if (choices.oneIn(6)) {
    return encodeKrpc({
      kind: 'error',
      transaction,
      code: choices.number32(),
      message: choices.digits(8),
    });
  }
  const nodes = choices.list(9, () => ({
    id: choices.exactly(20),
    endpoint: { address: `20.${choices.byte()}.3.1`, port: choices.below(65_536) },
  }));
  return encodeKrpc({
    kind: 'response',
    transaction,
    id: choices.exactly(20),
    ip: choices.bool() ? choices.exactly(6) : undefined,
    body: {
      nodes: encodeNodes(nodes, 4),
      values: choices.bool() ? choices.list(6, () => choices.exactly(6)) : undefined,
      token: choices.bool() ? choices.blob(12) : undefined,
      value: choices.oneIn(4) ? Buffer.from('2:hi') : undefined,
      samples: choices.oneIn(4) ? choices.exactly(40) : undefined,
      seq: choices.oneIn(4) ? choices.uint64() % 2n ** 62n : undefined,
      key: choices.oneIn(4) ? choices.exactly(32) : undefined,
      signature: choices.oneIn(4) ? choices.exactly(64) : undefined,
    },
  });
}

export const dhtNodeTargets: readonly Target[] = [
  {
    name: 'dht-node-datagrams',
    area: 'dht',
    property:
      'any datagrams: a node answers queries only, once, to who asked, in messages that can be read',
    shape: 'bencode',
    seeds: krpcSeeds,
    maxLength: 2_048,
    run(input) {
      const rig = new Rig([]);
      const from = STRANGERS[input.length % STRANGERS.length] ?? FRIEND;
      const kind = decodeKrpc(input).kind;
      const isOurs = rig.node.onDatagram(input, from);
      must(isOurs === (input[0] === 0x64), 'somebody else may look at it, or not');
      const answers = rig.take();
      // Who asked may be asked back whether he is there.
      const replies = answers.filter(({ datagram }) => decodeKrpc(datagram).kind !== 'query');
      must(replies.length <= 1, 'more than one answer');
      must(
        answers.every(({ to }) => to.address === from.address && to.port === from.port),
        'an answer to another',
      );
      must(
        answers.every(({ datagram }) => decodeKrpc(datagram).kind !== 'invalid'),
        'an answer that is none',
      );
      if (kind === 'response' || kind === 'error' || from.port === 0)
        must(replies.length === 0, 'an answer to an answer');
      void rig.node.close();
      return `${kind} ${replies.length}`;
    },
  },
  {
    name: 'dht-node-flood',
    area: 'dht',
    property:
      'many queries: what is stored stays in its limits, replies stay in a packet, and no network gains much',
    maxLength: 2_048,
    run(input) {
      const choices = new Choices(input);
      const rig = new Rig([]);
      let token: Uint8Array = new Uint8Array(0);
      const gained = new Map<string, number>();
      for (let left = 40; left > 0 && !choices.isSpent; left--) {
        const from = choices.pick(STRANGERS);
        const datagram = choices.oneIn(8) ? choices.blob(60) : queryOf(choices, token);
        rig.node.onDatagram(datagram, from);
        let excess = -datagram.length;
        for (const { datagram: answer } of rig.take()) {
          const message = decodeKrpc(answer);
          must(answer.length <= 1_500, () => `an answer of ${answer.length} bytes`);
          if (message.kind === 'query') continue;
          excess += answer.length;
          if (message.kind === 'response') token = Uint8Array.from(message.body.token ?? token);
        }
        gained.set(from.address, (gained.get(from.address) ?? 0) + Math.max(0, excess));
        if (choices.oneIn(6)) rig.clock.pass(choices.below(60_000));
      }
      // 32 KiB at once and 4 KiB for each second that has passed.
      const allowed = 32_768 + (4_096 * (rig.clock.now() - 1_000_000)) / 1_000 + 2_000;
      for (const bytes of gained.values()) must(bytes <= allowed, () => `${bytes} bytes gained`);
      const { stored } = rig.node.stats;
      must(stored.peers <= 50 && stored.torrents <= 8 && stored.items <= 4, 'more than the limits');
      must(rig.node.state().length <= 32_768, 'a state is too long');
      void rig.node.close();
      return `${stored.peers > 0} ${stored.items > 0} ${rig.node.nodeCount > 0}`;
    },
  },
  {
    name: 'dht-node-lookup',
    area: 'dht',
    property:
      'whatever is answered, a lookup ends with peers that can be connected to or a DhtError, and asks a bounded number',
    maxLength: 2_048,
    async run(input) {
      const choices = new Choices(input);
      const rig = new Rig([FRIEND]);
      rig.node.start();
      let outcome = '';
      const hash = new Uint8Array(20).fill(5);
      const calls = [
        () => rig.node.lookup(hash),
        () => rig.node.announce(hash, { port: 6_881 }),
        () => rig.node.scrape(hash),
        () => rig.node.sample(hash),
        () => rig.node.get(choices.bool() ? hash : { publicKey: choices.exactly(32) }),
      ];
      const call = (calls[choices.below(calls.length)] ?? (() => rig.node.lookup(hash)))().then(
        (result) => {
          outcome = 'done';
          if ('peers' in result && Array.isArray(result.peers)) {
            must(
              (result.peers as readonly Endpoint[]).every((peer) => isEndpoint(peer)),
              'a peer',
            );
          }
        },
        (error: unknown) => {
          if (!(error instanceof DhtError)) throw error;
          outcome = error.code;
        },
      );
      const settle = async (): Promise<void> => {
        for (let turn = 0; turn < 6; turn++) await Promise.resolve();
      };
      let asked = 0;
      for (let round = 0; round < 40 && outcome === ''; round++) {
        await settle();
        for (const { datagram, to } of rig.take()) {
          asked++;
          if (choices.isSpent || choices.oneIn(5)) continue;
          rig.node.onDatagram(
            choices.oneIn(9) ? choices.blob(50) : answerOf(choices, datagram),
            to,
          );
        }
        rig.clock.pass(choices.isSpent ? 10_000 : choices.below(3_000));
      }
      await settle();
      must(asked <= 2_000, () => `${asked} queries`);
      await rig.node.close();
      await call;
      must(outcome !== '', 'it never ends');
      return outcome;
    },
  },
];
