import type { SimKernel } from './kernel.ts';

/** What a path needs to know of the map. */
export interface PathMap {
  /** One-way latency in milliseconds. */
  latency(from: string, to: string): number;
  /** Whether anything gets through at present. */
  reachable(from: string, to: string): boolean;
  /** Has {@link Path.release} called when something becomes reachable again. */
  hold(path: Path): void;
}

/** Bytes of a stream in one packet: what Ethernet and TCP leave of a frame. */
const SEGMENT = 1_448;
/** Milliseconds after which what is lost is sent again, at the soonest (RFC 6298 says 1 s; the usual systems wait 200 ms). */
const RETRANSMIT_AFTER = 200;
/** Most bytes may be under way on a lossy path by Mathis et al. (1997): this many segments over the root of the loss ... */
const MATHIS = 1.22;
/** ... but some always are. */
const MIN_SEGMENTS = 4;

/** Whoever sends over a path. */
export interface PathUser {
  timeOut(): void;
}

/**
 * The way of one connection's bytes from one host to the other, in order. What cannot get through waits, as TCP would
 * send it again and again, until the way is free or the time for that is over. A lossy way is slow as TCP is there: what is
 * lost comes a round trip and more later, all that follows waits for it, and little may be under way at a time.
 */
export class Path {
  readonly #kernel: SimKernel;
  readonly #map: PathMap;
  readonly #from: string;
  readonly #to: string;
  /** Bytes that may be on it. */
  readonly window: number;
  readonly #loss: number;
  #lastArrival = 0;
  #held: (() => void)[] = [];
  #stall = 0;

  /** `from` and `to` are the addresses the hosts are known by; `loss` is the share of packets that get lost, 0–1. */
  constructor(kernel: SimKernel, map: PathMap, from: string, to: string, loss = 0) {
    this.#kernel = kernel;
    this.#map = map;
    this.#from = from;
    this.#to = to;
    this.#loss = loss;
    const segments = Math.max(MIN_SEGMENTS, Math.floor(MATHIS / Math.sqrt(loss)));
    this.window = Math.min(kernel.limits.window, segments * SEGMENT);
  }

  /** One-way latency in milliseconds. */
  latency(): number {
    return this.#map.latency(this.#from, this.#to);
  }

  /** Takes `bytes` to the other end, where `deliver` is called. */
  carry(user: PathUser, bytes: number, deliver: () => void): void {
    // Latency may be changed meanwhile; the order may not.
    const arrival = this.#kernel.now + this.latency() + this.#retransmission(bytes);
    this.#lastArrival = Math.max(arrival, this.#lastArrival);
    this.#kernel.at(this.#lastArrival, () => {
      if (this.#held.length === 0 && this.#map.reachable(this.#from, this.#to)) deliver();
      else this.#hold(user, deliver);
    });
  }

  /** Lets what has waited go on, if the way is free now. Answers whether it is. */
  release(): boolean {
    if (!this.#map.reachable(this.#from, this.#to)) return false;
    const held = this.#held;
    this.#held = [];
    this.#stall++;
    for (const deliver of held) deliver();
    return true;
  }

  /** Milliseconds by which bytes come later because some of their packets got lost, once or several times. */
  #retransmission(bytes: number): number {
    if (this.#loss === 0) return 0;
    const spoiled = 1 - (1 - this.#loss) ** Math.ceil(bytes / SEGMENT);
    const round = Math.max(RETRANSMIT_AFTER, 2 * this.latency());
    let delay = 0;
    for (let chance = spoiled; this.#kernel.random.next() < chance; chance = this.#loss) {
      delay += round;
    }
    return delay;
  }

  #hold(user: PathUser, deliver: () => void): void {
    this.#held.push(deliver);
    if (this.#held.length > 1) return;
    this.#map.hold(this);
    const stall = this.#stall;
    this.#kernel.at(this.#kernel.now + this.#kernel.limits.retransmitTimeout, () => {
      if (stall !== this.#stall) return;
      this.#held = [];
      this.#stall++;
      user.timeOut();
    });
  }
}
