import { addressToBytes } from '@shoal/net';
import type { Random } from '@shoal/net';
import { SeededHash } from './seeded-hash.ts';

/** Bytes of an IPv6 address that tell one customer from another: a household has a /64, and all of its addresses. */
const IPV6_NETWORK_BYTES = 8;

/** Hashes the networks that limits are set for: an IPv4 address, or the /64 an IPv6 address is in. */
export class NetworkHash {
  readonly #hash: SeededHash;

  constructor(random: Random) {
    this.#hash = new SeededHash(random);
  }

  /**
   * An unsigned 32-bit hash.
   * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
   */
  of(address: string): number {
    return this.ofBytes(addressToBytes(address));
  }

  /** As {@link of}, for an address of 4 or 16 bytes in network byte order. */
  ofBytes(address: Uint8Array): number {
    return this.#hash.of(address, Math.min(address.length, IPV6_NETWORK_BYTES));
  }
}
