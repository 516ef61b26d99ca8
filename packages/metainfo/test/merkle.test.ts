import fc from 'fast-check';
import {
  BLOCK_LENGTH,
  checkPieceLayer,
  countAnswer,
  hashBlocks,
  hashCountAt,
  hashPiece,
  layerAbove,
  MetainfoError,
  rootOfLayer,
  treeGeometry,
  treeHeight,
  verifyHashes,
  zeroHash,
} from '../src/index.ts';
import {
  KIB,
  dataOf,
  lengths,
  pieceLengths,
  pieceLayerOf,
  requestsOf,
  expectSame,
  numberedHashes,
  flipBit,
} from './merkle-samples.ts';
import { NaiveTree } from './merkle-support.ts';

describe('geometry', () => {
  it.each([
    [1, 16 * KIB, { blockCount: 1, pieceCount: 1, height: 0, pieceLayer: 0 }],
    [16 * KIB, 32 * KIB, { blockCount: 1, pieceCount: 1, height: 0, pieceLayer: 0 }],
    [16 * KIB + 1, 32 * KIB, { blockCount: 2, pieceCount: 1, height: 1, pieceLayer: 1 }],
    [48 * KIB, 1_024 * KIB, { blockCount: 3, pieceCount: 1, height: 2, pieceLayer: 2 }],
    [64 * KIB + 1, 64 * KIB, { blockCount: 5, pieceCount: 2, height: 3, pieceLayer: 2 }],
    [
      2 ** 53 - 1,
      2 ** 30,
      { blockCount: 2 ** 39, pieceCount: 2 ** 23, height: 39, pieceLayer: 16 },
    ],
  ])('of %d bytes in pieces of %d', (fileLength, pieceLength, expected) => {
    expect(treeGeometry(fileLength, pieceLength)).toEqual({ fileLength, pieceLength, ...expected });
  });

  it.each([
    [0, 16 * KIB],
    [-1, 16 * KIB],
    [1.5, 16 * KIB],
    [NaN, 16 * KIB],
    [2 ** 53, 16 * KIB],
    [1, 0],
    [1, 8 * KIB],
    [1, 48 * KIB],
    [1, 16 * KIB + 1],
    [1, NaN],
    [1, Infinity],
  ])('refuses %d bytes in pieces of %d', (fileLength, pieceLength) => {
    expect(() => treeGeometry(fileLength, pieceLength)).toThrow(MetainfoError);
  });

  it('counts the hashes of a layer', () => {
    expect([0, 1, 2, 3, 4].map((layer) => hashCountAt(9, layer))).toEqual([9, 5, 3, 2, 1]);
    expect(() => treeHeight(0)).toThrow(MetainfoError);
  });
});

