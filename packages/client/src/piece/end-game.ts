import type { PieceFilter } from './availability.ts';
import { MAX_REQUESTERS } from './partial-piece.ts';
import type { PartialPieces } from './partial-pieces.ts';
import type { PeerEntry, PickerPeer } from './picker-peers.ts';

/** Outstanding blocks looked at for duplicates in one pick, so that end-game stays cheap with long pipelines. */
const MAX_PROBES = 1024;

/**
 * Strict end-game (BEP 3), also where memory is short: requests up to `count` blocks from this peer that are outstanding at
 * others, those outstanding longest first, and appends their ids to `out`. Nothing is requested twice from one peer, or from
 * more than {@link MAX_REQUESTERS}.
 *
 * @returns how many were appended
 */
export function pickDuplicates<P extends PickerPeer>(
  partials: PartialPieces<P>,
  entry: PeerEntry<P>,
  count: number,
  out: number[],
  allowed: PieceFilter | undefined,
): number {
  const { peer } = entry;
  const { order, blocksPerPiece } = partials;
  // The last place beside a block is kept for a peer that is likely to deliver it.
  const most = peer.slow || peer.unproven === true ? MAX_REQUESTERS - 1 : MAX_REQUESTERS;
  let taken = 0;
  let node = order.first;
  for (let probe = 0; probe < MAX_PROBES && node >= 0 && taken < count; probe++) {
    const next = order.after(node);
    const partial = partials.ofNode(node);
    if (partial !== undefined && !partial.doomed && !partial.alone) {
      const block = node - partial.slot * blocksPerPiece;
      if (
        peer.have.get(partial.piece) &&
        partial.countOf(block) < most &&
        !partial.isRequester(block, peer) &&
        (allowed === undefined || allowed(partial.piece))
      ) {
        partials.requestAgain(partial, block, peer);
        if (partial.owner !== peer) partial.owner = undefined;
        out.push(partial.piece * blocksPerPiece + block);
        taken++;
      }
    }
    node = next;
  }
  entry.outstanding += taken;
  return taken;
}
