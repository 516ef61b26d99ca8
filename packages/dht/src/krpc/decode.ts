import { BencodeError, parse, type BencodeNode, type DecodeOptions } from '@shoal/bencode';
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '@shoal/net';
import {
  FILTER_BYTES,
  ID_BYTES,
  KEY_BYTES,
  KRPC_ERROR,
  MAX_ERROR_TEXT_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_TOKEN_BYTES,
  MAX_TRANSACTION_BYTES,
  MAX_VALUE_BYTES,
  MAX_VERSION_BYTES,
  SIGNATURE_BYTES,
  type Family,
  type KrpcDecoded,
  type KrpcErrorCode,
  type KrpcErrorMessage,
  type KrpcInvalid,
  type KrpcQuery,
  type KrpcResponse,
  type QueryBody,
  type UnknownQuery,
} from './messages.ts';
import { COMPACT_NODE_BYTES, COMPACT_NODE6_BYTES } from './nodes.ts';

/**
 * Datagrams are small and flat; only an item's `v` (BEP 44) can be deep, or hold a long integer. Both limits are as long as such a value
 * may be, so that an odd item is refused for what it is, and its message still has a transaction. The parser does not recurse.
 */
const LIMITS: DecodeOptions = {
  // Keys out of order and the like are common among old nodes, and harmless here.
  lenient: true,
  maxDepth: MAX_VALUE_BYTES,
  maxTokens: 2_048,
  maxLength: MAX_MESSAGE_BYTES,
  maxIntegerLength: MAX_VALUE_BYTES,
};

/** Peers taken from one string: more than fit a packet. */
const MAX_JOINED_PEERS = 256;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const WANT_NONE: readonly Family[] = [];
const WANT_IPV4: readonly Family[] = [4];
const WANT_IPV6: readonly Family[] = [6];
const WANT_BOTH: readonly Family[] = [4, 6];

/** Thrown inside the decoder only: what is wrong with a message whose transaction is known. */
class Refusal extends Error {
  readonly code: KrpcErrorCode;

  constructor(reason: string, code: KrpcErrorCode = KRPC_ERROR.protocol) {
    super(reason);
    this.code = code;
  }
}

/**
 * Reads one datagram. Total: any bytes give a message or {@link KrpcInvalid}, in time linear in their number, of which no more
 * than {@link MAX_MESSAGE_BYTES} are looked at.
 *
 * @returns a message whose byte fields are views of `datagram`, and no Buffers
 */
