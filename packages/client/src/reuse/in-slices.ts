/** Work that may be left off wherever it yields. */
export type Slices = Generator<void, void, undefined>;

/** Does work at once up to where it yields, and the rest in later turns of the event loop, unless it is aborted. */
export function inSlices(work: Slices, done: () => void, signal?: AbortSignal): void {
  if (signal?.aborted === true) return;
  if (work.next().done === true) done();
  else setImmediate(inSlices, work, done, signal);
}
