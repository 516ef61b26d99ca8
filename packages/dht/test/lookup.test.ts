import { encodeNodes, type KrpcResponse, type NodeInfo } from '../src/krpc/index.ts';
import { ID_BYTES } from '../src/krpc/index.ts';
import { MAX_LOOKUP_QUERIES, MAX_NODES_PER_REPLY } from '../src/limits.ts';
import { Lookup, type LookupOutcome } from '../src/lookup/lookup.ts';
import { FindNodePurpose, PeerCollector } from '../src/lookup/purposes.ts';
import type { OutgoingQuery } from '../src/rpc/transactions.ts';

const target = new Uint8Array(ID_BYTES);
const own = new Uint8Array(ID_BYTES).fill(0xff);

/** An id so far from the target: the smaller the number, the closer. */
function idAt(distance: number): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  new DataView(id.buffer).setUint32(8, distance);
  id[19] = 1;
  return id;
}

/** A node of a network of its own. */
function nodeAt(index: number, distance: number): NodeInfo {
  const address = `${20 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}.1`;
  return { id: idAt(distance), endpoint: { address, port: 1 } };
}

/** A lookup whose queries are answered by `answer`, one after the other; undefined is silence. */
function lookUp(first: NodeInfo, answer: (asked: number) => readonly NodeInfo[] | undefined) {
  const waiting: OutgoingQuery[] = [];
  const asked: string[] = [];
  let outcome: LookupOutcome | undefined;
  const host = {
    family: 4 as const,
    id: own,
    start: (query: OutgoingQuery) => waiting.push(query),
    onOtherFamily: () => undefined,
  };
  const lookup = new Lookup(host, new FindNodePurpose(target, []), (done) => (outcome = done));
  lookup.start([first]);
  for (let query = waiting.shift(); query !== undefined; query = waiting.shift()) {
    asked.push(query.endpoint.address);
    // Without an end to it, there is an end to the test.
    if (asked.length > 1_000) break;
    const nodes = answer(asked.length);
    if (nodes === undefined) {
      query.onFailure('timeout');
      continue;
    }
    const response: KrpcResponse = {
      kind: 'response',
      transaction: new Uint8Array(4),
      id: query.expectedId!,
      body: { nodes: encodeNodes(nodes, 4) },
    };
    query.onResponse(response);
  }
  return { asked, outcome };
}

describe('a lookup', () => {
  it('takes so many nodes of one reply', () => {
    const many = Array.from({ length: 200 }, (_, index) => nodeAt(index + 1, 1_000 + index));
    const { asked } = lookUp(nodeAt(0, 5_000), (count) => (count === 1 ? many : undefined));
    expect(asked).toHaveLength(1 + MAX_NODES_PER_REPLY);
  });

  it('ends, whatever it is told', () => {
    let index = 0;
    const closer = (): NodeInfo[] =>
      Array.from({ length: 16 }, () => nodeAt(++index, 1_000_000 - index));
    const { asked, outcome } = lookUp(nodeAt(0, 2_000_000), closer);
    expect(asked).toHaveLength(MAX_LOOKUP_QUERIES);
    expect(outcome).toMatchObject({ queries: MAX_LOOKUP_QUERIES });
  });

  it('asks nobody near whom somebody far has named', () => {
    const near = ['10.0.0.1', '192.168.1.1', '127.0.0.1', '169.254.1.1'].map((address, index) => ({
      id: idAt(index),
      endpoint: { address, port: 1 },
    }));
    const { asked } = lookUp(nodeAt(0, 5_000), (count) =>
      count === 1 ? [...near, nodeAt(1, 9)] : [],
    );
    expect(asked).toEqual(['20.0.0.1', '20.0.1.1']);
  });

  it('takes so many peers of one reply', () => {
    const values = Array.from({ length: 5_000 }, (_, index) =>
      Uint8Array.of(30, index >>> 8, index & 255, 1, 0, 1),
    );
    const collector = new PeerCollector();
    collector.add(values, '20.0.0.1');
    expect(collector.peers).toHaveLength(200);
    for (let at = 0; at < values.length; at += 200) {
      collector.add(values.slice(at, at + 200), '20.0.0.1');
    }
    expect(collector.peers).toHaveLength(2_000);
  });
});
