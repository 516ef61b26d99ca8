import { seededRandom } from '@shoal/net';
import fc from 'fast-check';
import { InfoHashTable } from '../src/peers/info-hash-table.ts';
import { NetworkCounts } from '../src/peers/network-counts.ts';
import { PeerTable } from '../src/peers/peer-table.ts';
import { MAX_RUN, RecordArea, sizeClassOf } from '../src/peers/record-area.ts';
import { SeededHash } from '../src/seeded-hash.ts';
import { toHex } from './support/hex.ts';

describe('SeededHash', () => {
  it('depends on every byte, on the length and on the seed', () => {
    const hash = new SeededHash(seededRandom(1));
    const other = new SeededHash(seededRandom(2));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), fc.nat(), (bytes, where) => {
        const changed = bytes.slice();
        changed[where % bytes.length]! ^= 1 << (where % 8);
        expect(hash.of(bytes) >>> 0).toBe(hash.of(bytes));
        expect(hash.of(changed)).not.toBe(hash.of(bytes));
        expect(other.of(bytes)).not.toBe(hash.of(bytes));
        expect(hash.of(bytes, bytes.length - 1)).not.toBe(hash.of(bytes));
      }),
      // Two values of 32 bits are the same now and then; not for this seed.
      { seed: 1 },
    );
  });

  it('spreads keys that differ in one place only', () => {
    const hash = new SeededHash(seededRandom(1));
    const places = new Uint32Array(1_024);
    for (let index = 0; index < 64 * 1_024; index++) {
      const key = Uint8Array.of(index >>> 8, index, 7, 7);
      places[hash.of(key) & 1_023]!++;
    }
    expect(Math.min(...places)).toBeGreaterThan(25);
    expect(Math.max(...places)).toBeLessThan(120);
  });
});

