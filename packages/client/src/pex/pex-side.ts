import type { Endpoint } from '@shoal/net';
import type { NamedPeer } from '../peer/candidate.ts';

/** What a torrent says of peer exchange (BEP 11). */
export interface PexSide {
  /** Peers are exchanged: never in a private torrent. May change when the metadata of a magnet link comes. */
  readonly exchangesPeers: boolean;
  /** A peer, `by`, has named others. */
  named(peers: readonly NamedPeer[], by: Endpoint): void;
}
