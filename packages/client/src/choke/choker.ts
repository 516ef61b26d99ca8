import type { Random } from '@shoal/net';
import { compareLeeching, compareSeeding } from './choke-order.ts';
import type { ChokePeer, RankedPeer } from './choke-order.ts';

export type { ChokePeer } from './choke-order.ts';

/** Milliseconds between two rankings of all peers (BEP 3). */
export const CHOKE_PERIOD = 10_000;
/** Milliseconds an optimistic unchoke lasts (BEP 3): time for a new peer to show what it gives. */
export const OPTIMISTIC_PERIOD = 30_000;
/** Milliseconds from connecting in which a peer is a newcomer. */
export const NEWCOMER_TIME = 60_000;
/** How much more likely a newcomer becomes the optimistic unchoke (BEP 3). */
export const NEWCOMER_WEIGHT = 3;
/** One slot in this many is optimistic, at least one. */
const SLOTS_PER_OPTIMISTIC = 5;
/** Upload slots when they are not set: this many ... */
const AUTO_SLOTS = 4;
/** ... and one more for each 512 KiB/s that we send in all, so that a fast line serves more peers ... */
const AUTO_BYTES_PER_SLOT = 512 * 1024;
/** ... up to this many. */
const MAX_AUTO_SLOTS = 20;

export interface ChokeRound {
  /** Monotonic ms. */
  readonly now: number;
  /** We have all we want: peers are judged by what they take instead of what they give. */
  readonly seeding: boolean;
}

export interface ChokerOptions {
  readonly random: Random;
  /** Peers unchoked at a time, optimistic ones included. Default `auto`: 4, and more on a fast line. */
  readonly slots?: number | 'auto';
}

/**
 * Decides who may download from us. Leeching: those who give us most, ranked every 10 s, and one peer in five at random for
 * 30 s, newcomers three times as likely. Seeding: each in its turn, the fastest takers first. Between two rankings nobody
 * loses its slot to another, but a free slot is given away at once.
 */
export class Choker<R extends object> {
  /** Peers unchoked at a time. Takes effect with the next call of {@link choose}. */
  slots: number | 'auto';
  readonly #random: Random;
  /** When a peer's last turn ended. */
  readonly #turnEnded = new WeakMap<R, number>();
  #unchoked = new Set<R>();
  #optimistic = new Set<R>();
  #rankAt = -Infinity;
  #rotateAt = -Infinity;
  #seeding = false;

  constructor(options: ChokerOptions) {
    this.#random = options.random;
    this.slots = options.slots ?? 'auto';
  }

  /** Those of the unchoked that are so by chance. */
  get optimistic(): ReadonlySet<R> {
    return this.#optimistic;
  }

