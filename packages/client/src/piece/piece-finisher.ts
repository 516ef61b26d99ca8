import type { Clock } from '@shoal/net';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { writeGuarded } from '../disk/guarded-write.ts';
import type { PieceWrite, TorrentStorage } from '../disk/storage.ts';
import { InconsistentHashesError } from '../errors.ts';
import type { LeafSource } from '../hashes/leaf-source.ts';
import type { PieceHashes } from '../hashes/piece-hashes.ts';
import type { BufferShare } from './buffer-share.ts';
import { FailedPieces } from './failed-pieces.ts';
import type { PickerPeer } from './picker-peers.ts';
import type { PiecePicker, TakenPiece } from './piece-picker.ts';
import { SmartBan } from './smart-ban.ts';

/** Bytes of a leaf hash (SHA-256). */
const LEAF_LENGTH = 32;

/** A peer that can be convicted. */
export interface Sender extends PickerPeer {
  readonly endpoint: { readonly address: string };
}

/** What becomes of pieces. */
export interface FinisherEvents {
  /** It is stored, and the picker knows. */
  verified(piece: number): void;
  /** These addresses sent corrupt blocks of a piece. */
  convicted(addresses: readonly string[], piece: number): void;
  /** Payload turned out to be of no use. */
  wasted(bytes: number): void;
  /** It could not be stored, or the torrent contradicts itself: the torrent must stop. */
  failed(error: Error): void;
  /** There are blocks, or memory, that were not there before. */
  changed(): void;
}

export interface FinisherParts<P extends Sender> {
  readonly storage: TorrentStorage;
  readonly picker: PiecePicker<P>;
  readonly memory: BufferShare;
  readonly hashes: PieceHashes;
  readonly clock: Clock;
  readonly events: FinisherEvents;
}

/**
 * The way of a complete piece through the disk, and the search for who is to blame where it is corrupt:
 * - a single sender is convicted at once;
 * - of a torrent with SHA-256 hashes (BEP 52) the right leaf hashes are asked for, and the piece is kept meanwhile. With them,
 *   {@link judgeBlocks} convicts the senders of the bad blocks, keeps the good ones and has only the bad ones fetched again;
 * - else, and where nobody answers, {@link SmartBan} convicts when the piece has come out right.
 */
export class PieceFinisher<P extends Sender> {
  /** Where leaf hashes come from; undefined: from nowhere. */
  leafSource: LeafSource | undefined;
  readonly #parts: FinisherParts<P>;
  readonly #smartBan = new SmartBan();
  readonly #failed = new FailedPieces<P>();
  /** Pieces handed to the disk and not yet answered. */
  readonly #pending = new Set<Promise<void>>();

  constructor(parts: FinisherParts<P>) {
    this.#parts = parts;
  }

  /** Pieces handed to the disk and not yet answered. */
  get writing(): number {
    return this.#pending.size;
  }

