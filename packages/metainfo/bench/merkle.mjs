// Cases of the hash trees of version 2; bare SHA-256 of the same data stands beside them.
import { createHash, hash, randomBytes } from 'node:crypto';
import {
  checkPieceLayer,
  FileHashTree,
  hashBlocks,
  hashPiece,
  layerAbove,
  rootOfLayer,
  treeGeometry,
  verifyHashes,
} from '../dist/index.js';

const BLOCK_LENGTH = 16_384;
const PIECE_LENGTH = 4 * 1024 * 1024;
const PIECES = 200_000;

/** Run each case with `measure(name, action, more)`. */
export function merkleCases(measure) {
  const piece = new Uint8Array(randomBytes(PIECE_LENGTH));
  const { pieceLayer, height, blockCount } = treeGeometry(PIECES * PIECE_LENGTH, PIECE_LENGTH);
  const leaves = new Uint8Array((PIECE_LENGTH / BLOCK_LENGTH) * 32);
  const more = { bytes: PIECE_LENGTH };
  measure('bare SHA-256 of 4 MiB at once', () => createHash('sha256').update(piece).digest(), more);
  measure(
    'bare SHA-256 of 256 blocks',
    () => {
      for (let at = 0; at < PIECE_LENGTH; at += BLOCK_LENGTH) {
        hash('sha256', piece.subarray(at, at + BLOCK_LENGTH), 'buffer');
      }
    },
    more,
  );
  measure('leaf hashes of 256 blocks', () => hashBlocks(piece, leaves), more);
  measure('hash of a piece of 256 blocks', () => hashPiece(piece, pieceLayer, leaves), more);
  measure('root of 256 leaf hashes', () => rootOfLayer(leaves, 0, pieceLayer));

  const layer = new Uint8Array(randomBytes(PIECES * 32));
  const piecesRoot = rootOfLayer(layer, pieceLayer, height);
  const fileLength = PIECES * PIECE_LENGTH;
  measure(`layer above ${PIECES} hashes`, () => layerAbove(layer, pieceLayer));
  measure(`check a piece layer of ${PIECES} hashes`, () => {
    if (!checkPieceLayer(piecesRoot, layer, fileLength, PIECE_LENGTH)) throw new Error('wrong');
  });

  const file = { piecesRoot, fileLength, pieceLength: PIECE_LENGTH };
  const seed = new FileHashTree({ ...file, pieceLayer: layer });
  const requests = [...new FileHashTree(file).missingRanges()];
  const from = performance.now();
  const answers = requests.map((request) => seed.answer(request));
  const firstRoundMs = performance.now() - from;
  let turn = 0;
  measure(`answer 512 of ${PIECES} hashes`, () => seed.answer(requests[turn++ % requests.length]), {
    firstRoundMs,
  });
  let pair = 0;
  measure(`answer 2 of ${PIECES} hashes`, () => {
    pair = (pair + 7_919) % (PIECES / 2);
    seed.answer({ ...requests[0], index: 2 * pair, length: 2 });
  });
  measure('verify 512 hashes', () => verifyHashes(requests[3], answers[3], blockCount));
  measure(`fetch ${PIECES} hashes in ranges`, () => {
    const tree = new FileHashTree(file);
    for (let range = 0; range < requests.length; range++) {
      tree.addHashes(requests[range], answers[range]);
    }
    if (!tree.complete) throw new Error('not complete');
  });
  // A piece of 256 blocks, the leaves of which are at hand.
  const only = hashPiece(piece, pieceLayer);
  const small = new FileHashTree({ ...file, piecesRoot: only, fileLength: PIECE_LENGTH });
  const leafRequest = { piecesRoot: only, baseLayer: 0, index: 16, length: 2, proofLayers: 7 };
  measure('answer 2 leaf hashes of a piece of 256 blocks', () => small.answer(leafRequest, leaves));
}