describe('layers', () => {
  it('agree with a tree made as BEP 52 words it', () => {
    fc.assert(
      fc.property(lengths, pieceLengths, (length, pieceLength) => {
        const data = dataOf(length);
        const naive = new NaiveTree(data);
        const { height, blockCount, pieceCount, pieceLayer } = treeGeometry(length, pieceLength);
        expect(height).toBe(naive.layers.length - 1);
        let hashes: Uint8Array = hashBlocks(data);
        for (let layer = 0; layer <= height; layer++) {
          const count = hashCountAt(blockCount, layer);
          expectSame(hashes, naive.range(layer, 0, count));
          expect(rootOfLayer(hashes, layer, height)).toEqual(naive.root);
          const next = layerAbove(hashes, layer);
          // In place, too.
          expectSame(layerAbove(hashes, layer, hashes), next);
          hashes = next;
        }
        for (let piece = 0; piece < pieceCount; piece++) {
          const bytes = data.subarray(piece * pieceLength, (piece + 1) * pieceLength);
          expect(hashPiece(bytes, pieceLayer)).toEqual(naive.node(pieceLayer, piece));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('write where they are told and nowhere else', () => {
    const data = dataOf(2 * BLOCK_LENGTH + 1);
    const room = new Uint8Array(5 * 32).fill(9);
    const leaves = hashBlocks(data, room.subarray(32));
    expect(leaves.byteOffset).toBe(32);
    expectSame(leaves, hashBlocks(data));
    expect([...room.subarray(0, 32), ...room.subarray(4 * 32)]).toEqual(Array(64).fill(9));
    const kept = leaves.slice();
    expect(hashPiece(data, 2, room.subarray(32))).toEqual(new NaiveTree(data).root);
    expectSame(leaves, kept);
    expect(() => hashBlocks(data, new Uint8Array(95))).toThrow(MetainfoError);
    expect(() => layerAbove(leaves, 0, new Uint8Array(63))).toThrow(MetainfoError);
  });

  it('pad the last piece of several, but not a file of one piece', () => {
    const data = dataOf(BLOCK_LENGTH);
    const leaf = hashBlocks(data);
    expectSame(hashPiece(data, treeGeometry(BLOCK_LENGTH, 64 * KIB).pieceLayer), leaf);
    const { pieceLayer } = treeGeometry(64 * KIB + BLOCK_LENGTH, 64 * KIB);
    expect(pieceLayer).toBe(2);
    const once = layerAbove(leaf, 0);
    expectSame(hashPiece(data, pieceLayer), layerAbove(once, 1));
  });

  it('refuse what cannot be', () => {
    expect(() => rootOfLayer(new Uint8Array(31), 0, 1)).toThrow(MetainfoError);
    expect(() => rootOfLayer(new Uint8Array(96), 0, 1)).toThrow(MetainfoError);
    expect(() => rootOfLayer(new Uint8Array(32), 2, 1)).toThrow(MetainfoError);
    expect(() => rootOfLayer(new Uint8Array(32), -1, 1)).toThrow(MetainfoError);
    expect(() => rootOfLayer(new Uint8Array(32), 0.5, 1)).toThrow(MetainfoError);
    expect(() => layerAbove(new Uint8Array(32), 40)).toThrow(MetainfoError);
    for (const layer of [-1, 40, 0.5, NaN]) expect(() => zeroHash(layer)).toThrow(MetainfoError);
    expect(rootOfLayer(new Uint8Array(), 0, 3)).toEqual(zeroHash(3));
    expect(rootOfLayer(new Uint8Array(), 0, 3)).not.toBe(zeroHash(3));
  });
});

describe('checkPieceLayer', () => {
  it('finds any flipped bit, and hashes too few or too many', () => {
    fc.assert(
      fc.property(lengths, pieceLengths, fc.nat(), (length, pieceLength, at) => {
        const naive = new NaiveTree(dataOf(length));
        const layer = pieceLayerOf(naive, length, pieceLength);
        expect(checkPieceLayer(naive.root, layer, length, pieceLength)).toBe(true);
        const longer = new Uint8Array([...layer, ...zeroHash(0)]);
        expect(checkPieceLayer(naive.root, longer, length, pieceLength)).toBe(false);
        expect(checkPieceLayer(naive.root, layer.subarray(1), length, pieceLength)).toBe(false);
        flipBit(layer, at);
        expect(checkPieceLayer(naive.root, layer, length, pieceLength)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });
});

describe('verifyHashes', () => {
  const data = dataOf(37 * BLOCK_LENGTH - 5);
  const naive = new NaiveTree(data);
  const anyRequest = fc.nat(5).chain((layer) => requestsOf(naive.root, 6, layer));

  it('accepts what a seed answers and finds any flipped bit', () => {
    fc.assert(
      fc.property(anyRequest, fc.nat(), (request, at) => {
        const hashes = naive.answer(request);
        expect(countAnswer(request) * 32).toBe(hashes.length);
        const top = request.baseLayer + Math.log2(request.length);
        const proven = Math.max(top, request.baseLayer + request.proofLayers + 1) === 6;
        expect(verifyHashes(request, hashes, 37)).toBe(proven ? 'valid' : 'unproven');
        flipBit(hashes, at);
        const verdict = verifyHashes(request, hashes, 37);
        expect(proven ? verdict : 'invalid').toBe('invalid');
      }),
      { numRuns: 300 },
    );
  });

  it('counts the proof layers that are left out', () => {
    const request = { piecesRoot: naive.root, baseLayer: 0, index: 0, length: 8, proofLayers: 0 };
    expect(
      [0, 1, 2, 3, 4, 5].map((proofLayers) => countAnswer({ ...request, proofLayers })),
    ).toEqual([8, 8, 8, 9, 10, 11]);
  });

  it('takes nothing but zeros for what is behind the file, whatever the root says', () => {
    // A tree whose padding is not zero, and so a root that no file has.
    const leaves = numberedHashes(4);
    const piecesRoot = rootOfLayer(leaves, 0, 2);
    const request = { piecesRoot, baseLayer: 0, index: 0, length: 4, proofLayers: 1 };
    expect(verifyHashes(request, leaves, 4)).toBe('valid');
    expect(verifyHashes(request, leaves, 3)).toBe('invalid');
    const deep = numberedHashes(8);
    const root = rootOfLayer(deep, 0, 3);
    const proof = new Uint8Array(3 * 32);
    // Leaves 4 and 5 of 6 real ones, and uncles 3 (padding only) of layer 1 and 0 of layer 2.
    proof.set(deep.subarray(4 * 32, 6 * 32));
    const uncles = Buffer.concat([
      rootOfLayer(deep.subarray(6 * 32), 0, 1),
      rootOfLayer(deep.subarray(0, 4 * 32), 0, 2),
    ]);
    const hashes = Buffer.concat([proof.subarray(0, 64), uncles]);
    const last = { piecesRoot: root, baseLayer: 0, index: 4, length: 2, proofLayers: 2 };
    expect(verifyHashes(last, hashes, 8)).toBe('valid');
    expect(verifyHashes(last, hashes, 6)).toBe('invalid');
  });

  it('gives a verdict or a typed error for anything', () => {
    const number = fc.oneof(
      fc.nat(70),
      fc.nat(2 ** 32 - 1),
      fc.double(),
      fc.constantFrom(2, 4, 8, 16, 512, 1_024),
    );
    fc.assert(
      fc.property(
        fc.record({
          piecesRoot: fc.uint8Array({ minLength: 30, maxLength: 33 }),
          baseLayer: number,
          index: number,
          length: number,
          proofLayers: number,
        }),
        fc.uint8Array({ maxLength: 200 }),
        number,
        (request, hashes, blockCount) => {
          try {
            expect(verifyHashes(request, hashes, blockCount)).toMatch(/^(?:invalid|unproven)$/);
          } catch (error) {
            expect(error).toBeInstanceOf(MetainfoError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
