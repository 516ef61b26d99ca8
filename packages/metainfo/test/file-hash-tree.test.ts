import fc from 'fast-check';
import type { HashRequest } from '../src/index.ts';
import {
  BLOCK_LENGTH,
  FileHashTree,
  hashBlocks,
  MAX_HASH_REQUEST_LENGTH,
  MetainfoError,
  rootOfLayer,
  treeGeometry,
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
