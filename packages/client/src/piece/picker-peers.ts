import type { Bitfield } from '@shoal/peer-wire';
import type { PartialPiece } from './partial-piece.ts';

/** What the picker needs to know of a peer; the engine's peer object implements it. */
export interface PickerPeer {
  /** What the peer has. The picker is told of every change after `peerJoined`. */
  readonly have: Bitfield;
  /** It has every piece. Read when it joins, and after that when it says that it has one no longer. */
  readonly isSeed: boolean;
  /** Snubbed, or much slower than the others: it gets partial pieces of its own kind. May change at any time. */
  readonly slow: boolean;
  /** It has not sent a whole block yet: it may be one that only claims to have something. May change at any time. */
  readonly unproven?: boolean;
}

/** What the picker remembers of a peer. */
export class PeerEntry<P extends PickerPeer> {
  readonly peer: P;
  /** It joined as a seed, so its pieces are not counted one by one. */
  seed: boolean;
  /** Wanted pieces, missing or downloading, that it has. Not kept for seeds. */
  interest = 0;
  /** Blocks requested from it. */
  outstanding = 0;
  /** Bit n: it has no candidate of priority n, so nobody needs to search again. */
  exhausted = 0;
  /** The partial piece it was last given blocks of, valid while the other fields still agree. */
  current: PartialPiece<P> | undefined;
  currentPiece = -1;
  currentEpoch = 0;

  constructor(peer: P) {
    this.peer = peer;
    this.seed = peer.isSeed;
  }
}

/** The connected peers, and which of them have something for us. */
export class PickerPeers<P extends PickerPeer> {
  readonly #entries = new Map<P, PeerEntry<P>>();
  #seeds = 0;
  /** Wanted pieces that are missing or downloading: what any seed has for us. */
  #needed = 0;

  get count(): number {
    return this.#entries.size;
  }

  get seeds(): number {
    return this.#seeds;
  }

  /** Wanted pieces that are missing or downloading. */
  get needed(): number {
    return this.#needed;
  }

  get(peer: P): PeerEntry<P> | undefined {
    return this.#entries.get(peer);
  }

  add(peer: P): PeerEntry<P> {
    const entry = new PeerEntry(peer);
    this.#entries.set(peer, entry);
    if (entry.seed) this.#seeds++;
    return entry;
  }

  remove(entry: PeerEntry<P>): void {
    this.#entries.delete(entry.peer);
    if (entry.seed) this.#seeds--;
  }

  /** It is no seed any more: its pieces are to be counted. */
  noSeed(entry: PeerEntry<P>): void {
    if (!entry.seed) return;
    entry.seed = false;
    this.#seeds--;
  }

  /** It has a wanted piece that is missing or downloading. */
  hasInterest(entry: PeerEntry<P>): boolean {
    return entry.seed ? this.#needed > 0 : entry.interest > 0;
  }

  /** As many pieces are needed before there is any peer. */
  neededAtFirst(pieces: number): void {
    this.#needed = pieces;
  }

  /** A piece has begun (`by` 1) or ceased (`by` -1) to be needed. Costs one look at each peer. */
  need(piece: number, by: 1 | -1): void {
    this.#needed += by;
    for (const entry of this.#entries.values())
      if (!entry.seed && entry.peer.have.get(piece)) entry.interest += by;
  }

  /** A piece has become a candidate of this priority. */
  candidate(piece: number, priority: number): void {
    const mask = ~(1 << priority);
    for (const entry of this.#entries.values())
      if (entry.exhausted !== 0 && (entry.seed || entry.peer.have.get(piece)))
        entry.exhausted &= mask;
  }

  /** A connected peer that is not slow has the piece. */
  fastPeerHas(piece: number): boolean {
    for (const entry of this.#entries.values())
      if (!entry.peer.slow && entry.peer.have.get(piece)) return true;
    return false;
  }
}
