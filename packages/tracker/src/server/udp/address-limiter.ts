/** Addresses remembered: 12 bytes each. */
const ENTRIES = 65_536;
/** Places an address may have. */
const WAYS = 4;
/** Numbers of a well-known integer mixer (the finalizer of MurmurHash3). */
const MIX_1 = 0x85eb_ca6b;
const MIX_2 = 0xc2b2_ae35;

/**
 * Limits how much each address may ask, with a table of fixed size: an IPv4 address, or an IPv6 /64, which is one customer's. An
 * address that finds no place takes that of the one that has been quiet for longest, so a flood from many addresses costs no
 * memory, and nobody is refused because of others.
 */
export class AddressLimiter {
  /** Milliseconds that one request takes up. */
  readonly #cost: number;
  /** Milliseconds of requests that may come at once. */
  readonly #depth: number;
  readonly #seed: number;
  /** Who has the entry; a hash of the address. */
  readonly #owners = new Uint32Array(ENTRIES);
  /** Until when, in milliseconds of the clock, the entry's requests have used up its rate. */
  readonly #until = new Float64Array(ENTRIES).fill(-Infinity);

  /**
   * @param rate requests a second
   * @param burst requests at once
   * @param seed a random 32-bit number, so that nobody can choose addresses that share an entry
   */
  constructor(rate: number, burst: number, seed: number) {
    this.#cost = 1000 / rate;
    this.#depth = this.#cost * burst;
    this.#seed = seed;
  }

  /** Counts a request of an address (4 words); false when it is one too many. `now` in milliseconds. */
  admits(address: Uint32Array, family: 4 | 6, now: number): boolean {
    const upper = family === 4 ? (address[3] ?? 0) : (address[0] ?? 0);
    const lower = family === 4 ? 0 : (address[1] ?? 0);
    let hash = Math.imul(upper ^ this.#seed, MIX_1);
    hash ^= hash >>> 15;
    hash = Math.imul(hash ^ lower, MIX_2);
    hash ^= hash >>> 13;
    const owner = Math.imul(hash, MIX_1) >>> 0;
    const first = (hash >>> 0) & (ENTRIES - WAYS);
    let entry = -1;
    let quietest = first;
    for (let at = first; at < first + WAYS; at += 1) {
      if (this.#owners[at] === owner) {
        entry = at;
        break;
      }
      if ((this.#until[at] ?? 0) < (this.#until[quietest] ?? 0)) quietest = at;
    }
    if (entry < 0) {
      entry = quietest;
      this.#owners[entry] = owner;
      this.#until[entry] = now;
    }
    const until = Math.max(this.#until[entry] ?? 0, now) + this.#cost;
    if (until - now > this.#depth) return false;
    this.#until[entry] = until;
    return true;
  }
}
