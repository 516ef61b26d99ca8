/**
 * What a torrent may claim. Each limit is checked before memory is spent on what would pass it; all can be set per call.
 */
export interface MetainfoLimits {
  /**
   * Bytes of a .torrent file or info dictionary. The largest of version 1 in real use have close to 30 MB; a hybrid one of 100,000
   * files has 40.
   */
  readonly maxLength: number;
  /** Containers inside one another; a torrent needs 5, a file tree (BEP 52) one for each folder. */
  readonly maxDepth: number;
  /** Keys, values and container ends of the bencode: about ten for a file, thirty in a hybrid torrent. Eight bytes each. */
  readonly maxTokens: number;
  /** Pieces. 2,097,152 hashes are 40 MB and a bitfield of 256 KiB. */
  readonly maxPieces: number;
  /** Bytes of a piece, which has to fit into memory to be checked. 1 GiB; 64 MiB is the largest people use. */
  readonly maxPieceLength: number;
  /** Files, padding included. */
  readonly maxFiles: number;
  /** Components of a file's path; a deeper one is a mistake or an attack. */
  readonly maxPathDepth: number;
  /** Bytes of a file's path with the torrent's name: PATH_MAX of Linux. */
  readonly maxPathLength: number;
  /** Announce URLs of all tiers together; further ones are left out. */
  readonly maxTrackers: number;
  /** Web seeds of either kind; further ones are left out. */
  readonly maxWebSeeds: number;
  /** DHT nodes; further ones are left out. */
  readonly maxNodes: number;
  /** Similar torrents and collections (BEP 38), each; further ones are left out. */
  readonly maxSimilar: number;
  /** Bytes of one URL or host name; a longer one is left out. */
  readonly maxUrlLength: number;
  /** Bytes of a comment and of other texts; a longer one is cut. */
  readonly maxTextLength: number;
}

/** What is accepted unless the caller says otherwise. */
export const DEFAULT_LIMITS: MetainfoLimits = {
  maxLength: 64 * 1024 * 1024,
  maxDepth: 100,
  maxTokens: 5_000_000,
  maxPieces: 2_097_152,
  maxPieceLength: 1024 * 1024 * 1024,
  maxFiles: 500_000,
  maxPathDepth: 256,
  maxPathLength: 4_096,
  maxTrackers: 1_000,
  maxWebSeeds: 1_000,
  maxNodes: 1_000,
  maxSimilar: 1_000,
  maxUrlLength: 4_096,
  maxTextLength: 65_536,
};

/** Bytes of one path component: NAME_MAX of Linux, macOS and most file systems. */
export const MAX_COMPONENT_LENGTH = 255;

/** Bytes of an SHA-1 digest, one for each v1 piece (BEP 3). */
export const SHA1_LENGTH = 20;

/** Bytes of an SHA-256 digest (BEP 52). */
export const SHA256_LENGTH = 32;

/** Bounds on a magnet link, which anyone can put into a web page. */
export interface MagnetLimits {
  /** UTF-16 units of the whole link. */
  readonly maxLength: number;
  /** Parameters looked at. */
  readonly maxParameters: number;
  /** Announce URLs; further ones are left out. */
  readonly maxTrackers: number;
  /** Web seeds; further ones are left out. */
  readonly maxWebSeeds: number;
  /** URLs of the .torrent file; further ones are left out. */
  readonly maxExactSources: number;
  /** Peers; further ones are left out. */
  readonly maxPeers: number;
  /** Files named by `so`, repeated ones too; further ones are left out, and so is a range that would pass this number. */
  readonly maxSelected: number;
  /** UTF-16 units of one decoded URL or host; a longer one is left out. */
  readonly maxUrlLength: number;
  /** UTF-16 units of the display name; a longer one is cut. */
  readonly maxNameLength: number;
}

/** What is accepted of a magnet link unless the caller says otherwise. */
export const DEFAULT_MAGNET_LIMITS: MagnetLimits = {
  maxLength: 256 * 1024,
  maxParameters: 10_000,
  maxTrackers: 1_000,
  maxWebSeeds: 1_000,
  maxExactSources: 16,
  maxPeers: 1_000,
  maxSelected: 100_000,
  maxUrlLength: 4_096,
  maxNameLength: 1_024,
};
