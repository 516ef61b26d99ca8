/**
 * KRPC, the messages of the DHT. All byte fields of a decoded message are views of the datagram, which is valid only while it
 * is handled: what is kept must be copied.
 */

/** Bytes of a node id, an info-hash and a target. */
export const ID_BYTES = 20;

/** An address family: which of `nodes` and `nodes6` a query wants (BEP 32), and which table an address belongs to. */
export type Family = 4 | 6;

/** What every message has. */
interface Envelope {
  /** `t`: chosen by who asks, given back by who answers; 1 to {@link MAX_TRANSACTION_BYTES} bytes. */
  readonly transaction: Uint8Array;
  /** `v`: client and version, by convention four bytes. */
  readonly version?: Uint8Array | undefined;
}

/** `ping`: are you there? */
export interface PingQuery {
  readonly method: 'ping';
}

/** `find_node`: which nodes do you know that are closest to `target`? */
export interface FindNodeQuery {
  readonly method: 'find_node';
  readonly target: Uint8Array;
  /** Families of nodes wanted (BEP 32); empty: that of the datagram. */
  readonly want: readonly Family[];
}

/** `get_peers`: which peers of this torrent do you know? */
export interface GetPeersQuery {
  readonly method: 'get_peers';
  readonly infoHash: Uint8Array;
  readonly want: readonly Family[];
  /** BEP 33: seeds are of no use to who asks. */
  readonly noSeed?: boolean | undefined;
  /** BEP 33: Bloom filters of the peers are wanted. */
  readonly scrape?: boolean | undefined;
}

/** `announce_peer`: I am a peer of this torrent. */
export interface AnnouncePeerQuery {
  readonly method: 'announce_peer';
  readonly infoHash: Uint8Array;
  /** 0–65535; 0 only with `impliedPort`. */
  readonly port: number;
  /** The port the datagram comes from counts, not `port`: for those behind a NAT. */
  readonly impliedPort: boolean;
  /** From a reply to `get_peers` of the same node. */
  readonly token: Uint8Array;
  /** BEP 33: the peer has everything. */
  readonly seed?: boolean | undefined;
  /** `n`: the torrent's name; some clients tell it. */
  readonly name?: Uint8Array | undefined;
}

/** `get`: the item of this target (BEP 44). */
export interface GetQuery {
  readonly method: 'get';
  readonly target: Uint8Array;
  /** Only a mutable item of a higher sequence number is of interest. */
  readonly seq?: bigint | undefined;
  readonly want: readonly Family[];
}

/** `put`: store this item (BEP 44). It is mutable when it has a `key`, and then has `seq` and `signature`, too. */
export interface PutQuery {
  readonly method: 'put';
  readonly token: Uint8Array;
  /** `v`, as bencode. */
  readonly value: Uint8Array;
  /** `k`: Ed25519 public key, 32 bytes. */
  readonly key?: Uint8Array | undefined;
  /** Signed 64-bit. */
  readonly seq?: bigint | undefined;
  /** `sig`: 64 bytes. */
  readonly signature?: Uint8Array | undefined;
  readonly salt?: Uint8Array | undefined;
  /** Store only when the stored item has this sequence number. */
  readonly cas?: bigint | undefined;
}

/** `sample_infohashes` (BEP 51): some of the info-hashes you have peers of. */
export interface SampleInfohashesQuery {
  readonly method: 'sample_infohashes';
  readonly target: Uint8Array;
  readonly want: readonly Family[];
}

/** A method we do not know, with the target it may have: libtorrent answers these as `find_node`. */
export interface UnknownQuery {
  readonly method: 'unknown';
  /** The name it came with, not fit for a terminal. */
  readonly name: string;
  readonly target: Uint8Array | undefined;
}

/** What a query asks, by method. */
export type QueryBody =
  | PingQuery
  | FindNodeQuery
  | GetPeersQuery
  | AnnouncePeerQuery
  | GetQuery
  | PutQuery
  | SampleInfohashesQuery;

/** The methods there are. */
export type QueryMethod = QueryBody['method'];

/** A query: `y` is `q`. */
export interface KrpcQuery<Body = QueryBody> extends Envelope {
  readonly kind: 'query';
  /** Id of who asks, 20 bytes. */
  readonly id: Uint8Array;
  /** BEP 43: who asks answers no queries and does not belong into a routing table. */
  readonly readOnly?: boolean | undefined;
  readonly body: Body;
}

