import { addressKind, addressToBytes, type AddressKind } from '@shoal/net';

/** Bytes of an IPv6 address that tell one line from another; of IPv4 it is the first three, a /24. */
const IPV6_LINE_BYTES = 8;

/**
 * A key of the line an address belongs to, or undefined for local addresses: there many nodes of one line are no sign of
 * somebody who wants to be many.
 */
export function networkOf(address: string): string | undefined {
  if (addressKind(address) !== 'public') return undefined;
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'));
  return String.fromCharCode(...addressToBytes(address).subarray(0, IPV6_LINE_BYTES));
}

/** The address kinds that nodes can have. */
const REACHABLE: ReadonlySet<AddressKind> = new Set(['public', 'private', 'loopback']);

/**
 * Whether a node or peer at `address` may be taken from somebody at `teller`: anybody may name public addresses, but what is
 * private or on this machine only who is so, too. Else strangers could send us about in our own network.
 */
export function mayBeTold(address: string, teller: AddressKind): boolean {
  const kind = addressKind(address);
  if (kind === 'public') return true;
  return kind === teller && REACHABLE.has(kind);
}
