import {
  addressToBytes,
  COMPACT_IPV4_BYTES,
  COMPACT_IPV6_BYTES,
  decodeCompact,
  type Endpoint,
} from '@shoal/net';
import { ID_BYTES, type Family } from './messages.ts';

/** Bytes of a node in `nodes`: id and compact IPv4 endpoint (BEP 5). */
export const COMPACT_NODE_BYTES = ID_BYTES + COMPACT_IPV4_BYTES;
/** Bytes of a node in `nodes6`: id and compact IPv6 endpoint (BEP 32). */
export const COMPACT_NODE6_BYTES = ID_BYTES + COMPACT_IPV6_BYTES;

/** A node: its id and where it is. */
export interface NodeInfo {
  /** 20 bytes. */
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
}

/** Which family an address belongs to. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/**
 * Reads compact nodes, at most `most` of them. A partial entry at the end is dropped. Ids are copied, so that the nodes
 * outlive the datagram; IPv4-mapped addresses are left out, other ones and ports are passed on as they came.
 */
export function decodeNodes(bytes: Uint8Array, family: Family, most = Infinity): NodeInfo[] {
  const width = family === 4 ? COMPACT_NODE_BYTES : COMPACT_NODE6_BYTES;
  const nodes: NodeInfo[] = [];
  for (let at = 0; at + width <= bytes.length && nodes.length < most; at += width) {
    const [endpoint] = decodeCompact(bytes.subarray(at + ID_BYTES, at + width), family);
    // An IPv4-mapped address comes out as IPv4, which has a list of its own.
    if (endpoint !== undefined && familyOf(endpoint.address) === family)
      nodes.push({ id: new Uint8Array(bytes.subarray(at, at + ID_BYTES)), endpoint });
  }
  return nodes;
}

/** Writes nodes in compact form. Those of the other family are left out. */
export function encodeNodes(nodes: readonly NodeInfo[], family: Family): Uint8Array {
  const width = family === 4 ? COMPACT_NODE_BYTES : COMPACT_NODE6_BYTES;
  const own = nodes.filter(({ endpoint }) => familyOf(endpoint.address) === family);
  const bytes = new Uint8Array(own.length * width);
  own.forEach(({ id, endpoint }, index) => {
    const at = index * width;
    bytes.set(id, at);
    bytes.set(compactEndpoint(endpoint), at + ID_BYTES);
  });
  return bytes;
}

/** Endpoints of peers from `values`, each of 6 or 18 bytes; others are left out. */
export function decodePeers(values: readonly Uint8Array[]): Endpoint[] {
  const peers: Endpoint[] = [];
  for (const value of values) {
    const peer = decodeEndpoint(value);
    if (peer !== undefined) peers.push(peer);
  }
  return peers;
}

/** One compact endpoint of 6 or 18 bytes, else undefined. */
export function decodeEndpoint(bytes: Uint8Array): Endpoint | undefined {
  if (bytes.length === COMPACT_IPV4_BYTES) return decodeCompact(bytes, 4)[0];
  return bytes.length === COMPACT_IPV6_BYTES ? decodeCompact(bytes, 6)[0] : undefined;
}

/**
 * One endpoint in compact form: 6 or 18 bytes.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
 */
export function compactEndpoint({ address, port }: Endpoint): Uint8Array {
  const host = addressToBytes(address);
  const bytes = new Uint8Array(host.length + 2);
  bytes.set(host);
  bytes[host.length] = port >>> 8;
  bytes[host.length + 1] = port & 255;
  return bytes;
}
