import type { HashRequest } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';
import { AskedPeer, type Owed } from './asked-peer.ts';
import { LayerRanges } from './layer-ranges.ts';
import { LeafSearch } from './leaf-search.ts';
import type { PieceHashes } from './piece-hashes.ts';

/**
 * Milliseconds after which piece hashes are asked of somebody else. Longer than libtorrent's 3 s: the answer stands behind the
 * blocks that were asked for before it, and one that comes late is taken all the same.
 */
export const LAYER_ANSWER_TIME = 5_000;

/** Milliseconds after which the leaf hashes of a failed piece are asked of somebody else. */
export const LEAF_ANSWER_TIME = 3_000;

/** Peers asked for the leaf hashes of one piece: the piece's bytes wait in memory meanwhile, for some ten seconds at most. */
const MAX_LEAF_PEERS = 3;

/** Leaf searches at a time; there are no more failed pieces that are kept. */
const MAX_LEAF_SEARCHES = 8;

/** Ranges looked at in one go for what to ask a peer for: some 0.1 ms for one that has next to nothing. */
const MAX_RANGES_LOOKED_AT = 256;

/** A peer that may be asked: one of a connection agreed on the v2 hash. */
export interface HashPeer {
  /** What it has. */
  readonly have: Bitfield;
}

/** What comes of asking. All of it may be called from within the methods of the exchange. */
export interface HashExchangeEvents<P> {
  /** Send this request. */
  ask(peer: P, request: HashRequest): void;
  /** The hashes of these pieces are known now. */
  learned(pieces: readonly number[]): void;
  /** The leaf hashes of a piece, 32 bytes for each block, verified. */
  leaves(piece: number, leaves: Uint8Array): void;
  /** Nobody tells the leaf hashes of a piece. Never from within {@link HashExchange.findLeaves}. */
  noLeaves(piece: number): void;
  /** It sent hashes that are wrong: a liar, as what is asked for has one answer only. */
  lied(peer: P): void;
}

export interface HashExchangeOptions<P> {
  readonly hashes: PieceHashes;
  readonly isWanted: (piece: number) => boolean;
  readonly events: HashExchangeEvents<P>;
}

/**
 * Decides what hashes to ask of whom (BEP 52: `hash request`), without sending anything itself:
 * - ranges of unknown piece hashes, those with wanted pieces first, of peers that have a piece of them;
 * - the leaf hashes of pieces that turned out corrupt, of peers that have the piece.
 * At most two requests are open with a peer. Whoever does not answer in time is passed over for another; whoever rejects is not
 * asked for the same again for a while, longer each time; whoever sends wrong hashes is reported.
 *
 * Times are monotonic, in milliseconds.
 */
export class HashExchange<P extends HashPeer> {
  readonly #options: HashExchangeOptions<P>;
  readonly #peers = new Map<P, AskedPeer<P>>();
  /** Made when there is first somebody to ask. */
  #madeRanges: LayerRanges | undefined;
  /** Ranges asked of somebody who is not late. */
  readonly #asked = new Set<number>();
  readonly #searches = new Set<LeafSearch<P>>();

  constructor(options: HashExchangeOptions<P>) {
    this.#options = options;
  }

