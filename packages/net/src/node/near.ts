import { networkInterfaces } from 'node:os';
import { addressKind } from '../address-kind.ts';
import { addressToBytes, parseAddress } from '../address.ts';

/** The networks this machine is in, as `address/prefix length`. */
export function ownNetworks(): string[] {
  const found: string[] = [];
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { cidr } of addresses ?? []) if (cidr !== null) found.push(cidr);
  }
  return found;
}

/**
 * Whether a sender can be in the local network: a public address only where it is in one of our own networks. A socket that
 * listens to a group also gets what is sent to its port directly, and that can come from anywhere.
 *
 * @param address an IP literal
 * @param networks as {@link ownNetworks} gives them
 */
export function isNear(address: string, networks: readonly string[]): boolean {
  const literal = parseAddress(address);
  if (literal === undefined) return false;
  const kind = addressKind(literal);
  if (kind !== 'public') return kind !== 'multicast' && kind !== 'unspecified';
  const bytes = addressToBytes(literal);
  return networks.some((network) => contains(network, bytes));
}

function contains(network: string, bytes: Uint8Array): boolean {
  const [address = '', prefix = ''] = network.split('/');
  const literal = parseAddress(address);
  if (literal === undefined) return false;
  const own = addressToBytes(literal);
  let bits = Number(prefix);
  if (own.length !== bytes.length || !(bits > 0)) return false;
  for (let at = 0; bits > 0; at++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : 0xff & (0xff00 >> bits);
    if ((((own[at] ?? 0) ^ (bytes[at] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
