/**
 * Most peers that one block is requested from at the same time. Two already cover a peer that stalls; the third covers the
 * case that the second is slow too. More would cost upload of others for nothing.
 */
export const MAX_REQUESTERS = 3;

/** States of a block in a partial piece. */
export const BLOCK_FREE = 0;
export const BLOCK_REQUESTED = 1;
export const BLOCK_RECEIVING = 2;
export const BLOCK_RECEIVED = 3;

/**
 * A piece of which blocks are requested or received. The object belongs to a slot and serves one piece after the other, so
 * that opening a piece allocates next to nothing.
 */
export class PartialPiece<P extends object> {
  /** Which slot this is; with the block index it makes the node of the request order. */
  readonly slot: number;
  piece = -1;
  /** Bytes of the piece. */
  length = 0;
  blockCount = 0;
  buffer: ArrayBuffer | undefined;
  /** Blocks neither requested nor here. */
  free = 0;
  /** Blocks that are here. */
  received = 0;
  receivedBytes = 0;
  /** Blocks being streamed into the buffer now. While there are any, the buffer must not be given away. */
  receiving = 0;
  /** The first block that may be free. */
  cursor = 0;
  /** The only peer that was asked for blocks of it so far; undefined once there were two. */
  owner: P | undefined;
  /** All of it is to come from its {@link owner}: it was corrupt before, and nobody knows by whose fault. */
  alone = false;
  /** Only slow peers were asked for blocks of it. */
  slow = false;
  /** Its piece is unwanted now; it is closed as soon as nothing streams into it. */
  doomed = false;
  /** Index in the list of partial pieces with free blocks, or -1. */
  openIndex = -1;
  readonly state: Uint8Array;
  /** Up to {@link MAX_REQUESTERS} peers for each block, packed to the front. */
  readonly requesters: (P | undefined)[];
  readonly requesterCount: Uint8Array;
  /** For each block the peer that is streaming it or has sent it. Leaves with the piece. */
  senders: (P | undefined)[] = [];

  constructor(slot: number, blocksPerPiece: number) {
    this.slot = slot;
    this.state = new Uint8Array(blocksPerPiece);
    this.requesterCount = new Uint8Array(blocksPerPiece);
    this.requesters = new Array<P | undefined>(blocksPerPiece * MAX_REQUESTERS).fill(undefined);
  }

  /** Begins to serve a piece. */
  open(piece: number, length: number, blockCount: number, buffer: ArrayBuffer): void {
    this.piece = piece;
    this.length = length;
    this.blockCount = blockCount;
    this.buffer = buffer;
    this.free = blockCount;
    this.received = 0;
    this.receivedBytes = 0;
    this.receiving = 0;
    this.cursor = 0;
    this.owner = undefined;
    this.alone = false;
    this.slow = false;
    this.doomed = false;
    this.state.fill(BLOCK_FREE);
    this.senders = new Array<P | undefined>(blockCount).fill(undefined);
  }

  /** Ends to serve a piece and gives its buffer up. No block may have requesters. */
  close(): ArrayBuffer | undefined {
    const buffer = this.buffer;
    this.piece = -1;
    this.buffer = undefined;
    this.free = 0;
    this.owner = undefined;
    this.senders = [];
    return buffer;
  }

  /** Blocks that are not here yet. */
  get remaining(): number {
    return this.blockCount - this.received;
  }

  /** Nobody is asked for any block of it. */
  get orphan(): boolean {
    return this.free === this.remaining;
  }

  /** The next free block, which must exist. */
  nextFree(): number {
    let block = this.cursor;
    while (this.state[block] !== BLOCK_FREE) block++;
    this.cursor = block;
    return block;
  }

  countOf(block: number): number {
    return this.requesterCount[block] ?? 0;
  }

  isRequester(block: number, peer: P): boolean {
    const base = block * MAX_REQUESTERS;
    const count = this.countOf(block);
    for (let index = 0; index < count; index++)
      if (this.requesters[base + index] === peer) return true;
    return false;
  }

  addRequester(block: number, peer: P): void {
    const count = this.countOf(block);
    this.requesters[block * MAX_REQUESTERS + count] = peer;
    this.requesterCount[block] = count + 1;
  }

  removeRequester(block: number, peer: P): boolean {
    const base = block * MAX_REQUESTERS;
    const last = this.countOf(block) - 1;
    for (let index = 0; index <= last; index++) {
      if (this.requesters[base + index] !== peer) continue;
      this.requesters[base + index] = this.requesters[base + last];
      this.requesters[base + last] = undefined;
      this.requesterCount[block] = last;
      return true;
    }
    return false;
  }
}
