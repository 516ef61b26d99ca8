import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { makePairHasher, plainHasher, simdHasher } from '../src/merkle/pair-hasher.ts';
import { PieceTree } from '../src/merkle/piece-tree.ts';
import { BLOCK_LENGTH, hashPiece } from '../src/index.ts';
import { recipeBytes } from './create-support.ts';

describe.each([
  ['four at a time', simdHasher],
  ['one by one', plainHasher],
])('pairs of hashes, %s', (_name, make) => {
  it('are what SHA-256 makes of them, in place', () => {
    const pairs = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(fc.array(pairs, { maxLength: 13 }), fc.nat(3), (messages, more) => {
        const hasher = make(messages.length + more);
        if (hasher === undefined) throw new Error('there is WebAssembly with vectors here');
        hasher.nodes.set(Buffer.concat(messages));
        hasher.join(messages.length);
        for (const [index, message] of messages.entries()) {
          const hash = hasher.nodes.subarray(32 * index, 32 * (index + 1));
          expect(hash).toEqual(createHash('sha256').update(message).digest());
        }
      }),
    );
  });
});

it('pairs of hashes need no WebAssembly', () => {
  const { WebAssembly } = globalThis as { WebAssembly?: unknown };
  try {
    Reflect.set(globalThis, 'WebAssembly', undefined);
    expect(simdHasher(4)).toBeUndefined();
    expect(makePairHasher(7).nodes).toHaveLength(256);
    Reflect.set(globalThis, 'WebAssembly', { validate: () => false });
    expect(simdHasher(4)).toBeUndefined();
  } finally {
    Reflect.set(globalThis, 'WebAssembly', WebAssembly);
  }
});

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
