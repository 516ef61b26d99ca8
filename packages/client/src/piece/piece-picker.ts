import type { PieceFilter } from './availability.ts';
import { pickDuplicates } from './end-game.ts';
import type { PartialPiece } from './partial-piece.ts';
import { PieceBooks } from './piece-books.ts';
import { PieceChooser } from './piece-chooser.ts';
import { DOWNLOADING } from './piece-states.ts';
import type { PiecePickerOptions } from './picker-options.ts';
import type { PeerEntry, PickerPeer } from './picker-peers.ts';
import { type Claim, RunPicker, type RunWish } from './run-picker.ts';

export type { PiecePickerOptions, TakenPiece } from './picker-options.ts';
export type { Claim, RunWish } from './run-picker.ts';
export type { PickerPeer } from './picker-peers.ts';
export type { PieceBufferSource } from './partial-pieces.ts';
export type { PieceState } from './piece-states.ts';
export type { PieceFilter } from './availability.ts';

/** Blocks that partial pieces may hold together by default: 32,768 blocks of 16 KiB, 512 MiB. The buffers bound it lower. */
const DEFAULT_PARTIAL_BLOCKS = 32_768;
/** The default bound on partial pieces lies between these, whatever the piece length. */
const MIN_PARTIAL_PIECES = 64;
const MAX_PARTIAL_PIECES = 4096;

/**
 * Chooses the blocks to request, and is the only owner of what state each piece ({@link PieceBooks}) and block is in.
 *
 * A block of a downloading piece is free, requested (from up to three peers in end-game), being received or received. A block is named
 * by its id: piece × {@link blocksPerPiece} + block index.
 */
export class PiecePicker<P extends PickerPeer> extends PieceBooks<P> {
  readonly #chooser: PieceChooser<P>;
  readonly #runs: RunPicker<P>;
  readonly #maxPartials: number;
  /** The last {@link pick} could not open a piece for want of memory. */
  #wasRefused = false;

  constructor(options: PiecePickerOptions) {
    super(options);
    this.#maxPartials =
      options.maxPartialPieces ??
      Math.min(
        MAX_PARTIAL_PIECES,
        Math.max(MIN_PARTIAL_PIECES, Math.ceil(DEFAULT_PARTIAL_BLOCKS / this.blocksPerPiece)),
      );
    const { states, ranking, partials, peers } = this;
    const open = (piece: number): PartialPiece<P> | undefined => this.#open(piece);
    this.#chooser = new PieceChooser({ states, ranking, partials, peers, open });
    this.#runs = new RunPicker({ states, ranking, partials, chooser: this.#chooser, open });
  }

  /** Whether pieces are fetched in the order of their index instead of rarest first. */
  get sequential(): boolean {
    return this.#chooser.sequential;
  }

  set sequential(value: boolean) {
    this.#chooser.sequential = value;
  }

  /** For streaming: pieces `first` to `last`, both included, are fetched before all others and in order. */
  setDeadlineWindow(first: number, last: number): void {
    this.#chooser.setWindow(first, last);
  }

  /** There is a window of pieces that are fetched before all others. */
  get hasWindow(): boolean {
    return this.#chooser.hasWindow;
  }

  /** It is one of the first few pieces of that window: somebody waits for it. */
  isUrgent(piece: number): boolean {
    return this.#chooser.isUrgent(piece);
  }

  clearDeadlineWindow(): void {
    this.#chooser.setWindow(0, -1);
  }

  /**
   * Chooses up to `count` blocks to request from `peer` now and appends their ids to `out`; they count as requested. With
   * `allowed`, only pieces it says yes to (allowed-fast pieces while choked).
   *
   * @returns how many were appended
   */
  pick(peer: P, count: number, out: number[], allowed?: PieceFilter): number {
    this.#wasRefused = false;
    const entry = this.peers.get(peer);
    if (entry === undefined || !this.peers.hasInterest(entry)) return 0;
    let taken = 0;
    while (taken < count) {
      if (this.partials.freeBlocks === 0 && this.ranking.total === 0) break;
      let partial = this.#chooser.choose(entry, allowed);
      if (taken === 0) partial ??= this.#chooser.deserted(entry, allowed);
      if (partial === undefined && taken === 0 && allowed === undefined) {
        const useless =
          this.buffers.diskIsBehind === true ? undefined : this.#chooser.evictable(entry);
        if (useless === undefined) break;
        this.transfers.abandon(useless);
        partial = this.#chooser.choose(entry, allowed);
      }
      if (partial === undefined) break;
      taken += this.#take(entry, partial, count - taken, out);
    }
    if (taken < count && this.endGame)
      taken += pickDuplicates(this.partials, entry, count - taken, out, allowed);
    return taken;
  }

