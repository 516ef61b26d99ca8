import { addressKind, addressToBytes, crc32c } from '@shoal/net';
import type { Random } from '@shoal/net';
import { ID_BYTES } from './krpc/messages.ts';

/** What counts of an IPv4 address (BEP 42): less of the first bytes, which tell who owns the address. */
const IPV4_MASK = [0x03, 0x0f, 0x3f, 0xff];
/** What counts of the upper half of an IPv6 address (BEP 42); the lower half is the owner's to choose. */
const IPV6_MASK = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];
/** The bits of the id's third byte that are bound: 16 + 5 make the 21 bits of BEP 42. */
const THIRD_BYTE_MASK = 0xf8;

/**
 * A random node id that may be used at `address` (BEP 42): its first 21 bits follow from the address, as others see it, and
 * from the lowest 3 bits of its last byte. So there are 8 regions of the id space for each address, and nobody can choose a
 * place next to an info-hash at will.
 * @param address An IP literal: our external address.
 * @param random Unpredictable randomness, except in simulations.
 * @returns 20 bytes.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
 */
export function makeNodeId(address: string, random: Random): Uint8Array {
  const id = random.bytes(ID_BYTES);
  const prefix = idPrefix(address, id[ID_BYTES - 1] ?? 0);
  id[0] = prefix >>> 24;
  id[1] = (prefix >>> 16) & 0xff;
  id[2] = ((prefix >>> 8) & THIRD_BYTE_MASK) | ((id[2] ?? 0) & ~THIRD_BYTE_MASK);
  return id;
}

/**
 * Whether a node at `address` may have this id (BEP 42). Nodes on local networks (loopback, private, link-local and shared
 * addresses) may have any. False for what is not 20 bytes long. A node with a wrong id is answered all the same; it is only
 * not trusted to store anything.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
 */
export function isNodeIdValid(id: Uint8Array, address: string): boolean {
  if (id.length !== ID_BYTES) return false;
  return isIdBoundTo(id, address) || isExempt(address);
}

/** Whether the id of 20 bytes follows from the address, exempt or not. */
export function isIdBoundTo(id: Uint8Array, address: string): boolean {
  const prefix = idPrefix(address, id[ID_BYTES - 1] ?? 0);
  return (
    id[0] === prefix >>> 24 &&
    id[1] === ((prefix >>> 16) & 0xff) &&
    ((id[2] ?? 0) & THIRD_BYTE_MASK) === ((prefix >>> 8) & THIRD_BYTE_MASK)
  );
}

/** BEP 42 lists the IPv4 ranges for "a local network address"; IPv6 has its own. */
function isExempt(address: string): boolean {
  const kind = addressKind(address);
  return kind === 'private' || kind === 'loopback' || kind === 'link-local';
}

/** The hash of which the upper 21 bits are the beginning of the id; `lastByte` is the id's last one. */
function idPrefix(address: string, lastByte: number): number {
  const bytes = addressToBytes(address);
  const mask = bytes.length === 4 ? IPV4_MASK : IPV6_MASK;
  const masked = bytes.subarray(0, mask.length);
  for (let at = 0; at < mask.length; at++) masked[at] = (masked[at] ?? 0) & (mask[at] ?? 0);
  masked[0] = (masked[0] ?? 0) | ((lastByte & 7) << 5);
  return crc32c(masked);
}
