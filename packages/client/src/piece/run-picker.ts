import { HIGHEST_PRIORITY, type PieceRanking } from './availability.ts';
import { BLOCK_FREE, BLOCK_REQUESTED, MAX_REQUESTERS } from './partial-piece.ts';
import type { PartialPiece } from './partial-piece.ts';
import type { PartialPieces } from './partial-pieces.ts';
import type { PeerEntry, PickerPeer } from './picker-peers.ts';
import type { PieceChooser, OpenPiece } from './piece-chooser.ts';
import { MISSING, type PieceStates } from './piece-states.ts';

/** Outstanding blocks looked at for one that could be asked for once more. */
const MAX_PROBES = 1024;

/** What a run of blocks is wanted for. */
export interface RunWish {
  /** Blocks at most. */
  readonly blocks: number;
  /** Where the run before has ended: it goes on with this piece where nothing matters more; -1 for none. */
  readonly next: number;
  /** Where other sources of runs go on: a gap that begins with one of these pieces is shared from its middle on. */
  readonly taken: ReadonlySet<number>;
}

/** What {@link RunPicker.claim} found: blocks that are free and now requested, no such blocks, or no memory for them. */
export type Claim = 'claimed' | 'nothing' | 'no memory';

/** The parts of the picker that runs are made of. */
export interface RunPickerParts<P extends PickerPeer> {
  readonly states: PieceStates;
  readonly ranking: PieceRanking;
  readonly partials: PartialPieces<P>;
  readonly chooser: PieceChooser<P>;
  readonly open: OpenPiece<P>;
}

/**
 * Chooses runs of neighbouring blocks, across pieces, for sources that are best asked for much at once (web seeds). They begin
 * where peers are least likely to come soon, at the longest gap, and go on from there; what is urgent or begun goes first.
 *
 * Blocks requested here are not offered to others in end-game: whoever asked for a run sees to it that it comes, or gives back
 * what will be late.
 */
export class RunPicker<P extends PickerPeer> {
  readonly #parts: RunPickerParts<P>;

  constructor(parts: RunPickerParts<P>) {
    this.#parts = parts;
  }

  /** See `PiecePicker.pickRun`. */
  pick(entry: PeerEntry<P>, wish: RunWish, out: number[]): number {
    const { partials, states } = this.#parts;
    const begun = this.#begin(entry, wish);
    if (begun === undefined) return 0;
    let { partial } = begun;
    const priority = states.priority[partial.piece];
    let taken = 0;
    for (;;) {
      taken += this.#take(partial, entry.peer, wish.blocks - taken, out);
      const last = out.at(-1) ?? 0;
      const end = partial.piece * partials.blocksPerPiece + partial.blockCount;
      if (taken >= wish.blocks || last + 1 < end || begun.isShared) break;
      const next = this.#following(entry, partial.piece + 1, priority);
      if (next === undefined) break;
      partial = next;
    }
    entry.outstanding += taken;
    return taken;
  }

  /** See `PiecePicker.pickOwedRun`. */
  pickOwed(entry: PeerEntry<P>, blocks: number, out: number[]): number {
    const { partials } = this.#parts;
    const { order, blocksPerPiece } = partials;
    let node = order.first;
    for (let probe = 0; probe < MAX_PROBES && node >= 0; probe++) {
      const partial = partials.ofNode(node);
      if (partial === undefined) break;
      let block = node - partial.slot * blocksPerPiece;
      node = order.after(node);
      if (!this.#isOwed(entry, partial, block)) continue;
      let taken = 0;
      for (; taken < blocks && this.#isOwed(entry, partial, block); taken++, block++) {
        partials.requestAgain(partial, block, entry.peer);
        out.push(partial.piece * blocksPerPiece + block);
      }
      if (partial.owner !== entry.peer) partial.owner = undefined;
      entry.outstanding += taken;
      return taken;
    }
    return 0;
  }

  /** See `PiecePicker.claim`. */
  claim(entry: PeerEntry<P>, piece: number, first: number, end: number): Claim {
    const { partials } = this.#parts;
    if (!this.mayClaim(piece)) return 'nothing';
    const partial = partials.of(piece) ?? this.#parts.open(piece);
    if (partial === undefined) return 'no memory';
    if (!this.#parts.chooser.isFor(entry, partial)) return 'nothing';
    let taken = 0;
    for (let block = first; block < Math.min(end, partial.blockCount); block++) {
      if (partial.state[block] !== BLOCK_FREE) continue;
      this.#own(partial, entry.peer);
      partials.request(partial, block, entry.peer);
      taken++;
    }
    entry.outstanding += taken;
    return taken > 0 ? 'claimed' : 'nothing';
  }

  /** See `PiecePicker.mayClaim`. */
  mayClaim(piece: number): boolean {
    const { partials, ranking } = this.#parts;
    if (ranking.has(piece)) return true;
    const partial = partials.of(piece);
    return partial !== undefined && !partial.doomed && partial.free > 0;
  }

  /** A partial piece with a free block to begin with. */
  #begin(
    entry: PeerEntry<P>,
    wish: RunWish,
  ): { partial: PartialPiece<P>; isShared: boolean } | undefined {
    const { partials, states, chooser, open } = this.#parts;
    const { peer } = entry;
    const urgent = chooser.inOrder(entry);
    if (urgent !== undefined) return { partial: urgent, isShared: false };
    const top = this.#topPriority(entry);
    let begun: PartialPiece<P> | undefined;
    let shared: PartialPiece<P> | undefined;
    for (const partial of partials.withFree) {
      if (!peer.have.get(partial.piece) || !chooser.isFor(entry, partial)) continue;
      if (partial.owner === peer || partial.orphan) {
        if ((states.priority[partial.piece] ?? 0) < top) continue;
        if (begun === undefined || partial.remaining < begun.remaining) begun = partial;
      } else if (shared === undefined || partial.free > shared.free) shared = partial;
    }
    if (begun !== undefined) return { partial: begun, isShared: false };
    const piece = top === 0 ? -1 : this.#gapAt(entry, top, wish);
    const opened = piece < 0 ? undefined : open(piece);
    if (opened !== undefined) return { partial: opened, isShared: false };
    if (shared !== undefined) return { partial: shared, isShared: true };
    const deserted = chooser.deserted(entry, undefined);
    return deserted && { partial: deserted, isShared: false };
  }

  /** The highest priority of which there may be a candidate for this peer; 0 for none. */
  #topPriority(entry: PeerEntry<P>): number {
    const { ranking } = this.#parts;
    for (let priority = HIGHEST_PRIORITY; priority > 0; priority--) {
      if (ranking.countAt(priority) > 0 && (entry.exhausted & (1 << priority)) === 0)
        return priority;
    }
    return 0;
  }

