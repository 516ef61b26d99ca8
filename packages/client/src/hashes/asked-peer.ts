import type { HashRequest } from '@shoal/metainfo';
import { isSameHashRequest } from '@shoal/peer-wire';
import type { LeafSearch } from './leaf-search.ts';

/** Requests open with one peer, as libtorrent has it. */
const MAX_OUTSTANDING = 2;

/** Milliseconds after its time that the answer to a request is still waited for, and nothing put in the request's place. */
const LATE_TIME = 60_000;

/** Milliseconds that a peer is not asked again for a range it has rejected; each further time doubles it ... */
const MIN_REFUSAL = 30_000;
/** ... up to this. */
const MAX_REFUSAL = 600_000;

/** Ranges whose rejects are remembered of one peer; whoever rejects more is asked for nothing for a while. */
const MAX_REFUSED_RANGES = 64;

/** Rejects and silences in a row after which a peer is asked for no ranges at all for as long as for a rejected one. */
const MAX_FAILURES = 4;

/**
 * Milliseconds that a peer is asked for no leaf hashes after it has rejected some: libtorrent rejects all of them of files
 * whose hashes it has only from the .torrent file, so that nothing is lost by not asking again.
 */
const LEAF_REFUSAL = 600_000;

/** A request that a peer has not answered. */
export interface Owed<P> {
  readonly request: HashRequest;
  /** The range it is for; undefined for leaf hashes. */
  readonly range: number | undefined;
  readonly search: LeafSearch<P> | undefined;
  /** When somebody else is to be asked. */
  readonly until: number;
  /** That time is over. */
  late: boolean;
}

interface Refusal {
  until: number;
  times: number;
}

/** What one peer owes of hashes, and what it has refused. */
export class AskedPeer<P> {
  /** Where to go on looking for what to ask it for, in the order of the ranges. */
  place = 0;
  readonly #owed: Owed<P>[] = [];
  readonly #refused = new Map<number, Refusal>();
  #failures = 0;
  #pausedUntil = -Infinity;
  #noLeavesUntil = -Infinity;

  /** What it has not answered, late or not. */
  get owed(): readonly Owed<P>[] {
    return this.#owed;
  }

  mayBeAsked(now: number): boolean {
    return this.#owed.length < MAX_OUTSTANDING && now >= this.#pausedUntil;
  }

  mayBeAskedFor(range: number, now: number): boolean {
    if (this.#owed.some((each) => each.range === range)) return false;
    return now >= (this.#refused.get(range)?.until ?? -Infinity);
  }

  mayBeAskedForLeaves(now: number): boolean {
    return this.#owed.length < MAX_OUTSTANDING && now >= this.#noLeavesUntil;
  }

  owes(owed: Owed<P>): void {
    this.#owed.push(owed);
  }

  find(request: HashRequest): Owed<P> | undefined {
    return this.#owed.find((each) => isSameHashRequest(each.request, request));
  }

  /** An answer has come, whatever it is. */
  take(request: HashRequest): Owed<P> | undefined {
    const index = this.#owed.findIndex((each) => isSameHashRequest(each.request, request));
    return index < 0 ? undefined : this.#owed.splice(index, 1)[0];
  }

  /** It was of use. */
  answered(): void {
    this.#failures = 0;
  }

  /** It has rejected a range. */
  refused(range: number, now: number): void {
    const times = this.#refused.get(range)?.times ?? 0;
    this.#refused.delete(range);
    this.#refused.set(range, { until: now + refusalTime(times), times: times + 1 });
    if (this.#refused.size > MAX_REFUSED_RANGES) {
      for (const oldest of this.#refused.keys()) {
        this.#refused.delete(oldest);
        break;
      }
    }
    this.#failed(now);
  }

  /** It has rejected leaf hashes, or said nothing. */
  refusedLeaves(now: number): void {
    this.#noLeavesUntil = now + LEAF_REFUSAL;
  }

  /** What has become late by now, each once. They go on being owed, late. */
  overdue(now: number): Owed<P>[] {
    const overdue: Owed<P>[] = [];
    for (const owed of this.#owed) {
      if (owed.late || now < owed.until) continue;
      // As it was, for whoever releases it.
      overdue.push({ ...owed });
      owed.late = true;
    }
    return overdue;
  }

  /** What is so late that it will not come any more is not owed any longer. */
  forget(now: number): void {
    for (let index = this.#owed.length - 1; index >= 0; index--) {
      if (now < (this.#owed[index]?.until ?? 0) + LATE_TIME) continue;
      this.#owed.splice(index, 1);
      this.#failed(now);
    }
  }

  #failed(now: number): void {
    this.#failures++;
    const more = this.#failures - MAX_FAILURES;
    if (more >= 0) this.#pausedUntil = now + refusalTime(more);
  }
}

function refusalTime(times: number): number {
  return Math.min(MAX_REFUSAL, MIN_REFUSAL * 2 ** Math.min(times, 10));
}
