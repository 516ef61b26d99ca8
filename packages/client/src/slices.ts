/** Work that can be interrupted: a generator that pauses behind every millisecond or so and returns the result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Files or pieces of a step of what takes up to 100 ns for each: less than a millisecond. */
export const STEP_ITEMS = 8_192;

/** Milliseconds the thread is kept at a time: with a collection of garbage on top, still well below 50. */
const SLICE_LENGTH = 8;

/** Does all of it here and now. */
export function runNow<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Does it in slices, between which the event loop has its turn. What is short is done before this returns. */
export async function runInSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
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
