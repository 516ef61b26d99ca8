import type { Bitfield } from '@shoal/peer-wire';
import { HIGHEST_PRIORITY, PieceRanking } from './availability.ts';
import { BlockTransfers } from './block-transfers.ts';
import { PartialPieces } from './partial-pieces.ts';
import type { PieceBufferSource } from './partial-pieces.ts';
import { DOWNLOADING, HAVE, MISSING, PieceStates, VERIFYING } from './piece-states.ts';
import type { PieceState } from './piece-states.ts';
import type { PiecePickerOptions, TakenPiece } from './picker-options.ts';
import { PickerPeers } from './picker-peers.ts';
import type { PeerEntry, PickerPeer } from './picker-peers.ts';
import { SuspectPieces } from './suspect-pieces.ts';

/**
 * The books of a {@link PiecePicker}: the only owner of what state each piece is in, of priorities, of the partial pieces, and of
 * what the connected peers have and we want of it.
 *
 * A piece goes `missing → downloading → verifying → have`, back to `missing` when its hash is wrong. The step to `downloading` is
 * the picker's.
 */
export abstract class PieceBooks<P extends PickerPeer> {
  /** Blocks in every piece but perhaps the last. */
  readonly blocksPerPiece: number;
  protected readonly states: PieceStates;
  protected readonly ranking: PieceRanking;
  protected readonly partials: PartialPieces<P>;
  protected readonly peers = new PickerPeers<P>();
  protected readonly transfers: BlockTransfers<P>;
  protected readonly buffers: PieceBufferSource;
  protected readonly suspects = new SuspectPieces();

  constructor(options: PiecePickerOptions) {
    this.states = new PieceStates(options, options.have);
    const { blocksPerPiece, pieceCount } = this.states;
    this.blocksPerPiece = blocksPerPiece;
    this.buffers = options.buffers;
    this.ranking = new PieceRanking(this.states.priority, options.random);
    this.partials = new PartialPieces(pieceCount, blocksPerPiece);
    this.transfers = new BlockTransfers({
      partials: this.partials,
      peers: this.peers,
      blockFreed: () => this.blockFreed(),
      gaveUp: (piece, buffer) => this.#gaveUp(piece, buffer),
    });
    let needed = 0;
    for (let piece = 0; piece < pieceCount; piece++) {
      const isHeld = options.isHeld?.(piece) === true;
      if (isHeld) this.states.hold(piece);
      if (!this.states.is(piece, MISSING) || !this.states.wanted(piece)) continue;
      needed++;
      if (!isHeld) this.ranking.add(piece);
    }
    this.peers.neededAtFirst(needed);
  }

  /** What is best to pick has changed for everybody. */
  protected abstract reconsider(): void;

  /** There is a block to be had that was not there before. */
  protected abstract blockFreed(): void;

  /** Verified pieces. Only the picker changes it. */
  get have(): Bitfield {
    return this.states.have;
  }

  /** Wanted pieces that are not verified yet. */
  get wantedLeft(): number {
    return this.states.wantedLeft;
  }

  /** Bytes of the pieces counted by {@link wantedLeft}, whole pieces without the padding they end with. */
  get wantedBytesLeft(): number {
    return this.states.wantedBytesLeft;
  }

  /**
   * Strict end-game: every block of every wanted piece that may be begun is here or requested, and not all are here.
   */
  get endGame(): boolean {
    return (
      this.ranking.total === 0 &&
      this.partials.freeBlocks === this.partials.aloneFreeBlocks &&
      this.states.wantedLeft > this.states.wantedHeld
    );
  }

  /** Pieces of which blocks are requested or received. */
  get partialCount(): number {
    return this.partials.count;
  }

  /** Bytes received of pieces that are still downloading. */
  get partialBytes(): number {
    return this.partials.receivedBytes;
  }

  /** Bytes of one piece that are to be had from peers: padding at its end is none of them. */
  pieceLengthAt(piece: number): number {
    return this.states.lengthAt(piece);
  }

  stateOf(piece: number): PieceState {
    return this.states.nameOf(piece);
  }

  priorityOf(piece: number): number {
    return this.states.priority[piece] ?? 0;
  }

  /** Peers that have a piece, as far as they are connected. */
  availabilityOf(piece: number): number {
    return this.ranking.availabilityOf(piece) + this.peers.seeds;
  }

  /** Calls `visit` for each partial piece with the bytes received of it. */
  forEachPartial(visit: (piece: number, receivedBytes: number, length: number) => void): void {
    for (const partial of this.partials.slots)
      if (partial.piece >= 0) visit(partial.piece, partial.receivedBytes, partial.length);
  }

