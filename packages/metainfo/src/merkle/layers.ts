import { hash } from 'node:crypto';
import { SHA256_LENGTH } from '../limits.ts';
import { BLOCK_LENGTH, MAX_TREE_HEIGHT, outOfRange, treeGeometry } from './geometry.ts';

/** Bytes of two hashes, from which the one above them is made. */
const PAIR_LENGTH = 2 * SHA256_LENGTH;

/**
 * SHA-256 as a string of one character per byte: in Node a string of that size costs less than half of what a Buffer does,
 * which is more than the hash of two hashes itself.
 */
export function digest(data: Uint8Array): string {
  return hash('sha256', data, 'binary');
}

/** Put a {@link digest} into its place. */
export function putDigest(value: string, into: Buffer, at: number): void {
  into.write(value, at, SHA256_LENGTH, 'latin1');
}

/** The same memory as a Buffer, which can take digests. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Roots of subtrees of zero leaves, one for each height so far. */
const zeroHashes: Uint8Array[] = [new Uint8Array(SHA256_LENGTH)];

/**
 * Hash of a node of a layer that covers nothing but padding (BEP 52: leaves beyond the end of the file are zeros): 32 bytes
 * that all callers share; do not write to them. Throws ERR_METAINFO_OUT_OF_RANGE for a layer outside 0 to 39.
 */
export function zeroHash(layer: number): Uint8Array {
  const value = zeroHashes[layer];
  if (value !== undefined) return value;
  if (!(Number.isInteger(layer) && layer >= 0 && layer <= MAX_TREE_HEIGHT)) {
    throw outOfRange(`there is no layer ${layer}`);
  }
  const below = zeroHash(layer - 1);
  const above = new Uint8Array(SHA256_LENGTH);
  putDigest(digest(Buffer.concat([below, below])), bufferOf(above), 0);
  zeroHashes[layer] = above;
  return above;
}

/**
 * Leaf hashes of some data that starts with a block: SHA-256 of each block, 32 bytes each. They go to the start of `into`
 * where it is given, and the part of it that was written is returned. Throws ERR_METAINFO_OUT_OF_RANGE where it is too small.
 */
export function hashBlocks(data: Uint8Array, into?: Uint8Array): Uint8Array {
  const length = Math.ceil(data.length / BLOCK_LENGTH) * SHA256_LENGTH;
  const hashes = roomFor(length, into);
  const out = bufferOf(hashes);
  for (let from = 0, at = 0; at < length; from += BLOCK_LENGTH, at += SHA256_LENGTH) {
    putDigest(digest(data.subarray(from, from + BLOCK_LENGTH)), out, at);
  }
  return hashes;
}

/**
 * The layer above some hashes of `layer` that start with a left child, 32 bytes each; a last one without a neighbour is
 * joined with padding. They go to the start of `into` where it is given, which may be `hashes` itself, and the part of it
 * that was written is returned. Throws ERR_METAINFO_OUT_OF_RANGE where `into` is too small, the hashes are not whole or
 * there is no such layer.
 */
export function layerAbove(hashes: Uint8Array, layer: number, into?: Uint8Array): Uint8Array {
  const count = countOf(hashes);
  const above = roomFor(Math.ceil(count / 2) * SHA256_LENGTH, into);
  const out = bufferOf(above);
  const whole = Math.floor(count / 2) * SHA256_LENGTH;
  for (let at = 0; at < whole; at += SHA256_LENGTH) {
    putDigest(digest(hashes.subarray(2 * at, 2 * at + PAIR_LENGTH)), out, at);
  }
  if (count % 2 === 1) putDigest(digestWithPadding(hashes, layer), out, whole);
  return above;
}

/** Digest of the last of some hashes of a layer and of the padding beside it. */
function digestWithPadding(hashes: Uint8Array, layer: number): string {
  slots.set(hashes.subarray(hashes.length - SHA256_LENGTH), 0);
  slots.set(zeroHash(layer), SHA256_LENGTH);
  return digest(slots.subarray(0, PAIR_LENGTH));
}

/** Two neighbours of each layer while {@link rootOfLayer} is at work, so that no layer is ever held as a whole. */
const slots = Buffer.alloc((MAX_TREE_HEIGHT + 1) * PAIR_LENGTH);

