// @ts-check
import { fileColumns } from '@shoal/metainfo';

/** @import { Content } from '../lib/content.mjs' */

/** Bytes of the head of a parts file before its slot numbers, and what slots begin at a multiple of. */
const PARTS_HEAD = 64;
const PARTS_ALIGNMENT = 4096;

/**
 * Which pieces of a torrent are right on disk, found out without the engine: byte for byte, where the engine would read them. A
 * piece that the parts file has a slot for is read from there.
 *
 * @param {Content} content
 * @param {(path: string) => Uint8Array | undefined} readFile by path below the download folder
 * @returns {boolean[]}
 */
export function rightPieces({ metainfo: { info }, space }, readFile) {
  const { pieceLength, pieceCount, totalLength } = info;
  const found = new Uint8Array(totalLength);
  /** 1: a byte is there. */
  const there = new Uint8Array(totalLength);
  const columns = fileColumns(info);
  for (let file = 0; file < columns.size; file++) {
    const offset = columns.offsets[file] ?? 0;
    const length = columns.lengths[file] ?? 0;
    if (columns.isPadding(file)) {
      there.fill(1, offset, offset + length);
      continue;
    }
    const bytes = readFile(columns.pathOf(file))?.subarray(0, length) ?? new Uint8Array(0);
    found.set(bytes, offset);
    there.fill(1, offset, offset + bytes.length);
  }
  const slots = slotsOf(info, readFile);
  return Array.from({ length: pieceCount }, (_, piece) => {
    const start = piece * pieceLength;
    const end = Math.min(totalLength, start + pieceLength);
    const slot = slots.get(piece);
    if (slot !== undefined) {
      const payload = payloadEnd(info, start, end) - start;
      const held = slot.subarray(0, payload);
      return Buffer.compare(held, space.subarray(start, start + payload)) === 0;
    }
    if (there.subarray(start, end).includes(0)) return false;
    return Buffer.compare(found.subarray(start, end), space.subarray(start, end)) === 0;
  });
}

/**
 * @param {Content['metainfo']['info']} info
 * @param {(path: string) => Uint8Array | undefined} readFile
 * @returns {Map<number, Uint8Array>} by piece
 */
function slotsOf(info, readFile) {
  /** @type {Map<number, Uint8Array>} */
  const slots = new Map();
  const hash = info.infoHash ?? info.infoHashV2 ?? new Uint8Array(20);
  const bytes = readFile(`.${Buffer.from(hash).toString('hex')}.parts`);
  if (
    bytes === undefined ||
    !Buffer.from(bytes.subarray(0, 16)).equals(Buffer.from('SHOAL PARTS FILE'))
  ) {
    return slots;
  }
  const { pieceCount, pieceLength } = info;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = Math.ceil((PARTS_HEAD + pieceCount * 4) / PARTS_ALIGNMENT) * PARTS_ALIGNMENT;
  for (let piece = 0; piece < pieceCount; piece++) {
    const at = PARTS_HEAD + piece * 4;
    const number = at + 4 <= bytes.length ? view.getUint32(at, true) : 0;
    if (number === 0) continue;
    const start = head + (number - 1) * pieceLength;
    slots.set(piece, bytes.subarray(start, start + pieceLength));
  }
  return slots;
}

/**
 * Where the payload of a piece ends: before the padding that fills it up.
 *
 * @param {Content['metainfo']['info']} info
 * @param {number} start
 * @param {number} end
 */
function payloadEnd(info, start, end) {
  const columns = fileColumns(info);
  let payload = start;
  for (let file = 0; file < columns.size; file++) {
    if (columns.isPadding(file)) continue;
    const offset = columns.offsets[file] ?? 0;
    const last = offset + (columns.lengths[file] ?? 0);
    if (offset < end && last > start) payload = Math.min(end, last);
  }
  return payload;
}
