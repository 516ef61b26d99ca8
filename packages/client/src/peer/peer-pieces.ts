import type { Bitfield } from '@shoal/peer-wire';
import type { Peer } from './peer.ts';
import type { PeerSwarm } from './peer-swarm.ts';

/** What a peer has, said at once. Some clients say it again later in place of many `have`s; nothing is ever taken back. */
export function learnPieces(peer: Peer, swarm: PeerSwarm, have: Bitfield): void {
  const { picker } = swarm;
  if (peer.have.isEmpty) {
    picker.peerLeft(peer);
    peer.have = have;
    picker.peerJoined(peer);
  } else {
    have.forEachSet((piece) => {
      if (peer.have.set(piece)) picker.peerGained(peer, piece);
    });
  }
  swarm.peerHas(peer);
}

/** A peer has a piece no longer (BEP 54). */
export function losePiece(peer: Peer, swarm: PeerSwarm, piece: number): void {
  if (!peer.have.clear(piece)) return;
  swarm.picker.peerLost(peer, piece);
  // With the fast extension the requests are rejected one by one.
  if (!peer.fast) peer.requests.forget(piece);
  peer.updateInterest();
}
