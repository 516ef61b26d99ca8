import type { Random } from '@shoal/net';
import type { Bitfield } from '@shoal/peer-wire';
import type { PieceBufferSource } from './partial-pieces.ts';
import type { PieceGeometry } from './piece-states.ts';

/** What a picker is made of. */
export interface PiecePickerOptions extends PieceGeometry {
  readonly random: Random;
  readonly buffers: PieceBufferSource;
  /** Pieces verified already. Copied. */
  readonly have?: Bitfield;
  /** Whether a piece must not be begun before {@link PiecePicker.letGo}. Default: none. */
  readonly isHeld?: ((piece: number) => boolean) | undefined;
  /** Most partial pieces at a time. Default: 512 MiB worth of them, at least 64 and at most 4,096. */
  readonly maxPartialPieces?: number;
}

/** A complete piece on its way to be verified. */
export interface TakenPiece<P> {
  readonly piece: number;
  /** The piece's bytes are the first `length` of it. It belongs to the taker now. */
  readonly buffer: ArrayBuffer;
  readonly length: number;
  /** For each block, who sent it. */
  readonly contributors: readonly P[];
}
