import { addressToBytes, IPV4_BYTES } from './address.ts';

/**
 * Who can be reached at an address. `private` includes shared (RFC 6598), benchmark (RFC 2544), protocol (192.0.0.0/24) and
 * unique local (RFC 4193) addresses; `multicast` stands for all that is no single host: multicast, broadcast and the reserved 240.0.0.0/4;
 * `unspecified` is all of 0.0.0.0/8 and `::`.
 */
export type AddressKind =
  'loopback' | 'private' | 'link-local' | 'multicast' | 'unspecified' | 'public';

/**
 * Tells what an IP literal may be used for, so that addresses from strangers do not lead into one's own network. An IPv6
 * address that merely carries an IPv4 address (IPv4-mapped, IPv4-compatible, NAT64 of RFC 6052, 6to4 of RFC 3056, Teredo of
 * RFC 4380) is what that IPv4 address is.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when it is no IP literal.
 */
export function addressKind(address: string): AddressKind {
  const bytes = addressToBytes(address);
  if (bytes.length === IPV4_BYTES) return kindOfIPv4(bytes);
  const carried = carriedIPv4(bytes);
  return carried === undefined ? kindOfIPv6(bytes) : kindOfIPv4(carried);
}

/**
 * Where a request to an IPv6 address would end: at the IPv4 address that it carries, if it carries one.
 *
 * @param bytes 16 bytes
 * @returns 4 bytes, or undefined
 */
export function carriedIPv4(bytes: Uint8Array): Uint8Array | undefined {
  if (startsWith(bytes, IPV4_MAPPED_PREFIX) || startsWith(bytes, NAT64_PREFIX)) {
    return bytes.subarray(12);
  }
  if (startsWith(bytes, SIX_TO_FOUR_PREFIX)) return bytes.subarray(2, 6);
  // Teredo hides it from address translators: every bit is turned over.
  if (startsWith(bytes, TEREDO_PREFIX)) return bytes.slice(12).map((byte) => byte ^ 0xff);
  const isCompatible = startsWith(bytes, IPV4_COMPATIBLE_PREFIX) && !isSmall(bytes);
  return isCompatible ? bytes.subarray(12) : undefined;
}

function kindOfIPv4(bytes: Uint8Array): AddressKind {
  const [first = 0, second = 0, third = 0] = bytes;
  if (first === 0) return 'unspecified';
  if (first === 127) return 'loopback';
  if (first >= 224) return 'multicast';
  if (first === 10) return 'private';
  if (first === 100 && second >= 64 && second < 128) return 'private';
  if (first === 169 && second === 254) return 'link-local';
  if (first === 172 && second >= 16 && second < 32) return 'private';
  if (first === 192 && second === 168) return 'private';
  if (first === 192 && second === 0 && third === 0) return 'private';
  if (first === 198 && (second === 18 || second === 19)) return 'private';
  return 'public';
}

/** ::ffff:0:0/96. */
const IPV4_MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** ::/96, in which the first three bytes of the IPv4 address are not all zero: `::` and `::1` are no such addresses. */
const IPV4_COMPATIBLE_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** 2002::/16. */
const SIX_TO_FOUR_PREFIX = [0x20, 0x02];
/** 2001::/32. */
const TEREDO_PREFIX = [0x20, 0x01, 0, 0];
/** 64:ff9b::/96, the well-known prefix of NAT64. */
const NAT64_PREFIX = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
/** 64:ff9b:1::/48, NAT64 for local use (RFC 8215). */
const NAT64_LOCAL_PREFIX = [0x00, 0x64, 0xff, 0x9b, 0x00, 0x01];

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/** Of an address in ::/96: its number is less than 256. */
function isSmall(bytes: Uint8Array): boolean {
  return ((bytes[12] ?? 0) | (bytes[13] ?? 0) | (bytes[14] ?? 0)) === 0;
}

function kindOfIPv6(bytes: Uint8Array): AddressKind {
  const [first = 0, second = 0] = bytes;
  if (first === 0xff) return 'multicast';
  if (first === 0xfe && second >= 0x80 && second < 0xc0) return 'link-local';
  // fec0::/10, the site-local addresses that RFC 3879 withdrew: still nobody's public address.
  if (first === 0xfe && second >= 0xc0) return 'private';
  if ((first & 0xfe) === 0xfc) return 'private';
  if (startsWith(bytes, NAT64_LOCAL_PREFIX)) return 'private';
  if (startsWith(bytes, IPV4_COMPATIBLE_PREFIX)) {
    return bytes[15] === 1 ? 'loopback' : 'unspecified';
  }
  return 'public';
}
