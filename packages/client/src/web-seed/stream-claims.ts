import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { BlockSource } from '../piece/block-source.ts';
import type { PiecePicker } from '../piece/piece-picker.ts';
import type { WebGeometry, WebPart } from './web-parts.ts';

type Picker = Pick<PiecePicker<BlockSource>, 'mayClaim' | 'pieceLengthAt' | 'stateOf'>;

/**
 * How many of a piece's blocks, counted from its first, a stream of these parts brings whole. 0 for a piece that nobody has begun
 * and of which a part is to come from nowhere: it would only hold memory.
 */
export function claimable(
  parts: readonly WebPart[],
  { info }: WebGeometry,
  picker: Picker,
  piece: number,
): number {
  const start = piece * info.pieceLength;
  const length = picker.pieceLengthAt(piece);
  const room = Math.min(length, endOf(parts) - start);
  const isAll = room === length && start >= (parts[0]?.offset ?? 0);
  if (!isAll && picker.stateOf(piece) === 'missing') return 0;
  return room === length ? Math.ceil(room / BLOCK_LENGTH) : Math.floor(room / BLOCK_LENGTH);
}

/** Nobody is asked for all of some piece that such a stream reaches, from piece `first` on. */
export function isAnyOpen(
  parts: readonly WebPart[],
  { info }: WebGeometry,
  picker: Picker,
  first: number,
): boolean {
  const end = Math.ceil(endOf(parts) / info.pieceLength);
  for (let piece = first; piece < end; piece++) if (picker.mayClaim(piece)) return true;
  return false;
}

/** Where the parts end in the piece space. */
function endOf(parts: readonly WebPart[]): number {
  const last = parts.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}
