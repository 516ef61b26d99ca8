import type { PieceState } from '../piece/piece-states.ts';
import type { Slices } from './in-slices.ts';
import type { SharedFiles } from './shared-files.ts';

/** Waiting pieces looked at in a second, whether anybody has what they wait for. */
const LOOKS_PER_TICK = 256;

/** Pieces decided about in one turn of the event loop: a few milliseconds of work. */
const PIECES_PER_SLICE = 2048;

/** What is needed of the piece picker. */
export interface ClaimsPicker {
  /** Wanted pieces that are not verified yet. */
  readonly wantedLeft: number;
  stateOf(piece: number): PieceState;
  priorityOf(piece: number): number;
  availabilityOf(piece: number): number;
  pieceLengthAt(piece: number): number;
  isHeld(piece: number): boolean;
  reserve(piece: number): boolean;
  pieceVerified(piece: number): void;
  giveBack(piece: number): void;
}

/**
 * Decides which pieces are not asked of peers, as they are on this machine, or will be when a piece of the torrent with the same
 * content has come. Those are claimed of the picker; one that is not to be had after all is given back. Pure.
 */
export class PieceClaims {
  readonly #picker: ClaimsPicker;
  readonly #files: SharedFiles;
  /** Peers may be asked for pieces again. */
  readonly #changed: () => void;
  /** Claimed, to be copied; in order. */
  readonly #queue = new Set<number>();
  /** Claimed, until a piece of the torrent with the same content is there. */
  readonly #waiting = new Set<number>();
  /** Those that could not be claimed just when they were to. */
  readonly #postponed = new Set<number>();
  /** Those that were wrong here: peers have to send them. */
  readonly #refused = new Set<number>();
  /** Those that do not wait for others, as nobody had these. */
  readonly #unbound = new Set<number>();
  /** The first and the last piece that are needed soon. */
  #window: readonly [first: number, last: number] = [0, -1];

  constructor(picker: ClaimsPicker, files: SharedFiles, changed: () => void) {
    this.#picker = picker;
    this.#files = files;
    this.#changed = changed;
  }

  /** Pieces that are claimed to be copied. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Pieces that are claimed until one with the same content is there. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The next piece to be copied, which stays claimed. Those that nobody wants any more are given back. */
  next(): number | undefined {
    for (const piece of this.#queue) {
      this.#queue.delete(piece);
      if (this.#picker.priorityOf(piece) > 0) return piece;
      this.giveBack(piece);
    }
    return undefined;
  }

  /** The files are known anew, or what is wanted has changed: all their pieces are decided about anew. */
  *reconsider(): Slices {
    let count = 0;
    for (const piece of [...this.#waiting]) {
      if (++count % PIECES_PER_SLICE === 0) yield;
      if (!this.#waiting.has(piece)) continue;
      this.#consider(piece);
      const isBound = this.#picker.priorityOf(piece) > 0 && this.#mayWait(piece);
      if (!isBound && this.#waiting.has(piece)) this.#unbind(piece);
    }
    for (const piece of this.#files.pieces()) {
      if (++count % PIECES_PER_SLICE === 0) yield;
      this.#consider(piece);
    }
    this.#changed();
  }

  /** A piece came from peers: those with the same content can be copied from it. */
  *verified(piece: number): Slices {
    let count = 0;
    for (const twin of this.#files.twinsOf(piece, 'own')) {
      if (++count % PIECES_PER_SLICE === 0) yield;
      if (twin !== piece) this.#consider(twin);
    }
  }

  /** Pieces `first` to `last`, both included, are needed soon: they do not wait for others. */
  hurry(first: number, last: number): void {
    this.#window = [first, last];
    for (const piece of this.#waiting) if (piece >= first && piece <= last) this.#unbind(piece);
  }

  /** Once a second. */
  tick(): void {
    for (const piece of [...this.#postponed]) {
      this.#postponed.delete(piece);
      this.#consider(piece);
    }
    let looks = Math.min(LOOKS_PER_TICK, this.#waiting.size);
    for (const piece of this.#waiting) {
      if (looks-- <= 0) break;
      this.#waiting.delete(piece);
      this.#waiting.add(piece);
      if (!this.#isStarved(piece)) continue;
      this.#unbound.add(piece);
      this.#unbind(piece);
    }
  }

  /** A piece that {@link next} gave could not be read. */
  unread(piece: number): void {
    this.giveBack(piece);
    this.#consider(piece);
  }

  /** What was read of a piece was wrong: peers have to send it. */
  refuse(piece: number): void {
    this.#refused.add(piece);
    this.giveBack(piece);
  }

  /** Peers may be asked for a piece that {@link next} gave. */
  giveBack(piece: number): void {
    this.#picker.giveBack(piece);
    this.#changed();
  }

  /** Gives back all pieces but those that {@link next} gave. */
  giveUp(): void {
    for (const claimed of [this.#queue, this.#waiting]) {
      for (const piece of claimed) this.#picker.giveBack(piece);
      claimed.clear();
    }
    this.#postponed.clear();
  }

  /** Claims a piece where it is to be had here, now or later. */
  #consider(piece: number): void {
    if (this.#queue.has(piece) || this.#refused.has(piece)) return;
    const picker = this.#picker;
    const isWaiting = this.#waiting.has(piece);
    const state = picker.stateOf(piece);
    const isOpen = state === 'missing' || state === 'downloading';
    if (!(isWaiting || isOpen) || picker.priorityOf(piece) === 0 || picker.isHeld(piece)) return;
    if (this.#files.find(piece) !== undefined) {
      if (isWaiting) this.#waiting.delete(piece);
      else if (!picker.reserve(piece)) {
        this.#postponed.add(piece);
        return;
      }
      this.#queue.add(piece);
    } else if (state === 'missing' && this.#mayWait(piece) && picker.reserve(piece)) {
      this.#waiting.add(piece);
    }
  }

  /** Whether a piece with the same content is on its way: one that is being fetched, or comes before it. */
  #mayWait(piece: number): boolean {
    const [first, last] = this.#window;
    if (this.#unbound.has(piece) || (piece >= first && piece <= last)) return false;
    const picker = this.#picker;
    let isBefore = true;
    for (const leader of this.#files.twinsOf(piece, 'leaders')) {
      if (leader === piece) isBefore = false;
      else if (!this.#waiting.has(leader) && picker.priorityOf(leader) > 0) {
        const state = picker.stateOf(leader);
        if (state === 'downloading' || state === 'verifying') return true;
        if (isBefore && state === 'missing' && !picker.isHeld(leader)) return true;
      }
    }
    return false;
  }

  /** Nobody has what a piece waits for, but somebody has the piece itself. */
  #isStarved(piece: number): boolean {
    const picker = this.#picker;
    if (picker.availabilityOf(piece) === 0) return false;
    return this.#files
      .twinsOf(piece, 'leaders')
      .every(
        (leader) =>
          leader === piece ||
          this.#waiting.has(leader) ||
          (picker.stateOf(leader) === 'missing' && picker.availabilityOf(leader) === 0),
      );
  }

  #unbind(piece: number): void {
    this.#waiting.delete(piece);
    this.giveBack(piece);
  }
}
