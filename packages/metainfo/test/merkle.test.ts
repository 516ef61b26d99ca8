import fc from 'fast-check';
import type { HashRequest } from '../src/index.ts';
import {
  BLOCK_LENGTH,
  checkPieceLayer,
  countAnswer,
  FileHashTree,
  hashBlocks,
  hashCountAt,
  hashPiece,
  layerAbove,
  MAX_HASH_REQUEST_LENGTH,
  MetainfoError,
  rootOfLayer,
  treeGeometry,
  treeHeight,
  verifyHashes,
  zeroHash,
} from '../src/index.ts';
import { NaiveTree } from './merkle-support.ts';

const KIB = 1024;

/** Data of some blocks and bytes that is cheap to make; blocks differ from one another. */
function dataOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1_000) bytes[at] = 1 + ((at / 1_000) % 251);
  return bytes;
}

const lengths = fc.oneof(
  fc.integer({ min: 1, max: 70 * BLOCK_LENGTH }),
  // Lengths at the edges of blocks.
  fc
    .tuple(fc.integer({ min: 1, max: 70 }), fc.constantFrom(-1, 0, 1))
    .map(([blocks, more]) => blocks * BLOCK_LENGTH + more),
);
const pieceLengths = fc.constantFrom(16 * KIB, 32 * KIB, 64 * KIB, 256 * KIB, 2_048 * KIB);

/** A known piece layer, one hash per piece. */
function pieceLayerOf(naive: NaiveTree, fileLength: number, pieceLength: number): Uint8Array {
  const { pieceLayer, pieceCount } = treeGeometry(fileLength, pieceLength);
  return naive.range(pieceLayer, 0, pieceCount);
}

/** Every request of a layer that BEP 52 allows. */
function requestsOf(
  piecesRoot: Uint8Array,
  height: number,
  baseLayer: number,
): fc.Arbitrary<HashRequest> {
  const layers = height - baseLayer;
  return fc
    .tuple(fc.integer({ min: 1, max: Math.min(9, layers) }), fc.nat(), fc.nat(layers - 1))
    .map(([exponent, at, proofLayers]) => ({
      piecesRoot,
      baseLayer,
      length: 2 ** exponent,
      index: (at % 2 ** (layers - exponent)) * 2 ** exponent,
      proofLayers,
    }));
}

/** Compare many bytes; `toEqual` looks at each of them. */
function expectSame(left: Uint8Array | undefined, right: Uint8Array | undefined): void {
  expect(left).toBeInstanceOf(Uint8Array);
  expect(Buffer.compare(left ?? new Uint8Array(), right ?? new Uint8Array())).toBe(0);
}

/** A file's hashes without the file: leaves that are numbers. */
function numberedHashes(count: number): Uint8Array {
  const hashes = new Uint8Array(count * 32).fill(7);
  const view = new DataView(hashes.buffer);
  for (let slot = 0; slot < count; slot++) view.setUint32(slot * 32, slot);
  return hashes;
}

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

function flipBit(bytes: Uint8Array, at: number): void {
  const bit = at % (8 * bytes.length);
  bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
}

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