describe('InfoHashTable', () => {
  const hashOf = (index: number) => {
    const infoHash = new Uint8Array(20);
    infoHash[7] = index;
    infoHash[19] = index >>> 8;
    return infoHash;
  };

  it('agrees with a map while it grows and shrinks', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(400));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 1_500, size: 'max' }),
        fc.integer(),
        (steps, seed) => {
          const table = new InfoHashTable(seededRandom(seed));
          /** Index of the info-hash in each slot. */
          const slots: number[] = [];
          for (const [add, index] of steps) {
            const slot = slots.indexOf(index);
            expect(table.find(hashOf(index))).toBe(slot);
            if (add && slot < 0) {
              expect(table.add(hashOf(index))).toBe(slots.length);
              slots.push(index);
            } else if (!add && slots.length > 0) {
              const victim = index % slots.length;
              table.remove(victim);
              const last = slots.pop()!;
              if (victim < slots.length) slots[victim] = last;
            }
            expect(table.size).toBe(slots.length);
          }
          for (const [slot, index] of slots.entries()) {
            expect(table.find(hashOf(index))).toBe(slot);
            expect(toHex(table.at(slot))).toBe(toHex(hashOf(index)));
          }
          while (table.size > 0) table.remove(0);
          expect(table.capacity).toBeLessThanOrEqual(32);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('RecordArea', () => {
  it('has classes for runs of powers of two', () => {
    expect([1, 2, 3, 4, 5, 8, 9, MAX_RUN].map(sizeClassOf)).toEqual([0, 1, 2, 2, 3, 3, 4, 13]);
  });

  it('keeps the runs of others when one is freed, and gives memory back', () => {
    const positions = new Map<number, number>();
    const area = new RecordArea(3, (owner, position) => void positions.set(owner, position));
    const check = (owner: number): void => {
      const start = (positions.get(owner) ?? 0) * 3 * 4;
      expect([...area.words(2).subarray(start, start + 12)]).toEqual(new Array(12).fill(owner));
    };
    for (let owner = 1; owner <= 100; owner++) {
      const position = area.make(2, owner);
      positions.set(owner, position);
      area.words(2).fill(owner, position * 12, position * 12 + 12);
    }
    const full = area.bytes;
    for (let owner = 1; owner <= 95; owner++) {
      area.free(2, positions.get(owner) ?? 0);
      positions.delete(owner);
      for (const other of positions.keys()) check(other);
    }
    expect(area.bytes).toBeLessThan(full / 5);
  });
});

describe('PeerTable', () => {
  const addressOf = (index: number) => Uint8Array.of(80, index >>> 16, index >>> 8, index);

  it('keeps each swarm to itself while all grow and shrink through the size classes', () => {
    const removed: string[] = [];
    const table = new PeerTable(4, (address) => removed.push(toHex(address)));
    const slots = 4;
    table.resize(slots);
    const random = seededRandom(1);
    const expected = Array.from({ length: slots }, () => new Set<string>());
    const put = (slot: number, index: number, second: number): void => {
      const entry = { address: addressOf(index), port: 1, seed: false, byPort: false };
      expect(table.put(slot, entry, second, true)).toBe('added');
      expected[slot]!.add(toHex(addressOf(index)));
    };
    const check = (): void => {
      for (let slot = 0; slot < slots; slot++) {
        expect(table.count(slot)).toBe(expected[slot]!.size);
        const peers = table.sample(slot, 10_000, false, random);
        expect(new Set(peers.map((peer) => toHex(peer.subarray(0, 4))))).toEqual(expected[slot]);
      }
    };
    // The seconds rise, so that the first halves can be expired.
    for (let index = 0; index < 3_000; index++) put(index % slots, index, index);
    check();
    for (const deadline of [500, 1_500, 2_900, 2_990]) {
      const before = removed.length;
      let count = 0;
      for (let slot = 0; slot < slots; slot++) count += table.expire(slot, deadline);
      expect(removed.length - before).toBe(count);
      for (const address of removed.slice(before)) {
        for (const swarm of expected) swarm.delete(address);
      }
      check();
    }
    expect(removed).toHaveLength(2_990);
    for (let index = 3_000; index < 3_400; index++) put(2, index, index);
    check();
    expect(table.clear(2)).toBe(expected[2]!.size);
    expected[2]!.clear();
    check();
    table.move(3, 2);
    expected[2] = expected[3]!;
    expected[3] = new Set();
    check();
    for (let slot = 0; slot < slots; slot++) table.expire(slot, 10_000);
    expect(removed).toHaveLength(3_400);
    expect(table.bytes).toBeLessThan(500);
  });

  it('has an end at 8,192 peers of a swarm', () => {
    const table = new PeerTable(4, () => undefined);
    table.resize(1);
    for (let index = 0; index <= MAX_RUN; index++) {
      const entry = { address: addressOf(index), port: 1, seed: true, byPort: false };
      expect(table.put(0, entry, 1, true)).toBe(index < MAX_RUN ? 'added' : 'full');
    }
  });
});

describe('NetworkCounts', () => {
  it('never says less than the truth, and says it exactly while there are few networks', () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const counts = new NetworkCounts(1_000);
        const truth = new Array<number>(10).fill(0);
        const hash = (network: number) => Math.imul(network + 1, 0x9e3779b1) >>> 0;
        for (const [add, network] of steps) {
          if (add) {
            counts.add(hash(network));
            truth[network]!++;
          } else if (truth[network]! > 0) {
            counts.remove(hash(network));
            truth[network]!--;
          }
        }
        for (const [network, count] of truth.entries())
          expect(counts.of(hash(network))).toBe(count);
      }),
    );
  });

  it('is hardly wrong about a small network among 100,000 others', () => {
    const random = seededRandom(1);
    const counts = new NetworkCounts(100_000);
    for (let index = 0; index < 100_000; index++) counts.add(random.integer(2 ** 32));
    expect(counts.of(random.integer(2 ** 32))).toBeLessThan(40);
  });

  it('stays at its highest count rather than beginning anew', () => {
    const counts = new NetworkCounts(1);
    for (let index = 0; index < 70_000; index++) counts.add(5);
    expect(counts.of(5)).toBe(65_535);
    counts.remove(5);
    expect(counts.of(5)).toBe(65_535);
  });
});
