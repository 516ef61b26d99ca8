import type { SimKernel } from './kernel.ts';

/** One user of a {@link Link}: it is asked for its next bytes when its turn has come. */
export interface Flow<Item extends LinkItem = LinkItem> {
  /** Kept by the link: the flow stands in its queue. */
  waiting: boolean;
  /** The next item to send, or undefined when there is none just now. */
  next(): Item | undefined;
  /** Whether {@link next} would give one. */
  ready(): boolean;
  /** The item has left the link. */
  sent(item: Item): void;
}

/** What travels over a link. */
export interface LinkItem {
  /** Bytes it takes on the link. */
  readonly cost: number;
}

/** Longest time, in milliseconds, for which one item should occupy a link: others get their turn in between. */
const TURN_MILLISECONDS = 20;
/** An item may always be as large as the payload of an Ethernet frame. */
const SMALLEST_TURN = 1460;

/** One direction of a host's line. It serves its flows in turn, one item each, so that they share the bandwidth. */
export class Link {
  /** Largest item that should be offered, in bytes. */
  readonly itemLimit: number;
  readonly #kernel: SimKernel;
  readonly #rate: number;
  #waiting: Flow[] = [];
  #first = 0;
  #busy = false;

  /** @param rate bytes per second; `Infinity` for no limit. */
  constructor(kernel: SimKernel, rate: number, largestItem: number) {
    if (!(rate > 0))
      throw new RangeError(`bandwidth must be above 0 bytes per second, not ${rate}`);
    this.#kernel = kernel;
    this.#rate = rate;
    const turn = Math.max(SMALLEST_TURN, Math.floor((rate * TURN_MILLISECONDS) / 1000));
    this.itemLimit = Math.min(largestItem, turn);
  }

  /** Puts a flow into the queue. It is served in an event of its own, never within this call. */
  offer(flow: Flow): void {
    if (flow.waiting) return;
    flow.waiting = true;
    this.#waiting.push(flow);
    if (this.#busy) return;
    this.#busy = true;
    this.#kernel.at(this.#kernel.now, this.#serve);
  }

  readonly #serve = (): void => {
    for (;;) {
      const flow = this.#shift();
      if (flow === undefined) break;
      const item = flow.next();
      if (item === undefined) continue;
      if (flow.ready() && !flow.waiting) {
        flow.waiting = true;
        this.#waiting.push(flow);
      }
      if (this.#rate === Infinity) {
        flow.sent(item);
        continue;
      }
      this.#kernel.at(this.#kernel.now + (item.cost / this.#rate) * 1000, () => {
        flow.sent(item);
        this.#serve();
      });
      return;
    }
    this.#busy = false;
  };

  #shift(): Flow | undefined {
    const flow = this.#waiting[this.#first];
    if (flow === undefined) {
      this.#waiting = [];
      this.#first = 0;
      return undefined;
    }
    this.#first++;
    if (this.#first >= 256 && this.#first * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    flow.waiting = false;
    return flow;
  }
}
