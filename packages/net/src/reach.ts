import { addressFromBytes, addressToBytes, IPV4_BYTES, parseAddress } from './address.ts';
import { addressKind, carriedIPv4 } from './address-kind.ts';

/**
 * Where requests may go whose target somebody else has named.
 *
 * - `public`: to the public internet
 * - `local`: also to this machine and its private networks, but not to link-local addresses and not to metadata services
 * - `any`: anywhere
 */
export type Reach = 'public' | 'local' | 'any';

/**
 * Where machines in a cloud are told their credentials, besides 169.254.169.254, which is link-local as it is. In canonical form.
 */
const METADATA_SERVICES: ReadonlySet<string> = new Set([
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
]);

/** Whether an address is within reach. A scope id (`fe80::1%eth0`) is no part of it; what is no IP literal is out of reach. */
export function isWithinReach(address: string, reach: Reach): boolean {
  if (reach === 'any') return true;
  const literal = parseAddress(address.split('%')[0] ?? address);
  if (literal === undefined || METADATA_SERVICES.has(endOf(literal))) return false;
  const kind = addressKind(literal);
  return kind === 'public' || (reach === 'local' && (kind === 'loopback' || kind === 'private'));
}

/** The IPv4 address that an IPv6 address leads to, or the address itself. */
function endOf(literal: string): string {
  const bytes = addressToBytes(literal);
  const carried = bytes.length === IPV4_BYTES ? undefined : carriedIPv4(bytes);
  return carried === undefined ? literal : addressFromBytes(carried);
}
