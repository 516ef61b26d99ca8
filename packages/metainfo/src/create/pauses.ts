/** Milliseconds that the calling thread works without a pause: well below what a person or a peer notices. */
const SLICE = 8;

/**
 * Gives the event loop its turn within long work on the calling thread, and ends the work at a signal:
 * `if (pauses.due) await pauses.take();` in a loop whose rounds are short.
 */
export class Pauses {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time for a pause. */
  get due(): boolean {
    return performance.now() - this.#since >= SLICE;
  }

  /** Lets everything else run that is ready. Throws the signal's reason. */
  async take(): Promise<void> {
    this.#signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