describe('FileHashTree', () => {
  it('answers as the whole tree does, and what it answers is proven', () => {
    const cases = fc
      .tuple(lengths, pieceLengths)
      .filter(([length]) => length > BLOCK_LENGTH)
      .chain(([length, pieceLength]) => {
        const { height, pieceLayer } = treeGeometry(length, pieceLength);
        const naive = new NaiveTree(dataOf(length));
        const layers = pieceLayer < height ? [0, pieceLayer] : [0];
        return fc
          .constantFrom(...layers)
          .chain((layer) => requestsOf(naive.root, height, layer))
          .map((request) => ({ length, pieceLength, naive, request }));
      });
    fc.assert(
      fc.property(cases, fc.nat(), ({ length, pieceLength, naive, request }, at) => {
        const { blockCount, pieceCount } = treeGeometry(length, pieceLength);
        const tree = new FileHashTree({
          piecesRoot: naive.root,
          fileLength: length,
          pieceLength,
          pieceLayer: pieceCount > 1 ? pieceLayerOf(naive, length, pieceLength) : undefined,
        });
        const needed = tree.blocksNeeded(request);
        if (needed === undefined) throw new Error('a good request was refused');
        const leaves = naive.range(0, needed.first, needed.first + needed.count);
        for (let time = 0; time < 2; time++) {
          const answer = tree.answer(request, leaves) ?? new Uint8Array();
          expectSame(answer, naive.answer(request));
          expect(verifyHashes(request, answer, blockCount)).not.toBe('invalid');
        }
        if (leaves.length === 0) return;
        // A file that is damaged on disk is not passed on.
        flipBit(leaves, at);
        expect(tree.answer(request, leaves)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it('knows the hash of the only piece of a file, and asks for nothing', () => {
    const data = dataOf(3 * BLOCK_LENGTH);
    const piecesRoot = new NaiveTree(data).root;
    const tree = new FileHashTree({ piecesRoot, fileLength: data.length, pieceLength: 64 * KIB });
    expect(tree.complete).toBe(true);
    expect([...tree.missingRanges()]).toEqual([]);
    expect(tree.requestFor(0)).toBeUndefined();
    expectSame(tree.pieceHash(0), piecesRoot);
    const request = { piecesRoot, baseLayer: 0, index: 0, length: 4, proofLayers: 0 };
    expect(tree.answer(request)).toBeUndefined();
    expect(verifyHashes(request, tree.answer(request, hashBlocks(data)) ?? data, 3)).toBe('valid');
    expect(() => tree.answer(request, new Uint8Array(64))).toThrow(MetainfoError);
    expect(() => tree.addHashes(request, new Uint8Array(128))).toThrow(MetainfoError);
  });

  describe('with 3,000 pieces', () => {
    const PIECES = 3_000;
    const pieceLength = 32 * KIB;
    const fileLength = PIECES * pieceLength - BLOCK_LENGTH - 1;
    const layer = numberedHashes(PIECES);
    const { height, pieceLayer, blockCount } = treeGeometry(fileLength, pieceLength);
    const piecesRoot = rootOfLayer(layer, pieceLayer, height);
    const options = { piecesRoot, fileLength, pieceLength };
    const seed = new FileHashTree({ ...options, pieceLayer: layer });

    function answerOf(request: HashRequest): Uint8Array {
      const answer = seed.answer(request);
      if (answer === undefined) throw new Error('the seed refused');
      return answer;
    }

    it('is fetched range by range, in any order, and then is that of the seed', () => {
      const ranges = [...new FileHashTree(options).missingRanges()];
      expect(ranges.map(({ index, length, proofLayers }) => [index, length, proofLayers])).toEqual(
        [0, 512, 1_024, 1_536, 2_048, 2_560].map((index) => [index, 512, height - pieceLayer - 1]),
      );
      fc.assert(
        fc.property(
          fc.shuffledSubarray(ranges, { minLength: ranges.length }),
          fc.nat(),
          (order, at) => {
            const tree = new FileHashTree(options);
            for (const [count, request] of order.entries()) {
              expect(tree.pieceHash(request.index)).toBeUndefined();
              const wrong = answerOf(request).slice();
              flipBit(wrong, at);
              expect(tree.addHashes(request, wrong)).toBe(false);
              expect(tree.pieceHash(request.index)).toBeUndefined();
              expect(tree.addHashes(request, answerOf(request))).toBe(true);
              expect(tree.addHashes(request, answerOf(request))).toBe(true);
              expect([...tree.missingRanges()]).toHaveLength(ranges.length - 1 - count);
              expectSame(tree.pieceHash(request.index), seed.pieceHash(request.index));
              // What is known is passed on with its whole proof.
              for (const known of order.slice(0, count + 1)) {
                expectSame(tree.answer(known), answerOf(known));
              }
              const narrow = { ...request, index: request.index + 6, length: 2 };
              expectSame(tree.answer(narrow), answerOf(narrow));
            }
            expect(tree.complete).toBe(true);
            expectSame(tree.pieceLayer, layer);
          },
        ),
        { numRuns: 5 },
      );
    });

    it('refuses what it does not know', () => {
      const tree = new FileHashTree(options);
      const [first, second] = tree.missingRanges();
      if (first === undefined || second === undefined) throw new Error('no ranges');
      expect(tree.answer(first)).toBeUndefined();
      const leaves = { ...first, baseLayer: 0, index: 0, length: 2, proofLayers: 0 };
      expect(tree.blocksNeeded(leaves)).toBeUndefined();
      expect(tree.addHashes(first, answerOf(first))).toBe(true);
      expect(tree.answer(second)).toBeUndefined();
      expect(tree.blocksNeeded(leaves)).toEqual({ first: 0, count: 2 });
      const others = { ...leaves, index: 2 * second.index };
      expect(tree.blocksNeeded(others)).toBeUndefined();
      // A layer between leaves and pieces, or above the pieces, is not served even where it is known.
      expect(seed.answer({ ...first, baseLayer: 2, proofLayers: 0 })).toBeUndefined();
      expect(seed.answer({ ...first, piecesRoot: zeroHash(0) })).toBeUndefined();
    });

    it('takes only answers to its own requests', () => {
      const tree = new FileHashTree(options);
      const [request] = tree.missingRanges();
      if (request === undefined) throw new Error('no ranges');
      const hashes = answerOf(request);
      const changes: Partial<HashRequest>[] = [
        { index: 1 },
        { index: PIECES * 512 },
        { index: NaN },
        { length: 256 },
        { proofLayers: 0 },
        { baseLayer: 0 },
        { piecesRoot: zeroHash(1) },
      ];
      for (const change of changes) {
        expect(() => tree.addHashes({ ...request, ...change }, hashes)).toThrow(MetainfoError);
      }
      expect(tree.addHashes(request, hashes.subarray(32))).toBe(false);
      expect(tree.addHashes(request, new Uint8Array([...hashes, 0]))).toBe(false);
      expect([...tree.missingRanges()]).toHaveLength(6);
    });

    it('takes the whole layer only where it is right', () => {
      const tree = new FileHashTree(options);
      const wrong = layer.slice();
      flipBit(wrong, 12_345);
      expect(tree.setPieceLayer(wrong)).toBe(false);
      expect(tree.complete).toBe(false);
      expect(tree.pieceLayer).toBeUndefined();
      expect(tree.setPieceLayer(layer)).toBe(true);
      expect(tree.complete).toBe(true);
      expect([...tree.missingRanges()]).toEqual([]);
      expect(tree.pieceHash(PIECES - 1)).toEqual(seed.pieceHash(PIECES - 1));
    });

    it('answers any request with what leads to the root', () => {
      fc.assert(
        fc.property(requestsOf(piecesRoot, height, pieceLayer), (request) => {
          const whole = { ...request, proofLayers: height - pieceLayer - 1 };
          expect(verifyHashes(whole, answerOf(whole), blockCount)).toBe('valid');
          const part = answerOf(request);
          expectSame(part, answerOf(whole).subarray(0, part.length));
        }),
        { numRuns: 300 },
      );
    });
  });

  it('refuses impossible files', () => {
    const good = { piecesRoot: new Uint8Array(32), fileLength: 100_000, pieceLength: 16 * KIB };
    for (const change of [
      { piecesRoot: new Uint8Array(20) },
      { fileLength: 0 },
      { pieceLength: 20_000 },
      { pieceLayer: new Uint8Array(32) },
      { fileLength: (2 ** 24 + 1) * 16 * KIB },
    ]) {
      expect(() => new FileHashTree({ ...good, ...change })).toThrow(MetainfoError);
    }
    const tree = new FileHashTree(good);
    for (const piece of [-1, 7, 0.5, NaN]) {
      expect(() => tree.pieceHash(piece)).toThrow(MetainfoError);
      expect(() => tree.requestFor(piece)).toThrow(MetainfoError);
    }
    expect(tree.requestFor(6)?.length).toBe(8);
    expect(MAX_HASH_REQUEST_LENGTH).toBe(512);
  });

  it('reads pieces larger than a request', () => {
    // 1,024 blocks in a piece: a request of 512 leaves needs all of them for its uncle.
    const data = dataOf(33 * 1_024 * KIB);
    const pieceLength = 16 * 1_024 * KIB;
    const naive = new NaiveTree(data);
    const tree = new FileHashTree({
      piecesRoot: naive.root,
      fileLength: data.length,
      pieceLength,
      pieceLayer: naive.range(10, 0, 3),
    });
    const request = {
      piecesRoot: naive.root,
      baseLayer: 0,
      index: 1_536,
      length: 512,
      proofLayers: 11,
    };
    expect(tree.blocksNeeded(request)).toEqual({ first: 1_024, count: 1_024 });
    const answer = tree.answer(request, naive.range(0, 1_024, 2_048)) ?? new Uint8Array();
    expectSame(answer, naive.answer(request));
    expect(verifyHashes(request, answer, 2_112)).toBe('valid');
    // The last piece has 64 blocks.
    const last = { ...request, index: 2_048, length: 2 };
    expect(tree.blocksNeeded(last)).toEqual({ first: 2_048, count: 64 });
    const proof = tree.answer(last, naive.range(0, 2_048, 2_112)) ?? new Uint8Array();
    expectSame(proof, naive.answer(last));
  });
});
