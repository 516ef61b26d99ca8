import type { Endpoint } from '@shoal/net';
import type { NamedPeer, PeerSource } from '../peer/candidate.ts';
import type { SwarmNames } from '../peer/swarm-names.ts';

/** What a torrent is to those who look for its peers by info-hash. */
export interface Sought {
  /** Its hashes; of a magnet link's torrent more may become known later. */
  readonly names: SwarmNames;
  /** It wants more peers, rather than just to be found by them. */
  readonly needsPeers: boolean;
  /** It has everything it wants. */
  readonly isSeed: boolean;
  /** Peers were found; `by` is the node or peer that named them, where it was one. */
  found(peers: readonly NamedPeer[], source: PeerSource, by?: Endpoint): void;
  /** Something went wrong that should not have. */
  warning(error: Error): void;
}

/** A service of the client that finds peers by info-hash: the DHT, local discovery. All torrents share it. */
export interface PeerService {
  /** Looks for peers of a torrent, and lets others find us, until it {@link leave}s. */
  follow(sought: Sought): void;
  leave(sought: Sought): void;
  /** It is short of peers: it is looked for again as soon as the rules of the service permit. */
  hurry(sought: Sought): void;
}
