/** Milliseconds of one bucket. */
const BUCKET_TIME = 500;
/** Buckets of the window: together 5 s, long enough to smooth bursts, short enough to follow changes. */
const BUCKETS = 10;

/** Measures a rate over the last 5 seconds. Adding costs a few additions and no allocation. */
export class RateMeter {
  /** Made when there is something to count: most peers of a seed never ask for anything. */
  #buckets: Float64Array | undefined;
  /** Number of the newest bucket since the clock's start. */
  #newest = -1;
  /** Number of the first bucket that anything was added to; the window is not longer than the time since then. */
  #oldest = -1;
  #sum = 0;

  /** Counts bytes. `now` is monotonic, in milliseconds. */
  add(bytes: number, now: number): void {
    const buckets = (this.#buckets ??= new Float64Array(BUCKETS));
    this.#advance(now);
    if (this.#oldest < 0) this.#oldest = this.#newest;
    const at = this.#newest % BUCKETS;
    buckets[at] = (buckets[at] ?? 0) + bytes;
    this.#sum += bytes;
  }

  /** Bytes per second over the window, which begins no earlier than the first bytes did. */
  rate(now: number): number {
    if (this.#oldest < 0) return 0;
    this.#advance(now);
    if (this.#sum === 0) return 0;
    const first = Math.max(this.#oldest, this.#newest - BUCKETS + 1);
    const time = Math.max(now - first * BUCKET_TIME, BUCKET_TIME);
    return (this.#sum * 1000) / time;
  }

  /** Clears the buckets that have left the window. */
  #advance(now: number): void {
    const buckets = this.#buckets;
    const bucket = Math.floor(now / BUCKET_TIME);
    if (buckets === undefined || bucket <= this.#newest) return;
    const passed = Math.min(bucket - this.#newest, BUCKETS);
    for (let step = 0; step < passed; step++) {
      const at = (bucket - step) % BUCKETS;
      this.#sum -= buckets[at] ?? 0;
      buckets[at] = 0;
    }
    this.#newest = bucket;
    // After a silence as long as the window, the measurement starts anew.
    if (this.#sum === 0) this.#oldest = -1;
  }
}