/**
 * Root of a tree from the hashes of one of its layers, 32 bytes each from the left; what is missing on the right is padding.
 * So with layer 0 and leaf hashes it is the `pieces root` of a file, or the hash of a piece where `height` is the layer of
 * the pieces; and with a `piece layer` the root it must match (BEP 52). Takes one SHA-256 for each pair and no memory but
 * the result.
 *
 * Throws ERR_METAINFO_OUT_OF_RANGE where the hashes are not whole, are more than such a tree has, or `layer` to `height` is
 * no range within 0 to 39.
 */
export function rootOfLayer(hashes: Uint8Array, layer: number, height: number): Uint8Array {
  const count = countOf(hashes);
  zeroHash(layer);
  const padding = zeroHash(height);
  const levels = height - layer;
  if (levels < 0 || count > 2 ** levels) {
    throw outOfRange(
      `${count} hashes of layer ${layer} do not fit below a root at layer ${height}`,
    );
  }
  if (count === 0) return padding.slice();
  if (levels === 0) return new Uint8Array(hashes);
  const pairs = Math.floor(count / 2);
  for (let pair = 0; pair < pairs; pair++) {
    const from = pair * PAIR_LENGTH;
    carry(digest(hashes.subarray(from, from + PAIR_LENGTH)), 1, pair);
  }
  if (count % 2 === 1) carry(digestWithPadding(hashes, layer), 1, pairs);
  let nodes = Math.ceil(count / 2);
  for (let level = 1; level < levels; level++) {
    if (nodes % 2 === 1) {
      slots.set(zeroHash(layer + level), level * PAIR_LENGTH + SHA256_LENGTH);
      carry(digest(slotOf(level)), level + 1, (nodes - 1) / 2);
    }
    nodes = Math.ceil(nodes / 2);
  }
  return new Uint8Array(slotOf(levels).subarray(0, SHA256_LENGTH));
}

/** Put a node into its slot; the right one of two completes the node above, and so on. */
function carry(value: string, level: number, index: number): void {
  while (index % 2 === 1) {
    putDigest(value, slots, level * PAIR_LENGTH + SHA256_LENGTH);
    value = digest(slotOf(level));
    level++;
    index = (index - 1) / 2;
  }
  putDigest(value, slots, level * PAIR_LENGTH);
}

function slotOf(level: number): Buffer {
  return slots.subarray(level * PAIR_LENGTH, (level + 1) * PAIR_LENGTH);
}

/**
 * Hash of one piece from its bytes: SHA-256 of its blocks, joined up to `height`, which is {@link TreeGeometry.pieceLayer}
 * of its file (BEP 52: the last piece of a file of several is padded to the length of a piece, the only piece of a file just
 * to a power of two of blocks). The leaf hashes go to the start of `leaves` where it is given. Throws
 * ERR_METAINFO_OUT_OF_RANGE where the data is longer than such a piece or `leaves` is too small.
 */
export function hashPiece(data: Uint8Array, height: number, leaves?: Uint8Array): Uint8Array {
  return rootOfLayer(hashBlocks(data, leaves), 0, height);
}

/**
 * Whether some bytes are the `piece layers` entry of a file (BEP 52): as many hashes as it has pieces, with its root above
 * them. Takes one SHA-256 of 64 bytes for each piece. Throws ERR_METAINFO_OUT_OF_RANGE as {@link treeGeometry} does.
 */
export function checkPieceLayer(
  piecesRoot: Uint8Array,
  layer: Uint8Array,
  fileLength: number,
  pieceLength: number,
): boolean {
  const { pieceCount, pieceLayer, height } = treeGeometry(fileLength, pieceLength);
  if (layer.length !== pieceCount * SHA256_LENGTH) return false;
  return sameBytes(rootOfLayer(layer, pieceLayer, height), piecesRoot);
}

/** Whether two arrays hold the same. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function countOf(hashes: Uint8Array): number {
  if (hashes.length % SHA256_LENGTH !== 0) {
    throw outOfRange(`${hashes.length} bytes are no whole number of hashes`);
  }
  return hashes.length / SHA256_LENGTH;
}

function roomFor(length: number, into: Uint8Array | undefined): Uint8Array {
  if (into === undefined) return new Uint8Array(length);
  if (into.length < length) throw outOfRange(`${into.length} bytes are no room for ${length}`);
  return into.subarray(0, length);
}
