import fc from 'fast-check';
import { BlockIdSet } from '../../src/peer/block-id-set.ts';

describe('BlockIdSet', () => {
  it('is a set that knows since when each is in it: whatever is put in and taken out, in any order', () => {
    const id = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      // Ids of a large torrent, among them such that fall on one slot.
      fc.integer({ min: 0, max: 300 }).map((n) => n * 2 ** 32),
      fc.maxSafeNat(),
    );
    const step = fc.tuple(fc.constantFrom('add', 'add', 'delete', 'clear-rarely'), id);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const set = new BlockIdSet();
        const model = new Map<number, number>();
        for (const [time, [what, value]] of steps.entries()) {
          if (what === 'add') {
            // Of what is in already the time stays.
            set.add(value, time);
            if (!model.has(value)) model.set(value, time);
          } else if (what === 'delete') {
            expect(set.delete(value)).toBe(model.delete(value));
          } else if (value % 50 === 0) {
            set.clear();
            model.clear();
          }
          expect(set.size).toBe(model.size);
          expect(set.has(value)).toBe(model.has(value));
        }
        const sorted = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);
        expect(sorted(set.values())).toEqual(sorted(model.keys()));
        for (const value of model.keys()) expect(set.has(value)).toBe(true);
        for (const limit of [0, steps.length >> 1, steps.length]) {
          const early = [...model].filter(([, time]) => time < limit).map(([value]) => value);
          expect(sorted(set.before(limit))).toEqual(sorted(early));
        }
      }),
    );
  });
});
