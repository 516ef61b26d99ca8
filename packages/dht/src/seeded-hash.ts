import type { Random } from '@shoal/net';

/**
 * Hashes bytes to 32 bits for tables that strangers fill: seeded, so that nobody can tell which keys share a place. Made for
 * speed, not for secrets.
 */
export class SeededHash {
  readonly #seed: number;
  readonly #secondSeed: number;

  constructor(random: Random) {
    this.#seed = random.integer(2 ** 32);
    this.#secondSeed = random.integer(2 ** 32);
  }

  /** An unsigned 32-bit hash of the first `length` bytes, all of them by default. */
  of(bytes: Uint8Array, length = bytes.length): number {
    let hash = this.#seed ^ length;
    for (let at = 0; at < length; at += 4) hash = mix(hash ^ wordAt(bytes, at)) ^ this.#secondSeed;
    return mix(hash) >>> 0;
  }
}

/** Four bytes as an unsigned 32-bit number, the first one highest. Bytes beyond the end are 0. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

/** Writes what {@link wordAt} reads. */
export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** A permutation of 32-bit words in which each bit that goes in changes half of those that come out. */
function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return mixed ^ (mixed >>> 16);
}
