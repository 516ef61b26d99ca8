import type { PieceFilter, PieceRanking } from './availability.ts';
import { HIGHEST_PRIORITY } from './availability.ts';
import type { PartialPiece } from './partial-piece.ts';
import type { PartialPieces } from './partial-pieces.ts';
import type { PeerEntry, PickerPeer, PickerPeers } from './picker-peers.ts';
import { DOWNLOADING, MISSING } from './piece-states.ts';
import type { PieceStates } from './piece-states.ts';

/** Pieces to be had before rarity counts: until then any piece that comes quickly gives us something to trade. */
export const RANDOM_FIRST_PIECES = 4;

/**
 * Missing pieces for each connected peer from which on a fast peer opens a piece of its own instead of joining in another
 * peer's, so that a corrupt piece has one sender.
 */
export const PLENTY_PER_PEER = 2;

/** A piece is nearly finished when no more than one block in this many is still to come. */
export const NEARLY_FINISHED_PART = 4;

/** Most pieces looked at in a deadline window, so that a pick stays short. */
export const MAX_DEADLINE_PIECES = 256;

/** Pieces at the beginning of a deadline window that are waited for now, or in a moment. */
export const URGENT_PIECES = 8;

/** Opens a piece: answers undefined when there is no memory for it. */
export type OpenPiece<P extends object> = (piece: number) => PartialPiece<P> | undefined;

/** The parts of the picker that the choice rests on. */
export interface ChooserParts<P extends PickerPeer> {
  readonly states: PieceStates;
  readonly ranking: PieceRanking;
  readonly partials: PartialPieces<P>;
  readonly peers: PickerPeers<P>;
  readonly open: OpenPiece<P>;
}

/** Decides which partial piece, or which piece to be opened, a peer is asked for next. */
export class PieceChooser<P extends PickerPeer> {
  readonly #parts: ChooserParts<P>;
  /** Counts the changes after which a peer's current piece may no longer be its best. */
  #epoch = 0;
  #sequential = false;
  #windowFirst = 0;
  #windowLast = -1;

  constructor(parts: ChooserParts<P>) {
    this.#parts = parts;
  }

  get sequential(): boolean {
    return this.#sequential;
  }

  set sequential(value: boolean) {
    this.#sequential = value;
    this.#epoch++;
  }

  /** Pieces `first` to `last` come before all others, in order. An empty range ends that. */
  setWindow(first: number, last: number): void {
    this.#windowFirst = Math.max(0, first);
    this.#windowLast = Math.min(last, this.#parts.states.pieceCount - 1);
    this.#epoch++;
  }

  /** Some pieces come before all others. */
  get hasWindow(): boolean {
    return this.#windowLast >= this.#windowFirst;
  }

