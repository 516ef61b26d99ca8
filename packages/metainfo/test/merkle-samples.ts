import fc from 'fast-check';
import type { HashRequest } from '../src/index.ts';
import { BLOCK_LENGTH, treeGeometry } from '../src/index.ts';
import type { NaiveTree } from './merkle-support.ts';

export const KIB = 1024;

/** Data of some blocks and bytes that is cheap to make; blocks differ from one another. */
export function dataOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1_000) bytes[at] = 1 + ((at / 1_000) % 251);
  return bytes;
}

export const lengths = fc.oneof(
  fc.integer({ min: 1, max: 70 * BLOCK_LENGTH }),
  // Lengths at the edges of blocks.
  fc
    .tuple(fc.integer({ min: 1, max: 70 }), fc.constantFrom(-1, 0, 1))
    .map(([blocks, more]) => blocks * BLOCK_LENGTH + more),
);
export const pieceLengths = fc.constantFrom(16 * KIB, 32 * KIB, 64 * KIB, 256 * KIB, 2_048 * KIB);

/** A known piece layer, one hash per piece. */
export function pieceLayerOf(
  naive: NaiveTree,
  fileLength: number,
  pieceLength: number,
): Uint8Array {
  const { pieceLayer, pieceCount } = treeGeometry(fileLength, pieceLength);
  return naive.range(pieceLayer, 0, pieceCount);
}

/** Every request of a layer that BEP 52 allows. */
export function requestsOf(
  piecesRoot: Uint8Array,
  height: number,
  baseLayer: number,
): fc.Arbitrary<HashRequest> {
  const layers = height - baseLayer;
  return fc
    .tuple(fc.integer({ min: 1, max: Math.min(9, layers) }), fc.nat(), fc.nat(layers - 1))
    .map(([exponent, at, proofLayers]) => ({
      piecesRoot,
      baseLayer,
      length: 2 ** exponent,
      index: (at % 2 ** (layers - exponent)) * 2 ** exponent,
      proofLayers,
    }));
}

/** Compare many bytes; `toEqual` looks at each of them. */
export function expectSame(left: Uint8Array | undefined, right: Uint8Array | undefined): void {
  expect(left).toBeInstanceOf(Uint8Array);
  expect(Buffer.compare(left ?? new Uint8Array(), right ?? new Uint8Array())).toBe(0);
}

/** A file's hashes without the file: leaves that are numbers. */
export function numberedHashes(count: number): Uint8Array {
  const hashes = new Uint8Array(count * 32).fill(7);
  const view = new DataView(hashes.buffer);
  for (let slot = 0; slot < count; slot++) view.setUint32(slot * 32, slot);
  return hashes;
}

/** Turns one bit round. */
export function flipBit(bytes: Uint8Array, at: number): void {
  const bit = at % (8 * bytes.length);
  bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
}