  /**
   * For a peer that {@link pick} has just given nothing, and for a while before: where all memory is held by pieces that others
   * owe the rest of, it is asked for up to `count` of those blocks too. Else two peers that withhold one block of each piece
   * would end the download.
   *
   * @returns how many were appended to `out`
   */
  pickOwed(peer: P, count: number, out: number[], allowed?: PieceFilter): number {
    const entry = this.peers.get(peer);
    if (entry === undefined || !this.#wasRefused || this.buffers.diskIsBehind === true) return 0;
    return pickDuplicates(this.partials, entry, count, out, allowed);
  }

  /**
   * Chooses a run of neighbouring blocks to request from `peer` at once, and appends their ids to `out` in order; see
   * {@link RunPicker}. The run may go on from one piece to the next, never across a block that is not asked for.
   *
   * @returns how many were appended
   */
  pickRun(peer: P, wish: RunWish, out: number[]): number {
    this.#wasRefused = false;
    const entry = this.peers.get(peer);
    if (entry === undefined || !this.peers.hasInterest(entry)) return 0;
    return this.#runs.pick(entry, wish, out);
  }

  /**
   * For whoever {@link pickRun} has given nothing, and for a while before: a run of up to `blocks` blocks of one piece that others
   * owe, where nothing but such blocks is left, or all memory is held by them.
   *
   * @returns how many were appended to `out`
   */
  pickOwedRun(peer: P, blocks: number, out: number[]): number {
    const entry = this.peers.get(peer);
    const isShort = this.#wasRefused && this.buffers.diskIsBehind !== true;
    if (entry === undefined || (!isShort && !this.endGame)) return 0;
    return this.#runs.pickOwed(entry, blocks, out);
  }

  /** Requests those of the blocks `first` to `end` - 1 of a piece that are free from `peer`, which has begun to send them. */
  claim(peer: P, piece: number, first: number, end: number): Claim {
    const entry = this.peers.get(peer);
    return entry === undefined ? 'nothing' : this.#runs.claim(entry, piece, first, end);
  }

  /** There are free blocks of a piece: it is wanted and not begun, or not all of it is requested. */
  mayClaim(piece: number): boolean {
    return this.#runs.mayClaim(piece);
  }

  /**
   * A request will not be answered: it was rejected, dropped by a choke, timed out, was cancelled. When the block is being
   * received from this peer, the decoder must have been told to discard the rest of it first.
   */
  release(peer: P, blockId: number): void {
    this.transfers.release(peer, blockId);
  }

  /** Whether the block is requested from this peer, or being received from it. */
  isRequested(peer: P, blockId: number): boolean {
    return this.transfers.isRequested(peer, blockId);
  }

  /**
   * The payload of a block begins to arrive: where it shall go. Undefined when it is to be dropped: it was not requested
   * from this peer, has other bounds, is here already, or another peer is streaming it.
   */
  blockTarget(peer: P, piece: number, begin: number, length: number): Uint8Array | undefined {
    return this.transfers.begin(peer, piece, begin, length);
  }

  /**
   * The payload of a block is complete. All requests for it are forgotten, so ask {@link duplicatesOf} first.
   *
   * @returns `piece` when that was the last block of its piece, which is then to be taken with {@link takePiece}; `ignored`
   * when the payload was dropped (the peer's request for it is forgotten then)
   */
  blockReceived(peer: P, piece: number, begin: number): 'block' | 'piece' | 'ignored' {
    return this.transfers.end(peer, piece, begin);
  }

  /**
   * Appends the peers other than `peer` that a block is requested from, to send them a CANCEL. To be called before
   * {@link blockReceived}.
   */
  duplicatesOf(blockId: number, peer: P, out: P[]): void {
    this.transfers.duplicatesOf(blockId, peer, out);
  }

  protected override reconsider(): void {
    this.#chooser.reconsider();
  }

  protected override blockFreed(): void {
    this.#chooser.blockFreed();
  }

  #open(piece: number): PartialPiece<P> | undefined {
    if (this.states.isHeld(piece)) return undefined;
    const length = this.states.lengthAt(piece);
    const hasRoom = this.partials.count < this.#maxPartials;
    const buffer = hasRoom ? this.buffers.acquire(this.states.roomFor(piece)) : undefined;
    this.#wasRefused = buffer === undefined;
    if (buffer === undefined) return undefined;
    this.ranking.remove(piece);
    this.states.become(piece, DOWNLOADING);
    const partial = this.partials.open(piece, length, this.states.blocksAt(piece), buffer);
    if (this.suspects.mustBeAlone(piece)) this.partials.keepAlone(partial);
    return partial;
  }

  #take(entry: PeerEntry<P>, partial: PartialPiece<P>, count: number, out: number[]): number {
    const { peer } = entry;
    const base = partial.piece * this.blocksPerPiece;
    if (partial.alone && partial.owner !== peer) this.partials.restart(partial);
    const taken = Math.min(count, partial.free);
    if (partial.orphan && partial.received === 0) partial.owner = peer;
    else if (partial.owner !== peer) partial.owner = undefined;
    if (!peer.slow) partial.slow = false;
    for (let index = 0; index < taken; index++)
      out.push(base + this.partials.requestNext(partial, peer));
    entry.outstanding += taken;
    return taken;
  }
}
