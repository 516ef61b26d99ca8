import * as crypto from 'node:crypto';
import { BLOCK_BYTES } from './disk-limits.ts';

/** Bytes of a SHA-1 digest. */
export const SHA1_LENGTH = 20;

/**
 * SHA-1 as a string of 20 characters, one per byte: the cheapest form Node can return one in. `crypto.hash` is the faster way
 * and exists in every supported version except a few releases of Node 21.
 */
const oneShot = (crypto as { hash?: typeof crypto.hash }).hash;
export const sha1Text: (bytes: Uint8Array) => string =
  oneShot === undefined
    ? (bytes) => crypto.createHash('sha1').update(bytes).digest('binary')
    : (bytes) => oneShot('sha1', bytes, 'binary');

/** Whether `text`, as {@link sha1Text} gives it, is the digest that stands at `at` in `hashes`. */
export function isDigestAt(text: string, hashes: Uint8Array, at: number): boolean {
  for (let index = 0; index < SHA1_LENGTH; index++) {
    if (text.charCodeAt(index) !== hashes[at + index]) return false;
  }
  return true;
}

/** SHA-1 of each 16-KiB block, 20 bytes each. */
export function blockHashesOf(piece: Uint8Array): Uint8Array {
  const count = Math.ceil(piece.length / BLOCK_BYTES);
  const hashes = new Uint8Array(count * SHA1_LENGTH);
  for (let block = 0; block < count; block++) {
    const text = sha1Text(piece.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
    for (let index = 0; index < SHA1_LENGTH; index++) {
      hashes[block * SHA1_LENGTH + index] = text.charCodeAt(index);
    }
  }
  return hashes;
}
