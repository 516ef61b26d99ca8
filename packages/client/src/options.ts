import type { DiskThreads } from './disk/disk-threads.ts';
import type { Endpoint, Host, Resolve } from '@shoal/net';
import type { TrackerClient } from '@shoal/tracker';
import type { AddressFilter } from './peer/blocked-addresses.ts';
import type { StorageFactory } from './disk/storage.ts';
import type { WebSeedOptions } from './web-seed/web-seed-options.ts';

/** Ports to try in order; `from` ≤ `to`, both 1–65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What of a torrent's own trackers and web seeds may be in a local network:
 *
 * - `none`: nothing; all must be at addresses of the public internet
 * - `trackers`: trackers that cannot be made to ask for anything but an announce: over UDP, or over HTTP at the path `/announce`
 *   without a query and credentials. Link-local addresses and the metadata services of clouds are never asked.
 * - `all`: trackers and web seeds anywhere. Whoever made the torrent can then have this machine ask any server of its own network.
 */
export type LocalServers = 'none' | 'trackers' | 'all';

/** How the client takes part in the DHT. */
export interface DhtOptions {
  /** Where to enter it, as endpoints or `host:port`. Default: the nodes that the common clients use. */
  readonly bootstrap?: readonly (string | Endpoint)[];
  /** Answer nobody (BEP 43). Default false. */
  readonly readOnly?: boolean;
  /** Finds the addresses of names. Default: as the client does. */
  readonly resolve?: Resolve;
}

/** Options of {@link Client.start}. Every number has its default and reason in {@link clientDefaults}. */
export interface ClientOptions {
  /** Port to listen on; 0 takes any free one. Default 0. */
  readonly port?: number | PortRange;
  /** IP literal to listen on and to connect from. Default: every address, IPv6 and IPv4. */
  readonly bind?: string;
  /** Bytes received per second over all torrents, those of the protocol included; 0 or absent: no limit. */
  readonly maxDownloadRate?: number;
  /** Bytes of blocks sent per second over all torrents; 0 or absent: no limit. */
  readonly maxUploadRate?: number;
  /** Connections over all torrents, handshaking ones included. */
  readonly maxPeers?: number;
  /** Connections per torrent. */
  readonly maxPeersPerTorrent?: number;
  /** Outgoing connections not yet through their handshake, over all torrents. */
  readonly maxHalfOpen?: number;
  /** Peers of one torrent that may download from us at once, the optimistic one included. */
  readonly uploadSlots?: number | 'auto';
  /** Folder for resume data. Absent: none is kept, and every start checks the data. */
  readonly resumeDirectory?: string;
  /** Bytes of memory for pieces being downloaded, over all torrents. */
  readonly pieceBufferBudget?: number;
  /** Bytes of memory for metadata of magnet links under way, over all torrents; at least what one may have (31,457,280). */
  readonly metadataBudget?: number;
  /** Worker threads that hash; as many of them write as leave the main thread a core, at least one. Default: 2, or 1 on a machine with one core. */
  readonly diskWorkers?: number;
  /** Some of them, started before for this client alone, which ends them. Default: started when needed. */
  readonly diskThreads?: DiskThreads;
  /** Tell peers of each other (BEP 11), and take their word for more. Never for private torrents. Default true. */
  readonly pex?: boolean;
  /**
   * Find peers in the local network by multicast (BEP 14). Never for private torrents. Default true, but for a client that is bound to a
   * loopback address: it has no business in any network.
   */
  readonly localDiscovery?: boolean;
  /**
   * Copy what is on this machine already rather than download it: equal files of a torrent, and files of other torrents of this
   * client. Default true. See {@link AddOptions.reuseLocalData}.
   */
  readonly reuseLocalData?: boolean;
  /**
   * Find peers by the DHT (BEP 5), on UDP at the same port where that is free. Never for private torrents. Default true, but for a
   * client that is bound to a loopback address, or has a {@link host} of its own. What it knows of the DHT is kept in
   * {@link resumeDirectory}.
   */
  readonly dht?: boolean | DhtOptions;
  /** 20 bytes; default: Azureus style, random (BEP 20). */
  readonly peerId?: Uint8Array;
  /** Network, clock and randomness; default: Node's. Tests hand in a simulated world. */
  readonly host?: Host;
  /** Whether web seeds (BEP 19, BEP 17) are asked, and how. Default true. */
  readonly webSeeds?: boolean | WebSeedOptions;
  /**
   * Which trackers and web seeds that a torrent or magnet link names may be in local networks: on this machine, or at private
   * addresses. Those that the user names (`AddOptions.trackers`, `AddOptions.webSeeds`, `addTracker`) may be anywhere. Checked is the
   * address that is connected to, whatever name it has. Default `trackers`.
   */
  readonly localServers?: LocalServers;
  /**
   * Addresses that the client has nothing to do with, whoever names them: no connection either way, no datagram of the DHT, and no
   * tracker or web seed. Default: none. See {@link Client.setIpFilter}.
   */
  readonly ipFilter?: AddressFilter;
  /** Whether {@link ipFilter} is for trackers and web seeds, too. Default true. */
  readonly ipFilterServers?: boolean;
  /** Finds the addresses of names: of trackers, web seeds, and nodes of the DHT. Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** Who talks to trackers; default: HTTP, HTTPS and UDP. It is closed with the client. */
  readonly trackerClient?: TrackerClient;
}

