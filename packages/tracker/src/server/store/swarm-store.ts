import type { AnnounceEvent } from '../../types.ts';

/**
 * One announce as a {@link SwarmStore} sees it: checked, and with the address settled. Byte strings hold one character per
 * byte (U+0000 to U+00FF).
 */
export interface SwarmAnnounce {
  /** Byte string of 20. */
  readonly infoHash: string;
  /** Byte string of 20. */
  readonly peerId: string;
  /** The peer's address and port in compact form: 6 bytes for IPv4, 18 for IPv6. Valid only during the call. */
  readonly endpoint: Uint8Array;
  /** The peer has the whole torrent. */
  readonly seed: boolean;
  /** What the peer reports besides its figures. */
  readonly event: AnnounceEvent | undefined;
  /** Most peers to be given. */
  readonly wanted: number;
  /** Peer ids are wanted as well. */
  readonly withIds: boolean;
  /** Only peers of this address family are of use to the asking one; absent: those of both are. */
  readonly family?: 4 | 6;
  /** Clock time in milliseconds. */
  readonly now: number;
}

/** The figures of a swarm. */
export interface SwarmFigures {
  /** Seeds. */
  readonly complete: number;
  /** Leechers. */
  readonly incomplete: number;
  /** Downloads that ended, as far as the store remembers. */
  readonly downloaded: number;
}

export interface SwarmAnswer extends SwarmFigures {
  /** IPv4 peers, 6 bytes each. */
  readonly peers: Uint8Array;
  /** IPv6 peers, 18 bytes each. */
  readonly peers6: Uint8Array;
  /** The peer ids of `peers` and then of `peers6`, 20 bytes each; only where they were wanted. */
  readonly ids?: Uint8Array;
}

/** The store will not take the announce; the peer is told why. */
export interface SwarmRefusal {
  /** ASCII. */
  readonly refused: string;
}

/** What all swarms of a store hold together. */
export interface StoreFigures {
  /** Torrents that have, or lately had, peers. */
  readonly swarms: number;
  /** Peers with the whole torrent, of all swarms. */
  readonly seeds: number;
  /** Peers without the whole torrent, of all swarms. */
  readonly leechers: number;
}

/**
 * Where a tracker keeps its swarms. Every method may answer at once or with a promise, so that a store shared by several
 * servers fits behind it. A store forgets peers that have been silent for twice the announce interval.
 */
export interface SwarmStore {
  /**
   * Records the announce (a peer is known by its endpoint; `stopped` removes it, and gets no peers) and chooses peers at
   * random, without the asking one, and without seeds for a seed.
   */
  announce(
    announce: SwarmAnnounce,
  ): SwarmAnswer | SwarmRefusal | Promise<SwarmAnswer | SwarmRefusal>;
  /** The figures of each of `infoHashes` (byte strings of 20), in their order; undefined for swarms not known. */
  scrape(
    infoHashes: readonly string[],
  ): readonly (SwarmFigures | undefined)[] | Promise<readonly (SwarmFigures | undefined)[]>;
  /** Called about once a second with the clock time in milliseconds, to forget what is old. One call may do a part. */
  expire(now: number): void | Promise<void>;
  figures(): StoreFigures | Promise<StoreFigures>;
}
