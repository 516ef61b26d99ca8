import { addressKind } from '@shoal/net';
import { networkOf } from './table/network.ts';

/** Votes that are remembered, the newest. */
const MAX_VOTES = 32;
/** Lines (/24, /64) that must say the same. */
const QUORUM = 4;

/**
 * What our address is to others, as nodes that answered us say (BEP 42, `ip`). Each line has one vote, and more than half of the
 * votes must be the same.
 */
export class AddressVotes {
  /** By the voter's line, the newest last. */
  readonly #votes = new Map<string, string>();
  #elected: string | undefined;

  /** The address most say we have, or undefined while it is not clear. */
  get elected(): string | undefined {
    return this.#elected;
  }

  /** A node at `voter` says our address is `address`. True when another address is elected now. */
  add(address: string, voter: string): boolean {
    const kind = addressKind(address);
    if (kind === 'multicast' || kind === 'unspecified') return false;
    const line = networkOf(voter) ?? voter;
    this.#votes.delete(line);
    this.#votes.set(line, address);
    if (this.#votes.size > MAX_VOTES) {
      for (const oldest of this.#votes.keys()) {
        this.#votes.delete(oldest);
        break;
      }
    }
    if (address === this.#elected) return false;
    let same = 0;
    for (const vote of this.#votes.values()) if (vote === address) same++;
    if (same < QUORUM || same * 2 <= this.#votes.size) return false;
    this.#elected = address;
    return true;
  }
}