  /** Where to begin among the candidates of a priority: where the run before ended, or in the longest gap; -1: nowhere. */
  #gapAt(entry: PeerEntry<P>, priority: number, { next, taken }: RunWish): number {
    const { have } = entry.peer;
    if (!taken.has(next) && this.#isCandidate(next, priority) && have.get(next)) return next;
    const { pieceCount } = this.#parts.states;
    let best = -1;
    let bestLength = 0;
    let length = 0;
    for (let piece = 0; piece <= pieceCount; piece++) {
      const isIn = piece < pieceCount && this.#isCandidate(piece, priority) && have.get(piece);
      if (isIn && !(length > 0 && taken.has(piece))) {
        length++;
        continue;
      }
      // A gap that another works on from its start is worth its second half.
      const first = piece - length;
      const isShared = length > 0 && taken.has(first);
      const room = isShared ? length >> 1 : length;
      if (room > bestLength) {
        best = piece - room;
        bestLength = room;
      }
      if (isShared && best < 0) best = first;
      length = isIn ? 1 : 0;
    }
    if (best < 0) entry.exhausted |= 1 << priority;
    return best;
  }

  #isCandidate(piece: number, priority: number): boolean {
    const { ranking, states } = this.#parts;
    return ranking.has(piece) && states.priority[piece] === priority;
  }

  /** The piece after a run's last one, where it is as free and as wanted. */
  #following(
    entry: PeerEntry<P>,
    piece: number,
    priority: number | undefined,
  ): PartialPiece<P> | undefined {
    const { states, partials, open } = this.#parts;
    if (piece >= states.pieceCount || !entry.peer.have.get(piece)) return undefined;
    if (states.priority[piece] !== priority) return undefined;
    if (states.is(piece, MISSING)) {
      return this.#parts.ranking.has(piece) ? open(piece) : undefined;
    }
    const partial = partials.of(piece);
    if (partial === undefined || partial.doomed || !partial.orphan) return undefined;
    if (!this.#parts.chooser.isFor(entry, partial)) return undefined;
    return partial.state[0] === BLOCK_FREE ? partial : undefined;
  }

  /** Requests free blocks of a partial piece as long as one follows the other. */
  #take(partial: PartialPiece<P>, peer: P, count: number, out: number[]): number {
    const { partials } = this.#parts;
    const base = partial.piece * partials.blocksPerPiece;
    this.#own(partial, peer);
    let block = partial.nextFree();
    let taken = 0;
    for (; taken < count && partial.state[block] === BLOCK_FREE; taken++, block++) {
      if (block >= partial.blockCount) break;
      partials.request(partial, block, peer);
      out.push(base + block);
    }
    return taken;
  }

  /** Keeps account of who is asked for blocks of a piece, before one is. One that is to come from one peer alone begins anew. */
  #own(partial: PartialPiece<P>, peer: P): void {
    if (partial.alone && partial.owner !== peer) this.#parts.partials.restart(partial);
    if (partial.orphan && partial.received === 0) partial.owner = peer;
    else if (partial.owner !== peer) partial.owner = undefined;
    partial.slow = false;
  }

  /** Another owes it, and this one could be asked as well. */
  #isOwed(entry: PeerEntry<P>, partial: PartialPiece<P>, block: number): boolean {
    const count = partial.countOf(block);
    return (
      !partial.doomed &&
      !partial.alone &&
      block < partial.blockCount &&
      partial.state[block] === BLOCK_REQUESTED &&
      count < MAX_REQUESTERS &&
      !partial.isRequester(block, entry.peer) &&
      entry.peer.have.get(partial.piece)
    );
  }
}