  /**
   * Says who is to be unchoked now; everybody else is to be choked. To be called about once a second, and when a peer
   * becomes interested, loses interest or leaves. `peers` are all connected peers, each under the same key every time.
   */
  choose(peers: ReadonlyMap<R, ChokePeer>, round: ChokeRound): ReadonlySet<R> {
    const { now, seeding } = round;
    const rank = now >= this.#rankAt || seeding !== this.#seeding;
    if (rank) this.#rankAt = now + CHOKE_PERIOD;
    this.#seeding = seeding;
    const slots = this.slotCount(peers);
    const ranked = this.#ranked(peers, round);
    const chosen = new Set<R>();
    if (!rank) for (const key of this.#unchoked) if (peers.get(key)?.interested) chosen.add(key);
    if (seeding) this.#optimistic.clear();
    else if (rank) this.#chooseOptimistic(ranked, chosen, slots, now);
    for (const { key, view } of ranked) {
      if (chosen.size >= slots) break;
      if (seeding || !view.snubbed) chosen.add(key);
    }
    // Snubbed peers come last: a slot nobody else wants is better given to them than left free.
    for (const { key } of ranked) if (chosen.size < slots) chosen.add(key);
    this.#shrink(chosen, slots);
    for (const key of this.#unchoked) if (!chosen.has(key)) this.#turnEnded.set(key, now);
    this.#unchoked = chosen;
    return chosen;
  }

  /** How many peers may be unchoked. */
  slotCount(peers: ReadonlyMap<R, ChokePeer>): number {
    if (this.slots !== 'auto') return Math.max(0, this.slots);
    let rate = 0;
    for (const view of peers.values()) rate += view.uploadRate;
    return Math.min(AUTO_SLOTS + Math.floor(rate / AUTO_BYTES_PER_SLOT), MAX_AUTO_SLOTS);
  }

  /** The interested peers, the best first. */
  #ranked(peers: ReadonlyMap<R, ChokePeer>, round: ChokeRound): RankedPeer<R>[] {
    const ranked: RankedPeer<R>[] = [];
    for (const [key, view] of peers) {
      if (!view.interested) continue;
      const waitingSince = this.#turnEnded.get(key) ?? -Infinity;
      const holds = this.#unchoked.has(key) && !this.#optimistic.has(key);
      ranked.push({ key, view, waitingSince, holds, tie: this.#random.next() });
    }
    const { now } = round;
    return ranked.sort(
      round.seeding ? (one, other) => compareSeeding(one, other, now) : compareLeeching,
    );
  }

  /**
   * Keeps the optimistic unchokes for their time, then draws others from those that did not earn a slot. A peer that earns
   * one makes room for another.
   */
  #chooseOptimistic(
    ranked: readonly RankedPeer<R>[],
    chosen: Set<R>,
    slots: number,
    now: number,
  ): void {
    const count = Math.min(slots, Math.max(1, Math.floor(slots / SLOTS_PER_OPTIMISTIC)));
    const earned = new Set<R>();
    for (const { key, view } of ranked)
      if (earned.size < slots - count && !view.snubbed) earned.add(key);
    const rotate = now >= this.#rotateAt;
    if (rotate) this.#rotateAt = now + OPTIMISTIC_PERIOD;
    const before = this.#optimistic;
    const kept = new Set<R>();
    const pool: RankedPeer<R>[] = [];
    for (const peer of ranked) {
      if (earned.has(peer.key)) continue;
      if (before.has(peer.key) && !rotate && kept.size < count) kept.add(peer.key);
      else if (!before.has(peer.key)) pool.push(peer);
    }
    while (kept.size < count && pool.length > 0) {
      const drawn = this.#draw(pool, now);
      if (drawn !== undefined) kept.add(drawn);
    }
    // Nobody else waits: they stay for another turn.
    for (const { key } of ranked)
      if (kept.size < count && before.has(key) && !earned.has(key)) kept.add(key);
    this.#optimistic = kept;
    for (const key of kept) if (chosen.size < slots) chosen.add(key);
  }

  /** Takes one out of the pool at random. */
  #draw(pool: RankedPeer<R>[], now: number): R | undefined {
    let total = 0;
    for (const { view } of pool) total += weightOf(view, now);
    let left = this.#random.next() * total;
    let at = 0;
    for (; at < pool.length - 1; at++) {
      const peer = pool[at];
      if (peer === undefined) break;
      left -= weightOf(peer.view, now);
      if (left < 0) break;
    }
    return pool.splice(at, 1)[0]?.key;
  }

  /** There are fewer slots than before: those unchoked by chance go last in, first out. */
  #shrink(chosen: Set<R>, slots: number): void {
    if (chosen.size <= slots) return;
    for (const key of [...chosen].reverse()) {
      if (chosen.size <= slots) return;
      chosen.delete(key);
      this.#optimistic.delete(key);
    }
  }
}

function weightOf(view: ChokePeer, now: number): number {
  return now - view.connectedAt < NEWCOMER_TIME ? NEWCOMER_WEIGHT : 1;
}
