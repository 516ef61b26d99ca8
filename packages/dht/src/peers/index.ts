/** The peers that were announced to a node (BEP 5, 33, 51), without I/O. */
export {
  DEFAULT_MAX_INFO_HASHES,
  DEFAULT_MAX_PEERS,
  DEFAULT_MAX_PEERS_PER_INFO_HASH,
  DEFAULT_MAX_PEERS_PER_NETWORK,
  MAX_REPLY_PEERS,
  MAX_SAMPLE_INFO_HASHES,
  PEER_LIFETIME_MS,
  PeerStore,
  SAMPLE_INTERVAL,
  type InfoHashSample,
  type PeerSampleOptions,
  type PeerStoreOptions,
  type ScrapeFilters,
} from './peer-store.ts';
