import { type Clock, parseAddress } from '@shoal/net';
import { ClientError } from '../errors.ts';
import { type BanCode, type BannedPeer, banned } from './ban-list.ts';
import type { KnownPeers } from './known-peers.ts';

export interface UserBanParts {
  readonly peers: KnownPeers;
  /** Has the connections, and tells of the ban; undefined while there are none. */
  readonly swarm: { ban(address: string, code: BanCode, duration?: number): void } | undefined;
  readonly clock: Clock;
  /** Tells of a ban that no swarm tells of. */
  readonly tell: (ban: BannedPeer) => void;
}

/**
 * Bans an address since the user wants it so. Throws `ERR_CLIENT_OPTION` where it is no IP literal.
 *
 * @param duration ms; default: a day
 */
export function banByUser(
  { peers, swarm, clock, tell }: UserBanParts,
  address: string,
  duration: number | undefined,
): void {
  const literal = literalOf(address);
  if (swarm !== undefined) swarm.ban(literal, 'user', duration);
  else tell(banned(peers.list, literal, 'user', clock, duration));
}

/** Ends a ban, whoever wanted it. Throws `ERR_CLIENT_OPTION` where the address is no IP literal. */
export function unbanByUser(peers: KnownPeers, address: string): boolean {
  return peers.unban(literalOf(address));
}

/** An address as bans know it. */
function literalOf(address: string): string {
  const literal = parseAddress(address);
  if (literal === undefined) {
    throw new ClientError('ERR_CLIENT_OPTION', 'The address must be an IP address');
  }
  return literal;
}
