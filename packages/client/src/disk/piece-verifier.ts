import { createHash } from 'node:crypto';
import { hashBlocks, rootOfLayer } from '@shoal/metainfo';
import { BLOCK_BYTES } from './disk-limits.ts';
import type { DiskLayout } from './disk-layout.ts';
import { SHA1_LENGTH, blockHashesOf, isDigestAt, sha1Text } from './piece-hash.ts';

/** What a piece turned out to be. */
export const DAMAGED = 0;
export const WHOLE = 1;
/** Exactly one of its two hashes is right: the torrent contradicts itself. */
export const INCONSISTENT = 2;
export type Verdict = typeof DAMAGED | typeof WHOLE | typeof INCONSISTENT;

/** Bytes of a SHA-256 digest. */
export const SHA256_LENGTH = 32;

/** Bytes of zeros hashed at a time for padding. */
const ZERO_CHUNK = 65_536;
const zeros = new Uint8Array(ZERO_CHUNK);

/**
 * Compares pieces with the hashes they must have: SHA-1 over the piece with its padding (BEP 3), the root over the SHA-256 of
 * its blocks without (BEP 52), or both. A hybrid torrent whose SHA-256 hashes are not known yet is held to SHA-1 alone; a
 * piece of which no hash is known is never whole.
 */
export class PieceVerifier {
  /** Leaf hashes of the last piece. */
  #leaves = new Uint8Array(0);

  /** What the payload of a piece is worth. One pass over it for each kind of hash. */
  verify(layout: DiskLayout, piece: number, payload: Uint8Array): Verdict {
    const v1 =
      layout.data.hashes === undefined
        ? undefined
        : isSha1Of(layout, piece, sha1WithPadding(payload, layout.pieceLengthAt(piece)));
    if (!knowsV2(layout, piece)) return verdictOf(v1, undefined);
    const leaves = hashBlocks(payload, this.leavesFor(payload.length));
    return verdictOf(v1, isRootOf(layout, piece, leaves));
  }

  /**
   * Hashes of the 16-KiB blocks of a piece, for blame: SHA-256 leaf hashes, 32 bytes each, where its SHA-256 hash is known,
   * else SHA-1, 20 bytes each.
   */
  blockHashes(layout: DiskLayout, piece: number, payload: Uint8Array): Uint8Array {
    return knowsV2(layout, piece) ? hashBlocks(payload) : blockHashesOf(payload);
  }

  /** Room for the leaf hashes of so many bytes; the same memory each time. */
  leavesFor(length: number): Uint8Array {
    const bytes = Math.ceil(length / BLOCK_BYTES) * SHA256_LENGTH;
    if (this.#leaves.length < bytes) this.#leaves = new Uint8Array(bytes);
    return this.#leaves.subarray(0, bytes);
  }
}

/** Whether a piece has a SHA-256 hash that is known. */
export function knowsV2({ data: { v2 } }: DiskLayout, piece: number): boolean {
  return v2 !== undefined && Atomics.load(v2.known, piece) === 1;
}

/** Whether `text`, as {@link sha1Text} gives it, is the SHA-1 of a piece with its padding. */
export function isSha1Of({ data: { hashes } }: DiskLayout, piece: number, text: string): boolean {
  return hashes !== undefined && isDigestAt(text, hashes, piece * SHA1_LENGTH);
}

/** Whether leaf hashes, 32 bytes for each block, lead to the SHA-256 hash of a piece, which is known. */
export function isRootOf(layout: DiskLayout, piece: number, leaves: Uint8Array): boolean {
  return isSha256Of(layout, piece, rootOfLayer(leaves, 0, layout.hashLayerOf(piece)));
}

/** Whether 32 bytes are the SHA-256 hash of a piece, which is known. */
export function isSha256Of({ data: { v2 } }: DiskLayout, piece: number, hash: Uint8Array): boolean {
  const at = piece * SHA256_LENGTH;
  const expected = v2?.hashes.subarray(at, at + SHA256_LENGTH);
  return expected !== undefined && Buffer.compare(expected, hash) === 0;
}

/** What two hashes say of a piece; undefined: it has no such hash, or none that is known. */
export function verdictOf(v1: boolean | undefined, v2: boolean | undefined): Verdict {
  if (v1 !== undefined && v2 !== undefined && v1 !== v2) return INCONSISTENT;
  return (v1 ?? v2) === true ? WHOLE : DAMAGED;
}

/** SHA-1 of a payload and the zeros that fill its piece up, as {@link sha1Text} gives it. */
function sha1WithPadding(payload: Uint8Array, pieceLength: number): string {
  if (payload.length === pieceLength) return sha1Text(payload);
  const hash = createHash('sha1').update(payload);
  addZeros(hash, pieceLength - payload.length);
  return hash.digest('binary');
}

/** Puts so many zeros into a hash. */
export function addZeros(hash: ReturnType<typeof createHash>, count: number): void {
  for (let left = count; left > 0; left -= ZERO_CHUNK) {
    hash.update(left >= ZERO_CHUNK ? zeros : zeros.subarray(0, left));
  }
}
