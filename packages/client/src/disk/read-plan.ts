import type { DiskLayout } from './disk-layout.ts';
import { MAX_READ_VECTORS } from './disk-limits.ts';
import { partsSlotOffset } from './parts-format.ts';
import type { BlockRead } from './storage.ts';

/** Instead of a file's index: the parts file. */
export const PARTS_FILE = -1;

/** One `readv`: adjacent bytes of one file, into one or more places of the target. */
export interface ReadStep {
  /** Index of the file, or {@link PARTS_FILE}. */
  readonly file: number;
  readonly fileOffset: number;
  readonly views: Uint8Array[];
  /** Bytes of all views. */
  length: number;
}

/**
 * Turns blocks into as few reads as possible: blocks that follow each other in a file become one, with the gaps between
 * them in the target (message headers) left alone. Padding is filled with zeros at once. Throws a `RangeError` for blocks
 * outside the torrent or the target.
 */
export function planReads(
  layout: DiskLayout,
  slots: ReadonlyMap<number, number>,
  target: Uint8Array,
  reads: readonly BlockRead[],
): ReadStep[] {
  const steps: ReadStep[] = [];
  const { pieceLength, pieceCount } = layout.data;
  for (const read of reads) {
    checkRange(layout, target, read);
    const { piece, begin, length, at } = read;
    const slot = slots.size === 0 ? undefined : slots.get(piece);
    if (slot !== undefined) {
      const offset = partsSlotOffset(pieceCount, pieceLength, slot) + begin;
      // A slot holds no padding.
      const held = Math.min(length, Math.max(0, layout.payloadLengthAt(piece) - begin));
      if (held > 0) addRead(steps, PARTS_FILE, offset, target.subarray(at, at + held));
      target.fill(0, at + held, at + length);
      continue;
    }
    for (const span of layout.spans(piece * pieceLength + begin, length)) {
      const start = at + span.at;
      const view = target.subarray(start, start + span.length);
      if (layout.isPadding(span.file)) view.fill(0);
      else addRead(steps, span.file, span.fileOffset, view);
    }
  }
  return steps;
}

function addRead(steps: ReadStep[], file: number, fileOffset: number, view: Uint8Array): void {
  const last = steps.at(-1);
  if (
    last === undefined ||
    last.file !== file ||
    last.fileOffset + last.length !== fileOffset ||
    last.views.length >= MAX_READ_VECTORS
  ) {
    steps.push({ file, fileOffset, views: [view], length: view.length });
    return;
  }
  last.length += view.length;
  const before = last.views.at(-1);
  if (before !== undefined && before.byteOffset + before.length === view.byteOffset) {
    last.views[last.views.length - 1] = new Uint8Array(
      before.buffer,
      before.byteOffset,
      before.length + view.length,
    );
  } else {
    last.views.push(view);
  }
}

/** Throws a `RangeError` for a block outside the torrent or the target. */
export function checkRange(layout: DiskLayout, target: Uint8Array, read: BlockRead): void {
  const { piece, begin, length, at } = read;
  const valid =
    Number.isInteger(piece) &&
    piece >= 0 &&
    piece < layout.data.pieceCount &&
    begin >= 0 &&
    length > 0 &&
    begin + length <= layout.pieceLengthAt(piece) &&
    at >= 0 &&
    at + length <= target.length;
  if (!valid) {
    throw new RangeError(
      `No such block: piece ${piece}, begin ${begin}, length ${length}, to ${at} of ${target.length}`,
    );
  }
}
