import type { TorrentInfo } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';
import type { TransferLimits } from './choke/transfer-limits.ts';
import type { UploadReader } from './disk/read-batch.ts';
import type { TorrentStorage } from './disk/storage.ts';
import type { PeerReport } from './events.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import type { BannedPeer } from './peer/ban-list.ts';
import type { PeerList } from './peer/peer-list.ts';
import type { DiscoverySide } from './discovery/discovery-side.ts';
import type { LocalMeans } from './reuse/local-copies.ts';
import type { TorrentHost } from './torrent-host.ts';
import type { WebSeeds } from './web-seed/web-seeds.ts';

/** What a swarm tells the torrent it belongs to. */
export interface SwarmEvents {
  pieceVerified(piece: number): void;
  /** A piece that counted as verified is damaged on disk. */
  pieceLost(piece: number): void;
  /** The last wanted piece was verified. */
  finished(): void;
  /** Hashes of pieces came from peers. */
  hashesLearned(): void;
  /** Reading or writing failed, or the torrent contradicts itself; it must stop. */
  diskFailed(error: Error): void;
  peerChanged(report: PeerReport): void;
  banned(ban: BannedPeer): void;
  /** The last peer has left. */
  deserted(): void;
}

/** Payload bytes of one session. */
export interface TransferTotals {
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly wastedBytes: number;
  /** Copied on this machine instead of downloaded. */
  readonly reusedBytes: number;
}

export interface SwarmOptions {
  readonly info: TorrentInfo;
  /** What the pieces must hash to. */
  readonly hashes: PieceHashes;
  readonly storage: TorrentStorage;
  readonly reader: UploadReader;
  readonly peerList: PeerList;
  /** Where other peers come from. */
  readonly discovery: DiscoverySide;
  /** What all torrents of the client share. */
  readonly host: Pick<
    TorrentHost,
    | 'clock'
    | 'random'
    | 'peerId'
    | 'port'
    | 'uploadSlots'
    | 'buffers'
    | 'encoderPool'
    | 'leafTurns'
    | 'checks'
  >;
  readonly limits: TransferLimits;
  readonly webSeeds: WebSeeds | undefined;
  /** Piece hashes that only peers have are wanted for their own sake. */
  readonly seeksHashes: () => boolean;
  /** Pieces known to be there. */
  readonly have: Bitfield;
  /** Pieces that may be on disk, but whose hash is not known yet; changed by the swarm. */
  readonly unverified: Bitfield | undefined;
  readonly events: SwarmEvents;
  /** With what data of this machine is used; undefined: none is. */
  readonly local: LocalMeans | undefined;
  /** The totals of the swarms before this one, which are carried on. */
  readonly before: TransferTotals;
}
