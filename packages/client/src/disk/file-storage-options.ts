import type { PieceHashes } from '../hashes/piece-hashes.ts';
import type { DiskPool } from './disk-pool.ts';
import type { FileCache } from './file-cache.ts';
import type { FileSyncer } from './file-syncer.ts';

export interface FileStorageOptions {
  /** The threads that hash and write. */
  readonly pool: DiskPool;
  /** The files open for reading. */
  readonly files: FileCache;
  /** Makes files durable. */
  readonly syncer: FileSyncer;
  /** What the pieces must hash to; default: the SHA-1 hashes of the torrent alone. */
  readonly hashes?: PieceHashes | undefined;
  /** Which files are wanted, by index. Default: all. */
  readonly wanted?: readonly boolean[];
  /**
   * `none`: files grow as pieces arrive, with holes where none has arrived yet. `full`: each wanted file is given its full
   * length before the first piece is written; file systems that know no holes thereby reserve the space. Default `none`.
   */
  readonly preallocate?: 'none' | 'full';
}
