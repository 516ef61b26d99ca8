/** Something that happens at a moment of virtual time. */
export interface SimEvent {
  /** Virtual time in milliseconds. */
  readonly time: number;
  /** Order of scheduling: events of the same time happen in this order. */
  readonly sequence: number;
  /** What happens; undefined once cancelled. */
  action: (() => void) | undefined;
}

/** Cancelled events are dropped in bulk once there are this many and they are the majority. */
const COMPACT_FROM = 1024;

function before(one: SimEvent, other: SimEvent): boolean {
  return one.time < other.time || (one.time === other.time && one.sequence < other.sequence);
}

/** The events to come, the earliest first: a binary heap. */
export class EventQueue {
  #heap: SimEvent[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** Events to come, without the cancelled ones. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  add(time: number, action: () => void): SimEvent {
    const event: SimEvent = { time, sequence: this.#sequence++, action };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /** Takes an event back. Harmless when it has happened already. */
  cancel(event: SimEvent): void {
    if (event.action === undefined) return;
    event.action = undefined;
    this.#cancelled++;
    if (this.#cancelled >= COMPACT_FROM && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  /** The time of the earliest event, or undefined when there is none. */
  nextTime(): number | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) {
      this.#removeFirst();
      this.#cancelled--;
    }
    return this.#heap[0]?.time;
  }

  /** Takes out the earliest event and answers what is to be done. */
  take(): (() => void) | undefined {
    if (this.nextTime() === undefined) return undefined;
    const event = this.#removeFirst();
    const action = event?.action;
    if (event !== undefined) event.action = undefined;
    return action;
  }

  #removeFirst(): SimEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const event = heap[from];
    if (event === undefined) return;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || before(parent, event)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const event = heap[from];
    if (event === undefined) return;
    let at = from;
    for (;;) {
      let below = at * 2 + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && before(right, child)) {
        child = right;
        below++;
      }
      if (before(event, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = event;
  }

  #compact(): void {
    this.#heap = this.#heap.filter((event) => event.action !== undefined);
    this.#cancelled = 0;
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }
}
