import {
  BLOCK_FREE,
  BLOCK_RECEIVED,
  BLOCK_REQUESTED,
  MAX_REQUESTERS,
  PartialPiece,
} from './partial-piece.ts';
import { RequestOrder } from './request-order.ts';

/** Where the memory of partial pieces comes from and goes back to. */
export interface PieceBufferSource {
  /** A buffer of at least `length` bytes, or undefined while the budget is spent or the disk is behind. */
  acquire(length: number): ArrayBuffer | undefined;
  /** No buffer is given for now, also where some come back: giving up a piece would be of no use. */
  readonly diskIsBehind?: boolean;
  release(buffer: ArrayBuffer): void;
}

/** All partial pieces of a torrent, and the sums over them. */
export class PartialPieces<P extends object> {
  readonly blocksPerPiece: number;
  /** Requested blocks in the order of their last request; node = slot × blocks per piece + block. */
  readonly order = new RequestOrder();
  /** Blocks of wanted partial pieces that nobody is asked for. */
  freeBlocks = 0;
  /** Bytes received in partial pieces. */
  receivedBytes = 0;
  readonly #slotOf: Int32Array;
  readonly #slots: PartialPiece<P>[] = [];
  readonly #unused: number[] = [];
  /** Partial pieces with free blocks, in no order. */
  readonly #open: PartialPiece<P>[] = [];
  #count = 0;
  #aloneCount = 0;

  constructor(pieceCount: number, blocksPerPiece: number) {
    this.blocksPerPiece = blocksPerPiece;
    this.#slotOf = new Int32Array(pieceCount).fill(-1);
  }

  get count(): number {
    return this.#count;
  }

  /** Partial pieces with free blocks, in no order. Not to be kept or changed. */
  get withFree(): readonly PartialPiece<P>[] {
    return this.#open;
  }

  /** Every slot; those with `piece` -1 are unused. */
  get slots(): readonly PartialPiece<P>[] {
    return this.#slots;
  }

  of(piece: number): PartialPiece<P> | undefined {
    const slot = this.#slotOf[piece] ?? -1;
    return slot < 0 ? undefined : this.#slots[slot];
  }

  /** The partial piece a node of the order belongs to. */
  ofNode(node: number): PartialPiece<P> | undefined {
    return this.#slots[Math.floor(node / this.blocksPerPiece)];
  }

  open(piece: number, length: number, blockCount: number, buffer: ArrayBuffer): PartialPiece<P> {
    let slot = this.#unused.pop();
    if (slot === undefined) {
      slot = this.#slots.length;
      this.#slots.push(new PartialPiece<P>(slot, this.blocksPerPiece));
      this.order.grow((slot + 1) * this.blocksPerPiece);
    }
    const partial = this.#slots[slot] ?? new PartialPiece<P>(slot, this.blocksPerPiece);
    partial.open(piece, length, blockCount, buffer);
    this.#slotOf[piece] = slot;
    this.#count++;
    this.freeBlocks += blockCount;
    this.#list(partial);
    return partial;
  }

  /** Forgets a partial piece that nobody is asked for any more; the caller takes its buffer. */
  close(partial: PartialPiece<P>): ArrayBuffer | undefined {
    if (!partial.doomed) this.freeBlocks -= partial.free;
    this.receivedBytes -= partial.receivedBytes;
    if (partial.alone) this.#aloneCount--;
    this.#unlist(partial);
    this.#slotOf[partial.piece] = -1;
    this.#unused.push(partial.slot);
    this.#count--;
    return partial.close();
  }

  /** No more blocks of it are to be given out. */
  doom(partial: PartialPiece<P>): void {
    if (partial.doomed) return;
    this.freeBlocks -= partial.free;
    this.#unlist(partial);
    partial.doomed = true;
  }

  /** It is wanted again before it was closed. */
  spare(partial: PartialPiece<P>): void {
    if (!partial.doomed) return;
    partial.doomed = false;
    this.freeBlocks += partial.free;
    if (partial.free > 0) this.#list(partial);
  }