export function decodeKrpc(datagram: Uint8Array): KrpcDecoded {
  let root: BencodeNode;
  try {
    root = parse(plain(datagram), LIMITS).root;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    return invalid('no bencode', undefined);
  }
  if (root.type !== 'dictionary') return invalid('no dictionary', undefined);
  const transaction = bytesOf(root.get('t'), 1, MAX_TRANSACTION_BYTES);
  if (transaction === undefined) return invalid('no transaction id', undefined);
  const y = bytesOf(root.get('y'), 1, 1)?.[0];
  try {
    switch (y) {
      case 0x71: // q
        return decodeQuery(root, transaction);
      case 0x72: // r
        return decodeResponse(root, transaction);
      case 0x65: // e
        return decodeError(root, transaction);
      default:
        return invalid('neither query, response nor error', undefined);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Only queries are answered: two nodes that answer each other's errors would never stop.
    return invalid(error.message, y === 0x71 ? transaction : undefined, error.code);
  }
}

/** Views of a Buffer would be Buffers, of which `slice` makes no copy. */
function plain(bytes: Uint8Array): Uint8Array {
  if (!Buffer.isBuffer(bytes)) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function invalid(
  reason: string,
  transaction: Uint8Array | undefined,
  code: KrpcErrorCode = KRPC_ERROR.protocol,
): KrpcInvalid {
  return { kind: 'invalid', reason, transaction, code };
}

function decodeQuery(
  root: BencodeNode,
  transaction: Uint8Array,
): KrpcQuery<QueryBody | UnknownQuery> {
  const method = root.get('q');
  if (method?.type !== 'bytes') throw new Refusal("missing 'q'");
  const args = root.get('a');
  if (args?.type !== 'dictionary') throw new Refusal("missing 'a'");
  return {
    kind: 'query',
    transaction,
    version: versionOf(root),
    id: required(args, 'id'),
    readOnly: flag(root.get('ro')),
    body: decodeBody(latin1(method.asBytes(), MAX_NAME_BYTES), args),
  };
}

/** Bytes of an unknown method's name that are kept. */
const MAX_NAME_BYTES = 64;

function decodeBody(method: string, args: BencodeNode): QueryBody | UnknownQuery {
  switch (method) {
    case 'ping':
      return { method };
    case 'find_node':
      return { method, target: required(args, 'target'), want: wantOf(args) };
    case 'get_peers':
      return {
        method,
        infoHash: required(args, 'info_hash'),
        want: wantOf(args),
        noSeed: flag(args.get('noseed')),
        scrape: flag(args.get('scrape')),
      };
    case 'announce_peer':
      return decodeAnnounce(args);
    case 'get':
      return {
        method,
        target: required(args, 'target'),
        seq: int64Of(args.get('seq')),
        want: wantOf(args),
      };
    case 'put':
      return decodePut(args);
    case 'sample_infohashes':
      return { method, target: required(args, 'target'), want: wantOf(args) };
    default: {
      const target = args.get('target') ?? args.get('info_hash');
      return { method: 'unknown', name: method, target: bytesOf(target, ID_BYTES, ID_BYTES) };
    }
  }
}

function decodeAnnounce(args: BencodeNode): QueryBody {
  const infoHash = required(args, 'info_hash');
  const token = tokenOf(args);
  const impliedPort = flag(args.get('implied_port')) ?? false;
  const port = smallOf(args.get('port'), 65_535);
  if (port === undefined || port === 0) {
    if (!impliedPort) throw new Refusal('invalid port');
  }
  return {
    method: 'announce_peer',
    infoHash,
    port: port ?? 0,
    impliedPort,
    token,
    seed: flag(args.get('seed')),
    name: bytesOf(args.get('n'), 0, MAX_MESSAGE_BYTES),
  };
}

function decodePut(args: BencodeNode): QueryBody {
  const token = tokenOf(args);
  const value = args.get('v')?.source();
  if (value === undefined) throw new Refusal("missing 'v'");
  const keyNode = args.get('k');
  const salt = bytesOf(args.get('salt'), 0, MAX_MESSAGE_BYTES);
  const casNode = args.get('cas');
  const cas = int64Of(casNode);
  // Without its check the put would do what was not meant.
  if (casNode !== undefined && cas === undefined) throw new Refusal("invalid 'cas'");
  if (keyNode === undefined) return { method: 'put', token, value, salt, cas };
  const key = bytesOf(keyNode, KEY_BYTES, KEY_BYTES);
  if (key === undefined) throw new Refusal("invalid 'k'");
  const seq = int64Of(args.get('seq'));
  if (seq === undefined) throw new Refusal("missing or invalid 'seq'");
  const signature = bytesOf(args.get('sig'), SIGNATURE_BYTES, SIGNATURE_BYTES);
  if (signature === undefined) {
    throw new Refusal("missing or invalid 'sig'", KRPC_ERROR.invalidSignature);
  }
  return { method: 'put', token, value, key, seq, signature, salt, cas };
}

function decodeResponse(root: BencodeNode, transaction: Uint8Array): KrpcResponse {
  const values = root.get('r');
  if (values?.type !== 'dictionary') throw new Refusal("missing 'r'");
  return {
    kind: 'response',
    transaction,
    version: versionOf(root),
    ip: ipOf(root),
    id: required(values, 'id'),
    body: {
      nodes: wholeEntries(values.get('nodes'), COMPACT_NODE_BYTES),
      nodes6: wholeEntries(values.get('nodes6'), COMPACT_NODE6_BYTES),
      values: peersOf(values.get('values')),
      token: bytesOf(values.get('token'), 1, MAX_TOKEN_BYTES),
      seedsFilter: bytesOf(values.get('BFsd'), FILTER_BYTES, FILTER_BYTES),
      peersFilter: bytesOf(values.get('BFpe'), FILTER_BYTES, FILTER_BYTES),
      value: values.get('v')?.source(),
      key: bytesOf(values.get('k'), KEY_BYTES, KEY_BYTES),
      signature: bytesOf(values.get('sig'), SIGNATURE_BYTES, SIGNATURE_BYTES),
      seq: int64Of(values.get('seq')),
      samples: wholeEntries(values.get('samples'), ID_BYTES),
      num: smallOf(values.get('num'), Number.MAX_SAFE_INTEGER),
      interval: smallOf(values.get('interval'), Number.MAX_SAFE_INTEGER),
      port: smallOf(values.get('p'), 65_535),
    },
  };
}

function decodeError(root: BencodeNode, transaction: Uint8Array): KrpcErrorMessage {
  const list = root.get('e');
  if (list?.type !== 'list') throw new Refusal("missing 'e'");
  const items = list.items();
  const code = smallOf(nextOf(items), Number.MAX_SAFE_INTEGER);
  if (code === undefined) throw new Refusal('an error without a code');
  const text = nextOf(items);
  return {
    kind: 'error',
    transaction,
    version: versionOf(root),
    ip: ipOf(root),
    code,
    message: text?.type === 'bytes' ? latin1(text.asBytes(), MAX_ERROR_TEXT_BYTES) : '',
  };
}

function nextOf(items: IterableIterator<BencodeNode>): BencodeNode | undefined {
  const result = items.next();
  return result.done === true ? undefined : result.value;
}

/** An id of exactly 20 bytes. */
function required(dictionary: BencodeNode, key: string): Uint8Array {
  const bytes = bytesOf(dictionary.get(key), ID_BYTES, ID_BYTES);
  if (bytes === undefined) throw new Refusal(`missing or invalid '${key}'`);
  return bytes;
}

function tokenOf(args: BencodeNode): Uint8Array {
  const token = bytesOf(args.get('token'), 0, MAX_TOKEN_BYTES);
  if (token === undefined) throw new Refusal("missing or invalid 'token'");
  return token;
}

/** A byte string of a length within bounds, else undefined. */
function bytesOf(
  node: BencodeNode | undefined,
  least: number,
  most: number,
): Uint8Array | undefined {
  if (node?.type !== 'bytes') return undefined;
  const { size } = node;
  return size >= least && size <= most ? node.asBytes() : undefined;
}

function wholeEntries(node: BencodeNode | undefined, width: number): Uint8Array | undefined {
  if (node?.type !== 'bytes') return undefined;
  const bytes = node.asBytes();
  const rest = bytes.length % width;
  return rest === 0 ? bytes : bytes.subarray(0, bytes.length - rest);
}

/**
 * Endpoints of 6 or 18 bytes; anything else among them is left out. Old nodes send IPv4 endpoints as one string, alone or as the only
 * one of the list.
 */
function peersOf(node: BencodeNode | undefined): Uint8Array[] | undefined {
  if (node?.type === 'bytes') return joinedPeers(node.asBytes());
  if (node?.type !== 'list') return undefined;
  const peers: Uint8Array[] = [];
  let joined: Uint8Array | undefined;
  let count = 0;
  for (const item of node.items()) {
    count++;
    if (item.type !== 'bytes') continue;
    const { size } = item;
    if (size === COMPACT_IPV4_BYTES || size === COMPACT_IPV6_BYTES) peers.push(item.asBytes());
    else joined = item.asBytes();
  }
  return count === 1 && joined !== undefined ? joinedPeers(joined) : peers;
}

/** IPv4 endpoints from one string; none where it is not made of whole ones. */
function joinedPeers(bytes: Uint8Array): Uint8Array[] {
  const peers: Uint8Array[] = [];
  if (bytes.length % COMPACT_IPV4_BYTES !== 0) return peers;
  const end = Math.min(bytes.length, MAX_JOINED_PEERS * COMPACT_IPV4_BYTES);
  for (let at = 0; at < end; at += COMPACT_IPV4_BYTES) {
    peers.push(bytes.subarray(at, at + COMPACT_IPV4_BYTES));
  }
  return peers;
}

function ipOf(root: BencodeNode): Uint8Array | undefined {
  const ip = bytesOf(root.get('ip'), COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES);
  return ip?.length === COMPACT_IPV4_BYTES || ip?.length === COMPACT_IPV6_BYTES ? ip : undefined;
}

function versionOf(root: BencodeNode): Uint8Array | undefined {
  return bytesOf(root.get('v'), 1, MAX_VERSION_BYTES);
}

function flag(node: BencodeNode | undefined): boolean | undefined {
  if (node?.type !== 'integer') return undefined;
  return Number(node.asInteger()) !== 0;
}

/** An integer of 0 to `most`. */
function smallOf(node: BencodeNode | undefined, most: number): number | undefined {
  if (node?.type !== 'integer') return undefined;
  const value = node.asInteger();
  return typeof value === 'number' && value >= 0 && value <= most ? value : undefined;
}

function int64Of(node: BencodeNode | undefined): bigint | undefined {
  if (node?.type !== 'integer') return undefined;
  const value = BigInt(node.asInteger());
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

function wantOf(args: BencodeNode): readonly Family[] {
  const want = args.get('want');
  if (want?.type !== 'list') return WANT_NONE;
  let ipv4 = false;
  let ipv6 = false;
  for (const item of want.items()) {
    const bytes = bytesOf(item, 2, 2);
    if (bytes?.[0] !== 0x6e) continue; // n
    if (bytes[1] === 0x34) ipv4 = true;
    if (bytes[1] === 0x36) ipv6 = true;
  }
  if (ipv4) return ipv6 ? WANT_BOTH : WANT_IPV4;
  return ipv6 ? WANT_IPV6 : WANT_NONE;
}

function latin1(bytes: Uint8Array, most: number): string {
  const length = Math.min(bytes.length, most);
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}
