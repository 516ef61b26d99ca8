import {
  addressFromBytes,
  addressKind,
  addressToBytes,
  carriedIPv4,
  isIPv6Address,
} from '@shoal/net';

/** Bytes of an IPv6 address that tell one customer from another: a household has a /64, and all of its addresses. */
const NETWORK_BYTES = 8;

/**
 * Whom an address belongs to: an IPv4 address stands for itself, also where one of IPv6 carries it (NAT64, 6to4, Teredo), and a public
 * one of IPv6 for its /64, whose 2^64 addresses cost whoever has it nothing. Those of a local network are hosts of their own.
 */
export function networkOf(address: string): string {
  if (!isIPv6Address(address)) return address;
  const bytes = addressToBytes(address);
  const carried = carriedIPv4(bytes);
  if (carried !== undefined) return addressFromBytes(carried);
  if (addressKind(address) !== 'public') return address;
  return `${addressFromBytes(bytes.fill(0, NETWORK_BYTES))}/64`;
}
