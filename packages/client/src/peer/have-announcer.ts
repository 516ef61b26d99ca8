import type { Clock, Timer } from '@shoal/net';
import type { Peer } from './peer.ts';

/** Milliseconds a HAVE waits for others, so that pieces verified together are announced in one write. */
const HAVE_DELAY = 5;
/** Milliseconds more for each peer: a write costs some 3 µs, so that a fast torrent announces to many in 1 % of the time. */
const HAVE_DELAY_OF_PEER = 0.3;
/** Milliseconds it waits at most: with hundreds of peers it would else be a delay that the swarm feels. */
const MAX_HAVE_DELAY = 50;

/** Tells all peers of a swarm of the pieces that were verified. */
export class HaveAnnouncer {
  readonly #peers: ReadonlySet<Peer>;
  readonly #clock: Clock;
  readonly #pieces: number[] = [];
  #timer: Timer | undefined;

  constructor(peers: ReadonlySet<Peer>, clock: Clock) {
    this.#peers = peers;
    this.#clock = clock;
  }

  /** A piece was verified. */
  announce(piece: number): void {
    this.#pieces.push(piece);
    const delay = Math.min(MAX_HAVE_DELAY, HAVE_DELAY + HAVE_DELAY_OF_PEER * this.#peers.size);
    this.#timer ??= this.#clock.setTimer(() => {
      this.#timer = undefined;
      const pieces = this.#pieces.splice(0);
      for (const peer of this.#peers) {
        for (const each of pieces) peer.announceHave(each);
        peer.flush();
      }
    }, delay);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
