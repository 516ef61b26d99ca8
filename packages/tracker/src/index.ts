/**
 * BitTorrent trackers, both sides: announce and scrape over HTTP, the order of tiers, the schedule of a torrent's
 * announces, and a tracker server.
 *
 * @packageDocumentation
 */
export type * from './types.ts';
export {
  TrackerError,
  TrackerFailure,
  TrackerHttpStatusError,
  type TrackerErrorCode,
  type TrackerErrorOptions,
} from './errors.ts';
export { announceUrl, escapeBytes, MAX_URL_LENGTH, scrapeUrl } from './url.ts';
export { parseAnnounceResponse, parseScrapeResponse } from './response.ts';
export {
  DEFAULT_INTERVAL,
  MAX_INTERVAL,
  MAX_PEERS,
  MAX_RETRY_IN,
  MAX_SCRAPE_FILES,
  MAX_TRACKER_ID_LENGTH,
  MIN_INTERVAL,
  type ResponseLimits,
} from './limits.ts';
export { MAX_TEXT_LENGTH, sanitizeBytes, sanitizeText } from './text.ts';
export {
  DEFAULT_MAX_BODY_LENGTH,
  DEFAULT_MAX_CONCURRENT,
  DEFAULT_MAX_REDIRECTS,
  DEFAULT_STOP_TIMEOUT,
  DEFAULT_TIMEOUT,
  HttpTrackerClient,
  SCRAPE_BATCH,
  type HttpTrackerClientOptions,
} from './http-client.ts';
export {
  createTrackerClient,
  SchemeTrackerClient,
  type TrackerClientOptions,
} from './scheme-client.ts';
export {
  FIRST_RETRY_DELAY,
  MAX_RETRY_DELAY,
  MAX_TRACKERS,
  TrackerTiers,
  type TierTracker,
} from './tiers.ts';
export {
  DEFAULT_MIN_INTERVAL,
  DEFAULT_NUMWANT,
  DEFAULT_STOP_WAIT,
  UNCONFIRMED_STOP_WAIT,
  type AnnouncerOptions,
  type TrackerStatus,
  type TransferStats,
} from './announce-options.ts';
export { Announcer } from './announcer.ts';
export {
  AnnounceScheduler,
  DEFAULT_MAX_ANNOUNCE_RATE,
  DEFAULT_MAX_ANNOUNCES,
  DEFAULT_MAX_ANNOUNCES_PER_TRACKER,
  DEFAULT_MAX_SLOW_ANNOUNCES,
  type AnnounceSchedulerOptions,
} from './announce-scheduler.ts';
export {
  encodeAnnounceReply,
  encodeAnnounceRequest,
  encodeConnectReply,
  encodeConnectRequest,
  encodeErrorReply,
  encodeScrapeReply,
  encodeScrapeRequest,
  parseUdpReply,
  parseUdpRequest,
  UDP_ANNOUNCE,
  UDP_CONNECT,
  UDP_ERROR,
  UDP_PROTOCOL_ID,
  UDP_SCRAPE,
  UDP_SCRAPE_BATCH,
  type UdpAnnounceFields,
  type UdpAnnounceFigures,
  type UdpAnnounceReply,
  type UdpAnnounceRequest,
  type UdpConnectReply,
  type UdpConnectRequest,
  type UdpErrorReply,
  type UdpReply,
  type UdpRequest,
  type UdpScrapeFigures,
  type UdpScrapeReply,
  type UdpScrapeRequest,
} from './udp/packets.ts';
export type { UdpAnnounceOptions } from './udp/url-data.ts';
export type { UdpReplyCounts } from './udp/transactions.ts';
export {
  DEFAULT_UDP_MAX_CONCURRENT,
  DEFAULT_UDP_STOP_TIMEOUT,
  DEFAULT_UDP_TIMEOUT,
  FAMILY_GRACE,
  type UdpTrackerClientOptions,
  type UdpTrackerCounts,
  type UdpTrackerOpenOptions,
  type UdpTrackerSettings,
} from './udp/udp-options.ts';
export { UdpTrackerClient } from './udp/udp-client.ts';
export type {
  StoreFigures,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmFigures,
  SwarmRefusal,
  SwarmStore,
} from './server/store/swarm-store.ts';
export {
  DEFAULT_MAX_PEERS,
  DEFAULT_MAX_PEERS_PER_SWARM,
  DEFAULT_MAX_SWARMS,
  DEFAULT_PEER_LIFETIME,
  MemorySwarmStore,
  type MemorySwarmStoreOptions,
} from './server/store/memory-store.ts';
export {
  DEFAULT_HEADERS_TIMEOUT,
  DEFAULT_KEEP_ALIVE_TIMEOUT,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_NUMWANT,
  DEFAULT_MAX_SCRAPE,
  DEFAULT_SERVER_INTERVAL,
  DEFAULT_SERVER_MIN_INTERVAL,
  DEFAULT_SERVER_NUMWANT,
  DEFAULT_UDP_BURST,
  DEFAULT_UDP_RATE,
  type TrackerListenOptions,
  type TrackerServerOptions,
} from './server/server-options.ts';
export { TrackerServer, type TrackerServerCounts } from './server/server.ts';
export type { UdpServerCounts } from './server/udp/udp-responder.ts';
