import { type BlockRead, MemoryStorage, type StorageFactory } from '../../src/index.ts';
import type { TestTorrent } from '../disk/fixture.ts';

/** What a test makes of storage that hashes for real. */
export interface CheckedOptions {
  /** It holds everything from the beginning. */
  readonly full?: boolean;
  /** Spoils what is read for upload. */
  readonly spoil?: (block: Uint8Array, read: BlockRead) => void;
}

/** Storage in memory that hashes what it is given, as files on disk do. */
export function checkedStorage(
  torrent: TestTorrent,
  { full = false, spoil }: CheckedOptions = {},
): StorageFactory {
  return (info, _directory, hashes) => {
    const storage = new MemoryStorage(info, hashes);
    const pieces = full ? [...Array(info.pieceCount).keys()] : [];
    const filled = Promise.all(
      pieces.map((piece) =>
        storage.writePiece(piece, torrent.buffer(piece), torrent.lengthOf(piece), false),
      ),
    );
    const checkPieces = storage.checkPieces.bind(storage);
    storage.checkPieces = async (...parameters) => {
      await filled;
      await checkPieces(...parameters);
    };
    const readBlocks = storage.readBlocks.bind(storage);
    storage.readBlocks = async (target, reads) => {
      await readBlocks(target, reads);
      for (const read of reads) spoil?.(target.subarray(read.at, read.at + read.length), read);
    };
    return storage;
  };
}
