import type { Endpoint } from '@shoal/net';
import type { NodeInfo } from '../krpc/index.ts';
import { MAX_SHORTLIST } from '../limits.ts';
import { compareDistance } from '../node-id.ts';

/** How far a lookup has come with a node: `slow` has been asked and takes long, but may answer yet. */
export type CandidateState = 'new' | 'asked' | 'slow' | 'answered' | 'failed';

/** A node in a lookup. */
export class Candidate implements NodeInfo {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
  /** Its id follows from its address (BEP 42), or it is on a local network. */
  readonly secure: boolean;
  /** Replies it took to hear of it, counted from our own table: 1 for those. */
  readonly hops: number;
  state: CandidateState = 'new';
  /** What it wants to be given back with `announce_peer` or `put`; a copy. */
  token: Uint8Array | undefined;

  constructor(node: NodeInfo, secure: boolean, hops: number) {
    this.id = node.id;
    this.endpoint = node.endpoint;
    this.secure = secure;
    this.hops = hops;
  }
}

/** The closest nodes to a target of those a lookup has heard of, a bounded number of them. */
export class Shortlist {
  readonly #target: Uint8Array;
  /** The closest first. */
  readonly #candidates: Candidate[] = [];

  constructor(target: Uint8Array) {
    this.#target = target;
  }

  /** Takes a candidate in, unless the list is full of closer ones. */
  add(candidate: Candidate): void {
    const list = this.#candidates;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = list[middle];
      if (other !== undefined && compareDistance(other.id, candidate.id, this.#target) <= 0) {
        low = middle + 1;
      } else high = middle;
    }
    if (low >= MAX_SHORTLIST) return;
    list.splice(low, 0, candidate);
    if (list.length > MAX_SHORTLIST) list.pop();
  }

  /** The closest candidate to be asked: one among the `count` closest that have not failed and are not slow. */
  next(count: number): Candidate | undefined {
    let living = 0;
    for (const candidate of this.#candidates) {
      if (candidate.state === 'new') return candidate;
      if (candidate.state !== 'failed' && candidate.state !== 'slow') living++;
      if (living >= count) return undefined;
    }
    return undefined;
  }

  /** The `count` closest that have not failed and are not slow have all answered, and there is no other to ask. */
  isSettled(count: number): boolean {
    let living = 0;
    for (const { state } of this.#candidates) {
      if (state === 'new' || state === 'asked') return false;
      if (state === 'answered') living++;
      if (living >= count) return true;
    }
    return true;
  }

  /** The `count` closest that have answered. */
  answered(count: number): Candidate[] {
    const found: Candidate[] = [];
    for (const candidate of this.#candidates) {
      if (candidate.state !== 'answered') continue;
      found.push(candidate);
      if (found.length >= count) break;
    }
    return found;
  }
}
