import type { Random } from '@shoal/net';
import type { Peer } from '../peer/peer.ts';
import { type ChokePeer, Choker } from './choker.ts';

/** Has the choker look at a swarm's peers and carries out what it says. */
export class ChokeRounds {
  readonly #choker: Choker<Peer>;
  readonly #peers: ReadonlySet<Peer>;
  readonly #isSeeding: () => boolean;

  constructor(options: {
    readonly peers: ReadonlySet<Peer>;
    readonly slots: number | 'auto';
    readonly random: Random;
    /** All that is wanted is there. */
    readonly isSeeding: () => boolean;
  }) {
    this.#choker = new Choker({ random: options.random, slots: options.slots });
    this.#peers = options.peers;
    this.#isSeeding = options.isSeeding;
  }

  /** Once a second, and when somebody became interested, lost interest or left. */
  run(now: number): void {
    const views = new Map<Peer, ChokePeer>();
    for (const peer of this.#peers) views.set(peer, viewOf(peer, now));
    if (views.size === 0) return;
    const unchoked = this.#choker.choose(views, { now, seeding: this.#isSeeding() });
    for (const peer of this.#peers) {
      if (unchoked.has(peer)) peer.unchoke();
      else peer.choke();
    }
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
