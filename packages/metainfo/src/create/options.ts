import type { HashThreads } from './hash-threads.ts';

/** How far a {@link createTorrent} call has come. */
export interface CreateProgress {
  /** Bytes read and hashed so far. */
  readonly hashedBytes: number;
  /** Bytes to hash in all. */
  readonly totalBytes: number;
}

/** Options of {@link createTorrent}. */
export interface CreateOptions {
  /** The torrent's name: one path component. Default: the last component of the path. */
  readonly name?: string;
  /** Tiers of announce URLs (BEP 12), `http:`, `https:`, `udp:`, `ws:` or `wss:`. Empty tiers are left out. */
  readonly trackers?: readonly (readonly string[])[];
  /** Web seeds (BEP 19), `http:`, `https:` or `ftp:`. */
  readonly webSeeds?: readonly string[];
  /** Peers only from the trackers (BEP 27). Default false. */
  readonly private?: boolean;
  /** Written into the info dictionary, so that the same content has another info-hash elsewhere. */
  readonly source?: string;
  /** Free text beside the info dictionary. Default: none. */
  readonly comment?: string;
  /** What made the torrent, e.g. `shoal/1.2.0`. Default: not written. */
  readonly createdBy?: string;
  /** Unix time in seconds; `null` leaves it out. Default: now. */
  readonly creationDate?: number | null;
  /**
   * Bytes per piece, {@link MIN_PIECE_LENGTH} to {@link MAX_PIECE_LENGTH}; a power of two, unless it must match a torrent
   * that is not. Default: {@link automaticPieceLength}.
   */
  readonly pieceLength?: number;
  /**
   * Folders only: exactly these files in exactly this order, as paths below the folder joined with `/`. Default: every
   * file, in the order of the raw bytes of those paths.
   */
  readonly files?: readonly string[];
  /**
   * What becomes of symbolic links below the folder. `inside` (default) reads a link that leads to a regular file inside
   * the folder as that file, and refuses every other link; `skip` leaves out all links.
   */
  readonly symlinks?: 'inside' | 'skip';
  /** Threads that read and hash. Default: one per available processor, at most 16. */
  readonly workers?: number;
  /** Threads that were started before, for this call alone: it ends them, however it ends. Default: started when needed. */
  readonly threads?: HashThreads;
  /** Called as pieces are hashed, at most once per range of some MiB. */
  readonly onProgress?: (progress: CreateProgress) => void;
  /** Ends the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
