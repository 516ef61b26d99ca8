/**
 * The parts file keeps pieces that touch unwanted files: each such piece whole, in a slot of one piece length, so that it
 * can be read, sent and checked against its hash whatever is wanted later.
 *
 * Header of 64 bytes (magic, format version, piece length, piece count, info-hash), then for each piece the number of its
 * slot plus one (0: none), as 32-bit little-endian integers, then the slots. A slot is written before its number, so a torn
 * file only loses pieces.
 */
const MAGIC = 'SHOAL PARTS FILE';
const VERSION = 1;
const HEADER_BYTES = 64;
const ENTRY_BYTES = 4;
/** Slots start at a multiple of this, the page size of most file systems. */
const ALIGNMENT = 4_096;

/** Offset of the number that says in which slot a piece is. */
export function partsEntryOffset(piece: number): number {
  return HEADER_BYTES + piece * ENTRY_BYTES;
}

/** Bytes before the first slot. */
export function partsDataOffset(pieceCount: number): number {
  return Math.ceil((HEADER_BYTES + pieceCount * ENTRY_BYTES) / ALIGNMENT) * ALIGNMENT;
}

/** Offset of a slot. */
export function partsSlotOffset(pieceCount: number, pieceLength: number, slot: number): number {
  return partsDataOffset(pieceCount) + slot * pieceLength;
}

/** The number that stands in the header for a slot; undefined clears it. */
export function encodePartsEntry(slot: number | undefined): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  new DataView(bytes.buffer).setUint32(0, slot === undefined ? 0 : slot + 1, true);
  return bytes;
}

/** Whose parts file it is. */
export interface PartsIdentity {
  readonly infoHash: Uint8Array;
  readonly pieceLength: number;
  readonly pieceCount: number;
}

export function encodePartsHeader(identity: PartsIdentity): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < MAGIC.length; index++) bytes[index] = MAGIC.charCodeAt(index);
  view.setUint32(16, VERSION, true);
  view.setUint32(20, identity.pieceLength, true);
  view.setUint32(24, identity.pieceCount, true);
  bytes.set(identity.infoHash.subarray(0, 20), 28);
  return bytes;
}

/**
 * Reads header and slot numbers: which piece is in which slot. Undefined where the file belongs to another torrent or
 * format. Numbers that make no sense (too large, the same slot twice) are left out.
 */
export function decodeParts(
  bytes: Uint8Array,
  identity: PartsIdentity,
): Map<number, number> | undefined {
  const header = encodePartsHeader(identity);
  if (bytes.length < HEADER_BYTES) return undefined;
  for (const [index, byte] of header.entries()) if (bytes[index] !== byte) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = new Map<number, number>();
  const used = new Set<number>();
  const present = Math.floor((bytes.length - HEADER_BYTES) / ENTRY_BYTES);
  for (let piece = 0; piece < Math.min(identity.pieceCount, present); piece++) {
    const slot = view.getUint32(partsEntryOffset(piece), true) - 1;
    if (slot < 0 || slot >= identity.pieceCount || used.has(slot)) continue;
    used.add(slot);
    slots.set(piece, slot);
  }
  return slots;
}