  get #ranges(): LayerRanges {
    if (this.#madeRanges === undefined) {
      this.#madeRanges = new LayerRanges(this.#options.hashes);
      this.#madeRanges.arrange(this.#options.isWanted);
    }
    return this.#madeRanges;
  }

  /** Ranges of piece hashes still unknown; undefined before anybody could be asked. */
  get rangesLeft(): number | undefined {
    return this.#madeRanges?.left;
  }

  joined(peer: P): void {
    this.#peers.set(peer, new AskedPeer());
  }

  left(peer: P, now: number): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    this.#peers.delete(peer);
    if (state.owed.length === 0) return;
    for (const owed of state.owed) this.#release(owed, now);
    this.#fillAll(now);
  }

  /** It has more than before; `piece`: just this one more. */
  gained(peer: P, piece: number | undefined, now: number): void {
    const state = this.#peers.get(peer);
    if (state === undefined || this.#ranges.left === 0) return;
    if (piece === undefined) {
      this.#fill(peer, state, now);
      return;
    }
    const range = this.#ranges.rangeOf(piece);
    if (range !== undefined && this.#mayAsk(state, range, now)) this.#ask(peer, state, range, now);
  }

  /** Other pieces are wanted than before. */
  wantedChanged(now: number): void {
    if (this.#madeRanges === undefined || this.#madeRanges.left === 0) return;
    this.#madeRanges.arrange(this.#options.isWanted);
    for (const state of this.#peers.values()) state.place = 0;
    this.#fillAll(now);
  }

  /** Once a second. */
  tick(now: number): void {
    for (const state of this.#peers.values()) {
      if (state.owed.length === 0) continue;
      for (const owed of state.overdue(now)) {
        if (owed.search !== undefined) state.refusedLeaves(now);
        this.#release(owed, now);
      }
      state.forget(now);
    }
    this.#fillAll(now);
  }

  /** Whether the hashes of a message are an answer to be taken. */
  expects(peer: P, request: HashRequest): boolean {
    return this.#peers.get(peer)?.find(request) !== undefined;
  }

  /** The hashes of a message have come; false where nobody asked for them. */
  answered(peer: P, request: HashRequest, hashes: Uint8Array, now: number): boolean {
    const state = this.#peers.get(peer);
    const owed = state?.take(request);
    if (state === undefined || owed === undefined) return false;
    const { range, search } = owed;
    if (range !== undefined) this.#layerCame(peer, state, range, owed, hashes);
    else if (search !== undefined && !owed.late)
      this.#leavesCame(peer, state, search, owed, hashes, now);
    if (this.#peers.has(peer)) this.#fill(peer, state, now);
    return true;
  }

  /** A `hash reject` has come; false where nobody asked. */
  rejected(peer: P, request: HashRequest, now: number): boolean {
    const state = this.#peers.get(peer);
    const owed = state?.take(request);
    if (state === undefined || owed === undefined) return false;
    if (owed.range !== undefined) state.refused(owed.range, now);
    else state.refusedLeaves(now);
    this.#release(owed, now);
    this.#fillAll(now);
    return true;
  }

  /**
   * The leaf hashes of a piece are needed.
   * @returns whether somebody was asked: then `leaves` or `noLeaves` follows
   */
  findLeaves(piece: number, now: number): boolean {
    if (this.#searches.size >= MAX_LEAF_SEARCHES) return false;
    const search = LeafSearch.of<P>(this.#options.hashes, piece);
    if (search === undefined || !this.#askForLeaves(search, now)) return false;
    this.#searches.add(search);
    return true;
  }

  #fillAll(now: number): void {
    for (const [peer, state] of this.#peers) this.#fill(peer, state, now);
  }

  /** Asks a peer for as many ranges as it may be asked for. */
  #fill(peer: P, state: AskedPeer<P>, now: number): void {
    const ranges = this.#ranges;
    if (ranges.left === this.#asked.size || !state.mayBeAsked(now)) return;
    for (let looked = 0; looked < Math.min(MAX_RANGES_LOOKED_AT, ranges.size); looked++) {
      const range = ranges.at(state.place);
      state.place = range === undefined ? 0 : state.place + 1;
      if (range === undefined) continue;
      if (!this.#mayAsk(state, range, now) || !ranges.isHadBy(peer.have, range)) continue;
      this.#ask(peer, state, range, now);
      if (!state.mayBeAsked(now)) return;
    }
  }

  #mayAsk(state: AskedPeer<P>, range: number, now: number): boolean {
    if (this.#ranges.isDone(range) || this.#asked.has(range)) return false;
    return state.mayBeAsked(now) && state.mayBeAskedFor(range, now);
  }

  #ask(peer: P, state: AskedPeer<P>, range: number, now: number): void {
    const request = this.#ranges.requestOf(range);
    if (request === undefined) return;
    this.#asked.add(range);
    state.owes({ request, range, search: undefined, until: now + LAYER_ANSWER_TIME, late: false });
    this.#options.events.ask(peer, request);
  }

  #layerCame(peer: P, state: AskedPeer<P>, range: number, owed: Owed<P>, hashes: Uint8Array): void {
    if (!owed.late) this.#asked.delete(range);
    if (this.#ranges.isDone(range)) return;
    const learned = this.#ranges.add(range, owed.request, hashes);
    if (learned === undefined) {
      this.#options.events.lied(peer);
      return;
    }
    // Another peer may have been asked meanwhile, and may answer or not.
    this.#asked.delete(range);
    state.answered();
    if (learned.length > 0) this.#options.events.learned(learned);
  }

  #leavesCame(
    peer: P,
    state: AskedPeer<P>,
    search: LeafSearch<P>,
    { request }: Owed<P>,
    hashes: Uint8Array,
    now: number,
  ): void {
    state.answered();
    if (!search.add(request, hashes)) {
      this.#sendForLeaves(peer, state, search, now);
      return;
    }
    const { verified } = search;
    if (verified === undefined) {
      this.#options.events.lied(peer);
      this.#askOn(search, now);
      return;
    }
    this.#searches.delete(search);
    this.#options.events.leaves(search.piece, verified);
  }

  /** What a peer owes is to be had from somebody else: it is late, has refused or is gone. */
  #release({ range, search, late }: Owed<P>, now: number): void {
    if (range !== undefined) {
      // One that is late has been released before, and somebody else may be at it.
      if (!late) this.#asked.delete(range);
    } else if (search !== undefined && !late) this.#askOn(search, now);
  }

  /** Asks somebody else, or gives up. */
  #askOn(search: LeafSearch<P>, now: number): void {
    if (!this.#searches.has(search) || this.#askForLeaves(search, now)) return;
    this.#searches.delete(search);
    this.#options.events.noLeaves(search.piece);
  }

  #askForLeaves(search: LeafSearch<P>, now: number): boolean {
    if (search.asked.size >= MAX_LEAF_PEERS) return false;
    for (const [peer, state] of this.#peers) {
      if (!state.mayBeAskedForLeaves(now) || search.asked.has(peer)) continue;
      if (!peer.have.get(search.piece)) continue;
      search.restart(peer);
      this.#sendForLeaves(peer, state, search, now);
      return true;
    }
    return false;
  }

  #sendForLeaves(peer: P, state: AskedPeer<P>, search: LeafSearch<P>, now: number): void {
    const { request } = search;
    state.owes({ request, range: undefined, search, until: now + LEAF_ANSWER_TIME, late: false });
    this.#options.events.ask(peer, request);
  }
}
