import { randomBytes } from 'node:crypto';

/** Words of a pieces root (BEP 52). */
const WORDS = 8;

/**
 * Hashes pieces roots (BEP 52) for a table of them. It depends on random numbers: who makes a torrent can choose its roots, but not
 * such that they share slots. Two of these give different hashes.
 */
export class RootHash {
  readonly #factors = new Uint32Array(WORDS);

  constructor() {
    const random = randomBytes(4 * WORDS);
    for (let word = 0; word < WORDS; word++) {
      this.#factors[word] = random.readUInt32LE(4 * word) | 1;
    }
  }

  /** 32 bits for the root of 32 bytes that stands at a place of some bytes; the upper ones are the best. */
  of(bytes: Uint8Array, at: number): number {
    let hash = 0;
    for (let word = 0; word < WORDS; word++) {
      const from = at + 4 * word;
      const value =
        (bytes[from] ?? 0) |
        ((bytes[from + 1] ?? 0) << 8) |
        ((bytes[from + 2] ?? 0) << 16) |
        ((bytes[from + 3] ?? 0) << 24);
      hash = (hash + Math.imul(value, this.#factors[word] ?? 1)) | 0;
      hash ^= hash >>> 15;
    }
    return Math.imul(hash, this.#factors[0] ?? 1) >>> 0;
  }
}