  /**
   * Sets a priority: 0 is unwanted, 1 lowest, 4 normal, 7 highest. What a partial piece has received is dropped when it
   * becomes unwanted; requests for it that are under way are forgotten, and their answers will not be asked for.
   */
  setPriority(piece: number, priority: number): void {
    if (!Number.isInteger(priority) || priority < 0 || priority > HIGHEST_PRIORITY)
      throw new RangeError(`piece priority must be an integer from 0 to 7, not ${priority}`);
    // Of padding there is nothing to be wanted.
    if (!(piece >= 0 && piece < this.states.pieceCount) || this.pieceLengthAt(piece) === 0) return;
    const wanted = this.states.wanted(piece);
    if (this.priorityOf(piece) === priority) return;
    const needed = this.states.is(piece, MISSING) || this.states.is(piece, DOWNLOADING);
    const missing = this.states.is(piece, MISSING);
    if (missing) this.ranking.remove(piece);
    if (needed && wanted && priority === 0) this.peers.need(piece, -1);
    this.states.prioritize(piece, priority);
    if (needed && !wanted) this.peers.need(piece, 1);
    if (missing && priority > 0) this.#nowCandidate(piece);
    const partial = this.partials.of(piece);
    if (partial !== undefined) {
      if (priority === 0) this.transfers.abandon(partial);
      else this.partials.spare(partial);
    }
    this.reconsider();
  }

  /** A peer is connected and has said what it has (nothing counts as that too). To be called once for each peer. */
  peerJoined(peer: P): void {
    if (this.peers.get(peer) !== undefined) return;
    const entry = this.peers.add(peer);
    if (!entry.seed) this.#countPieces(entry);
  }

