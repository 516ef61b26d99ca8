import type { TorrentNode } from '../types.ts';
import type { HashThreads } from './hash-threads.ts';

/** How far a {@link createTorrent} call has come. */
export interface CreateProgress {
  /** Bytes read and hashed so far. */
  readonly hashedBytes: number;
  /** Bytes to hash in all. */
  readonly totalBytes: number;
}

/**
 * Which protocol versions a torrent is for: `v1` (BEP 3), `v2` (BEP 52) or `hybrid`, which is both in one and shared by
 * clients of either.
 */
export type TorrentFormat = 'v1' | 'hybrid' | 'v2';

/** BEP 47 attributes that {@link createTorrent} can write. */
export type SourceAttribute = 'executable' | 'hidden';

/** What becomes of symbolic links below a folder. */
export type SymlinkPolicy = 'inside' | 'skip' | 'keep';

/** Options of {@link createTorrent}. */
export interface CreateOptions {
  /**
   * Default: `hybrid`; or `v1` where {@link pieceLength} is one that BEP 52 does not allow (no power of two, or below 16 KiB),
   * and for more than 90,000 files, which other clients would not read in a hybrid torrent.
   */
  readonly format?: TorrentFormat;
  /** The torrent's name: one path component that every reader keeps, no device's. Default: the last component of the path. */
  readonly name?: string;
  /** Tiers of announce URLs (BEP 12), `http:`, `https:`, `udp:`, `ws:` or `wss:`. Empty tiers are left out. */
  readonly trackers?: readonly (readonly string[])[];
  /** Web seeds (BEP 19), `http:`, `https:` or `ftp:`. */
  readonly webSeeds?: readonly string[];
  /** Web seeds of the older kind (BEP 17), `http:` or `https:`. */
  readonly httpSeeds?: readonly string[];
  /** Where to enter the DHT (BEP 5). */
  readonly nodes?: readonly TorrentNode[];
  /** Peers only from the trackers (BEP 27). Default false. */
  readonly private?: boolean;
  /** Written into the info dictionary, so that the same content has another info-hash elsewhere. */
  readonly source?: string;
  /** Info-hashes, 20 bytes each, of torrents that share files with this one (BEP 38); of v2 ones cut to 20 bytes. */
  readonly similar?: readonly Uint8Array[];
  /** Collections the torrent belongs to (BEP 38), e.g. `org.example.series`. */
  readonly collections?: readonly string[];
  /** Free text beside the info dictionary. Default: none. */
  readonly comment?: string;
  /** What made the torrent, e.g. `shoal/1.2.0`. Default: not written. */
  readonly createdBy?: string;
  /** Unix time in seconds; `null` leaves it out. Default: now. */
  readonly creationDate?: number | null;
  /**
   * Bytes per piece, {@link MIN_PIECE_LENGTH} to {@link MAX_PIECE_LENGTH}; a power of two, unless a v1 torrent must match one
   * that is not, and from 16 KiB on for `hybrid` and `v2`. Default: {@link automaticPieceLength}, or less where a folder's
   * small files would be outweighed by the padding behind them.
   */
  readonly pieceLength?: number;
  /**
   * Folders only: exactly these files, as paths below the folder joined with `/`. In a v1 torrent they stand in exactly this
   * order. Default: every file.
   */
  readonly files?: readonly string[];
  /**
   * Folders only: leaves out the files and folders (with all they hold) for which it is true. `path` stands below the folder
   * and is joined with `/`.
   */
  readonly exclude?: (path: string, isFolder: boolean) => boolean;
  /**
   * What becomes of symbolic links below the folder. `inside` (default) reads a link that leads to a regular file inside
   * the folder as that file, and refuses every other link; `skip` leaves out all links; `keep` makes links of the torrent of
   * them (BEP 47), where they lead to a file or folder of the torrent, and refuses others.
   */
  readonly symlinks?: SymlinkPolicy;
  /**
   * Attributes of files to write (BEP 47): `executable` for those that their owner may execute (nowhere on Windows),
   * `hidden` for those whose name begins with a dot. Default: `executable` in `hybrid` and `v2`, none in `v1`.
   */
  readonly attributes?: readonly SourceAttribute[];
  /** Threads that read and hash. Default: one per available processor, at most 16. */
  readonly workers?: number;
  /** Threads that were started before, for this call alone: it ends them, however it ends. Default: started when needed. */
  readonly threads?: HashThreads;
  /** Called as pieces are hashed, at most once per range of some MiB. */
  readonly onProgress?: (progress: CreateProgress) => void;
  /** Ends the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
