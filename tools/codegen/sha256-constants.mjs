// @ts-check
/** What FIPS 180-4 gives for SHA-256. */

/** The 32 bits after the point. @param {number} value */
const fraction = (value) => Math.floor((value % 1) * 2 ** 32);

/** @param {number} count */
function firstPrimes(count) {
  /** @type {number[]} */
  const primes = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

/** Rounds of one block of 64 bytes. */
export const ROUNDS = 64;
/** 32-bit words of a block. */
export const BLOCK_WORDS = 16;
const primes = firstPrimes(ROUNDS);
/** 4.2.2: one for each round. */
export const roundConstants = primes.map((prime) => fraction(Math.cbrt(prime)));
/** 5.3.3: the state at the beginning. */
export const initialState = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** @typedef {readonly [number, number, number]} Mix two rotations and, third, a rotation or a shift, in bits */
/** 4.1.2. */
export const MIX = /** @type {const} */ ({
  bigSigma0: [2, 13, 22],
  bigSigma1: [6, 11, 25],
  smallSigma0: [7, 18, 3],
  smallSigma1: [17, 19, 10],
});

/**
 * What the rounds add for the second block of a message of 64 bytes, which is nothing but padding: round constant and message
 * schedule in one (5.1.1 and 6.2.2).
 */
export function paddingRounds() {
  const schedule = new Uint32Array(ROUNDS);
  schedule[0] = 0x80000000;
  schedule[BLOCK_WORDS - 1] = 8 * 64;
  /** @param {number} index */
  const word = (index) => schedule[index] ?? 0;
  for (let round = BLOCK_WORDS; round < ROUNDS; round++) {
    schedule[round] =
      smallSigma(word(round - 2), MIX.smallSigma1) +
      word(round - 7) +
      smallSigma(word(round - 15), MIX.smallSigma0) +
      word(round - 16);
  }
  return roundConstants.map((constant, round) => (constant + word(round)) >>> 0);
}

/** @param {number} word @param {Mix} mix */
const smallSigma = (word, [first, second, shift]) =>
  (rotate(word, first) ^ rotate(word, second) ^ (word >>> shift)) >>> 0;

/** @param {number} word @param {number} bits */
const rotate = (word, bits) => (word >>> bits) | (word << (32 - bits));
