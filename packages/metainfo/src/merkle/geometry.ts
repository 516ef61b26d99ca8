import { MetainfoError } from '../errors.ts';

/** Bytes of a block, the unit below a leaf hash (BEP 52); only the last block of a file may have fewer. */
export const BLOCK_LENGTH = 16_384;

/** Layers above the leaves of the largest file there can be: 2^53 bytes in blocks of 2^14. */
export const MAX_TREE_HEIGHT = 39;

/** The most blocks a file can have. */
const MAX_BLOCKS = 2 ** MAX_TREE_HEIGHT;

/** Shape of the hash tree of one file (BEP 52). Layers are counted from the leaves, which are layer 0. */
export interface TreeGeometry {
  /** Bytes, at least 1. */
  readonly fileLength: number;
  /** Bytes of the torrent's pieces: a power of two, at least {@link BLOCK_LENGTH}. */
  readonly pieceLength: number;
  /** Blocks of the file, and so leaf hashes that are no padding. */
  readonly blockCount: number;
  /** Pieces of the file. */
  readonly pieceCount: number;
  /** Layer of the root: the leaves are padded to 2^height. */
  readonly height: number;
  /**
   * Layer of the hashes of the file's pieces. A file of one piece is not padded to the length of a piece: the hash of its
   * piece is the root, and this is `height`.
   */
  readonly pieceLayer: number;
}

/**
 * The tree of a file. Throws ERR_METAINFO_OUT_OF_RANGE where the file is empty (it has no tree), a length is no safe
 * integer, or the piece length is not one of BEP 52.
 */
export function treeGeometry(fileLength: number, pieceLength: number): TreeGeometry {
  if (!(Number.isSafeInteger(fileLength) && fileLength > 0)) {
    throw outOfRange(`a file of ${fileLength} bytes has no hash tree`);
  }
  const blocksOfPiece = pieceLength / BLOCK_LENGTH;
  const layer = isPowerOfTwo(blocksOfPiece) ? treeHeight(blocksOfPiece) : undefined;
  if (layer === undefined) {
    throw outOfRange(`a piece length of ${pieceLength} bytes is no power of two from 16 KiB on`);
  }
  const blockCount = Math.ceil(fileLength / BLOCK_LENGTH);
  const height = treeHeight(blockCount);
  return {
    fileLength,
    pieceLength,
    blockCount,
    pieceCount: Math.ceil(fileLength / pieceLength),
    height,
    pieceLayer: Math.min(layer, height),
  };
}

/** Layers above the leaves of a tree of 1 to 2^39 blocks. Throws ERR_METAINFO_OUT_OF_RANGE. */
export function treeHeight(blockCount: number): number {
  if (!(Number.isInteger(blockCount) && blockCount > 0 && blockCount <= MAX_BLOCKS)) {
    throw outOfRange(`there is no hash tree of ${blockCount} blocks`);
  }
  let height = 0;
  for (let width = 1; width < blockCount; width *= 2) height++;
  return height;
}

/** Hashes of a layer that cover any byte of the file; those behind them are padding. */
export function hashCountAt(blockCount: number, layer: number): number {
  return Math.ceil(blockCount / 2 ** layer);
}

/** Whether a number is 2^0 to 2^39. */
export function isPowerOfTwo(value: number): boolean {
  return (
    Number.isInteger(value) && value > 0 && value <= MAX_BLOCKS && 2 ** treeHeight(value) === value
  );
}

/** The other child of a node's parent. */
export function siblingOf(index: number): number {
  return index % 2 === 0 ? index + 1 : index - 1;
}

export function outOfRange(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_OUT_OF_RANGE', message);
}
