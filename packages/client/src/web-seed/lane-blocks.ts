import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { BlockSource } from '../piece/block-source.ts';
import type { Claim } from '../piece/piece-picker.ts';
import type { BlockTaker } from './block-sink.ts';
import type { LaneOwner } from './lane-owner.ts';
import { claimable, isAnyOpen } from './stream-claims.ts';
import type { WebPart } from './web-parts.ts';

/**
 * The blocks that a lane of a web seed is to bring: those it was given to fetch or, where it streams files, those of pieces that it
 * claims as they come by.
 */
export class LaneBlocks implements BlockTaker {
  /** Payload bytes of blocks of the present run. */
  runBytes = 0;
  readonly #owner: LaneOwner;
  /** The lane, as the picker knows it. */
  readonly #source: BlockSource;
  /** Ids of the blocks that are still to come, in order. */
  readonly #outstanding = new Set<number>();
  /** What is streamed; undefined where blocks are fetched. */
  #stream: readonly WebPart[] | undefined;
  #isPointless = false;
  /** The block that begins is wanted of this lane. */
  #isOurs = false;
  /** Since when no block has come whole. */
  #waitsSince = 0;

  constructor(owner: LaneOwner, source: BlockSource) {
    this.#owner = owner;
    this.#source = source;
  }

  /** Blocks still to come. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Files are streamed, or were last. */
  get isStream(): boolean {
    return this.#stream !== undefined;
  }

  /** The piece of which the next block is to come, where none has come whole for `time` ms. */
  latePiece(now: number, time: number): number | undefined {
    const { done, value: id } = this.#outstanding.values().next();
    if (done === true || now - this.#waitsSince < time) return undefined;
    return Math.floor(id / this.#owner.swarm.picker.blocksPerPiece);
  }

  /** Blocks are waited for from now on: what was before was no fault of the server. */
  restartClock(now: number): void {
    this.#waitsSince = now;
  }

  /** Nothing that a stream could still bring is wanted of it. */
  get isPointless(): boolean {
    return this.#isPointless;
  }

  /** A copy of the ids of the blocks still to come, in order. */
  ids(): number[] {
    return [...this.#outstanding];
  }

  /** The picker has given the lane these blocks. */
  fetch(ids: readonly number[]): void {
    this.#stream = undefined;
    for (const id of ids) this.#outstanding.add(id);
  }

  /** These parts come by. */
  stream(parts: readonly WebPart[]): void {
    this.#stream = parts;
  }

  /** Gives a block back; false where it is not one of those still to come. */
  cancel(id: number): boolean {
    if (!this.#outstanding.delete(id)) return false;
    this.#owner.swarm.picker.release(this.#source, id);
    return true;
  }

  /** Gives back all that has not come. */
  giveUp(): void {
    if (this.#stream !== undefined) this.#stream = [];
    this.#isPointless = false;
    this.#outstanding.clear();
    this.#owner.swarm.picker.releaseAll(this.#source);
  }

  blockBegins(piece: number, begin: number, length: number): Uint8Array | undefined | 'wait' {
    const { picker } = this.#owner.swarm;
    const id = piece * picker.blocksPerPiece + begin / BLOCK_LENGTH;
    const stream = this.#stream;
    if (stream !== undefined && !this.#outstanding.has(id)) {
      const claim = this.#claim(stream, piece, begin);
      if (claim === 'no memory') return 'wait';
      if (claim === 'nothing' && begin === 0 && this.#outstanding.size === 0) {
        this.#isPointless = !isAnyOpen(stream, this.#owner.geometry, picker, piece + 1);
      }
    }
    this.#isOurs = this.#outstanding.has(id);
    return this.#isOurs ? picker.blockTarget(this.#source, piece, begin, length) : undefined;
  }

  blockEnds(piece: number, begin: number, length: number): void {
    const { swarm } = this.#owner;
    this.#waitsSince = this.#owner.now();
    if (!this.#isOurs) {
      swarm.wasted(length);
      return;
    }
    this.#outstanding.delete(piece * swarm.picker.blocksPerPiece + begin / BLOCK_LENGTH);
    this.runBytes += length;
    swarm.blockReceived(this.#source, piece, begin, length, this.#owner.now());
  }

  /** Claims what is free of a piece that a stream has come to. */
  #claim(stream: readonly WebPart[], piece: number, begin: number): Claim {
    const { picker } = this.#owner.swarm;
    const blocks = claimable(stream, this.#owner.geometry, picker, piece);
    const first = begin / BLOCK_LENGTH;
    if (first >= blocks || !this.#owner.have.get(piece)) return 'nothing';
    const claim = picker.claim(this.#source, piece, first, blocks);
    if (claim !== 'claimed') return claim;
    const base = piece * picker.blocksPerPiece;
    for (let block = first; block < blocks; block++) {
      if (picker.isRequested(this.#source, base + block)) this.#outstanding.add(base + block);
    }
    return claim;
  }
}
