import type { Clock, Network, Random } from '@shoal/net';
import type { SwarmStore } from './store/swarm-store.ts';

/** Seconds between a peer's announces: what public trackers ask for. */
export const DEFAULT_SERVER_INTERVAL = 1800;
/** Seconds between announces out of turn. */
export const DEFAULT_SERVER_MIN_INTERVAL = 60;
/** Part of the interval that varies, so that peers that came together do not come back together. */
export const INTERVAL_JITTER = 0.1;
/** Peers given to one that does not say how many it wants. */
export const DEFAULT_SERVER_NUMWANT = 50;
/** Most peers given at once, however many are wanted. */
export const DEFAULT_MAX_NUMWANT = 200;
/** Info-hashes in one scrape. */
export const DEFAULT_MAX_SCRAPE = 100;
/** Bytes of a request line and its headers; an announce has about 500, a scrape of a hundred 8,000. */
export const MAX_REQUEST_HEAD = 12 * 1024;
/** Connections at once; beyond that new ones are closed. */
export const DEFAULT_MAX_CONNECTIONS = 20_000;
/**
 * Requests of one connection that may wait behind another, sent without waiting for its answer. Clients send one at a time;
 * without a bound, some fifty connections that write and never read keep the server busy for many seconds on end.
 */
export const MAX_PIPELINED = 100;
/** Milliseconds for the head of a request to arrive. */
export const DEFAULT_HEADERS_TIMEOUT = 10_000;
/** Milliseconds a kept connection may idle: longer than a client takes for a scrape after its announce, and no more. */
export const DEFAULT_KEEP_ALIVE_TIMEOUT = 5_000;
/** Milliseconds without traffic after which a connection is closed, so that one that never reads its answer ends. */
export const SOCKET_TIMEOUT = 30_000;
/** Milliseconds between the store's turns to forget old peers. */
export const EXPIRE_PERIOD = 1_000;

/** Requests over UDP that one address may make in a second: ten thousand people behind one address stay below. */
export const DEFAULT_UDP_RATE = 200;
/** Requests over UDP that one address may make at once. */
export const DEFAULT_UDP_BURST = 2_000;

/** Options of `TrackerServer`. */
export interface TrackerServerOptions {
  /** Where the swarms are kept. Default: a `MemorySwarmStore` that fits `interval`. */
  readonly store?: SwarmStore;
  /** Seconds. Default {@link DEFAULT_SERVER_INTERVAL}; peers are told up to {@link INTERVAL_JITTER} less. */
  readonly interval?: number;
  /** Seconds. Default {@link DEFAULT_SERVER_MIN_INTERVAL}, at most the interval. */
  readonly minInterval?: number;
  /** Default {@link DEFAULT_MAX_NUMWANT}. */
  readonly maxNumwant?: number;
  /** Default {@link DEFAULT_MAX_SCRAPE}. */
  readonly maxScrape?: number;
  /** Believe the `ip` parameter. Default false: it lets anyone announce someone else's address. */
  readonly honourIp?: boolean;
  /** Says whether a torrent may be tracked, by its info-hash of 20 bytes. Default: every torrent may. */
  readonly allow?: (infoHash: Uint8Array) => boolean | Promise<boolean>;
  /** Answer `/stats` with the server's figures in JSON. Default false. */
  readonly stats?: boolean;
  /** Default {@link DEFAULT_MAX_CONNECTIONS}. */
  readonly maxConnections?: number;
  /** Milliseconds. Default {@link DEFAULT_HEADERS_TIMEOUT}. */
  readonly headersTimeout?: number;
  /** Milliseconds. Default {@link DEFAULT_KEEP_ALIVE_TIMEOUT}. */
  readonly keepAliveTimeout?: number;
  /**
   * Requests over UDP in a second of one IPv4 address or IPv6 /64; what comes on top is not answered. Default
   * {@link DEFAULT_UDP_RATE}.
   */
  readonly udpRate?: number;
  /** Requests over UDP that may come at once. Default {@link DEFAULT_UDP_BURST}. */
  readonly udpBurst?: number;
  /** Sockets for UDP; HTTP always uses Node's. Default: the system's. */
  readonly network?: Network;
  /** Told of errors of the store or of `allow`; the peer gets a failure reason, and the server lives on. */
  readonly onError?: (error: unknown) => void;
  /** Ages peers and times the store's turns. Default: the system's. */
  readonly clock?: Clock;
  /** Varies intervals and chooses peers. Default: the system's. */
  readonly random?: Random;
}

/** Where a `TrackerServer` listens. */
export interface TrackerListenOptions {
  /** 0 takes any free port. Default 6969. */
  readonly port?: number;
  /** IP literal to listen on. Default: all addresses, of both families where the system has both. */
  readonly address?: string;
  /** Serve HTTP. Default true. */
  readonly http?: boolean;
  /** Serve UDP, on the same port. Default false. */
  readonly udp?: boolean;
}
