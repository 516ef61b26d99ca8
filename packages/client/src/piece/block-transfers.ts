import { BLOCK_LENGTH } from '@shoal/peer-wire';
import {
  BLOCK_RECEIVED,
  BLOCK_RECEIVING,
  BLOCK_REQUESTED,
  MAX_REQUESTERS,
} from './partial-piece.ts';
import type { PartialPiece } from './partial-piece.ts';
import type { PartialPieces } from './partial-pieces.ts';
import type { PickerPeer, PickerPeers } from './picker-peers.ts';

/** What the blocks' way rests on, and who hears of its end. */
export interface BlockTransfersParts<P extends PickerPeer> {
  readonly partials: PartialPieces<P>;
  readonly peers: PickerPeers<P>;
  /** A block that was requested is free again. */
  blockFreed(): void;
  /** A partial piece was closed before it was complete; its buffer is to be given back. */
  gaveUp(piece: number, buffer: ArrayBuffer | undefined): void;
}

/**
 * The way of a block once it is requested: it is received, or its request is given back, or its piece is given up. The picker
 * says what is requested; this keeps each block's requesters and sender, and closes partial pieces nobody works on.
 */
export class BlockTransfers<P extends PickerPeer> {
  readonly #parts: BlockTransfersParts<P>;
  readonly #partials: PartialPieces<P>;
  readonly #peers: PickerPeers<P>;

  constructor(parts: BlockTransfersParts<P>) {
    this.#parts = parts;
    this.#partials = parts.partials;
    this.#peers = parts.peers;
  }

