import { addressAt, addressToBytes, IPV4_BYTES, IPV6_BYTES } from './address.ts';
import type { Endpoint } from './endpoint.ts';

/** Bytes of one IPv4 endpoint in compact form: address and port (BEP 23). */
export const COMPACT_IPV4_BYTES = 6;
/** Bytes of one IPv6 endpoint in compact form: address and port (BEP 7). */
export const COMPACT_IPV6_BYTES = 18;

/**
 * Writes endpoints one after the other, each as its address and its port in network byte order: 6 bytes for family 4
 * (BEP 23, `peers`), 18 for family 6 (BEP 7, `peers6`). Endpoints of the other family are left out, so a mixed list can be
 * given once for each.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when an address is no IP literal.
 */
export function encodeCompact(endpoints: Iterable<Endpoint>, family: 4 | 6): Uint8Array {
  const width = family === 4 ? IPV4_BYTES : IPV6_BYTES;
  const parts: Uint8Array[] = [];
  const ports: number[] = [];
  for (const { address, port } of endpoints) {
    const bytes = addressToBytes(address);
    if (bytes.length !== width) continue;
    parts.push(bytes);
    ports.push(port);
  }
  const entry = width + 2;
  const compact = new Uint8Array(parts.length * entry);
  parts.forEach((bytes, index) => {
    const at = index * entry;
    const port = ports[index] ?? 0;
    compact.set(bytes, at);
    compact[at + width] = port >>> 8;
    compact[at + width + 1] = port & 255;
  });
  return compact;
}

/**
 * Reads what {@link encodeCompact} writes. Total: any bytes give a list. A partial entry at the end is dropped; who wants
 * it refused checks the length first. An IPv4-mapped address in the IPv6 form comes out as IPv4. Port 0 and addresses of
 * any kind are passed on as they came.
 */
export function decodeCompact(bytes: Uint8Array, family: 4 | 6): Endpoint[] {
  const entry = family === 4 ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES;
  const endpoints: Endpoint[] = [];
  for (let at = 0; at + entry <= bytes.length; at += entry) {
    const port = ((bytes[at + entry - 2] ?? 0) << 8) | (bytes[at + entry - 1] ?? 0);
    endpoints.push({ address: addressAt(bytes, at, family), port });
  }
  return endpoints;
}
