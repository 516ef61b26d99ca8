/** Work that can be interrupted: a generator that pauses behind every millisecond or so and returns the result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Milliseconds a thread is kept at a time: with a collection of garbage on top, still well below 50. */
const SLICE_LENGTH = 8;

/** Do all of it here and now. */
export function runNow<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Do it in slices, between which the event loop has its turn. Rejects with the reason of `signal` when that is aborted. */
export async function runInSlices<T>(steps: Steps<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const end = performance.now() + SLICE_LENGTH;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < end);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