  /** See `PiecePicker.release`. */
  release(peer: P, blockId: number): void {
    const { blocksPerPiece } = this.#partials;
    const piece = Math.floor(blockId / blocksPerPiece);
    const partial = this.#partials.of(piece);
    if (partial === undefined) return;
    if (this.#release(peer, partial, blockId - piece * blocksPerPiece)) this.#tidy(partial);
  }

  /** See `PiecePicker.releaseAll`. */
  releaseAll(peer: P): number {
    const entry = this.#peers.get(peer);
    if (entry === undefined) return 0;
    let released = 0;
    for (const partial of this.#partials.slots) {
      if (entry.outstanding === 0) break;
      if (partial.piece < 0) continue;
      for (let block = 0; block < partial.blockCount; block++)
        if (this.#release(peer, partial, block)) released++;
      this.#tidy(partial);
    }
    entry.current = undefined;
    return released;
  }

  /** See `PiecePicker.isRequested`. */
  isRequested(peer: P, blockId: number): boolean {
    const { blocksPerPiece } = this.#partials;
    const piece = Math.floor(blockId / blocksPerPiece);
    return this.#partials.of(piece)?.isRequester(blockId - piece * blocksPerPiece, peer) ?? false;
  }

  /** The payload of a block begins to arrive: where it shall go. See `PiecePicker.blockTarget`. */
  begin(peer: P, piece: number, begin: number, length: number): Uint8Array | undefined {
    const partial = this.#partials.of(piece);
    if (partial?.buffer === undefined || partial.doomed) return undefined;
    const block = begin / BLOCK_LENGTH;
    if (!Number.isInteger(block) || block < 0 || block >= partial.blockCount) return undefined;
    if (length !== blockLength(partial, block)) return undefined;
    if (partial.state[block] !== BLOCK_REQUESTED || !partial.isRequester(block, peer))
      return undefined;
    partial.state[block] = BLOCK_RECEIVING;
    partial.senders[block] = peer;
    partial.receiving++;
    this.#partials.order.remove(partial.slot * this.#partials.blocksPerPiece + block);
    return new Uint8Array(partial.buffer, begin, length);
  }

  /** The payload of a block is complete. See `PiecePicker.blockReceived`. */
  end(peer: P, piece: number, begin: number): 'block' | 'piece' | 'ignored' {
    const partial = this.#partials.of(piece);
    if (partial === undefined) return 'ignored';
    const block = begin / BLOCK_LENGTH;
    if (partial.state[block] !== BLOCK_RECEIVING || partial.senders[block] !== peer) {
      if (this.#release(peer, partial, block)) this.#tidy(partial);
      return 'ignored';
    }
    partial.receiving--;
    if (partial.doomed) {
      this.#forgetRequesters(partial, block, false);
      // It may be wanted again before the rest of what streams into it is over.
      this.#partials.dropped(partial, block);
      this.#tidy(partial);
      return 'ignored';
    }
    partial.state[block] = BLOCK_RECEIVED;
    this.#forgetRequesters(partial, block, false);
    const length = blockLength(partial, block);
    partial.received++;
    partial.receivedBytes += length;
    this.#partials.receivedBytes += length;
    return partial.received === partial.blockCount ? 'piece' : 'block';
  }

  /** A free block of a piece that was just opened is in the buffer already, right, as this peer has sent it. */
  restore(partial: PartialPiece<P>, block: number, sender: P): void {
    partial.senders[block] = sender;
    this.#partials.restore(partial, block, blockLength(partial, block));
  }

  /** See `PiecePicker.duplicatesOf`. */
  duplicatesOf(blockId: number, peer: P, out: P[]): void {
    const { blocksPerPiece } = this.#partials;
    const piece = Math.floor(blockId / blocksPerPiece);
    const partial = this.#partials.of(piece);
    if (partial === undefined) return;
    const block = blockId - piece * blocksPerPiece;
    const count = partial.countOf(block);
    for (let index = 0; index < count; index++) {
      const other = partial.requesters[block * MAX_REQUESTERS + index];
      if (other !== undefined && other !== peer) out.push(other);
    }
  }

  /** Gives up what a partial piece has and waits for, at once or, while something streams into it, right after that. */
  abandon(partial: PartialPiece<P>): void {
    if (partial.received === partial.blockCount) return;
    this.#partials.doom(partial);
    for (let block = 0; block < partial.blockCount; block++) {
      const state = partial.state[block];
      if (state !== BLOCK_REQUESTED && state !== BLOCK_RECEIVING) continue;
      this.#forgetRequesters(partial, block, state === BLOCK_RECEIVING);
      if (state === BLOCK_REQUESTED) this.#partials.settle(partial, block);
    }
    this.#tidy(partial);
  }

  /** Forgets a peer's request of a block. */
  #release(peer: P, partial: PartialPiece<P>, block: number): boolean {
    if (!partial.removeRequester(block, peer)) return false;
    const entry = this.#peers.get(peer);
    if (entry !== undefined) entry.outstanding--;
    if (partial.state[block] === BLOCK_RECEIVING) {
      if (partial.senders[block] !== peer) return true;
      partial.senders[block] = undefined;
      partial.receiving--;
    }
    this.#partials.settle(partial, block);
    this.#parts.blockFreed();
    return true;
  }

  /** Forgets all requests for a block, except that of the peer that is streaming it where `keepSender`. */
  #forgetRequesters(partial: PartialPiece<P>, block: number, keepSender: boolean): void {
    const base = block * MAX_REQUESTERS;
    const count = partial.countOf(block);
    const kept = keepSender ? partial.senders[block] : undefined;
    for (let index = 0; index < count; index++) {
      const requester = partial.requesters[base + index];
      partial.requesters[base + index] = undefined;
      if (requester === undefined || requester === kept) continue;
      const entry = this.#peers.get(requester);
      if (entry !== undefined) entry.outstanding--;
    }
    partial.requesterCount[block] = 0;
    if (kept !== undefined) partial.addRequester(block, kept);
  }

  /** Closes a partial piece that holds nothing and waits for nothing, or that is doomed and idle. */
  #tidy(partial: PartialPiece<P>): void {
    const { piece } = partial;
    if (piece < 0 || partial.receiving > 0) return;
    if (!partial.doomed && partial.free < partial.blockCount) return;
    if (partial.doomed && !partial.orphan) return;
    this.#parts.gaveUp(piece, this.#partials.close(partial));
  }
}

function blockLength(partial: PartialPiece<PickerPeer>, block: number): number {
  return Math.min(BLOCK_LENGTH, partial.length - block * BLOCK_LENGTH);
}