  /** The first free block of it is now requested from `peer`; answers the block. */
  requestNext(partial: PartialPiece<P>, peer: P): number {
    const block = partial.nextFree();
    partial.cursor = block + 1;
    this.request(partial, block, peer);
    this.order.append(partial.slot * this.blocksPerPiece + block);
    return block;
  }

  /** A free block of it is now requested from `peer`, and not offered to others in end-game. */
  request(partial: PartialPiece<P>, block: number, peer: P): void {
    partial.state[block] = BLOCK_REQUESTED;
    partial.addRequester(block, peer);
    partial.free--;
    this.freeBlocks--;
    if (partial.free === 0) this.#unlist(partial);
  }

  /** A requested block is now requested from one more peer. */
  requestAgain(partial: PartialPiece<P>, block: number, peer: P): void {
    partial.addRequester(block, peer);
    const node = partial.slot * this.blocksPerPiece + block;
    if (partial.countOf(block) >= MAX_REQUESTERS) this.order.remove(node);
    else this.order.append(node);
  }

  /** A block lost a requester and nobody streams it: it is still requested from others, or free again. */
  settle(partial: PartialPiece<P>, block: number): void {
    const node = partial.slot * this.blocksPerPiece + block;
    if (partial.countOf(block) > 0) {
      partial.state[block] = BLOCK_REQUESTED;
      this.order.prepend(node);
      return;
    }
    partial.state[block] = BLOCK_FREE;
    partial.free++;
    if (block < partial.cursor) partial.cursor = block;
    this.order.remove(node);
    if (partial.doomed) return;
    this.freeBlocks++;
    this.#list(partial);
  }

  /** A block that has come is dropped, as the piece is doomed; nobody is asked for it. */
  dropped(partial: PartialPiece<P>, block: number): void {
    partial.state[block] = BLOCK_FREE;
    partial.free++;
    if (block < partial.cursor) partial.cursor = block;
  }

  /** Blocks among {@link freeBlocks} that only one peer may be asked for each: the others can do nothing about them. */
  get aloneFreeBlocks(): number {
    let count = 0;
    if (this.#aloneCount === 0) return count;
    for (const partial of this.#open) if (partial.alone) count += partial.free;
    return count;
  }

  /** All of it is to come from one peer. To be called before anybody is asked for it. */
  keepAlone(partial: PartialPiece<P>): void {
    if (!partial.alone) this.#aloneCount++;
    partial.alone = true;
  }

  /** What has come of it is dropped, as the rest is to come from somebody else. Nobody may be asked for any block of it. */
  restart(partial: PartialPiece<P>): void {
    for (let block = 0; block < partial.blockCount; block++) {
      if (partial.state[block] !== BLOCK_RECEIVED) continue;
      partial.state[block] = BLOCK_FREE;
      partial.free++;
      this.freeBlocks++;
    }
    this.receivedBytes -= partial.receivedBytes;
    partial.received = 0;
    partial.receivedBytes = 0;
    partial.cursor = 0;
  }

  /** A free block is here already. */
  restore(partial: PartialPiece<P>, block: number, length: number): void {
    partial.state[block] = BLOCK_RECEIVED;
    partial.received++;
    partial.receivedBytes += length;
    this.receivedBytes += length;
    partial.free--;
    this.freeBlocks--;
    if (partial.free === 0) this.#unlist(partial);
  }

  #list(partial: PartialPiece<P>): void {
    if (partial.openIndex >= 0) return;
    partial.openIndex = this.#open.length;
    this.#open.push(partial);
  }

  #unlist(partial: PartialPiece<P>): void {
    const at = partial.openIndex;
    if (at < 0) return;
    const last = this.#open.pop();
    if (last !== undefined && last !== partial) {
      this.#open[at] = last;
      last.openIndex = at;
    }
    partial.openIndex = -1;
  }
}
