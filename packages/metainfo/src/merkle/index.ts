export { FileHashTree } from './file-hash-tree.ts';
export type { BlockRange, FileHashTreeOptions } from './file-hash-tree.ts';
export { BLOCK_LENGTH, hashCountAt, treeGeometry, treeHeight } from './geometry.ts';
export type { TreeGeometry } from './geometry.ts';
export { countAnswer, MAX_HASH_REQUEST_LENGTH, verifyHashes } from './hash-request.ts';
export type { HashRequest, HashVerdict } from './hash-request.ts';
export {
  checkPieceLayer,
  hashBlocks,
  hashPiece,
  layerAbove,
  rootOfLayer,
  zeroHash,
} from './layers.ts';
