import type { Endpoint } from '@shoal/net';
import type { BannedPeer } from './peer/ban-list.ts';
import type { WebSeedStatus } from './web-seed/web-seeds.ts';

/**
 * The life of a torrent: `checking → downloading → seeding`, for one that was added by a magnet link with `metadata` before
 * them, and with `paused` and `error` reached from any of them and left by `resume()`. `closed` is final.
 */
export type TorrentState =
  'metadata' | 'checking' | 'downloading' | 'seeding' | 'paused' | 'error' | 'closed';

/** A moment of a torrent, as {@link Torrent.progress} and {@link Torrent.watch} give it. */
export interface TorrentProgress {
  readonly state: TorrentState;
  /** Payload bytes of the files that are wanted. */
  readonly totalBytes: number;
  /** Of those, bytes of verified pieces. */
  readonly completedBytes: number;
  /** Payload bytes received and sent in this session. */
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Payload bytes per second. */
  readonly downloadRate: number;
  readonly uploadRate: number;
  /** Connected peers, and how many of them have everything. */
  readonly peers: number;
  readonly seeds: number;
  /** Web seeds that are being asked for something. */
  readonly webSeeds: number;
  /**
   * Uploaded bytes over those downloaded, earlier sessions included, or over those that are there where that is more; 0
   * where there are none.
   */
  readonly ratio: number;
  /** Seconds to completion at the present rate; undefined where that cannot be said. */
  readonly eta: number | undefined;
  readonly pieces: { readonly total: number; readonly have: number };
  /** Pieces hashed by the check under way; undefined when none is. */
  readonly checkedPieces: number | undefined;
  /**
   * Until the metadata of a magnet link is known: bytes of it that have come, and how long peers say it is, 0 while none has said so.
   * All else is 0 then, but the peers. Undefined once it is known.
   */
  readonly metadata?: { readonly length: number; readonly received: number };
  /** Bytes received that were of no use: corrupt, or asked for twice in the end-game. */
  readonly wastedBytes: number;
  /**
   * Payload bytes of this session that were copied from files on this machine, and verified, instead of downloaded: they count
   * neither as downloaded nor as wasted.
   */
  readonly reusedBytes: number;
}

/** What a tracker said of a swarm, or failed to. */
export interface TrackerReport {
  readonly url: string;
  /** Of a hybrid torrent (BEP 52), each of whose two swarms every tracker is asked for: which one. Else undefined. */
  readonly swarm: 'v1' | 'v2' | undefined;
  readonly state: 'working' | 'failed';
  /** Peers in the answer. */
  readonly peers: number;
  /** For a person; free of control characters. */
  readonly message: string | undefined;
}

/** Why a peer went, for a person, or that it came. */
export interface PeerReport {
  readonly endpoint: Endpoint;
  readonly event: 'connected' | 'disconnected' | 'banned';
  readonly reason: string | undefined;
}

/** Events of a {@link Torrent}; values are the listeners' arguments. */
export interface TorrentEvents {
  state: [state: TorrentState];
  /** The metadata of a magnet link is known. */
  metadata: [];
  /** The last piece hashes that had to come from peers are known (BEP 52). */
  hashes: [];
  /** A piece was verified and written. */
  piece: [piece: number];
  /** All wanted pieces are there. Not emitted for a torrent that was complete when it was added. */
  complete: [];
  /** The torrent stopped and is in state `error`; `resume()` tries again. */
  error: [error: Error];
  /** Something went wrong that the torrent can live with. */
  warning: [error: Error];
  tracker: [report: TrackerReport];
  peer: [report: PeerReport];
  /** The torrent has nothing to do with an address for a time; `bannedPeers()` tells all. */
  ban: [ban: BannedPeer];
  /** A web seed has failed: it waits, or is not asked any more. */
  webSeed: [status: WebSeedStatus];
}