  /** A peer that joined has one more piece; its bit is set already, and was not set before. */
  peerGained(peer: P, piece: number): void {
    const entry = this.peers.get(peer);
    if (entry === undefined || entry.seed) return;
    this.ranking.adjust(piece, 1);
    if (this.#isNeeded(piece)) entry.interest++;
    if (this.states.is(piece, MISSING)) entry.exhausted &= ~(1 << this.priorityOf(piece));
  }

  /**
   * A peer that joined has a piece no longer (BEP 54); its bit is cleared already, and was set before. Blocks of it that are requested
   * stay so until they are given back.
   */
  peerLost(peer: P, piece: number): void {
    const entry = this.peers.get(peer);
    if (entry === undefined) return;
    // It may be the one it was to go on with.
    entry.current = undefined;
    entry.currentPiece = -1;
    if (entry.seed) {
      this.peers.noSeed(entry);
      this.#countPieces(entry);
      return;
    }
    this.ranking.adjust(piece, -1);
    if (this.#isNeeded(piece)) entry.interest--;
  }

  /** A peer is gone. Its requests are given back with {@link releaseAll}, before or after. */
  peerLeft(peer: P): void {
    const entry = this.peers.get(peer);
    if (entry === undefined) return;
    if (entry.outstanding > 0) this.releaseAll(peer);
    this.peers.remove(entry);
    if (!entry.seed) peer.have.forEachSet((piece) => this.ranking.adjust(piece, -1));
  }

  /** The peer has a wanted piece that is missing or downloading. Costs a look-up. */
  isInteresting(peer: P): boolean {
    const entry = this.peers.get(peer);
    return entry !== undefined && this.peers.hasInterest(entry);
  }

  /**
   * Nothing that was requested from this peer will be answered; also ends what it is sending just now.
   *
   * @returns how many requests were given back
   */
  releaseAll(peer: P): number {
    return this.transfers.releaseAll(peer);
  }

  /** Takes a complete piece out to be verified. Throws a RangeError when it is not complete. */
  takePiece(piece: number): TakenPiece<P> {
    const partial = this.partials.of(piece);
    if (partial?.buffer === undefined || partial.received !== partial.blockCount)
      throw new RangeError(`piece ${piece} is not complete`);
    const { buffer, length } = partial;
    const contributors = partial.senders as P[];
    this.partials.close(partial);
    this.states.become(piece, VERIFYING);
    if (this.states.wanted(piece)) this.peers.need(piece, -1);
    return { piece, buffer, length, contributors };
  }

  /** It must not be begun yet: what it has to hash to is not known. */
  isHeld(piece: number): boolean {
    return this.states.isHeld(piece);
  }

  /**
   * A piece is to be had elsewhere: no peer is asked for it until {@link pieceVerified} or {@link giveBack}, as if it were
   * complete, and what it has received is dropped.
   * @returns false where that cannot be: it is there or complete, it must not be begun, or a block of it is just arriving
   */
  reserve(piece: number): boolean {
    const partial = this.partials.of(piece);
    if (partial !== undefined) this.transfers.abandon(partial);
    if (!this.states.is(piece, MISSING) || this.states.isHeld(piece)) return false;
    this.ranking.remove(piece);
    this.states.become(piece, VERIFYING);
    if (this.states.wanted(piece)) this.peers.need(piece, -1);
    return true;
  }

  /** The piece's hash was right and it is stored. */
  pieceVerified(piece: number): void {
    this.suspects.settled(piece);
    if (this.states.is(piece, VERIFYING)) this.states.become(piece, HAVE);
  }

  /** The piece is not to be had elsewhere after all, or it could not be stored: that says nothing about who sent it. */
  giveBack(piece: number): void {
    if (this.states.is(piece, VERIFYING)) this.#nowMissing(piece);
  }

  /**
   * The piece's hash was wrong, as peers have sent it. After the second time it is taken from one peer alone, whoever that is:
   * else somebody who spoils a part of each attempt could go on for ever.
   */
  pieceFailed(piece: number): void {
    if (!this.states.is(piece, VERIFYING)) return;
    this.suspects.failed(piece);
    this.#nowMissing(piece);
  }

  /** A missing piece turned out to be there. */
  found(piece: number): void {
    if (!this.states.is(piece, MISSING)) return;
    this.ranking.remove(piece);
    if (this.states.wanted(piece)) this.peers.need(piece, -1);
    this.states.become(piece, HAVE);
    this.states.letGo(piece);
  }

  /** A piece that was had turned out to be gone or damaged. */
  lost(piece: number): void {
    if (this.states.is(piece, HAVE)) this.#nowMissing(piece);
  }

  /**
   * A piece failed, but some of its blocks are known to be right: they are kept, and only the others are asked for again.
   * The buffer goes back to where it came from where the piece is not wanted any more.
   * @param taken as {@link takePiece} gave it, with the buffer that came back
   */
  pieceFailedInPart(taken: TakenPiece<P>, isGood: (block: number) => boolean): void {
    const { piece, buffer, length, contributors } = taken;
    if (!this.states.is(piece, VERIFYING)) throw new RangeError(`piece ${piece} is not taken`);
    if (!this.states.wanted(piece)) {
      this.buffers.release(buffer);
      this.states.become(piece, MISSING);
      return;
    }
    this.states.become(piece, DOWNLOADING);
    this.peers.need(piece, 1);
    const partial = this.partials.open(piece, length, this.states.blocksAt(piece), buffer);
    for (const [block, sender] of contributors.entries())
      if (isGood(block)) this.transfers.restore(partial, block, sender);
    this.blockFreed();
  }

  /** What a piece has to hash to is known now: it may be begun. */
  letGo(piece: number): void {
    if (!this.states.letGo(piece)) return;
    if (this.states.is(piece, MISSING) && this.states.wanted(piece)) this.#nowCandidate(piece);
  }

  /** Gives up all partial pieces, as far as nothing is streaming into them: for a torrent that is paused or closed. */
  dropPartials(): void {
    for (const partial of this.partials.slots)
      if (partial.piece >= 0) this.transfers.abandon(partial);
  }

  /** Counts all the pieces that a peer has. */
  #countPieces(entry: PeerEntry<P>): void {
    entry.peer.have.forEachSet((piece) => {
      this.ranking.adjust(piece, 1);
      if (this.#isNeeded(piece)) entry.interest++;
    });
  }

  /** It is wanted, and missing or downloading. */
  #isNeeded(piece: number): boolean {
    const states = this.states;
    return states.wanted(piece) && (states.is(piece, MISSING) || states.is(piece, DOWNLOADING));
  }

  /** A partial piece was closed before it was complete. */
  #gaveUp(piece: number, buffer: ArrayBuffer | undefined): void {
    if (buffer !== undefined) this.buffers.release(buffer);
    this.states.become(piece, MISSING);
    if (this.states.wanted(piece)) this.#nowCandidate(piece);
  }

  #nowMissing(piece: number): void {
    this.states.become(piece, MISSING);
    this.#nowNeeded(piece);
  }

  #nowNeeded(piece: number): void {
    if (!this.states.wanted(piece)) return;
    this.peers.need(piece, 1);
    this.#nowCandidate(piece);
  }

  #nowCandidate(piece: number): void {
    if (this.states.isHeld(piece)) return;
    this.ranking.add(piece);
    this.peers.candidate(piece, this.priorityOf(piece));
    this.blockFreed();
  }
}
