import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

/** A stretch of the bundle that comes from one source file. */
interface Module {
  readonly start: number;
  readonly isProduct: boolean;
}

/**
 * What code of the packages has run, by V8's own counters of blocks (precise coverage, in this very thread). Code of the engine and
 * of other libraries does not count. To be made before the bundle is loaded: what was compiled before has no counters.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #url: string;
  readonly #modules: readonly Module[];
  /** For each function, by its place, a byte for each of its characters: 1 where it has run. */
  readonly #known = new Map<string, Uint8Array>();
  /** What was found new since the last look, and by it: places by function. */
  #latest = new Map<Uint8Array, number[]>();
  #found = new Map<Uint8Array, number[]>();

  /**
   * @param url the bundle's
   * @param text its text, in which a line `// path` stands before each module
   */
  constructor(url: string, text: string) {
    this.#url = url;
    this.#modules = modulesOf(text);
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Forgets what has run. */
  reset(): void {
    this.#known.clear();
    this.#latest.clear();
    this.#take();
  }

  /** Whether since the last call code ran that had not before. */
  hasNew(): boolean {
    // What was found while steps were counted is part of it.
    this.#read();
    const isNew = this.#latest.size > 0;
    this.#found = this.#latest;
    this.#latest = new Map();
    return isNew;
  }

  /** Makes what the last {@link hasNew} found new once more, so that it can be found out what led there. */
  forgetLast(): void {
    for (const [known, places] of this.#found) for (const at of places) known[at] = 0;
    this.#found = new Map();
  }

  /** How often blocks of the packages run while something is done: a measure of work that does not depend on the machine. */
  stepsOf(action: () => void): number {
    this.#read();
    action();
    return this.#read();
  }

  close(): void {
    this.#session.disconnect();
  }

  /** Takes in what has run since the last time; gives how many blocks did, each as often as it did. */
  #read(): number {
    let steps = 0;
    for (const { ranges } of this.#take()) {
      const [whole] = ranges;
      if (whole === undefined || whole.count === 0 || !this.#isProduct(whole.startOffset)) continue;
      for (const { count } of ranges) steps += count;
      const key = `${whole.startOffset}-${whole.endOffset}`;
      let known = this.#known.get(key);
      if (known === undefined) {
        known = new Uint8Array(whole.endOffset - whole.startOffset);
        this.#known.set(key, known);
      }
      for (const { start, end } of coveredRanges(ranges)) {
        for (let at = start - whole.startOffset; at < end - whole.startOffset; at++) {
          if (known[at] === 1) continue;
          known[at] = 1;
          const places = this.#latest.get(known);
          if (places === undefined) this.#latest.set(known, [at]);
          else places.push(at);
        }
      }
    }
    return steps;
  }

  #take(): Profiler.FunctionCoverage[] {
    let functions: Profiler.FunctionCoverage[] = [];
    // Answers before it returns.
    this.#session.post('Profiler.takePreciseCoverage', (_error, taken) => {
      functions = taken.result.find(({ url }) => url === this.#url)?.functions ?? [];
    });
    return functions;
  }

  /** By bisection: modules stand in their order. */
  #isProduct(offset: number): boolean {
    let low = 0;
    let high = this.#modules.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#modules[middle]?.start ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return this.#modules[low]?.isProduct ?? false;
  }
}

function modulesOf(text: string): Module[] {
  const modules: Module[] = [{ start: 0, isProduct: false }];
  for (const match of text.matchAll(/^\/\/ (\S+)$/gm)) {
    const [, path = ''] = match;
    modules.push({ start: match.index, isProduct: /packages\/[^/]+\/src\//.test(path) });
  }
  return modules;
}

/** What has run of a function: its ranges are nested, and inner ones tell where the count is another. */
function* coveredRanges(
  ranges: readonly Profiler.CoverageRange[],
): Generator<{ start: number; end: number }> {
  /** Ranges that have begun and not ended. */
  const open: { end: number; covered: boolean }[] = [];
  let at = 0;
  function* advance(to: number): Generator<{ start: number; end: number }> {
    for (let inner = open.at(-1); inner !== undefined && at < to; inner = open.at(-1)) {
      const end = Math.min(to, inner.end);
      if (inner.covered && end > at) yield { start: at, end };
      at = end;
      if (inner.end > to) break;
      open.pop();
    }
  }
  for (const { startOffset, endOffset, count } of ranges) {
    yield* advance(startOffset);
    at = startOffset;
    open.push({ end: endOffset, covered: count > 0 });
  }
  yield* advance(Infinity);
}
