import type { Random } from './contracts.ts';

/** 2^32: the number of values of one step of the generator. */
const TWO_32 = 4_294_967_296;
/** 2^-53: the distance of two neighbours among the floats {@link Random.next} gives. */
const TWO_MINUS_53 = 1 / 9_007_199_254_740_992;
/** Steps thrown away after seeding, so that similar seeds have nothing in common. */
const WARM_UP_STEPS = 20;

/**
 * A repeatable source of randomness: the same seed gives the same sequence on every platform and in every version of
 * Node. The generator is sfc32 (Chris Doty-Humphrey's Small Fast Counter, 128 bits of state, period of at least 2^32).
 * Fit for simulations and tests; never for keys, tokens or peer ids on a real network.
 * @param seed Any number; its lower 32 bits and the next 21 count.
 */
export function seededRandom(seed: number): Random {
  return new SeededRandom(seed);
}

class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = 0x9e3779b9;
    this.#b = Math.floor(seed / TWO_32) | 0;
    this.#c = seed | 0;
    for (let step = 0; step < WARM_UP_STEPS; step++) this.#step();
  }

  next(): number {
    const high = this.#step() >>> 5;
    const low = this.#step() >>> 6;
    return (high * 67_108_864 + low) * TWO_MINUS_53;
  }

  integer(limit: number): number {
    return boundedInteger(limit, () => this.#step());
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.#step();
      for (let byte = 0; byte < 4 && at + byte < length; byte++)
        bytes[at + byte] = word >>> (byte * 8);
    }
    return bytes;
  }

  /** One step of sfc32: an unsigned 32-bit number. */
  #step(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    this.#c |= 0;
    return result >>> 0;
  }
}

/** Draws an integer in [0, limit) without bias: values of the incomplete last stretch are drawn again. */
export function boundedInteger(limit: number, draw: () => number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > TWO_32) {
    throw new RangeError(`limit must be an integer of 1 to 2^32, not ${limit}`);
  }
  const fair = TWO_32 - (TWO_32 % limit);
  let value = draw();
  while (value >= fair) value = draw();
  return value % limit;
}
