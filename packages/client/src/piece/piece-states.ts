import { BLOCK_LENGTH, Bitfield } from '@shoal/peer-wire';

/** The states of a piece; each piece is in exactly one. */
export type PieceState = 'missing' | 'downloading' | 'verifying' | 'have';

export const MISSING = 0;
export const DOWNLOADING = 1;
export const VERIFYING = 2;
export const HAVE = 3;
type StateCode = 0 | 1 | 2 | 3;

const NAMES: readonly PieceState[] = ['missing', 'downloading', 'verifying', 'have'];

/** The priority pieces have until told otherwise. */
export const NORMAL_PRIORITY = 4;

/** The lengths that the piece space of a torrent is made of. */
export interface PieceGeometry {
  readonly pieceCount: number;
  /** Bytes of each piece but the last. */
  readonly pieceLength: number;
  /** Bytes of all pieces. */
  readonly totalLength: number;
  /** Bytes of each piece that are to be had from peers (see `payloadLengthsOf`); undefined: all of each. Not copied. */
  readonly payloadLengths?: Int32Array | undefined;
}

/** State and priority of every piece, and the sums over them. */
export class PieceStates {
  /** Verified pieces. */
  readonly have: Bitfield;
  readonly priority: Uint8Array;
  readonly blocksPerPiece: number;
  readonly pieceCount: number;
  /** Verified pieces, wanted or not. */
  haveCount = 0;
  /** Wanted pieces not verified yet. */
  wantedLeft = 0;
  /** Bytes of them. */
  wantedBytesLeft = 0;
  /** Of the wanted pieces not verified yet those that must not be begun. */
  wantedHeld = 0;
  readonly #state: Uint8Array;
  readonly #pieceLength: number;
  readonly #lastLength: number;
  /** As in {@link PieceGeometry}. A look into it costs no more than the comparison that stands for it else. */
  readonly #payload: Int32Array | undefined;
  /** 1 for each piece that must not be begun yet; undefined where none must not. */
  #held: Uint8Array | undefined;

  constructor(geometry: PieceGeometry, have: Bitfield | undefined) {
    const { pieceCount, pieceLength, totalLength } = geometry;
    this.pieceCount = pieceCount;
    this.#pieceLength = pieceLength;
    const lastLength = totalLength - pieceLength * Math.max(0, pieceCount - 1);
    if (pieceLength < 1 || (pieceCount > 0 && !(lastLength >= 1 && lastLength <= pieceLength)))
      throw new RangeError('piece count, piece length and total length do not agree');
    // As a small integer like all other lengths: the difference of two large numbers is a floating-point number to V8, which
    // would throw away the compiled code of the whole block path when the last piece comes.
    this.#lastLength = lastLength | 0;
    this.blocksPerPiece = Math.ceil(pieceLength / BLOCK_LENGTH);
    this.have = new Bitfield(pieceCount);
    this.priority = new Uint8Array(pieceCount).fill(NORMAL_PRIORITY);
    this.#state = new Uint8Array(pieceCount);
    this.wantedLeft = pieceCount;
    this.wantedBytesLeft = totalLength;
    this.#payload = geometry.payloadLengths;
    if (this.#payload !== undefined) this.#leavePaddingOut(this.#payload);
    if (have === undefined) return;
    for (let piece = 0; piece < pieceCount; piece++) if (have.get(piece)) this.become(piece, HAVE);
  }

  is(piece: number, state: StateCode): boolean {
    return this.#state[piece] === state;
  }

  nameOf(piece: number): PieceState {
    return NAMES[this.#state[piece] ?? 0] ?? 'missing';
  }

  wanted(piece: number): boolean {
    return (this.priority[piece] ?? 0) > 0;
  }

  /** It must not be begun: what it has to hash to is not known yet. */
  isHeld(piece: number): boolean {
    return this.#held?.[piece] === 1;
  }

  /** A piece must not be begun for now. */
  hold(piece: number): void {
    if (this.isHeld(piece)) return;
    this.#held ??= new Uint8Array(this.pieceCount);
    this.#held[piece] = 1;
    if (this.wanted(piece) && !this.is(piece, HAVE)) this.wantedHeld++;
  }

  /** It may be begun again; false where it could be all the time. */
  letGo(piece: number): boolean {
    if (this.#held === undefined || !this.isHeld(piece)) return false;
    this.#held[piece] = 0;
    if (this.wanted(piece) && !this.is(piece, HAVE)) this.wantedHeld--;
    return true;
  }

  /** Bytes of a piece that are to be had from peers: padding at its end is none of them. */
  lengthAt(piece: number): number {
    if (this.#payload !== undefined) return this.#payload[piece] ?? 0;
    return piece === this.pieceCount - 1 ? this.#lastLength : this.#pieceLength;
  }

  blocksAt(piece: number): number {
    return Math.ceil(this.lengthAt(piece) / BLOCK_LENGTH);
  }

  /**
   * Bytes of a buffer for a piece. Where pieces end in padding any length may occur, and buffers of a few lengths serve them
   * all: a power of two of blocks each.
   */
  roomFor(piece: number): number {
    const length = this.lengthAt(piece);
    if (this.#payload === undefined || length === this.#pieceLength) return length;
    let room = BLOCK_LENGTH;
    while (room < length) room *= 2;
    return Math.min(room, this.#pieceLength);
  }

  /** Puts a piece into a state; the caller sees to it that the step is allowed. */
  become(piece: number, state: StateCode): void {
    const before = this.#state[piece];
    this.#state[piece] = state;
    if (state === HAVE && before !== HAVE) {
      this.have.set(piece);
      this.haveCount++;
      this.#left(piece, -1);
    } else if (before === HAVE && state !== HAVE) {
      this.have.clear(piece);
      this.haveCount--;
      this.#left(piece, 1);
    }
  }

  /** Changes a priority and the sums that depend on it. */
  prioritize(piece: number, priority: number): void {
    const wanted = this.wanted(piece);
    const missing = !this.is(piece, HAVE);
    if (missing && wanted && priority === 0) this.#left(piece, -1);
    this.priority[piece] = priority;
    if (missing && !wanted && priority > 0) this.#left(piece, 1);
  }

  /** Pieces of padding only are not wanted from anybody, and what is left of the others is their payload. */
  #leavePaddingOut(payload: Int32Array): void {
    this.wantedBytesLeft = 0;
    // By index: with an iterator a hundred thousand pieces take many times as long.
    for (let piece = 0; piece < payload.length; piece++) {
      const length = payload[piece] ?? 0;
      this.wantedBytesLeft += length;
      if (length > 0) continue;
      this.priority[piece] = 0;
      this.wantedLeft--;
    }
  }

  #left(piece: number, by: 1 | -1): void {
    if (!this.wanted(piece)) return;
    this.wantedLeft += by;
    if (this.isHeld(piece)) this.wantedHeld += by;
    this.wantedBytesLeft += by * this.lengthAt(piece);
  }
}
