import type { Endpoint } from '@shoal/net';
import type { NamedPeer } from '../peer/candidate.ts';

/** What a torrent's connections know of the ways in which peers are found. */
export interface DiscoverySide {
  /** Peers are exchanged (BEP 11): never in a private torrent. May change when the metadata of a magnet link comes. */
  readonly exchangesPeers: boolean;
  /** The UDP port of our node of the DHT, for PORT messages (BEP 5); 0 where there is none, or none that peers may know of. */
  readonly dhtPort: number;
  /** A peer, `by`, has named others. */
  named(peers: readonly NamedPeer[], by: Endpoint): void;
  /** A peer has a node of the DHT there. */
  foundNode(endpoint: Endpoint): void;
}
