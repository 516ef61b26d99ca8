import { seededRandom, type Endpoint } from '@shoal/net';
import * as fc from 'fast-check';
import { makeNodeId, type NodeInfo } from '../src/index.ts';
import {
  BUCKET_SIZE,
  MAX_SAME_NETWORK_IN_BUCKET,
  MAX_SAME_NETWORK_IN_TABLE,
  QUESTIONABLE_AFTER_MS,
} from '../src/limits.ts';
import { commonPrefix, compareDistance, randomIdNear, sameId } from '../src/node-id.ts';
import { RoutingTable } from '../src/table/routing-table.ts';
import { toHex } from './support/hex.ts';

const random = seededRandom(42);
const own = new Uint8Array(20);

function at(index: number): Endpoint {
  return { address: `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`, port: 6881 };
}

/** A node that shares so many bits with us; its id is made up. */
function node(index: number, bits: number, endpoint = at(index)): NodeInfo {
  return { id: randomIdNear(own, bits, random), endpoint };
}

function filled(count: number): RoutingTable {
  const table = new RoutingTable(own, random, 0);
  for (let index = 0; index < count; index++) {
    table.replied({ id: random.bytes(20), endpoint: at(index) }, 0);
  }
  return table;
}

describe('ids', () => {
  const id = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);

  it('compare by XOR', () => {
    fc.assert(
      fc.property(id, id, id, (one, other, target) => {
        const difference = (number(one) ^ number(target)) - (number(other) ^ number(target));
        expect(Math.sign(compareDistance(one, other, target))).toBe(
          difference === 0n ? 0 : difference < 0n ? -1 : 1,
        );
      }),
    );
  });

  it('are made to share exactly so many bits', () => {
    fc.assert(
      fc.property(id, fc.integer({ min: 0, max: 160 }), (base, bits) => {
        const near = randomIdNear(base, bits, random);
        expect(commonPrefix(base, near)).toBe(bits);
        expect(sameId(base, near)).toBe(bits === 160);
      }),
    );
  });
});

