import type { Sought } from './peer-service.ts';

/** When something is due again. */
interface Place {
  /** Monotonic ms. */
  dueAt: number;
  /** Monotonic ms of the last time; -Infinity: never. */
  lastAt: number;
}

export interface AnnounceQueueOptions {
  /** Milliseconds between two announces of one torrent. */
  readonly period: number;
  /** Milliseconds between them while it is short of peers. */
  readonly shortPeriod: number;
}

/** Whose turn it is to be announced, among all torrents of a client: those first that wait longest, new ones before all others. No I/O. */
export class AnnounceQueue {
  readonly #options: AnnounceQueueOptions;
  readonly #places = new Map<Sought, Place>();
  /** Nothing is due before; -Infinity: not known. */
  #nextDue = -Infinity;

  constructor(options: AnnounceQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#places.size;
  }

  has(sought: Sought): boolean {
    return this.#places.has(sought);
  }

  add(sought: Sought): void {
    if (this.#places.has(sought)) return;
    this.#places.set(sought, { dueAt: -Infinity, lastAt: -Infinity });
    this.#nextDue = -Infinity;
  }

  delete(sought: Sought): void {
    this.#places.delete(sought);
  }

  /** It is short of peers: its turn comes earlier. */
  hurry(sought: Sought): void {
    const place = this.#places.get(sought);
    if (place === undefined) return;
    const dueAt = place.lastAt + this.#options.shortPeriod;
    if (dueAt >= place.dueAt) return;
    place.dueAt = dueAt;
    this.#nextDue = Math.min(this.#nextDue, dueAt);
  }

  /** Up to `count` torrents whose turn it is; they are announced now. */
  take(now: number, count: number): Sought[] {
    if (now < this.#nextDue || count <= 0) return [];
    const due: [Sought, Place][] = [];
    let next = Infinity;
    for (const entry of this.#places) {
      if (entry[1].dueAt <= now) due.push(entry);
      else next = Math.min(next, entry[1].dueAt);
    }
    due.sort(([, one], [, other]) => one.lastAt - other.lastAt);
    const taken = due.slice(0, count);
    for (const [, place] of taken) {
      place.lastAt = now;
      place.dueAt = now + this.#options.period;
      next = Math.min(next, place.dueAt);
    }
    this.#nextDue = due.length > taken.length ? now : next;
    return taken.map(([sought]) => sought);
  }
}
