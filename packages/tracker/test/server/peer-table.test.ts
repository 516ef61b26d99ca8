import fc from 'fast-check';
import { seededRandom } from '@shoal/net';
import { PeerTable } from '../../src/server/store/peer-table.ts';
import { RecordArena } from '../../src/server/store/record-arena.ts';

const ID = 'i'.repeat(20);

function key(index: number, words: number): Uint32Array {
  const made = new Uint32Array(words);
  // Few addresses with many ports, so that records share their first word.
  made[0] = 0x0a000000 + (index & 7);
  made[words - 1] = 1 + (index >> 3);
  return made;
}

describe('PeerTable', () => {
  it.each([2, 5])('agrees with a simple model at every size, keys of %i words', (keyWords) => {
    const step = fc.tuple(
      fc.constantFrom('add', 'add', 'add', 'remove', 'role', 'expire', 'clear'),
      fc.nat({ max: 399 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 600 }), fc.nat(), (steps, seed) => {
        const arena = new RecordArena(keyWords, keyWords + 6, seed);
        const table = new PeerTable(arena);
        const model = new Map<number, { seed: boolean; seen: number }>();
        // Large from the start in half of the runs: those beyond a block have an index.
        const start = seed % 2 === 0 ? 200 : 0;
        for (let index = 0; index < start; index += 1) {
          table.touch(table.add(key(index, keyWords), index % 3 === 0), ID, 50);
          model.set(index, { seed: index % 3 === 0, seen: 50 });
        }
        let now = 100;
        for (const [what, peer, isSeed] of steps) {
          now += 1;
          const slot = table.find(key(peer, keyWords));
          expect(slot >= 0).toBe(model.has(peer));
          if (what === 'remove' && slot >= 0) {
            table.remove(slot);
            model.delete(peer);
          } else if (what === 'role' && slot >= 0) {
            expect(table.isSeed(table.setRole(slot, isSeed))).toBe(isSeed);
            model.set(peer, { seed: isSeed, seen: model.get(peer)?.seen ?? 0 });
          } else if (what === 'add') {
            const own =
              slot >= 0 ? table.setRole(slot, isSeed) : table.add(key(peer, keyWords), isSeed);
            table.touch(own, ID, now);
            model.set(peer, { seed: isSeed, seen: now });
          } else if (what === 'expire' || (what === 'clear' && peer < 10)) {
            const deadline = what === 'clear' ? now + 1 : now - 60;
            table.expire(deadline);
            for (const [each, { seen }] of model) if (seen < deadline) model.delete(each);
          }
          expect(table.size).toBe(model.size);
          expect(table.seeds).toBe([...model.values()].filter((each) => each.seed).length);
        }
        for (let peer = 0; peer < 400; peer += 1) {
          const slot = table.find(key(peer, keyWords));
          expect(slot >= 0).toBe(model.has(peer));
          if (slot >= 0) expect(table.isSeed(slot)).toBe(model.get(peer)?.seed);
        }
        const from = seed % 2 === 0 ? 0 : table.seeds;
        const count = table.size - from;
        const width = keyWords * 4 - 2;
        const all = Buffer.alloc(count * width);
        table.sample(from, count, -1, () => seededRandom(seed).next(), all, 0, undefined, 0);
        const given = new Set<string>();
        for (let at = 0; at < all.length; at += width) {
          given.add(all.toString('hex', at, at + width));
        }
        expect(given.size).toBe(count);
        table.expire(now + 1);
        expect(table.size).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('gives memory back', () => {
    const arena = new RecordArena(2, 8, 1);
    const tables = Array.from({ length: 5_000 }, () => new PeerTable(arena));
    for (const [index, table] of tables.entries()) {
      for (let peer = 0; peer < 1 + (index % 100); peer += 1) {
        table.touch(table.add(key(peer, 2), peer % 2 === 0), ID, index);
      }
    }
    const full = arena.bytes;
    expect(full).toBeGreaterThan(5_000 * 50 * 32);
    expect(full).toBeLessThan(5_000 * 50 * 32 * 1.5);
    for (const table of tables) table.expire(10_000);
    // A chunk of each size may stay.
    expect(arena.bytes).toBeLessThanOrEqual(12 * 65_536);
  });
});
