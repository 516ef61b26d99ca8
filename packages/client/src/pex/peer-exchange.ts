import { type AddressKind, addressKind, type Endpoint, endpointKey } from '@shoal/net';
import type { PexPeer, UtPexMessage } from '@shoal/peer-wire';
import type { PexRoster, RosterEntry } from './pex-roster.ts';

/** Milliseconds between two messages to a peer (BEP 11). */
export const PEX_PERIOD = 60_000;
/** Peers of either kind in one message (BEP 11). */
const MAX_IN_MESSAGE = 50;
/** Peers one peer is told of at a time: enough to find the rest through them. */
const MAX_TOLD = 100;

/** Messages taken of a peer at once: what a pause of the line has held up comes together. */
const MAX_BURST = 4;
/** Milliseconds in which a peer may send one more: half of what it has to wait. */
const EARN_TIME = 30_000;
/** Messages beyond that after which a peer is no mistaken one. */
export const MAX_EXCESS = 60;
/** Peers that one peer may have named to us and not dropped again: it must not be our only source (BEP 11). */
export const MAX_NAMED = 200;

/** Peer exchange (BEP 11) with one peer: what it is told when, and how much of what it says is taken. No I/O. */
export class PeerExchange {
  readonly #remote: Endpoint;
  readonly #kind: AddressKind;
  /** What it was told of. */
  readonly #told = new Set<RosterEntry>();
  #nextAt = -Infinity;
  #seen = -1;
  /** Endpoints it has named. */
  readonly #named = new Set<string>();
  #allowance = MAX_BURST;
  #earnedAt: number;
  #excess = 0;

  /** @param now monotonic ms */
  constructor(remote: Endpoint, now: number) {
    // A zone is no part of an address.
    const address = remote.address.replace(/%.*$/, '');
    this.#remote = { address, port: remote.port };
    this.#kind = addressKind(address);
    this.#earnedAt = now;
  }

  /** How often it has sent more than it may. */
  get excess(): number {
    return this.#excess;
  }

  /** What it is to be told now; undefined: nothing, or not yet. `self` is its own entry. */
  next(roster: PexRoster, self: RosterEntry | undefined, now: number): UtPexMessage | undefined {
    if (now < this.#nextAt || roster.version === this.#seen) return undefined;
    const dropped = this.#takeDropped();
    const added = this.#takeAdded(roster, self);
    if (added.length === 0 && dropped.length === 0) {
      this.#seen = roster.version;
      return undefined;
    }
    this.#nextAt = now + PEX_PERIOD;
    // What did not fit is for the next message.
    if (added.length < MAX_IN_MESSAGE && dropped.length < MAX_IN_MESSAGE) {
      this.#seen = roster.version;
    }
    return { added, dropped };
  }

  /** A message has come: those of the peers it names that are to be believed. */
  take({ added, dropped }: UtPexMessage, now: number): PexPeer[] {
    if (!this.#mayCome(now)) return [];
    for (const endpoint of dropped) this.#named.delete(endpointKey(endpoint));
    const addresses = new Set<string>();
    const taken: PexPeer[] = [];
    for (const peer of added) {
      if (this.#named.size >= MAX_NAMED) break;
      const key = endpointKey(peer);
      // Several ports of one address in a message are somebody's who is to be flooded.
      const isDouble = addresses.has(peer.address) && addressKind(peer.address) === 'public';
      if (isDouble || !this.#mayName(peer) || this.#named.has(key)) continue;
      addresses.add(peer.address);
      this.#named.add(key);
      taken.push(peer);
    }
    return taken;
  }

  /** An address that is not public means something only to those near it. */
  #mayName({ address }: Endpoint): boolean {
    const kind = addressKind(address);
    return kind === 'public' || kind === this.#kind;
  }

  #takeDropped(): Endpoint[] {
    const dropped: Endpoint[] = [];
    for (const entry of this.#told) {
      if (!entry.gone) continue;
      this.#told.delete(entry);
      dropped.push(entry.endpoint);
      if (dropped.length === MAX_IN_MESSAGE) break;
    }
    return dropped;
  }

  #takeAdded(roster: PexRoster, self: RosterEntry | undefined): PexPeer[] {
    const added: PexPeer[] = [];
    const own = endpointKey(this.#remote);
    for (const entry of roster.entries) {
      if (added.length === MAX_IN_MESSAGE || this.#told.size >= MAX_TOLD) break;
      if (entry === self || this.#told.has(entry) || !this.#mayName(entry.endpoint)) continue;
      if (endpointKey(entry.endpoint) === own) continue;
      this.#told.add(entry);
      added.push({ ...entry.endpoint, flags: entry.flags });
    }
    return added;
  }

  #mayCome(now: number): boolean {
    this.#allowance = Math.min(MAX_BURST, this.#allowance + (now - this.#earnedAt) / EARN_TIME);
    this.#earnedAt = now;
    if (this.#allowance < 1) {
      this.#excess++;
      return false;
    }
    this.#allowance -= 1;
    return true;
  }
}
