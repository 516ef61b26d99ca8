import type { AnnounceTask, Urgency } from './announce-turns.ts';

/** Announces under way at a tracker that has not answered yet: enough to find out whether it does. */
const UNPROVEN_LIMIT = 2;
/** Failures in a row, of different torrents perhaps, after which a tracker counts as down. */
const DOWN_AFTER = 2;
/** Milliseconds after a failure before which a tracker that is down is not tried again: less than any torrent's back-off. */
const PROBE_DELAY = 10_000;
/** One waiting line for each urgency. */
const URGENCIES = 5;

/** Those who want to announce at one tracker, of any torrent, and how it has done lately. */
export class TrackerLine {
  readonly key: string;
  /** Under way. */
  running = 0;
  /** Waiting, by urgency, in the order in which they came. */
  readonly waiting: readonly Set<AnnounceTask>[] = Array.from(
    { length: URGENCIES },
    () => new Set(),
  );
  readonly #limit: number;
  #proven = false;
  #failures = 0;
  #failedAt = -Infinity;
  #error: Error | undefined;

  constructor(key: string, limit: number) {
    this.key = key;
    this.#limit = limit;
  }

  /** One more may announce. */
  get hasRoom(): boolean {
    return (
      this.running <
      (this.isDown ? 1 : this.#proven ? this.#limit : Math.min(UNPROVEN_LIMIT, this.#limit))
    );
  }

  /** It cannot be reached: one at a time finds out whether that has changed. */
  get isDown(): boolean {
    return this.#failures >= DOWN_AFTER;
  }

  /** Nobody waits, none is under way, and nothing is to be remembered. */
  get isIdle(): boolean {
    return (
      this.running === 0 && this.#failures === 0 && this.waiting.every(({ size }) => size === 0)
    );
  }

  /** Why there is no point in waiting here at `now`; undefined when there is. */
  refusal(now: number): Error | undefined {
    if (!this.isDown || this.running > 0) return undefined;
    return now - this.#failedAt < PROBE_DELAY ? this.#error : undefined;
  }

  /** The last error. */
  get error(): Error | undefined {
    return this.#error;
  }

  add(task: AnnounceTask, urgency: Urgency): void {
    this.waiting[urgency]?.add(task);
  }

  /** Takes out the first of that urgency. */
  take(urgency: Urgency): AnnounceTask | undefined {
    const queue = this.waiting[urgency];
    for (const task of queue ?? []) {
      queue?.delete(task);
      return task;
    }
    return undefined;
  }

  delete(task: AnnounceTask, urgency: Urgency): void {
    this.waiting[urgency]?.delete(task);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#error = undefined;
    this.#proven = true;
  }

  failed(error: Error, now: number): void {
    this.#failures += 1;
    this.#failedAt = now;
    this.#error = error;
    if (this.isDown) this.#proven = false;
  }
}
