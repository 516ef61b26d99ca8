// What a node takes to answer others, with a full routing table.
import { seededRandom } from '@shoal/net';
import { DhtNode, decodeKrpc, encodeKrpc } from '../dist/index.js';
import { measure } from './measure.mjs';

const random = seededRandom(1);
let now = 0;
const clock = {
  now: () => now,
  wallTime: () => now,
  setTimer: () => ({ cancel: () => undefined }),
  setRepeating: () => ({ cancel: () => undefined }),
};
const asked = [];
const plenty = { rate: 1e9, burst: 1e9 };
const node = new DhtNode({
  clock,
  random,
  send: (datagram, to) => asked.push([datagram.slice(), to]),
  limits: { queriesPerNetwork: plenty, queriesOverall: plenty, excessPerNetwork: plenty },
});
const address = (index) => `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`;

for (let index = 0; index < 2_000; index++) {
  node.addNode({ address: address(index), port: 6881 });
  for (const [datagram, from] of asked.splice(0)) {
    const { kind, transaction } = decodeKrpc(datagram);
    if (kind !== 'query') continue;
    const id = random.bytes(20);
    node.onDatagram(encodeKrpc({ kind: 'response', transaction, id, body: {} }), from);
  }
}

const id = random.bytes(20);
const queries = Array.from({ length: 1_000 }, () =>
  encodeKrpc({
    kind: 'query',
    transaction: Uint8Array.of(1, 2),
    id,
    body: { method: 'get_peers', infoHash: random.bytes(20), want: [] },
  }),
);
const senders = Array.from({ length: 1_000 }, (_, index) => ({ address: address(index), port: 1 }));
measure(`answer get_peers, ${node.nodeCount} contacts`, (call) => {
  asked.length = 0;
  now += 0.01;
  node.onDatagram(queries[call % 1_000], senders[call % 1_000]);
});
await node.close();