  /** It is one of the next few pieces that come before all others. */
  isUrgent(piece: number): boolean {
    const last = Math.min(this.#windowLast, this.#windowFirst + URGENT_PIECES - 1);
    return piece >= this.#windowFirst && piece <= last;
  }

  /** What is best has changed for everybody. */
  reconsider(): void {
    this.#epoch++;
  }

  /** A block has become free again. Where order matters, it may have to be fetched before anything else. */
  blockFreed(): void {
    if (this.#sequential || this.#windowLast >= this.#windowFirst) this.#epoch++;
  }

  /** A partial piece that has a free block for this peer, opened for it where that is best; undefined: nothing. */
  choose(entry: PeerEntry<P>, allowed: PieceFilter | undefined): PartialPiece<P> | undefined {
    const { peer, current } = entry;
    if (
      current !== undefined &&
      current.free > 0 &&
      current.piece === entry.currentPiece &&
      entry.currentEpoch === this.#epoch &&
      !current.doomed &&
      (!current.alone || current.owner === peer) &&
      !peer.slow &&
      (allowed === undefined || allowed(current.piece))
    )
      return current;
    const chosen = peer.slow
      ? this.#chooseSlow(entry, allowed)
      : (this.#chooseDeadline(entry, allowed) ??
        (this.#sequential
          ? this.#chooseInOrder(entry, allowed)
          : this.#chooseFast(entry, allowed)));
    if (chosen === undefined) return undefined;
    entry.current = chosen;
    entry.currentPiece = chosen.piece;
    entry.currentEpoch = this.#epoch;
    return chosen;
  }

  /**
   * Where all memory is held by partial pieces that a peer cannot help with, though it could with another: one that nobody
   * works on and that may be given up, the one fewest connected peers have, then the one with the fewest bytes.
   */
  evictable(entry: PeerEntry<P>): PartialPiece<P> | undefined {
    const { partials, ranking } = this.#parts;
    const { peer } = entry;
    if (peer.slow || ranking.total === 0) return undefined;
    let worst: PartialPiece<P> | undefined;
    let worstAvailability = Infinity;
    for (const partial of partials.withFree) {
      if (!partial.orphan || peer.have.get(partial.piece)) continue;
      const availability = ranking.availabilityOf(partial.piece);
      if (availability > worstAvailability) continue;
      if (
        worst !== undefined &&
        availability === worstAvailability &&
        partial.receivedBytes >= worst.receivedBytes
      )
        continue;
      worst = partial;
      worstAvailability = availability;
    }
    return worst !== undefined && this.#hasCandidate(entry) ? worst : undefined;
  }

  /** For a peer that has nothing else to do: a piece that was to come from another one alone, who does not go on with it. */
  deserted({ peer }: PeerEntry<P>, allowed: PieceFilter | undefined): PartialPiece<P> | undefined {
    const { partials } = this.#parts;
    if (partials.aloneFreeBlocks === 0) return undefined;
    return partials.withFree.find(
      (partial) =>
        partial.alone &&
        partial.orphan &&
        peer.have.get(partial.piece) &&
        (allowed === undefined || allowed(partial.piece)),
    );
  }

  /** What comes next for this peer where the order is given, by a deadline window or by `sequential`. */
  inOrder(entry: PeerEntry<P>): PartialPiece<P> | undefined {
    return (
      this.#chooseDeadline(entry, undefined) ??
      (this.#sequential ? this.#chooseInOrder(entry, undefined) : undefined)
    );
  }

  #hasCandidate(entry: PeerEntry<P>): boolean {
    const { ranking } = this.#parts;
    for (let priority = HIGHEST_PRIORITY; priority > 0; priority--) {
      if ((entry.exhausted & (1 << priority)) !== 0) continue;
      if (ranking.rarest(priority, entry.peer.have, entry.seed) >= 0) return true;
    }
    return false;
  }

  #chooseDeadline(
    entry: PeerEntry<P>,
    allowed: PieceFilter | undefined,
  ): PartialPiece<P> | undefined {
    if (this.#windowLast < this.#windowFirst) return undefined;
    const { states, partials, open } = this.#parts;
    const { have } = entry.peer;
    while (this.#windowFirst < this.#windowLast && states.have.get(this.#windowFirst))
      this.#windowFirst++;
    const last = Math.min(this.#windowLast, this.#windowFirst + MAX_DEADLINE_PIECES - 1);
    for (let piece = this.#windowFirst; piece <= last; piece++) {
      if (!states.wanted(piece) || !have.get(piece)) continue;
      if (allowed !== undefined && !allowed(piece)) continue;
      if (states.is(piece, MISSING)) {
        const opened = open(piece);
        if (opened !== undefined) return opened;
      } else if (states.is(piece, DOWNLOADING)) {
        const partial = partials.of(piece);
        if (partial !== undefined && partial.free > 0 && this.isFor(entry, partial)) return partial;
      }
    }
    return undefined;
  }

  /** Sequential: the highest priority, then the lowest index; partial pieces before new ones of the same priority. */
  #chooseInOrder(
    entry: PeerEntry<P>,
    allowed: PieceFilter | undefined,
  ): PartialPiece<P> | undefined {
    const { partials, states } = this.#parts;
    let best: PartialPiece<P> | undefined;
    let bestPriority = 0;
    for (const partial of partials.withFree) {
      if (!this.#usable(entry, partial, allowed)) continue;
      const priority = states.priority[partial.piece] ?? 0;
      if (priority < bestPriority) continue;
      if (best !== undefined && priority === bestPriority && partial.piece > best.piece) continue;
      best = partial;
      bestPriority = priority;
    }
    return this.#openAbove(entry, bestPriority + 1, allowed) ?? best;
  }

  /**
   * A fast peer: its own partial piece or one nobody works on, fewest blocks left first; else, while there are plenty of
   * pieces, a piece of its own; else a partial piece of others. A higher priority goes before all of that.
   */
  #chooseFast(entry: PeerEntry<P>, allowed: PieceFilter | undefined): PartialPiece<P> | undefined {
    const { partials, states } = this.#parts;
    let mine: PartialPiece<P> | undefined;
    let minePriority = 0;
    let shared: PartialPiece<P> | undefined;
    let sharedPriority = 0;
    for (const partial of partials.withFree) {
      if (!this.#usable(entry, partial, allowed)) continue;
      const priority = states.priority[partial.piece] ?? 0;
      if (partial.owner === entry.peer || partial.orphan) {
        if (priority > minePriority || (priority === minePriority && fewerLeft(partial, mine))) {
          mine = partial;
          minePriority = priority;
        }
      } else if (
        priority > sharedPriority ||
        (priority === sharedPriority && fewerLeft(partial, shared))
      ) {
        shared = partial;
        sharedPriority = priority;
      }
    }
    let least = 1;
    if (mine !== undefined) least = minePriority + 1;
    if (shared !== undefined)
      least = Math.max(least, this.#plenty() ? sharedPriority : sharedPriority + 1);
    const fresh = this.#openAbove(entry, least, allowed);
    if (fresh !== undefined) return fresh;
    if (mine !== undefined && minePriority >= sharedPriority) return mine;
    return shared ?? mine;
  }

  /**
   * A slow peer: partial pieces that only slow peers work on; else the last piece in the ranking; else a partial piece of
   * others with many blocks left. The end of a nearly finished piece it gets only where no fast peer has that piece.
   */
  #chooseSlow(entry: PeerEntry<P>, allowed: PieceFilter | undefined): PartialPiece<P> | undefined {
    const { partials, ranking, peers, open } = this.#parts;
    let slow: PartialPiece<P> | undefined;
    let other: PartialPiece<P> | undefined;
    for (const partial of partials.withFree) {
      if (nearlyFinished(partial) || !this.#usable(entry, partial, allowed)) continue;
      if (partial.slow) {
        if (fewerLeft(partial, slow)) slow = partial;
      } else if (other === undefined || partial.remaining > other.remaining) other = partial;
    }
    if (slow !== undefined) return slow;
    if (ranking.total > 0) {
      const piece = ranking.commonest(entry.peer.have, allowed);
      const opened = piece < 0 ? undefined : open(piece);
      if (opened !== undefined) {
        opened.slow = true;
        return opened;
      }
    }
    if (other !== undefined) return other;
    for (const partial of partials.withFree) {
      if (!this.#usable(entry, partial, allowed) || peers.fastPeerHas(partial.piece)) continue;
      if (fewerLeft(partial, slow)) slow = partial;
    }
    return slow;
  }

  /** The best piece of a priority to open: by index in order, else at random until a few are had, else the rarest. */
  #find(entry: PeerEntry<P>, priority: number, allowed: PieceFilter | undefined): number {
    const { states, ranking } = this.#parts;
    const { have } = entry.peer;
    if (this.#sequential) return ranking.lowest(priority, have, allowed);
    if (states.haveCount < RANDOM_FIRST_PIECES) {
      const any = ranking.anyOf(priority, have, allowed);
      if (any >= 0) return any;
    }
    return ranking.rarest(priority, have, entry.seed, allowed);
  }

  /** Opens the best piece of at least priority `least` for this peer, if there is one and memory for it. */
  #openAbove(
    entry: PeerEntry<P>,
    least: number,
    allowed: PieceFilter | undefined,
  ): PartialPiece<P> | undefined {
    const { ranking, open } = this.#parts;
    for (let priority = HIGHEST_PRIORITY; priority >= least; priority--) {
      if (ranking.countAt(priority) === 0 || (entry.exhausted & (1 << priority)) !== 0) continue;
      const piece = this.#find(entry, priority, allowed);
      if (piece >= 0) return open(piece);
      if (allowed === undefined) entry.exhausted |= 1 << priority;
    }
    return undefined;
  }

  /** There are so many missing pieces that peers need not share any. */
  #plenty(): boolean {
    const { states, ranking, peers } = this.#parts;
    return states.haveCount >= RANDOM_FIRST_PIECES && ranking.total > peers.count * PLENTY_PER_PEER;
  }

  #usable(
    entry: PeerEntry<P>,
    partial: PartialPiece<P>,
    allowed: PieceFilter | undefined,
  ): boolean {
    if (!entry.peer.have.get(partial.piece)) return false;
    if (partial.alone && !this.isFor(entry, partial)) return false;
    return allowed === undefined || allowed(partial.piece);
  }

  /**
   * A piece that is to come from one peer alone is for that one; for another one, who begins anew, where that one does not go on
   * with it and is gone or slow.
   */
  isFor({ peer }: PeerEntry<P>, partial: PartialPiece<P>): boolean {
    const { alone, owner } = partial;
    if (!alone || owner === peer || owner === undefined) return true;
    if (!partial.orphan) return false;
    return owner.slow || this.#parts.peers.get(owner) === undefined;
  }
}

function fewerLeft(
  partial: { remaining: number },
  than: { remaining: number } | undefined,
): boolean {
  return than === undefined || partial.remaining < than.remaining;
}

/** Few blocks are still to come. A piece of one to three blocks is never called so before a block of it is here. */
function nearlyFinished(partial: {
  remaining: number;
  blockCount: number;
  received: number;
}): boolean {
  return partial.received > 0 && partial.remaining * NEARLY_FINISHED_PART <= partial.blockCount;
}
