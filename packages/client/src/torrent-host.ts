import type { Clock, Endpoint, Random, Reach } from '@shoal/net';
import type { TorrentInfo } from '@shoal/metainfo';
import type { EncoderBufferPool } from '@shoal/peer-wire';
import type { AnnounceScheduler, TrackerClient } from '@shoal/tracker';
import type { CheckQueue } from './check-queue.ts';
import type { GateTurns } from './choke/gate-turns.ts';
import type { RateLimiter } from './choke/rate-limiter.ts';
import type { UploadReader } from './disk/read-batch.ts';
import type { TorrentStorage } from './disk/storage.ts';
import type { NamedNode } from './discovery/named-nodes.ts';
import type { PeerService } from './discovery/peer-service.ts';
import type { LeafTurns } from './hashes/leaf-turns.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import type { MetadataMemory } from './metadata/metadata-memory.ts';
import type { OpenTurns } from './open-turns.ts';
import type { AddOptions } from './options.ts';
import type { PeerListOptions } from './peer/peer-list.ts';
import type { SwarmNames } from './peer/swarm-names.ts';
import type { PieceBuffers } from './piece/piece-buffers.ts';
import type { LocalData } from './reuse/local-data.ts';
import type { AnyTorrent } from './torrent.ts';
import type { WebSeedHost } from './web-seed/web-seeds.ts';

/** What the client lends to each of its torrents. */
export interface TorrentHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly peerId: Uint8Array;
  /** The port announced to trackers. */
  readonly port: number;
  readonly uploadSlots: number | 'auto';
  readonly maxPeersPerTorrent: number;
  readonly buffers: PieceBuffers;
  readonly encoderPool: EncoderBufferPool;
  readonly leafTurns: LeafTurns;
  /** What torrents know of each other's data; undefined: nothing. */
  readonly localData: LocalData | undefined;
  readonly metadataMemory: MetadataMemory;
  readonly checks: CheckQueue;
  /** When a torrent's turn to be opened comes. */
  readonly openTurns: OpenTurns;
  /** Has resume data saved a few torrents at a time. */
  readonly saves: CheckQueue;
  /** Addresses that the client has nothing to do with. */
  readonly isBlocked: (address: string) => boolean;
  readonly trackerClient: TrackerClient;
  /** Where the trackers that torrents name may be. */
  readonly trackerReach: Reach;
  /** What finds peers by info-hash for all torrents. */
  readonly peerServices: readonly PeerService[];
  /** The DHT, where the client takes part in it. */
  readonly dht:
    | { addNode(endpoint: Endpoint): void; addNamedNodes(nodes: readonly NamedNode[]): void }
    | undefined;
  /** The UDP port peers may be told of; 0 while there is none. */
  readonly datagramPort: number;
  /** Peer exchange (BEP 11) is on. */
  readonly exchangesPeers: boolean;
  /** When which torrent may announce. */
  readonly announceScheduler: AnnounceScheduler;
  /** What the peer lists of all torrents have in common. */
  readonly peerListOptions: PeerListOptions;
  /** Where resume data is kept; undefined: nowhere. */
  readonly resumeDirectory: string | undefined;
  readonly downloadLimiter: RateLimiter;
  readonly uploadLimiter: RateLimiter;
  readonly gateTurns: GateTurns;
  /** Undefined where web seeds are not to be asked. */
  readonly webSeeds: WebSeedHost | undefined;
  openStorage(info: TorrentInfo, options: AddOptions, hashes: PieceHashes): TorrentStorage;
  uploadReader(storage: TorrentStorage): UploadReader;
  /** There may be someone to dial for a torrent. */
  dial(torrent: AnyTorrent): void;
  /** Has a torrent's `tick` called once a second, until it says that nothing is due any more. */
  busy(torrent: AnyTorrent): void;
  /** The torrent is closed. */
  forget(torrent: AnyTorrent): void;
  /**
   * The metadata of a torrent says which info-hashes it has: it goes by these names from now on, which `rename` gives it. Throws
   * `ERR_CLIENT_DUPLICATE` where another torrent has one of them.
   */
  renamed(torrent: AnyTorrent, names: SwarmNames, rename: () => void): void;
}
