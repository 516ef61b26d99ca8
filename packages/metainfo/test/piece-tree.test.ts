import fc from 'fast-check';
import { PieceTree } from '../src/merkle/piece-tree.ts';
import { BLOCK_LENGTH, hashPiece } from '../src/index.ts';
import { recipeBytes } from './create-support.ts';

describe('PieceTree', () => {
  it('gives what hashPiece gives, for one piece after another', () => {
    const most = 9;
    const content = recipeBytes('pieces', most * BLOCK_LENGTH);
    const piece = fc.record({
      length: fc.integer({ min: 1, max: content.length }),
      more: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), (pieces) => {
        const tree = new PieceTree(most);
        for (const { length, more } of pieces) {
          const bytes = content.subarray(0, length);
          for (let at = 0; at < length; at += BLOCK_LENGTH) {
            tree.add(bytes.subarray(at, at + BLOCK_LENGTH));
          }
          const height = Math.ceil(Math.log2(Math.ceil(length / BLOCK_LENGTH))) + more;
          expect(Buffer.compare(tree.root(height), hashPiece(bytes, height))).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });
});
