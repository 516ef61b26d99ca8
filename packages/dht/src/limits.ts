/** Contacts of a bucket, and nodes of a reply: Kademlia's k (BEP 5). */
export const BUCKET_SIZE = 8;
/** Milliseconds without a sign of life after which a contact is questionable, and a bucket is refreshed (BEP 5). */
export const QUESTIONABLE_AFTER_MS = 15 * 60_000;
/** Queries in a row without an answer after which a contact is bad. */
export const BAD_AFTER_FAILURES = 2;
/** Nodes that wait to take the place of a bad contact, in each bucket. */
export const REPLACEMENTS = 8;
/** Contacts of one bucket from the same network, a /24 of IPv4 or a /64 of IPv6: nobody fills a bucket with one line. */
export const MAX_SAME_NETWORK_IN_BUCKET = 2;
/** Contacts of the whole table from the same network. */
export const MAX_SAME_NETWORK_IN_TABLE = 8;

/** Queries of one lookup that are under way at the same time: Kademlia's α. */
export const LOOKUP_CONCURRENCY = 4;
/** Queries one lookup may make; a lookup among a million nodes needs 20 to 60. */
export const MAX_LOOKUP_QUERIES = 300;
/** Nodes a lookup remembers that it may ask. */
export const MAX_SHORTLIST = 128;
/** Nodes that are taken from one reply, per family: a reply has 8. */
export const MAX_NODES_PER_REPLY = 16;
/** Nodes of the same network that one lookup asks. */
export const MAX_SAME_NETWORK_IN_LOOKUP = 3;
/** Peers one lookup gives. */
export const MAX_PEERS_PER_LOOKUP = 2_000;
/** Peers that are taken from one reply, so that a liar has only its share. */
export const MAX_PEERS_PER_REPLY = 200;
/** Lookups that run at the same time; others wait. */
export const DEFAULT_MAX_LOOKUPS = 16;
/** Lookups that may wait. */
export const DEFAULT_MAX_QUEUED_LOOKUPS = 20_000;

/** Queries under way at the same time. */
export const DEFAULT_MAX_IN_FLIGHT = 512;
/** Queries that wait for one of those to end. */
export const MAX_WAITING_QUERIES = 4_096;
/** Milliseconds after which a query counts as slow before any answer was seen: another node is then asked meanwhile. */
export const INITIAL_PATIENCE_MS = 1_500;
/** The bounds of what is learnt from answers instead, milliseconds. */
export const MIN_PATIENCE_MS = 200;
export const MAX_PATIENCE_MS = 3_000;
/** Milliseconds after which a query has failed: this many times the patience, within bounds. */
export const TIMEOUT_PER_PATIENCE = 4;
/** The bounds of that, milliseconds: long enough for a far node, short enough for a lookup to go on. */
export const MIN_TIMEOUT_MS = 2_000;
export const MAX_TIMEOUT_MS = 8_000;

/** Milliseconds between two looks at what is to be kept up: refreshes, pings, bootstrap. */
export const MAINTENANCE_MS = 15_000;
/** Contacts pinged at each of these looks, per family. */
export const PINGS_PER_MAINTENANCE = 4;
/** Nodes that have queried us and are asked whether they are there, at the same time. */
export const MAX_VERIFYING = 16;
/** Milliseconds until bootstrapping is tried again: doubled each time, up to the second. */
export const FIRST_BOOTSTRAP_RETRY_MS = 5_000;
export const MAX_BOOTSTRAP_RETRY_MS = 10 * 60_000;
/** Milliseconds for which other bootstrap nodes are waited for when one has answered. */
export const BOOTSTRAP_GRACE_MS = 500;
/** Bootstrap nodes asked at a time. */
export const MAX_BOOTSTRAP_NODES = 32;
/** Endpoints given by {@link DhtNode.addNode} that wait for their ping; each torrent and each peer may name some. */
export const MAX_ADDED_NODES = 256;
/** Contacts below which a table looks for more by bootstrapping again. */
export const FEW_CONTACTS = 4;

/**
 * Bytes of a reply's payload, as BEP 32 bounds it: it fits a packet of 1,280 bytes, which all lines carry. Only an item (BEP 44), which
 * cannot be sent in part, may take more.
 */
export const MAX_REPLY_BYTES = 1_024;
/** Contacts of each family that are kept from one run to the next. */
export const MAX_STATE_CONTACTS = 400;
/** Bytes of a state that is read. */
export const MAX_STATE_BYTES = 65_536;
