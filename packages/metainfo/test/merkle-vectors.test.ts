import { createHash } from 'node:crypto';
import type { HashRequest } from '../src/index.ts';
import {
  checkPieceLayer,
  countAnswer,
  FileHashTree,
  fromHex,
  hashBlocks,
  hashPiece,
  layerAbove,
  MetainfoError,
  rootOfLayer,
  toHex,
  treeGeometry,
  verifyHashes,
  zeroHash,
} from '../src/index.ts';
import { flat, payload, readFixture } from './merkle-support.ts';

interface TreeVector {
  readonly blocks: number;
  readonly length: number;
  readonly seed: string;
  readonly leaves: readonly string[];
  readonly pieces_root: string;
  readonly piece_layers: Readonly<Record<string, readonly string[]>>;
}

interface TreeVectors {
  readonly zero_subtree_hashes: readonly { readonly layer: number; readonly hash: string }[];
  readonly vectors: readonly TreeVector[];
}

interface RequestVector {
  readonly file: string;
  readonly file_length: number;
  readonly pieces_root: string;
  readonly base_layer: number;
  readonly index: number;
  readonly length: number;
  readonly proof_layers: number;
  readonly request_hex: string;
  readonly hashes: readonly string[];
  readonly uncle_hashes: readonly string[];
  readonly response_hex: string;
  readonly proves_root: boolean;
}

interface RequestVectors {
  readonly piece_length: number;
  readonly files: Readonly<
    Record<string, { readonly length: number; readonly seed: string; readonly pieces_root: string }>
  >;
  readonly vectors: readonly RequestVector[];
  readonly to_refuse: readonly { readonly why: string; readonly request_hex: string }[];
}

const trees = readFixture('merkle-trees') as TreeVectors;
const requests = readFixture('hash-requests') as RequestVectors;

describe('trees of the vectors', () => {
  it('zero subtrees', () => {
    expect(trees.zero_subtree_hashes).toHaveLength(20);
    for (const { layer, hash } of trees.zero_subtree_hashes) {
      expect(toHex(zeroHash(layer))).toBe(hash);
    }
  });

  it.each(trees.vectors)('$blocks blocks', (vector) => {
    const data = payload(vector.seed, vector.length);
    const leaves = hashBlocks(data);
    expect(toHex(leaves)).toBe(vector.leaves.join(''));
    const { blockCount, height } = treeGeometry(vector.length, 16_384);
    expect(blockCount).toBe(vector.blocks);
    const root = fromHex(vector.pieces_root);
    expect(rootOfLayer(leaves, 0, height)).toEqual(root);
    expect(hashPiece(data, height)).toEqual(root);
    for (const [size, hashes] of Object.entries(vector.piece_layers)) {
      const pieceLength = Number(size);
      const { pieceCount, pieceLayer } = treeGeometry(vector.length, pieceLength);
      expect(pieceCount).toBe(hashes.length);
      const layer = flat(hashes);
      let above: Uint8Array = leaves;
      for (let below = 0; below < pieceLayer; below++) above = layerAbove(above, below);
      expect(above).toEqual(layer);
      expect(rootOfLayer(layer, pieceLayer, height)).toEqual(root);
      expect(checkPieceLayer(root, layer, vector.length, pieceLength)).toBe(true);
      expect(checkPieceLayer(root, layer.subarray(32), vector.length, pieceLength)).toBe(false);
      for (let piece = 0; piece < pieceCount; piece++) {
        const bytes = data.subarray(piece * pieceLength, (piece + 1) * pieceLength);
        expect(toHex(hashPiece(bytes, pieceLayer))).toBe(hashes[piece]);
      }
    }
  });
});

/** A hash request as it stands in a message: length prefix, id, root, and four numbers. */
function parseRequest(hex: string): HashRequest {
  const bytes = fromHex(hex);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    piecesRoot: bytes.slice(5, 37),
    baseLayer: view.getUint32(37),
    index: view.getUint32(41),
    length: view.getUint32(45),
    proofLayers: view.getUint32(49),
  };
}

/** Bytes of a `hashes` message before the hashes. */
const HEADER_LENGTH = 53;

interface Seed {
  readonly data: Uint8Array;
  readonly tree: FileHashTree;
}

const seeds = new Map<string, Seed>();
for (const [name, { length, seed, pieces_root }] of Object.entries(requests.files)) {
  const data = payload(seed, length);
  const pieceLength = requests.piece_length;
  const { pieceLayer } = treeGeometry(length, pieceLength);
  let layer: Uint8Array = hashBlocks(data);
  for (let below = 0; below < pieceLayer; below++) layer = layerAbove(layer, below);
  const piecesRoot = fromHex(pieces_root);
  const tree = new FileHashTree({ piecesRoot, fileLength: length, pieceLength });
  expect(tree.setPieceLayer(layer)).toBe(true);
  seeds.set(name, { data, tree });
}

function seedOf(name: string): Seed {
  const seed = seeds.get(name);
  if (seed === undefined) throw new Error(`no file ${name}`);
  return seed;
}

/** Answer as a seed does: read the blocks needed, hash them, answer. */
function answer({ data, tree }: Seed, request: HashRequest): Uint8Array | undefined {
  const needed = tree.blocksNeeded(request);
  if (needed === undefined) return undefined;
  const { first, count } = needed;
  return tree.answer(request, hashBlocks(data.subarray(first * 16_384, (first + count) * 16_384)));
}

describe('hash requests of the vectors', () => {
  it.each(requests.vectors)(
    '$file: layer $base_layer, $length from $index, $proof_layers proof layers',
    (vector) => {
      const request = parseRequest(vector.request_hex);
      expect(request).toEqual({
        piecesRoot: fromHex(vector.pieces_root),
        baseLayer: vector.base_layer,
        index: vector.index,
        length: vector.length,
        proofLayers: vector.proof_layers,
      });
      const hashes = fromHex(vector.response_hex).subarray(HEADER_LENGTH);
      expect(toHex(hashes)).toBe([...vector.hashes, ...vector.uncle_hashes].join(''));
      expect(countAnswer(request)).toBe(vector.hashes.length + vector.uncle_hashes.length);
      const { blockCount } = treeGeometry(vector.file_length, requests.piece_length);
      const verdict = verifyHashes(request, hashes, blockCount);
      expect(verdict).toBe(vector.proves_root ? 'valid' : 'unproven');
      expect(toHex(answer(seedOf(vector.file), request) ?? new Uint8Array())).toBe(toHex(hashes));
      expect(verifyHashes(request, hashes.subarray(32), blockCount)).toBe('invalid');
    },
  );

  it.each(requests.to_refuse)('refuses: $why', ({ why, request_hex }) => {
    const request = parseRequest(request_hex);
    for (const seed of seeds.values()) {
      expect(seed.tree.blocksNeeded(request)).toBeUndefined();
      expect(seed.tree.answer(request, new Uint8Array())).toBeUndefined();
    }
    // An unknown root is the one thing that only a tree can tell.
    if (why === 'unknown root') return;
    const { blockCount } = seedOf('uneven').tree.geometry;
    expect(() => verifyHashes(request, new Uint8Array(64), blockCount)).toThrow(MetainfoError);
  });

  it('were made of the files they name', () => {
    const digests = [...seeds.values()].map(({ data }) =>
      createHash('sha256').update(data).digest('hex'),
    );
    expect(new Set(digests).size).toBe(5);
    expect(requests.vectors).toHaveLength(70);
    expect(requests.to_refuse).toHaveLength(11);
  });
});
