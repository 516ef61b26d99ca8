import type { WebGeometry, WebPart } from './web-parts.ts';
import { webSeedDefaults } from './web-seed-options.ts';

/** Files that one stream takes in a row. */
const MAX_FILES = 64;

/** What a plan rests on. */
export interface StreamWishes {
  /** A piece is wanted, nobody is asked for all of it, and the seed may be asked. */
  isOpen(piece: number): boolean;
  /** The seed may be asked for a file. */
  hasFile(file: number): boolean;
}

interface Worth {
  /** First byte of the file in the piece space. */
  readonly offset: number;
  /** Bytes from the file's beginning to the last one of use. */
  readonly needed: number;
}

/**
 * What to read of a server that sends whole files only: the first file of which enough is of use, from its beginning to its last
 * byte of use, and those after it as long as a piece goes on in them. Empty: there is none, so that nothing big is ever read for
 * one piece.
 * @param start the file to look at first; those before it come last
 */
export function planStream(geometry: WebGeometry, wishes: StreamWishes, start: number): WebPart[] {
  const count = geometry.info.files.length;
  for (let step = 0; step < count; step++) {
    const parts = planFrom((start + step) % count, geometry, wishes);
    if (parts.length > 0) return parts;
  }
  return [];
}

/** A stream that begins with this file. */
function planFrom(first: number, geometry: WebGeometry, wishes: StreamWishes): WebPart[] {
  const { info } = geometry;
  const parts: WebPart[] = [];
  for (let file = first; file < info.files.length && parts.length < MAX_FILES; file++) {
    const { length, offset, attributes } = info.files[file] ?? { length: 0, offset: 0 };
    if (length === 0) continue;
    if (attributes?.padding === true) {
      if (parts.length === 0) return [];
      parts.push({ offset, length, from: undefined });
      continue;
    }
    const worth = worthOf(file, geometry, wishes);
    if (worth === undefined) break;
    const isWhole = worth.needed === length;
    parts.push({ offset, length: worth.needed, from: { file, first: 0 } });
    if (!isWhole || !goesOn(offset + length, geometry, wishes)) break;
  }
  while (parts.length > 0 && parts.at(-1)?.from === undefined) parts.pop();
  return holdsPiece(parts, geometry, wishes) ? parts : [];
}

/** What is of use of a file; undefined where it is not enough. */
function worthOf(file: number, geometry: WebGeometry, wishes: StreamWishes): Worth | undefined {
  const { info, layout } = geometry;
  const pieces = layout.piecesOf(file);
  const { length, offset } = info.files[file] ?? { length: 0, offset: 0 };
  if (pieces === undefined || !wishes.hasFile(file)) return undefined;
  let useful = 0;
  let needed = 0;
  for (let piece = pieces.first; piece <= pieces.last; piece++) {
    if (!wishes.isOpen(piece)) continue;
    const start = Math.max(offset, piece * info.pieceLength);
    const end = Math.min(offset + length, (piece + 1) * info.pieceLength);
    useful += end - start;
    needed = end - offset;
  }
  if (useful === 0) return undefined;
  const isWorth =
    needed <= webSeedDefaults.smallFile || useful >= needed * webSeedDefaults.usefulPart;
  return isWorth ? { offset, needed } : undefined;
}

/** The piece that ends or goes on at this offset goes on, and is of use. */
function goesOn(offset: number, { info }: WebGeometry, wishes: StreamWishes): boolean {
  return offset % info.pieceLength !== 0 && wishes.isOpen(Math.floor(offset / info.pieceLength));
}

/** A piece of use lies in these parts as a whole. */
function holdsPiece(
  parts: readonly WebPart[],
  { info, pieceLengthAt }: WebGeometry,
  wishes: StreamWishes,
): boolean {
  const start = parts[0]?.offset ?? 0;
  const last = parts.at(-1);
  const end = (last?.offset ?? 0) + (last?.length ?? 0);
  const first = Math.ceil(start / info.pieceLength);
  for (let piece = first; piece * info.pieceLength < end; piece++) {
    if (piece * info.pieceLength + pieceLengthAt(piece) > end) return false;
    if (wishes.isOpen(piece)) return true;
  }
  return false;
}
