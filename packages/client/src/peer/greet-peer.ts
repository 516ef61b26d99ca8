import type { WireEncoder } from '@shoal/peer-wire';
import { grantAllowedFast } from './allowed-fast.ts';
import type { Peer } from './peer.ts';
import type { PeerSwarm } from './peer-swarm.ts';

/** Encodes what a peer must know first: what we have, and what it may ask for while choked. */
export function greetPeer(
  peer: Peer,
  { picker, info, dhtPort }: PeerSwarm,
  encoder: WireEncoder,
  knowsDht: boolean,
): void {
  const { have } = picker;
  peer.extended?.greet();
  if (peer.fast && have.isFull) encoder.haveAll();
  else if (peer.fast && have.isEmpty) encoder.haveNone();
  else if (!have.isEmpty) encoder.bitfield(have.bytes);
  if (peer.fast) {
    grantAllowedFast(peer, info, have, peer.grantedFast);
    for (const piece of peer.grantedFast.keys()) encoder.allowedFast(piece);
  }
  if (knowsDht && dhtPort > 0) encoder.port(dhtPort);
}