  /** All blocks of a piece are here. */
  finish(piece: number): void {
    const pending = this.#finish(piece);
    this.#pending.add(pending);
    void pending.then(() => this.#pending.delete(pending));
  }

  /** Resolves when nothing is on its way to the disk any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /**
   * The leaf hashes of a failed piece are known, 32 bytes for each block: the senders of blocks that differ are convicted at
   * once, and only those blocks are fetched again.
   * @returns false where they are not the leaf hashes of that piece, which goes on waiting, or it does not wait for them
   */
  judgeBlocks(piece: number, trustedLeaves: Uint8Array): boolean {
    const { picker, hashes, events } = this.#parts;
    if (this.#failed.get(piece) === undefined) return false;
    if (!hashes.areLeavesOf(piece, trustedLeaves)) return false;
    const failed = this.#failed.take(piece);
    if (failed === undefined) return false;
    const { taken, leaves } = failed;
    const guilty = new Set<string>();
    const isGood = (block: number): boolean => sameLeaf(leaves, trustedLeaves, block);
    let badBytes = 0;
    for (const [block, peer] of taken.contributors.entries()) {
      if (isGood(block)) continue;
      guilty.add(peer.endpoint.address);
      badBytes += Math.min(BLOCK_LENGTH, taken.length - block * BLOCK_LENGTH);
    }
    events.wasted(badBytes);
    picker.pieceFailedInPart(taken, isGood);
    events.convicted([...guilty], piece);
    events.changed();
    return true;
  }

  /** Nobody tells the leaf hashes of a failed piece: all of it is fetched again. */
  giveUpJudging(piece: number): void {
    const failed = this.#failed.take(piece);
    if (failed === undefined) return;
    const { memory, events } = this.#parts;
    memory.release(failed.taken.buffer);
    this.#failAll(failed.taken, failed.leaves);
    memory.serveWaiting();
    events.changed();
  }

  /** Once a second, and with Infinity when the memory of failed pieces is needed, or nobody will answer any more. */
  giveUpOverdue(now: number): void {
    for (const piece of this.#failed.overdue(now)) this.giveUpJudging(piece);
  }

  async #finish(piece: number): Promise<void> {
    const { picker, memory, storage, events } = this.#parts;
    const taken = picker.takePiece(piece);
    const { buffer, length } = taken;
    const watched = this.#smartBan.watches(piece);
    memory.writing(buffer.byteLength);
    const result = await writeGuarded(storage, piece, buffer, length, watched);
    memory.returned(result.buffer.byteLength);
    if (!this.#keep(taken, result)) {
      memory.release(result.buffer);
      this.#settle(taken, result);
    }
    memory.serveWaiting();
    events.changed();
  }

  #settle(taken: TakenPiece<P>, { outcome, blockHashes, error }: PieceWrite): void {
    const { picker, memory, events } = this.#parts;
    const { piece } = taken;
    switch (outcome) {
      case 'written':
        memory.completed();
        picker.pieceVerified(piece);
        events.convicted(this.#smartBan.pieceGood(piece, addressesOf(taken), blockHashes), piece);
        events.verified(piece);
        return;
      case 'corrupt':
        this.#failAll(taken, blockHashes);
        return;
      case 'inconsistent':
        picker.giveBack(piece);
        events.failed(new InconsistentHashesError(piece));
        return;
      case 'failed':
        picker.giveBack(piece);
        events.failed(error ?? new Error('Writing failed'));
    }
  }

  #failAll(taken: TakenPiece<P>, blockHashes: Uint8Array | undefined): void {
    const { picker, events } = this.#parts;
    const { piece } = taken;
    events.wasted(taken.length);
    picker.pieceFailed(piece);
    events.convicted(this.#smartBan.pieceBad(piece, addressesOf(taken), blockHashes), piece);
  }

  /** Keeps a corrupt piece where its bad blocks can be told from the good ones. */
  #keep(taken: TakenPiece<P>, { outcome, blockHashes, buffer }: PieceWrite): boolean {
    const { clock } = this.#parts;
    const { piece, contributors } = taken;
    if (outcome !== 'corrupt' || blockHashes?.length !== contributors.length * LEAF_LENGTH) {
      return false;
    }
    const [first] = contributors;
    const isOfOne = contributors.every((peer) => isSameHost(peer, first));
    if (isOfOne || !this.#failed.hasRoom || this.leafSource?.request(piece) !== true) return false;
    this.#failed.keep({
      taken: { ...taken, buffer },
      leaves: blockHashes,
      since: clock.now(),
    });
    return true;
  }
}

function addressesOf({ contributors }: TakenPiece<Sender>): string[] {
  return contributors.map((peer) => peer.endpoint.address);
}

function isSameHost(one: Sender, other: Sender | undefined): boolean {
  return one.endpoint.address === other?.endpoint.address;
}

function sameLeaf(one: Uint8Array, other: Uint8Array, block: number): boolean {
  const at = block * LEAF_LENGTH;
  const end = at + LEAF_LENGTH;
  return Buffer.compare(one.subarray(at, end), other.subarray(at, end)) === 0;
}
