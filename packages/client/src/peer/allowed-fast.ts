import type { TorrentInfo } from '@shoal/metainfo';
import type { Endpoint } from '@shoal/net';
import { allowedFastSet, type Bitfield } from '@shoal/peer-wire';
import { swarmNamesOf } from './swarm-names.ts';

/**
 * Pieces a choked peer may ask for all the same (BEP 6), and how many it may have for that: whoever has as many has something to
 * trade. Else a slow seed sends the same few pieces to all who wait instead of those nobody else has.
 */
export const ALLOWED_FAST_PIECES = 10;

/** Pieces that a peer may let us ask for while it chokes us: it may name any number, but only a bounded set is of use. */
export const MAX_ALLOWED_FAST = 4 * ALLOWED_FAST_PIECES;

/**
 * Grants a peer the pieces of its allowed-fast set that we have: adds them to `granted`, each with the bytes of it that may be asked
 * for while we choke the peer.
 */
export function grantAllowedFast(
  peer: { readonly endpoint: Endpoint; readonly isV2: boolean },
  info: TorrentInfo,
  have: Bitfield,
  granted: Map<number, number>,
): void {
  const { v1, v2 } = swarmNamesOf(info);
  const infoHash = peer.isV2 ? v2 : v1;
  if (infoHash === undefined || have.isEmpty) return;
  const { pieceCount, pieceLength, totalLength } = info;
  const count = Math.min(ALLOWED_FAST_PIECES, pieceCount);
  for (const piece of allowedFastSet(peer.endpoint.address, infoHash, pieceCount, count)) {
    if (!have.get(piece)) continue;
    // With the padding it ends with, which many ask for like anything else.
    granted.set(piece, Math.min(pieceLength, totalLength - piece * pieceLength));
  }
}
