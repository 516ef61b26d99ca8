import type { Connection } from '@shoal/net';

/** A peer that is connected. */
interface Connected {
  readonly peerId: Uint8Array;
  readonly connection: Connection;
  drop(): void;
}

/**
 * Two clients may connect to each other at the same time. Both keep the connection that the one with the smaller peer id
 * opened, so that they agree which one. False where a connection there is one of already is not to be kept; the other one is
 * dropped where it is.
 */
export function isBetterConnection(
  peers: Iterable<Connected>,
  connection: Connection,
  peerId: Uint8Array,
  ownId: Uint8Array,
): boolean {
  for (const peer of peers) {
    if (Buffer.compare(peer.peerId, peerId) !== 0) continue;
    const ours: Connection['direction'] =
      Buffer.compare(ownId, peerId) < 0 ? 'outgoing' : 'incoming';
    if (connection.direction !== ours || peer.connection.direction === ours) return false;
    peer.drop();
  }
  return true;
}
