import { randomBytes } from 'node:crypto';
import { FileHashTree, type HashRequest, rootOfLayer, treeGeometry } from '../src/index.ts';

const BLOCK = 16_384;
const PIECES = 20_000;
const fileLength = (PIECES - 1) * BLOCK + 1;
const { height, pieceLayer } = treeGeometry(fileLength, BLOCK);
const layer = randomBytes(PIECES * 32);
const piecesRoot = rootOfLayer(layer, pieceLayer, height);
const options = { piecesRoot, fileLength, pieceLength: BLOCK };
const request: HashRequest = {
  piecesRoot,
  baseLayer: pieceLayer,
  index: 512,
  length: 512,
  proofLayers: height - pieceLayer - 1,
};

describe('the proofs of a large file', () => {
  it('are made in short steps', () => {
    const tree = new FileHashTree({ ...options, pieceLayer: layer });
    expect(tree.proofsPending).toBe(true);
    const steps = [...tree.makeProofs()].length;
    // One digest for each piece, some 500 in a step.
    expect(steps).toBeGreaterThan(PIECES / 600);
    expect(tree.proofsPending).toBe(false);
    const answer = tree.answer(request);
    expect(answer).toEqual(new FileHashTree({ ...options, pieceLayer: layer }).answer(request));
    expect(new FileHashTree(options).addHashes(request, answer!)).toBe(true);
  });

  it('are there already where the hashes came from peers, with theirs', () => {
    const whole = new FileHashTree({ ...options, pieceLayer: layer });
    const fetched = new FileHashTree(options);
    for (const each of [...fetched.missingRanges()]) fetched.addHashes(each, whole.answer(each)!);
    expect(fetched.complete).toBe(true);
    expect(fetched.proofsPending).toBe(false);
    const set = new FileHashTree(options);
    expect(set.proofsPending).toBe(false);
    expect([set.setPieceLayer(layer), set.proofsPending]).toEqual([true, true]);
  });

  it('of a small one are made where they are needed', () => {
    const small = { piecesRoot: layer.subarray(0, 32), fileLength: 1, pieceLength: BLOCK };
    expect(new FileHashTree(small).proofsPending).toBe(false);
  });
});
