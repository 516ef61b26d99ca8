import type { Bitfield } from '@shoal/peer-wire';
import type { Random } from '@shoal/net';

/** The highest piece priority; 0 means unwanted. */
export const HIGHEST_PRIORITY = 7;

/**
 * Candidates looked at in order of rarity before the search turns to the peer's own bits, which is dearer for a peer that
 * has much and cheaper for one that has little: keeps a pick short where the rarest pieces are all elsewhere.
 */
export const RARITY_PROBES = 2048;

/** Attempts to hit a piece that the peer has while the first pieces are chosen at random. */
const RANDOM_PROBES = 16;

/** A further condition on a piece, such as "may be asked for while choked". */
export type PieceFilter = (piece: number) => boolean;

/**
 * How many connected peers have each piece, and the candidates (missing, wanted pieces) in order of priority and rarity.
 *
 * Candidates lie in one bucket for each priority and availability, in random order within it, so that any change of rank is
 * a swap-remove and a push. Seeds are not counted here: they raise all pieces alike and do not change the order.
 */
export class PieceRanking {
  readonly #priority: Uint8Array;
  readonly #availability: Uint16Array;
  /** Index of a candidate within its bucket; -1 for pieces that are no candidates. */
  readonly #position: Int32Array;
  readonly #buckets: number[][][] = [];
  readonly #counts = new Int32Array(HIGHEST_PRIORITY + 1);
  /** For each priority, an index below which there is no candidate. */
  readonly #lowest = new Int32Array(HIGHEST_PRIORITY + 1);
  readonly #random: Random;
  /** State of the xorshift generator that breaks ties: far cheaper than a call of `Random` for each HAVE. */
  #tie: number;
  #total = 0;

  /** `priority` is owned by the caller, who takes a piece out while it changes its priority. */
  constructor(priority: Uint8Array, random: Random) {
    this.#priority = priority;
    this.#availability = new Uint16Array(priority.length);
    this.#position = new Int32Array(priority.length).fill(-1);
    for (let level = 0; level <= HIGHEST_PRIORITY; level++) this.#buckets.push([]);
    this.#random = random;
    this.#tie = random.integer(0xffffffff) + 1;
  }

  /** Candidates of all priorities. */
  get total(): number {
    return this.#total;
  }

  /** Candidates of one priority. */
  countAt(priority: number): number {
    return this.#counts[priority] ?? 0;
  }

  /** Peers, not counting seeds, that have the piece. */
  availabilityOf(piece: number): number {
    return this.#availability[piece] ?? 0;
  }

