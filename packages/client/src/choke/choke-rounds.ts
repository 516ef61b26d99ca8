import type { Clock, Random, Timer } from '@shoal/net';
import type { Peer } from '../peer/peer.ts';
import { type ChokePeer, Choker } from './choker.ts';

/**
 * Milliseconds between two looks at least: whoever says `interested` and `not interested` in turn must not have all peers
 * ranked for five bytes.
 */
const MIN_ROUND_TIME = 50;

/** Has the choker look at a swarm's peers and carries out what it says. */
export class ChokeRounds {
  readonly #makeChoker: () => Choker<Peer>;
  /** Made for the first peer that is interested: many only look whether somebody is there. */
  #choker: Choker<Peer> | undefined;
  readonly #peers: ReadonlySet<Peer>;
  readonly #isSeeding: () => boolean;
  readonly #clock: Clock;
  #ranAt = -Infinity;
  #due: Timer | undefined;

  constructor(options: {
    readonly peers: ReadonlySet<Peer>;
    readonly slots: number | 'auto';
    readonly random: Random;
    readonly clock: Clock;
    /** All that is wanted is there. */
    readonly isSeeding: () => boolean;
  }) {
    const { random, slots } = options;
    this.#makeChoker = () => new Choker({ random, slots });
    this.#peers = options.peers;
    this.#isSeeding = options.isSeeding;
    this.#clock = options.clock;
  }

  /** Somebody became interested, lost interest or left: a look at once, or as soon as the last one is long enough ago. */
  changed(): void {
    if (this.#due !== undefined) return;
    const now = this.#clock.now();
    const wait = this.#ranAt + MIN_ROUND_TIME - now;
    if (wait <= 0) this.run(now);
    else this.#due = this.#clock.setTimer(() => this.run(this.#clock.now()), wait);
  }

  /** No look is due any more. */
  stop(): void {
    this.#due?.cancel();
    this.#due = undefined;
  }

  /** Looks now. To be called once a second. */
  run(now: number): void {
    this.stop();
    if (this.#peers.size === 0) return;
    this.#ranAt = now;
    if (this.#choker === undefined && !this.#isAnyInterested()) return;
    this.#choker ??= this.#makeChoker();
    const views = new Map<Peer, ChokePeer>();
    for (const peer of this.#peers) views.set(peer, viewOf(peer, now));
    const unchoked = this.#choker.choose(views, { now, seeding: this.#isSeeding() });
    for (const peer of this.#peers) {
      if (unchoked.has(peer)) peer.unchoke();
      else peer.choke();
    }
  }

  #isAnyInterested(): boolean {
    for (const { peerInterested } of this.#peers) if (peerInterested) return true;
    return false;
  }
}

function viewOf(peer: Peer, now: number): ChokePeer {
  return {
    interested: peer.peerInterested,
    downloadRate: peer.downloadRate.rate(now),
    uploadRate: peer.uploadRate.rate(now),
    snubbed: peer.requests.snubbed,
    unchokedSince: peer.unchokedAt,
    uploadedSinceUnchoke: peer.uploadedBytes - peer.uploadedBeforeUnchoke,
    connectedAt: peer.connectedAt,
  };
}
