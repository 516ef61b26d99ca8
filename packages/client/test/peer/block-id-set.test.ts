import fc from 'fast-check';
import { BlockIdSet } from '../../src/peer/block-id-set.ts';

describe('BlockIdSet', () => {
  it('is a set: whatever is put in and taken out, in any order', () => {
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
        const model = new Set<number>();
        for (const [what, value] of steps) {
          if (what === 'add') {
            set.add(value);
            model.add(value);
          } else if (what === 'delete') {
            expect(set.delete(value)).toBe(model.delete(value));
          } else if (value % 50 === 0) {
            set.clear();
            model.clear();
          }
          expect(set.size).toBe(model.size);
          expect(set.has(value)).toBe(model.has(value));
        }
        expect(set.values().sort((a, b) => a - b)).toEqual([...model].sort((a, b) => a - b));
        for (const value of model) expect(set.has(value)).toBe(true);
      }),
    );
  });
});
