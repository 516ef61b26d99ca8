import { randomFillSync } from 'node:crypto';
import type { Random } from '../contracts.ts';
import { boundedInteger } from '../random.ts';

/** Words fetched from the system at a time: single calls cost 1 µs and more each. */
const POOL_WORDS = 256;
const pool = new Uint32Array(POOL_WORDS);
let used = POOL_WORDS;

function nextWord(): number {
  if (used === POOL_WORDS) {
    randomFillSync(pool);
    used = 0;
  }
  const word = pool[used] ?? 0;
  // A word is given out once and not kept.
  pool[used] = 0;
  used++;
  return word;
}

/** Cryptographically strong randomness from the system. */
export const systemRandom: Random = {
  next: () => ((nextWord() >>> 5) * 67_108_864 + (nextWord() >>> 6)) / 9_007_199_254_740_992,
  integer: (limit) => boundedInteger(limit, nextWord),
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};
