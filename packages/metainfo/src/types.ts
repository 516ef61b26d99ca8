import type { PieceLayers } from './v2/piece-layers.ts';

/** BEP 47 attributes of a file; absent letters are `false`. */
export interface FileAttributes {
  /** `p`: zeros that only align the next file; never written, never requested where avoidable, not counted as payload. */
  readonly padding: boolean;
  /** `x` */
  readonly executable: boolean;
  /** `h` */
  readonly hidden: boolean;
  /**
   * `l`: the target below the download folder, written like {@link TorrentFile.path}; undefined where the file is not a
   * symlink. A link whose target is not a plain file or folder of the torrent loses its target and is an empty file.
   */
  readonly symlink: string | undefined;
}

/** One file of a torrent, at its place in the piece space. */
export interface TorrentFile {
  /** Position in {@link TorrentInfo.files}; what `so=` and `--select` count. Padding files are counted. */
  readonly index: number;
  /**
   * Where it will stand on disk below the download folder: components joined with `/`, the first one being the torrent's
   * name. Safe by construction: no component is empty, `.`, `..`, absolute, reserved (where the platform reserves names) or
   * holds a separator or control character, and no two files share a path. Padding files, which never stand on disk, keep
   * the paths they have and take none from others.
   */
  readonly path: string;
  /**
   * The components the torrent gives below its name, where {@link path} had to differ from them: what web seeds (BEP 19) are
   * asked for.
   */
  readonly originalPath?: readonly string[] | undefined;
  /** Bytes. */
  readonly length: number;
  /** First byte in the piece space. */
  readonly offset: number;
  /**
   * Root of the file's hash tree, 32 bytes (BEP 52); undefined for files of v1-only torrents, and for those without bytes of
   * their own: empty ones, padding and symlinks.
   */
  readonly piecesRoot?: Uint8Array | undefined;
  /** What the file is besides its bytes (BEP 47). */
  readonly attributes: FileAttributes;
}

/** The info dictionary: what the info-hash covers. */
export interface TorrentInfo {
  /** The dictionary's original bytes. */
  readonly bytes: Uint8Array;
  /** SHA-1 of {@link bytes}, 20 bytes; undefined for a v2-only torrent. */
  readonly infoHash: Uint8Array | undefined;
  /** SHA-256 of {@link bytes}, 32 bytes; undefined for a v1-only torrent (BEP 52). */
  readonly infoHashV2: Uint8Array | undefined;
  /** The suggested name, made safe. */
  readonly name: string;
  /** The name the torrent gives, where {@link name} had to differ from it. */
  readonly originalName?: string | undefined;
  /** Bytes per piece; the last one may be shorter. A power of two from 16 KiB on where there is a v2 info-hash. */
  readonly pieceLength: number;
  /** Pieces of the piece space: ceil({@link totalLength} / {@link pieceLength}). */
  readonly pieceCount: number;
  /** SHA-1 of every piece, 20 bytes each, one after the other; undefined for a v2-only torrent. */
  readonly pieceHashes: Uint8Array | undefined;
  /** True where the dictionary has a file list rather than a single `length`, or a tree that is not just one file. */
  readonly multiFile: boolean;
  /**
   * In the order of the piece space, padding files included. Of a hybrid it is the v1 list. Of a v2-only torrent it is the file
   * tree in its order with a padding file behind every non-empty file that does not end with a piece, the last one included:
   * every file starts at a piece, and there are no gaps (BEP 52).
   *
   * Checked when the torrent was parsed; the objects of a long list
   * are made when they are first asked for, and are the same every time.
   */
  readonly files: readonly TorrentFile[];
  /** Bytes of the piece space: all files and their padding. */
  readonly totalLength: number;
  /** Bytes of payload: {@link totalLength} without padding files. */
  readonly length: number;
  /** BEP 27. */
  readonly private: boolean;
  /** `source`: sets one tracker's info-hash apart from another's for the same content. */
  readonly source: string | undefined;
}

/** A DHT node named by a torrent (BEP 5). */
export interface TorrentNode {
  /** DNS name or IP literal, as the torrent gives it. */
  readonly host: string;
  /** 1–65535. */
  readonly port: number;
}

/** A whole .torrent file. */
export interface Metainfo {
  /** The part the info-hash covers. */
  readonly info: TorrentInfo;
  /** Tiers of announce URLs (BEP 12): `announce-list`, or `announce` as the only one. Never an empty tier. */
  readonly trackers: readonly (readonly string[])[];
  /** `url-list` (BEP 19). */
  readonly webSeeds: readonly string[];
  /** `httpseeds` (BEP 17). */
  readonly httpSeeds: readonly string[];
  /** `nodes`: where to enter the DHT (BEP 5). */
  readonly nodes: readonly TorrentNode[];
  /** Free text; not made safe for a terminal. */
  readonly comment: string | undefined;
  /** `created by`: the program that made the torrent; not made safe for a terminal. */
  readonly createdBy: string | undefined;
  /** Unix time in seconds. */
  readonly creationDate: number | undefined;
  /** Collections the torrent belongs to (BEP 38), those of the info dictionary first. */
  readonly collections: readonly string[];
  /** Info-hashes, 20 bytes each, of torrents that share files with this one (BEP 38). */
  readonly similar: readonly Uint8Array[];
  /** Hashes of the pieces of v2 torrents (BEP 52); none are known for v1-only ones. */
  readonly pieceLayers: PieceLayers;
}