/** What a response can hold; which of it depends on the query. */
export interface ResponseBody {
  /** Compact nodes of IPv4, 26 bytes each, whole entries only. */
  readonly nodes?: Uint8Array | undefined;
  /** Compact nodes of IPv6, 38 bytes each, whole entries only (BEP 32). */
  readonly nodes6?: Uint8Array | undefined;
  /** Compact endpoints of peers, 6 or 18 bytes each. */
  readonly values?: readonly Uint8Array[] | undefined;
  /** To be given back with `announce_peer` or `put`; 1 to {@link MAX_TOKEN_BYTES} bytes. */
  readonly token?: Uint8Array | undefined;
  /** `BFsd` and `BFpe`: Bloom filters of seeds and of other peers, 256 bytes each (BEP 33). */
  readonly seedsFilter?: Uint8Array | undefined;
  readonly peersFilter?: Uint8Array | undefined;
  /** `v`, as bencode, with `k`, `sig` and `seq` where the item is mutable (BEP 44). */
  readonly value?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
  readonly signature?: Uint8Array | undefined;
  readonly seq?: bigint | undefined;
  /** Info-hashes one behind the other, 20 bytes each, whole ones only (BEP 51). */
  readonly samples?: Uint8Array | undefined;
  /** Info-hashes the node has in all. */
  readonly num?: number | undefined;
  /** Seconds until asking again for samples is of use. */
  readonly interval?: number | undefined;
  /** `p`: the port the query came from, as libtorrent tells it. */
  readonly port?: number | undefined;
}

/** A response: `y` is `r`. */
export interface KrpcResponse extends Envelope {
  readonly kind: 'response';
  /** Id of who answers, 20 bytes. */
  readonly id: Uint8Array;
  /** `ip`: compact endpoint of who asked, as who answers sees it, 6 or 18 bytes (BEP 42). */
  readonly ip?: Uint8Array | undefined;
  readonly body: ResponseBody;
}

/** An error: `y` is `e`. */
export interface KrpcErrorMessage extends Envelope {
  readonly kind: 'error';
  readonly ip?: Uint8Array | undefined;
  /** See {@link KrpcErrorCode}; others occur. */
  readonly code: number;
  /** Not fit for a terminal; at most {@link MAX_ERROR_TEXT_BYTES} characters, one for each byte. */
  readonly message: string;
}

/** Any message that can be sent. */
export type KrpcMessage = KrpcQuery | KrpcResponse | KrpcErrorMessage;

/** What cannot be understood. */
export interface KrpcInvalid {
  readonly kind: 'invalid';
  /** For logs. */
  readonly reason: string;
  /** The transaction, where the datagram is a query that deserves an error as reply. */
  readonly transaction: Uint8Array | undefined;
  readonly code: KrpcErrorCode;
}

/** What a datagram turned out to be. */
export type KrpcDecoded =
  KrpcQuery<QueryBody | UnknownQuery> | KrpcResponse | KrpcErrorMessage | KrpcInvalid;

/** Error codes of BEP 5 and BEP 44. */
export const KRPC_ERROR = {
  generic: 201,
  server: 202,
  protocol: 203,
  methodUnknown: 204,
  messageTooBig: 205,
  invalidSignature: 206,
  saltTooBig: 207,
  casMismatch: 301,
  sequenceTooLow: 302,
} as const;

/** One of {@link KRPC_ERROR}. */
export type KrpcErrorCode = (typeof KRPC_ERROR)[keyof typeof KRPC_ERROR];

/** Bytes of a datagram beyond which it is not looked at: replies are made to fit a packet, but some send fragments. */
export const MAX_MESSAGE_BYTES = 8_192;
/** Bytes of a transaction id; by custom it has 2 to 4. */
export const MAX_TRANSACTION_BYTES = 32;
/** Bytes of a token; by custom it has 4 to 20. */
export const MAX_TOKEN_BYTES = 128;
/** Bytes of an error's text that are taken. */
export const MAX_ERROR_TEXT_BYTES = 256;
/** Bytes of `v` (version) that are taken. */
export const MAX_VERSION_BYTES = 64;
/** Bytes of an item's value, as bencode, that every node can be expected to store (BEP 44). */
export const MAX_VALUE_BYTES = 1_000;
/** Bytes of a Bloom filter (BEP 33). */
export const FILTER_BYTES = 256;
/** Bytes of an Ed25519 public key and of a signature (BEP 44). */
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
