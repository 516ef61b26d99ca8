import { parseAddress } from '../address.ts';
import { addressWords } from './filter-line.ts';
import type { RangeTable } from './range-table.ts';

/**
 * Addresses that one has nothing to do with, as a list has them. Made by {@link IpFilterBuilder}. It is looked up in the logarithm of
 * the number of ranges, and holds 8 bytes for a range of IPv4 and 32 for one of IPv6.
 */
export class IpFilter {
  readonly #ipv4: RangeTable;
  readonly #ipv6: RangeTable;

  /** @internal */
  constructor(ipv4: RangeTable, ipv6: RangeTable) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  /** Ranges, those that overlapped or touched being one. */
  get ranges(): number {
    return this.#ipv4.size + this.#ipv6.size;
  }

  /** Bytes of memory that the ranges take. */
  get byteLength(): number {
    return this.#ipv4.byteLength + this.#ipv6.byteLength;
  }

  /** Whether an IP literal is in one of the ranges; an IPv4-mapped one is what the IPv4 address is. What is no literal is not. */
  blocks(address: string): boolean {
    if (this.ranges === 0) return false;
    // A scope id (fe80::1%eth0) is no part of the address.
    const literal = parseAddress(address.split('%', 1)[0] ?? address);
    if (literal === undefined) return false;
    const words = addressWords(literal);
    return (words.length === 1 ? this.#ipv4 : this.#ipv6).has(words);
  }
}