describe('RoutingTable', () => {
  it('gives the closest nodes, whatever the target', () => {
    const table = filled(500);
    const all = [...table.contacts()];
    for (let count = 0; count < 200; count++) {
      const target = count % 2 === 0 ? random.bytes(20) : randomIdNear(own, count % 40, random);
      const wanted = [...all].sort((a, b) => compareDistance(a.id, b.id, target)).slice(0, 8);
      expect(table.closest(target, 8, 0).map(({ id }) => toHex(id))).toEqual(
        wanted.map(({ id }) => toHex(id)),
      );
    }
  });

  it('splits only the bucket it is in itself', () => {
    const table = filled(5_000);
    expect(table.size).toBeLessThanOrEqual(table.bucketCount * BUCKET_SIZE);
    // log2(5,000 / 8), more or less.
    expect(table.bucketCount).toBeGreaterThan(7);
    expect(table.bucketCount).toBeLessThan(14);
    const shallow = [...table.contacts()].filter(({ id }) => commonPrefix(own, id) === 0);
    expect(shallow).toHaveLength(BUCKET_SIZE);
  });

  it('asks a contact that has been silent before it takes another in its place', () => {
    const table = new RoutingTable(own, random, 0);
    for (let index = 0; index < BUCKET_SIZE; index++) table.replied(node(index, 0), index);
    table.replied(node(99, 5), 0);
    const newcomer = node(100, 0);
    expect(table.replied(newcomer, 1_000)).toBeUndefined();
    const later = QUESTIONABLE_AFTER_MS + 3;
    const asked = table.replied(node(101, 0), later);
    expect(asked?.endpoint).toEqual(at(0));
    // It does not answer: a node that waited, the latest, has its place.
    table.failed(at(0));
    expect(table.closest(own, 99, later).map(({ endpoint }) => endpoint)).not.toContainEqual(at(0));
    table.failed(at(0));
    const addresses = [...table.contacts()].map(({ endpoint }) => endpoint);
    expect(addresses).not.toContainEqual(at(0));
    expect(addresses).toContainEqual(at(101));
    expect(table.size).toBe(BUCKET_SIZE + 1);
  });

  it('keeps contacts that fail while nobody is better, and takes them back', () => {
    const table = new RoutingTable(own, random, 0);
    table.replied(node(1, 0), 0);
    const first = [...table.contacts()][0]!;
    for (let count = 0; count < 5; count++) table.failed(at(1));
    expect(table.closest(own, 8, 1)).toEqual([]);
    expect(table.candidates(own, 8, 1)).toEqual([first]);
    table.replied(first, 2);
    expect(table.closest(own, 8, 2)).toEqual([first]);
  });

  it('takes no node that has its own id', () => {
    const table = new RoutingTable(own, random, 0);
    const same = { id: new Uint8Array(own), endpoint: at(1) };
    expect(table.queried(same, 0)).toBe(false);
    table.replied(same, 0);
    expect(table.size).toBe(0);
  });

  it('has one place for an address, and few for a line', () => {
    const table = new RoutingTable(own, random, 0);
    for (let port = 1; port <= 50; port++) {
      table.replied(node(0, port % 20, { address: '20.1.1.1', port }), 0);
    }
    expect(table.size).toBe(1);
    for (let host = 2; host < 250; host++) {
      table.replied(node(0, host % 30, { address: `20.1.1.${host}`, port: 1 }), 0);
    }
    expect(table.size).toBeLessThanOrEqual(MAX_SAME_NETWORK_IN_TABLE);
    const counts = new Map<number, number>();
    for (const { id } of table.contacts()) {
      const prefix = Math.min(commonPrefix(own, id), table.bucketCount - 1);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(MAX_SAME_NETWORK_IN_BUCKET);
    const local = new RoutingTable(own, random, 0);
    for (let port = 1; port <= 8; port++) {
      local.replied(node(0, 0, { address: '127.0.0.1', port }), 0);
    }
    expect(local.size).toBe(8);
  });

  it('prefers ids that follow from addresses in a full bucket (BEP 42)', () => {
    const table = new RoutingTable(own, random, 0);
    for (let index = 0; index < BUCKET_SIZE; index++) table.replied(node(index, 0), 0);
    table.replied(node(50, 3), 0);
    let index = 100;
    let secure = makeNodeId(at(index).address, random);
    while (commonPrefix(own, secure) !== 0) secure = makeNodeId(at(++index).address, random);
    table.replied({ id: secure, endpoint: at(index) }, 1);
    expect([...table.contacts()].filter((contact) => contact.secure)).toHaveLength(1);
    expect(table.size).toBe(BUCKET_SIZE + 1);
  });

  it('believes no sender, but notes those it knows', () => {
    const table = new RoutingTable(own, random, 0);
    const known = node(1, 2);
    expect(table.queried(known, 0)).toBe(true);
    expect(table.size).toBe(0);
    table.replied(known, 0);
    expect(table.queried(known, QUESTIONABLE_AFTER_MS)).toBe(false);
    expect(table.find(at(1))?.isGood(QUESTIONABLE_AFTER_MS + 1)).toBe(true);
    // Somebody else in its name changes nothing.
    expect(table.queried(node(1, 2), 2 * QUESTIONABLE_AFTER_MS)).toBe(false);
    expect(table.find(at(1))?.lastSeen).toBe(QUESTIONABLE_AFTER_MS);
  });

  it('wants to know neighbours when it is full, as the bucket around itself can be split', () => {
    const table = new RoutingTable(own, random, 0);
    for (let index = 0; index < BUCKET_SIZE; index++) table.replied(node(index, 0), 0);
    expect(table.bucketCount).toBe(1);
    // Far ones first: the bucket is split for them once, and then there is no place for more of them.
    expect(table.queried(node(50, 0), 1)).toBe(true);
    table.replied(node(50, 0), 1);
    expect(table.queried(node(51, 0), 1)).toBe(false);
    for (let index = 0; index < 3 * BUCKET_SIZE; index++) {
      const neighbour = node(100 + index, 3 + index);
      expect(table.queried(neighbour, 1)).toBe(true);
      table.replied(neighbour, 1);
    }
    expect(table.size).toBe(4 * BUCKET_SIZE);
  });

  it('puts contacts where they belong under another id of its own', () => {
    const table = filled(300);
    const before = table.size;
    const other = random.bytes(20);
    table.rebase(other, 0);
    expect(table.id).toEqual(other);
    expect(table.size).toBeGreaterThan(before / 3);
    const all = [...table.contacts()];
    const wanted = [...all].sort((a, b) => compareDistance(a.id, b.id, other)).slice(0, 8);
    expect(table.closest(other, 8, 0)).toEqual(wanted);
  });

  it('names buckets to be refreshed, the stalest first, each once', () => {
    const table = filled(200);
    expect(table.staleTarget(QUESTIONABLE_AFTER_MS - 1)).toBeUndefined();
    const targets = new Set<number>();
    for (;;) {
      const target = table.staleTarget(QUESTIONABLE_AFTER_MS);
      if (target === undefined) break;
      targets.add(Math.min(commonPrefix(own, target), table.bucketCount - 1));
    }
    expect(targets.size).toBe(table.bucketCount);
  });

  it('stays in order whatever happens', () => {
    const step = fc.tuple(
      fc.constantFrom('replied', 'queried', 'failed', 'rebase'),
      fc.nat(60),
      fc.nat(12),
      fc.nat(2_000_000),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new RoutingTable(own, seededRandom(1), 0);
        let now = 0;
        for (const [kind, index, bits, delay] of steps) {
          now += delay;
          const endpoint = { address: `20.0.${index >> 2}.${index & 3}`, port: 1 + (bits & 1) };
          const each = { id: randomIdNear(own, bits, random), endpoint };
          if (kind === 'replied') table.replied(each, now);
          else if (kind === 'queried') table.queried(each, now);
          else if (kind === 'failed') table.failed(endpoint);
          else table.rebase(randomIdNear(own, bits, random), now);
          const contacts = [...table.contacts()];
          expect(contacts).toHaveLength(table.size);
          expect(new Set(contacts.map(({ endpoint: { address } }) => address)).size).toBe(
            contacts.length,
          );
          for (const contact of contacts) expect(table.find(contact.endpoint)).toBe(contact);
        }
      }),
      { numRuns: 60 },
    );
  });
});
