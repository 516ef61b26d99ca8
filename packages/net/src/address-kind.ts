import { addressToBytes } from './address.ts';

/**
 * Who can be reached at an address. `private` includes shared (RFC 6598), benchmark (RFC 2544) and unique local (RFC 4193)
 * addresses; `multicast` stands for all that is no single host: multicast, broadcast and the reserved 240.0.0.0/4;
 * `unspecified` is all of 0.0.0.0/8 and `::`.
 */
export type AddressKind =
  'loopback' | 'private' | 'link-local' | 'multicast' | 'unspecified' | 'public';

/**
 * Tells what an IP literal may be used for, so that addresses from strangers do not lead into one's own network. An IPv6
 * address that merely carries an IPv4 address (IPv4-mapped, IPv4-compatible, NAT64 of RFC 6052, 6to4 of RFC 3056) is what
 * that IPv4 address is.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when it is no IP literal.
 */
export function addressKind(address: string): AddressKind {
  const bytes = addressToBytes(address);
  return bytes.length === 4 ? kindOfIPv4(bytes, 0) : kindOfIPv6(bytes);
}

function kindOfIPv4(bytes: Uint8Array, at: number): AddressKind {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (first === 0) return 'unspecified';
  if (first === 127) return 'loopback';
  if (first >= 224) return 'multicast';
  if (first === 10) return 'private';
  if (first === 100 && second >= 64 && second < 128) return 'private';
  if (first === 169 && second === 254) return 'link-local';
  if (first === 172 && second >= 16 && second < 32) return 'private';
  if (first === 192 && second === 168) return 'private';
  if (first === 198 && (second === 18 || second === 19)) return 'private';
  return 'public';
}

/** 64:ff9b::/96, the well-known prefix of NAT64. */
const NAT64_PREFIX = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
/** 64:ff9b:1::/48, NAT64 for local use (RFC 8215). */
const NAT64_LOCAL_PREFIX = [0x00, 0x64, 0xff, 0x9b, 0x00, 0x01];

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

function kindOfIPv6(bytes: Uint8Array): AddressKind {
  const first = bytes[0] ?? 0;
  const second = bytes[1] ?? 0;
  if (first === 0xff) return 'multicast';
  if (first === 0xfe && second >= 0x80 && second < 0xc0) return 'link-local';
  // fec0::/10, the site-local addresses that RFC 3879 withdrew: still nobody's public address.
  if (first === 0xfe && second >= 0xc0) return 'private';
  if ((first & 0xfe) === 0xfc) return 'private';
  if (first === 0x20 && second === 0x02) return kindOfIPv4(bytes, 2);
  if (startsWith(bytes, NAT64_PREFIX)) return kindOfIPv4(bytes, 12);
  if (startsWith(bytes, NAT64_LOCAL_PREFIX)) return 'private';
  if (bytes.subarray(0, 12).every((byte) => byte === 0)) {
    const last =
      ((bytes[12] ?? 0) | (bytes[13] ?? 0) | (bytes[14] ?? 0)) === 0 ? bytes[15] : undefined;
    if (last === 1) return 'loopback';
    return kindOfIPv4(bytes, 12);
  }
  return 'public';
}
