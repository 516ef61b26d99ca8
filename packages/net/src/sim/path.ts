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

/** Whoever sends over a path. */
export interface PathUser {
  timeOut(): void;
}

/**
 * The way of one connection's bytes from one host to the other, in order. What cannot get through waits, as TCP would
 * send it again and again, until the way is free or the time for that is over.
 */
export class Path {
  readonly #kernel: SimKernel;
  readonly #map: PathMap;
  readonly #from: string;
  readonly #to: string;
  #lastArrival = 0;
  #held: (() => void)[] = [];
  #stall = 0;

  /** `from` and `to` are the addresses the hosts are known by. */
  constructor(kernel: SimKernel, map: PathMap, from: string, to: string) {
    this.#kernel = kernel;
    this.#map = map;
    this.#from = from;
    this.#to = to;
  }

  /** One-way latency in milliseconds. */
  latency(): number {
    return this.#map.latency(this.#from, this.#to);
  }

  carry(user: PathUser, deliver: () => void): void {
    // Latency may be changed meanwhile; the order may not.
    this.#lastArrival = Math.max(this.#kernel.now + this.latency(), this.#lastArrival);
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