  has(piece: number): boolean {
    return (this.#position[piece] ?? -1) >= 0;
  }

  /** Makes a piece a candidate. */
  add(piece: number): void {
    if (this.has(piece)) return;
    const priority = this.#priority[piece] ?? 0;
    this.#insert(piece, priority);
    this.#counts[priority] = this.countAt(priority) + 1;
    this.#total++;
    if (piece < (this.#lowest[priority] ?? 0)) this.#lowest[priority] = piece;
  }

  /** The piece is no candidate any more. */
  remove(piece: number): void {
    if (!this.has(piece)) return;
    const priority = this.#priority[piece] ?? 0;
    this.#take(piece, priority);
    this.#counts[priority] = this.countAt(priority) - 1;
    this.#total--;
  }

  /** One more (`by` 1) or one less (`by` -1) peer has the piece. */
  adjust(piece: number, by: 1 | -1): void {
    const now = this.availabilityOf(piece) + by;
    if (now < 0 || now > 0xffff) return;
    if (!this.has(piece)) {
      this.#availability[piece] = now;
      return;
    }
    const priority = this.#priority[piece] ?? 0;
    this.#take(piece, priority);
    this.#availability[piece] = now;
    this.#insert(piece, priority);
  }

  /** The rarest candidate of a priority that is in `have`, or -1. */
  rarest(priority: number, have: Bitfield, isSeed: boolean, allowed?: PieceFilter): number {
    const levels = this.#buckets[priority] ?? [];
    let probes = 0;
    // A peer that is no seed raised the availability of what it has, so it has nothing at level 0.
    for (let level = isSeed ? 0 : 1; level < levels.length; level++) {
      const bucket = levels[level] ?? [];
      for (const piece of bucket) {
        if (have.get(piece) && (allowed === undefined || allowed(piece))) return piece;
        if (++probes > RARITY_PROBES) return this.#rarestOfBits(priority, have, allowed);
      }
    }
    return -1;
  }

  /** The candidate most peers have of the lowest priority that is in `have`, or -1. */
  commonest(have: Bitfield, allowed?: PieceFilter): number {
    let probes = 0;
    for (let priority = 1; priority <= HIGHEST_PRIORITY; priority++) {
      const levels = this.#buckets[priority] ?? [];
      for (let level = levels.length - 1; level >= 0; level--) {
        const bucket = levels[level] ?? [];
        for (const piece of bucket) {
          if (have.get(piece) && (allowed === undefined || allowed(piece))) return piece;
          if (++probes > RARITY_PROBES) return this.#firstOfBits(have, allowed);
        }
      }
    }
    return -1;
  }

  /** A candidate of a priority, chosen at random from those in `have`; -1 when a few attempts found none. */
  anyOf(priority: number, have: Bitfield, allowed?: PieceFilter): number {
    const count = this.countAt(priority);
    if (count === 0) return -1;
    for (let probe = 0; probe < RANDOM_PROBES; probe++) {
      const piece = this.#nth(priority, this.#random.integer(count));
      if (piece >= 0 && have.get(piece) && (allowed === undefined || allowed(piece))) return piece;
    }
    return -1;
  }

  /** The candidate of a priority with the lowest index that is in `have`, or -1. */
  lowest(priority: number, have: Bitfield, allowed?: PieceFilter): number {
    const end = this.#priority.length;
    let settled = true;
    for (let piece = this.#lowest[priority] ?? 0; piece < end; piece++) {
      if (this.has(piece) && this.#priority[piece] === priority) {
        settled = false;
        if (have.get(piece) && (allowed === undefined || allowed(piece))) return piece;
      } else if (settled) this.#lowest[priority] = piece + 1;
    }
    return -1;
  }

  #nth(priority: number, index: number): number {
    let left = index;
    for (const bucket of this.#buckets[priority] ?? []) {
      if (left < bucket.length) return bucket[left] ?? -1;
      left -= bucket.length;
    }
    return -1;
  }

  #rarestOfBits(priority: number, have: Bitfield, allowed?: PieceFilter): number {
    let best = -1;
    let bestAvailability = 0x10000;
    const bytes = have.bytes;
    for (let index = 0; index < bytes.length; index++) {
      const bits = bytes[index] ?? 0;
      if (bits === 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (0x80 >> bit)) === 0) continue;
        const piece = index * 8 + bit;
        if (!this.has(piece) || this.#priority[piece] !== priority) continue;
        const availability = this.availabilityOf(piece);
        if (availability >= bestAvailability) continue;
        if (allowed !== undefined && !allowed(piece)) continue;
        best = piece;
        bestAvailability = availability;
      }
    }
    return best;
  }

  #firstOfBits(have: Bitfield, allowed?: PieceFilter): number {
    const bytes = have.bytes;
    for (let index = 0; index < bytes.length; index++) {
      const bits = bytes[index] ?? 0;
      if (bits === 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (0x80 >> bit)) === 0) continue;
        const piece = index * 8 + bit;
        if (this.has(piece) && (allowed === undefined || allowed(piece))) return piece;
      }
    }
    return -1;
  }

  #bucketOf(piece: number, priority: number): number[] {
    const levels = this.#buckets[priority] ?? [];
    const level = this.availabilityOf(piece);
    while (levels.length <= level) levels.push([]);
    return levels[level] ?? [];
  }

  /** Puts a piece at a random place of its bucket. */
  #insert(piece: number, priority: number): void {
    const bucket = this.#bucketOf(piece, priority);
    const last = bucket.length;
    let tie = this.#tie;
    tie ^= tie << 13;
    tie ^= tie >>> 17;
    tie ^= tie << 5;
    this.#tie = tie;
    const at = (tie >>> 0) % (last + 1);
    bucket.push(piece);
    if (at !== last) {
      const other = bucket[at] ?? 0;
      bucket[last] = other;
      this.#position[other] = last;
      bucket[at] = piece;
    }
    this.#position[piece] = at;
  }

  #take(piece: number, priority: number): void {
    const bucket = this.#bucketOf(piece, priority);
    const at = this.#position[piece] ?? 0;
    const last = bucket.pop() ?? piece;
    if (last !== piece) {
      bucket[at] = last;
      this.#position[last] = at;
    }
    this.#position[piece] = -1;
  }
}
