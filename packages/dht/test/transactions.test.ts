import { seededRandom, type Endpoint } from '@shoal/net';
import { SimWorld } from '@shoal/net/sim';
import type { KrpcResponse } from '../src/index.ts';
import { MAX_TIMEOUT_MS, MIN_PATIENCE_MS } from '../src/limits.ts';
import { Transactions, type FailureReason, type OutgoingQuery } from '../src/rpc/transactions.ts';

const endpoint: Endpoint = { address: '20.0.0.1', port: 1 };
const id = new Uint8Array(20).fill(1);

class Query implements OutgoingQuery {
  readonly endpoint = endpoint;
  readonly expectedId: Uint8Array | undefined;
  readonly events: string[] = [];

  constructor(expectedId: Uint8Array | undefined = id) {
    this.expectedId = expectedId;
  }
  body(): { readonly method: 'ping' } {
    return { method: 'ping' };
  }
  onSlow(): void {
    this.events.push('slow');
  }
  onResponse(): void {
    this.events.push('response');
  }
  onFailure(reason: FailureReason): void {
    this.events.push(reason);
  }
}

function rig(maxInFlight = 10) {
  const world = new SimWorld({ seed: 1 });
  const { clock } = world.host({ address: '20.0.0.9' });
  const sent: Uint8Array[] = [];
  const heard: string[] = [];
  const transactions = new Transactions(clock, seededRandom(2), maxInFlight, {
    send: (_query, transaction) => sent.push(transaction),
    onAnswered: () => heard.push('answered'),
    onTimedOut: () => heard.push('timed out'),
  });
  const answer = (index: number, from = endpoint, whose = id): boolean => {
    const response: KrpcResponse = {
      kind: 'response',
      transaction: sent[index]!,
      id: whose,
      body: {},
    };
    return transactions.settle(response, from);
  };
  return { world, transactions, sent, heard, answer };
}

describe('Transactions', () => {
  it('give an answer to whoever asked', () => {
    const { transactions, answer, heard } = rig();
    const [one, other] = [new Query(), new Query()];
    transactions.start(one);
    transactions.start(other);
    expect(answer(1)).toBe(true);
    expect([one.events, other.events]).toEqual([[], ['response']]);
    expect(heard).toEqual(['answered']);
    expect(transactions.inFlight).toBe(1);
    // Once.
    expect(answer(1)).toBe(false);
    expect(transactions.counts.unmatched).toBe(1);
    transactions.close();
  });

  it('take nothing from another address, port or transaction', async () => {
    const { world, transactions, answer, sent } = rig();
    const query = new Query();
    transactions.start(query);
    expect(answer(0, { address: '20.0.0.2', port: 1 })).toBe(false);
    expect(answer(0, { address: '20.0.0.1', port: 2 })).toBe(false);
    const forged = {
      kind: 'response',
      transaction: Uint8Array.of(0, 0, 0, 0),
      id,
      body: {},
    } as const;
    expect(transactions.settle(forged, endpoint)).toBe(false);
    const short = { ...forged, transaction: sent[0]!.subarray(0, 2) };
    expect(transactions.settle(short, endpoint)).toBe(false);
    expect(transactions.counts).toMatchObject({ wrongAddress: 2, unmatched: 2 });
    expect(query.events).toEqual([]);
    await world.run();
    expect(query.events).toEqual(['slow', 'timeout']);
    expect(answer(0)).toBe(false);
  });

  it('notice when somebody else answers than was asked', () => {
    const { transactions, answer, heard } = rig();
    const query = new Query();
    transactions.start(query);
    answer(0, endpoint, new Uint8Array(20).fill(2));
    expect(query.events).toEqual(['id']);
    expect(heard).toEqual(['answered']);
    const whoever = new Query(undefined);
    Object.assign(whoever, { expectedId: undefined });
    transactions.start(whoever);
    answer(1, endpoint, new Uint8Array(20).fill(3));
    expect(whoever.events).toEqual(['response']);
  });

  it('pass on what a node says is wrong', () => {
    const { transactions, sent } = rig();
    const query = new Query();
    transactions.start(query);
    const error = { kind: 'error', transaction: sent[0]!, code: 203, message: 'no' } as const;
    expect(transactions.settle(error, endpoint)).toBe(true);
    expect(query.events).toEqual(['error']);
  });

  it('become as impatient as the network allows', async () => {
    const { world, transactions, answer } = rig(1_000);
    for (let index = 0; index < 50; index++) {
      transactions.start(new Query());
      await world.run({ limit: 30 });
      answer(index);
    }
    expect(transactions.latency.roundTrip).toBeCloseTo(30, 0);
    expect(transactions.latency.patience).toBe(MIN_PATIENCE_MS);
    const query = new Query();
    transactions.start(query);
    await world.run({ limit: MIN_PATIENCE_MS + 50 });
    expect(query.events).toEqual(['slow']);
    // A slow answer is an answer.
    expect(answer(50)).toBe(true);
    expect(query.events).toEqual(['slow', 'response']);
  });

  it('keep a bounded number under way, and the others waiting', async () => {
    const { world, transactions, sent, answer } = rig(3);
    const queries = Array.from({ length: 5 }, () => new Query());
    for (const query of queries) transactions.start(query);
    expect([sent.length, transactions.waiting]).toEqual([3, 2]);
    answer(1);
    expect([sent.length, transactions.waiting]).toEqual([4, 1]);
    await world.run({ limit: 2 * MAX_TIMEOUT_MS });
    expect(sent).toHaveLength(5);
    expect(queries.map(({ events }) => events.at(-1))).toEqual([
      'timeout',
      'response',
      'timeout',
      'timeout',
      'timeout',
    ]);
  });

  it('end with everything when they are closed', async () => {
    const { world, transactions } = rig(1);
    const queries = [new Query(), new Query()];
    for (const query of queries) transactions.start(query);
    transactions.close();
    transactions.start(queries[0]!);
    expect(queries.map(({ events }) => events)).toEqual([['closed', 'closed'], ['closed']]);
    expect(await world.run()).toBe('idle');
  });
});
