import type { Endpoint, Reach } from '@shoal/net';

/** What an announce reports besides its figures (BEP 3). Leave it out for the regular announces in between. */
export type AnnounceEvent = 'started' | 'stopped' | 'completed';

/** What a peer tells a tracker (BEP 3). The same for HTTP and UDP trackers. */
export interface AnnounceRequest {
  /** 20 bytes. A v2 info-hash is cut to 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The port this peer listens on, 1–65535. */
  readonly port: number;
  /** Bytes of payload sent since `started`. */
  readonly uploaded: number | bigint;
  /** Bytes of payload received since `started`. */
  readonly downloaded: number | bigint;
  /** Bytes still missing; 0 makes this peer a seed. */
  readonly left: number | bigint;
  /** What has just happened; undefined for a regular announce. */
  readonly event?: AnnounceEvent | undefined;
  /** How many peers are wanted; the tracker may give fewer. Without it the tracker decides. */
  readonly numwant?: number | undefined;
  /** 32 random bits that stay the same for a session, so that a tracker knows this peer when its address changes (BEP 7). */
  readonly key?: number | undefined;
  /** The `tracker id` this tracker gave in an earlier answer. */
  readonly trackerId?: Uint8Array | undefined;
  /** Address or DNS name to be announced instead of the one the request comes from; most trackers ignore it. */
  readonly ip?: string | undefined;
  /** Further IPv4 address of this peer (early BEP 7; few trackers read it). */
  readonly ipv4?: string | undefined;
  /** Further IPv6 address of this peer (early BEP 7; few trackers read it). */
  readonly ipv6?: string | undefined;
  /** Ask for the compact peer list (BEP 23). Default true. */
  readonly compact?: boolean | undefined;
  /** Tells the tracker that peer ids may be left out of a peer list that is not compact. Default true. */
  readonly noPeerId?: boolean | undefined;
}

/** A peer as a tracker names it. `address` is an IP literal. */
export interface TrackerPeer extends Endpoint {
  /** 20 bytes; only in lists that are not compact. */
  readonly peerId?: Uint8Array;
}

/** A peer given by DNS name; only in lists that are not compact. It is not resolved here. */
export interface NamedTrackerPeer {
  /** A DNS name: letters, digits, hyphens and dots. */
  readonly host: string;
  /** 1–65535. */
  readonly port: number;
  readonly peerId?: Uint8Array;
}

/** A tracker's answer to an announce. */
export interface AnnounceResponse {
  /** Seconds to wait before the next regular announce; always within the limits of the parser. */
  readonly interval: number;
  /** Seconds before which not even an announce out of turn is welcome. Undefined when the tracker did not say. */
  readonly minInterval: number | undefined;
  /** Without duplicates, port 0 and addresses no one can be reached at. */
  readonly peers: readonly TrackerPeer[];
  /** Peers given by DNS name, without duplicates. */
  readonly namedPeers: readonly NamedTrackerPeer[];
  /** Seeds in the swarm. */
  readonly complete: number | undefined;
  /** Leechers in the swarm. */
  readonly incomplete: number | undefined;
  /** How often the torrent was downloaded in full. */
  readonly downloaded: number | undefined;
  /** To be sent back in later announces to the same tracker. */
  readonly trackerId: Uint8Array | undefined;
  /** This peer's own address as the tracker sees it (BEP 24), an IP literal. */
  readonly externalIp: string | undefined;
  /** A message for the user, fit for a terminal; the announce worked nevertheless. */
  readonly warning: string | undefined;
}

/** The figures of one swarm (BEP 48). */
export interface ScrapeFile {
  /** Seeds in the swarm. */
  readonly complete: number;
  /** Leechers in the swarm. */
  readonly incomplete: number;
  /** How often the torrent was downloaded in full. */
  readonly downloaded: number;
  /** The torrent's name, if the tracker gives it, fit for a terminal. */
  readonly name: string | undefined;
}

/** A tracker's answer to a scrape. */
export interface ScrapeResponse {
  /** By info-hash, 40 lower-case hex digits. Swarms unknown to the tracker are missing, or all zero. */
  readonly files: ReadonlyMap<string, ScrapeFile>;
  /** Seconds to wait before the next scrape, if the tracker says. */
  readonly minRequestInterval: number | undefined;
}

/** Options of one call to a tracker. */
export interface TrackerCallOptions {
  /** Ends the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where the tracker may be. `any` (the default) is for URLs that the user has named. Those that come with a torrent or magnet link
   * get `public`, or `local`: then this machine and its private networks are asked, too, but by nothing that could be more than an
   * announce, which is UDP, and HTTP where the URL has the path `/announce`, no query and no credentials. Redirects lead to
   * public addresses only, but for those that a local tracker of the user makes.
   */
  readonly reach?: Reach | undefined;
}

/**
 * Talks to trackers. {@link HttpTrackerClient} serves `http:` and `https:`; clients for further schemes are put side by
 * side with {@link SchemeTrackerClient}.
 */
export interface TrackerClient extends AsyncDisposable {
  /** Rejects with a `TrackerError`, or with the signal's reason. */
  announce(
    url: string,
    request: AnnounceRequest,
    options?: TrackerCallOptions,
  ): Promise<AnnounceResponse>;
  /**
   * Asks for the figures of swarms. `url` is the announce URL. Rejects with a `TrackerError`
   * (`ERR_TRACKER_SCRAPE_UNSUPPORTED` when the tracker has no scrape address).
   */
  scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    options?: TrackerCallOptions,
  ): Promise<ScrapeResponse>;
  /** Ends every call under way with `ERR_TRACKER_CLOSED`. Idempotent. */
  close(): Promise<void>;
}
