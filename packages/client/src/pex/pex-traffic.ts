import type { Clock, Connection, Endpoint } from '@shoal/net';
import { pexFlags, type UtPexMessage } from '@shoal/peer-wire';
import { PeerError } from '../errors.ts';
import type { PeerExtended } from '../extension/peer-extended.ts';
import { MAX_EXCESS, PeerExchange } from './peer-exchange.ts';
import type { DiscoverySide } from '../discovery/discovery-side.ts';
import { PexRoster, type RosterEntry } from './pex-roster.ts';

/** A connected peer, as far as peer exchange is concerned. */
export interface ExchangingPeer {
  readonly connection: Pick<Connection, 'direction'>;
  readonly endpoint: Endpoint;
  readonly extended: PeerExtended | undefined;
  /** It wants nothing of anybody. */
  readonly wantsNothing: boolean;
  flush(): void;
}

/** What is kept of one peer. */
interface Member {
  readonly exchange: PeerExchange;
  /** Undefined until it is known where others can connect to it. */
  entry: RosterEntry | undefined;
}

/** Peer exchange (BEP 11) among the connected peers of a torrent. */
export class PexTraffic<P extends ExchangingPeer> {
  readonly #clock: Clock;
  readonly #side: DiscoverySide;
  readonly #roster = new PexRoster();
  readonly #members = new Map<P, Member>();

  constructor(clock: Clock, side: DiscoverySide) {
    this.#clock = clock;
    this.#side = side;
  }

  joined(peer: P): void {
    const now = this.#clock.now();
    const member = { exchange: new PeerExchange(peer.endpoint, now), entry: undefined };
    this.#members.set(peer, member);
    if (peer.extended === undefined) return;
    peer.extended.exchanged = (message) => this.#received(peer, member, message);
  }

  left(peer: P): void {
    const entry = this.#members.get(peer)?.entry;
    if (entry !== undefined) this.#roster.remove(entry);
    this.#members.delete(peer);
  }

  /** Once a second. */
  tick(now: number): void {
    for (const [peer, member] of this.#members) this.#refresh(peer, member);
    for (const [peer, { exchange, entry }] of this.#members) {
      if (peer.extended?.takesPeers !== true) continue;
      const message = exchange.next(this.#roster, entry, now);
      if (message === undefined) continue;
      peer.extended.tellPeers(message);
      peer.flush();
    }
  }

  /** Whom others are told of, as it is known now. */
  #refresh(peer: P, member: Member): void {
    const isOurs = peer.connection.direction === 'outgoing';
    const flags = (isOurs ? pexFlags.reachable : 0) | (peer.wantsNothing ? pexFlags.seed : 0);
    if (member.entry !== undefined) {
      member.entry.flags = flags;
      return;
    }
    const port = isOurs ? peer.endpoint.port : peer.extended?.listenPort;
    if (port === undefined) return;
    // A zone means nothing to others.
    const address = peer.endpoint.address.replace(/%.*$/, '');
    member.entry = this.#roster.add({ address, port }, flags);
  }

  #received(peer: P, { exchange }: Member, message: UtPexMessage): void {
    const taken = exchange.take(message, this.#clock.now());
    if (exchange.excess > MAX_EXCESS) {
      throw new PeerError('ERR_PEER_MISBEHAVED', 'It tells us of peers without end');
    }
    if (taken.length === 0) return;
    const peers = taken.map(({ address, port, flags }) => ({
      address,
      port,
      isSeed: (flags & pexFlags.seed) !== 0,
    }));
    this.#side.named(peers, peer.endpoint);
  }
}
