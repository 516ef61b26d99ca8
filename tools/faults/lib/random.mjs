// @ts-check
import { createCipheriv, createHash } from 'node:crypto';

/**
 * Numbers that look random and are the same for the same seed (mulberry32).
 *
 * @param {number | string} seed
 * @returns {() => number} from 0 to below 1
 */
export function randomOf(seed) {
  let state = createHash('md5').update(String(seed)).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {() => number} random
 * @param {number} below
 * @returns {number} a whole number from 0 to below `below`
 */
export function integer(random, below) {
  return Math.floor(random() * below);
}

/**
 * Bytes that look random and are the same for the same seed.
 *
 * @param {number} length
 * @param {number | string} seed
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function noise(length, seed) {
  const key = createHash('md5').update(String(seed)).digest();
  const cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
  return new Uint8Array(cipher.update(new Uint8Array(length)));
}
