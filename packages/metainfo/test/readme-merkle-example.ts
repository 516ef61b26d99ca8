import assert from 'node:assert/strict';
import {
  FileHashTree,
  hashBlocks,
  hashPiece,
  rootOfLayer,
  treeGeometry,
  verifyHashes,
} from '@shoal/metainfo';

// A file of 9 blocks, in pieces of 4 blocks.
const file = new Uint8Array(9 * 16_384).map((_, at) => at % 251);
const pieceLength = 65_536;
const { pieceCount, pieceLayer, height, blockCount } = treeGeometry(file.length, pieceLength);
assert.deepEqual([pieceCount, pieceLayer, height], [3, 2, 4]);

// What its torrent says of it: the piece layer, and the root above it.
const layer = new Uint8Array(pieceCount * 32);
for (let piece = 0; piece < pieceCount; piece++) {
  const bytes = file.subarray(piece * pieceLength, (piece + 1) * pieceLength);
  layer.set(hashPiece(bytes, pieceLayer), piece * 32);
}
const piecesRoot = rootOfLayer(layer, pieceLayer, height);

// A seed has the piece layer; someone who came by a magnet link has just the root.
const options = { piecesRoot, fileLength: file.length, pieceLength };
const seed = new FileHashTree({ ...options, pieceLayer: layer });
const tree = new FileHashTree(options);
for (const request of tree.missingRanges()) {
  const hashes = seed.answer(request);
  assert(hashes !== undefined && tree.addHashes(request, hashes));
}
assert(tree.complete);
assert.deepEqual(tree.pieceHash(2), hashPiece(file.subarray(2 * pieceLength), pieceLayer));

// Leaf hashes, to find the bad block of a piece: the seed reads what it does not keep.
const request = { piecesRoot, baseLayer: 0, index: 4, length: 4, proofLayers: 3 };
const needed = seed.blocksNeeded(request);
assert.deepEqual(needed, { first: 4, count: 4 });
const leaves = seed.answer(request, hashBlocks(file.subarray(4 * 16_384, 8 * 16_384)));
assert(leaves !== undefined);
assert.equal(verifyHashes(request, leaves, blockCount), 'valid');
