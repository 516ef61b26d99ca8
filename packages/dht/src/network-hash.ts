import { addressToBytes } from '@shoal/net';
import type { Random } from '@shoal/net';

/** Bytes of an IPv6 address that tell one customer from another: a household has a /64, and all of its addresses. */
const IPV6_NETWORK_BYTES = 8;

/**
 * Hashes the networks that limits are set for: an IPv4 address, or the /64 an IPv6 address is in. Seeded, so that nobody can
 * tell which networks share a place in a table; made for tables, not for secrets.
 */
export class NetworkHash {
  readonly #seed: number;
  readonly #secondSeed: number;

  constructor(random: Random) {
    this.#seed = random.integer(2 ** 32);
    this.#secondSeed = random.integer(2 ** 32);
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
    let hash = this.#seed;
    const length = Math.min(address.length, IPV6_NETWORK_BYTES);
    for (let at = 0; at < length; at += 4) {
      hash = mix(hash ^ wordAt(address, at)) ^ this.#secondSeed;
    }
    // The families do not meet: an IPv4 address is not the network of one word that begins the same.
    return mix(hash + address.length) >>> 0;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

/** A permutation of 32-bit words in which each bit in changes half of the bits out. */
function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return mixed ^ (mixed >>> 16);
}
