import { hash } from 'node:crypto';
import { FILTER_BYTES } from './krpc/messages.ts';

/** Bits of a filter: m of BEP 33. */
const FILTER_BITS = FILTER_BYTES * 8;
/** Bits set for each address: k of BEP 33. */
const BITS_PER_ADDRESS = 2;
/** The bits of an index: 2^11 = {@link FILTER_BITS}. */
const INDEX_MASK = FILTER_BITS - 1;
/** Bits by which the second index of a pair is shifted. */
const SECOND_SHIFT = 11;

/**
 * The two places of an address in a filter, packed into 22 bits, for whoever keeps many addresses: hashing is what costs.
 * @param address 4 or 16 bytes in network byte order.
 */
export function scrapeBits(address: Uint8Array): number {
  // One character for each byte: the cheapest form Node gives a digest in.
  const digest = hash('sha1', address, 'binary');
  const first = digest.charCodeAt(0) | (digest.charCodeAt(1) << 8);
  const second = digest.charCodeAt(2) | (digest.charCodeAt(3) << 8);
  return (first & INDEX_MASK) | ((second & INDEX_MASK) << SECOND_SHIFT);
}

/**
 * A set of addresses of which only the size can be estimated (a Bloom filter, BEP 33): what nodes answer scrapes with, since
 * the sets of several nodes can be united without counting anyone twice. Useful up to about 6,000 addresses.
 */
export class ScrapeFilter {
  /** The filter as it is sent: 256 bytes, changed in place by {@link insert} and {@link merge}. */
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The empty set. */
  static empty(): ScrapeFilter {
    return new ScrapeFilter(new Uint8Array(FILTER_BYTES));
  }

  /** A filter from outside, copied; undefined when it has not 256 bytes. Any 256 bytes are a filter. */
  static from(bytes: Uint8Array): ScrapeFilter | undefined {
    return bytes.length === FILTER_BYTES ? new ScrapeFilter(new Uint8Array(bytes)) : undefined;
  }

  /**
   * Adds an address.
   * @param address 4 or 16 bytes in network byte order.
   */
  insert(address: Uint8Array): void {
    this.insertBits(scrapeBits(address));
  }

  /** Adds the address that {@link scrapeBits} gave these places for. */
  insertBits(bits: number): void {
    this.#set(bits & INDEX_MASK);
    this.#set((bits >>> SECOND_SHIFT) & INDEX_MASK);
  }

  /** Whether the address may have been added; false means that it was not. */
  has(address: Uint8Array): boolean {
    const bits = scrapeBits(address);
    return this.#isSet(bits & INDEX_MASK) && this.#isSet((bits >>> SECOND_SHIFT) & INDEX_MASK);
  }

  /** Makes this the union of both sets. */
  merge(other: ScrapeFilter): void {
    for (let at = 0; at < FILTER_BYTES; at++) {
      this.bytes[at] = (this.bytes[at] ?? 0) | (other.bytes[at] ?? 0);
    }
  }

  /** No address was added. */
  get isEmpty(): boolean {
    return this.bytes.every((byte) => byte === 0);
  }

  /** Every bit is set, as by about 10,000 addresses, or by who lies. */
  get isFull(): boolean {
    return this.bytes.every((byte) => byte === 0xff);
  }

  /**
   * The estimated number of addresses, as BEP 33 defines it: not an integer, and 0.5 for the empty set (ask {@link isEmpty}).
   * At most 7,806, for a full filter, which says nothing any more.
   */
  estimate(): number {
    const zeros = Math.min(FILTER_BITS - 1, this.#countZeros());
    // A full filter has no logarithm; it is taken for the fullest one that has.
    const share = Math.max(1, zeros) / FILTER_BITS;
    return Math.log(share) / (BITS_PER_ADDRESS * Math.log(1 - 1 / FILTER_BITS));
  }

  #countZeros(): number {
    let ones = 0;
    for (const byte of this.bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
    return FILTER_BITS - ones;
  }

  #set(index: number): void {
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) | (1 << (index & 7));
  }

  #isSet(index: number): boolean {
    return ((this.bytes[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }
}