/** How {@link Client.add} treats data that may be there already. */
export type CheckMode =
  /** Trust resume data where it agrees with the files, hash the rest. */
  | 'resume'
  /** Hash everything. */
  | 'force'
  /** Believe that everything is there. */
  | 'trust';

/** Options of {@link Client.add}. */
export interface AddOptions {
  /** The folder that holds, or will hold, the torrent's top file or folder. */
  readonly directory: string;
  /** Where the payload goes instead of files below {@link directory}. */
  readonly storage?: StorageFactory;
  /**
   * Only the metadata is wanted, the piece layers of version 2 among it: no file is looked at or written, and no data downloaded.
   * The torrent is complete when all that is known; see `Torrent.completeMetainfo`. Default false.
   */
  readonly metadataOnly?: boolean;
  /** Default `resume`. */
  readonly check?: CheckMode;
  /** Indices of the files wanted; default: all. Those that do not exist are ignored. */
  readonly select?: readonly number[];
  /** Download pieces in order rather than rarest first. Default false. */
  readonly sequential?: boolean;
  /** Tiers of announce URLs to try after the torrent's own. */
  readonly trackers?: readonly (readonly string[])[];
  /** Peers to dial at once. */
  readonly peers?: readonly Endpoint[];
  /**
   * Treat the torrent as private (BEP 27) whatever its metadata says, and while that is not known: peers come from its trackers and from
   * {@link peers} only. Default false.
   */
  readonly private?: boolean;
  /** URLs of web seeds (BEP 19) besides those of the torrent. These may be anywhere, also in one's own network. */
  readonly webSeeds?: readonly string[];
  /** Do not start until {@link Torrent.resume}. Default false. */
  readonly paused?: boolean;
  /** Reserve the full size of each file before its first byte. Default false: files grow sparsely. */
  readonly preallocate?: boolean;
  /**
   * Take equal files from this torrent and other ones of the client (same `pieces root`, BEP 52; hints of BEP 38), and let others
   * take them from this one. False: neither. A private torrent (BEP 27) never gives anything to others. Default: as the client does.
   */
  readonly reuseLocalData?: boolean;
  /** Bytes per second; 0 or absent: no limit of its own. */
  readonly maxDownloadRate?: number;
  readonly maxUploadRate?: number;
  /** Connections; default: the client's `maxPeersPerTorrent`. */
  readonly maxPeers?: number;
}

/** The bounds of the engine: one place, each with its unit and reason. */
export const clientDefaults = {
  /** Connections. Half of the 1,024 descriptors a process often has; the rest is for files. */
  maxPeers: 500,
  /** Connections. More peers than this add overhead rather than speed. */
  maxPeersPerTorrent: 60,
  /** Connections. Routers drop connections when too many are half open. */
  maxHalfOpen: 40,
  /** Peers; `auto` is four, and more on a fast line. */
  uploadSlots: 'auto',
  /** Bytes. 128 MiB keeps a fast line busy while the disk catches up, at any piece length up to 16 MiB. */
  pieceBufferBudget: 128 * 1024 * 1024,
  /** Bytes. 64 MiB hold the longest metadata there may be twice, and that of a few hundred usual torrents. */
  metadataBudget: 64 * 1024 * 1024,
  /** Requests one peer may have waiting here; what comes beyond is rejected (BEP 6) or dropped. Fast peers queue hundreds. */
  maxQueuedRequests: 2048,
  /** Milliseconds for a connection to complete its handshake: slow links need some, slow-loris peers get no more. */
  handshakeTimeout: 10_000,
  /** Milliseconds of silence after which a keep-alive is sent; BEP 3 lets a peer go after two minutes. */
  keepAliveInterval: 100_000,
  /** Milliseconds of silence after which a peer is dropped. */
  idleTimeout: 180_000,
  /** Milliseconds between two savings of resume data while something changes. */
  resumeSaveInterval: 30_000,
  /** Milliseconds that `close()` waits for trackers to hear `stopped`. */
  closeTimeout: 3_000,
  /** Incoming connections that are still in their handshake. */
  maxPendingIncoming: 64,
} as const;
