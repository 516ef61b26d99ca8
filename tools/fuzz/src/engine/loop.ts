import type { Coverage } from './coverage.ts';
import { shrink, tryInput } from './find.ts';
import type { Find } from './find.ts';
import { mutate } from './mutate.ts';
import { SeededRandom, seedFor } from './random.ts';
import { MAX_LENGTH } from './target.ts';
import type { Target } from './target.ts';

/** Inputs tried before it is looked at what ran: looking costs as much as a few dozen inputs. */
const BATCH = 1_024;
/** The same of inputs to begin with, of which many lead somewhere. */
const SEED_BATCH = 64;
/** Milliseconds after which it is looked at all the same. */
const BATCH_TIME = 100;
/** Different finds of one target that are looked for; then it ends. */
const MAX_FINDS = 4;
/** Different outcomes of one target that are told apart. */
const MAX_OUTCOMES = 500;
/** Inputs to begin with where there is nothing else, by length. */
const BLANK_LENGTHS = [0, 1, 8, 64, 256];

/** What a run of one target is to do. */
export interface RunRequest {
  readonly target: string;
  readonly seed: number;
  /** Milliseconds. */
  readonly time: number;
  /** Inputs that were finds once, and those somebody asks for: they are tried whatever the time. */
  readonly wanted: readonly Uint8Array[];
  /** Inputs that are kept. */
  readonly corpus: readonly Uint8Array[];
}

/** What came of it. */
export interface RunReport {
  readonly target: string;
  readonly executions: number;
  /** Inputs that led to code or outcomes that no other did. */
  readonly kept: readonly Uint8Array[];
  readonly finds: readonly Find[];
}

/** Called before each input, so that one that never ends is known. */
export type Announce = (input: Uint8Array) => void;

/** Tries inputs on one target until the time is over: those that are known first, then mutations of them, led by coverage. */
export async function runTarget(
  target: Target,
  request: RunRequest,
  coverage: Coverage,
  announce: Announce,
): Promise<RunReport> {
  const fuzzer = new Fuzzer(target, request, coverage, announce);
  coverage.reset();
  await target.open?.();
  try {
    await fuzzer.run(performance.now() + request.time);
  } finally {
    await target.close?.();
  }
  return fuzzer.report();
}

class Fuzzer {
  readonly #target: Target;
  readonly #request: RunRequest;
  readonly #coverage: Coverage;
  readonly #announce: Announce;
  readonly #random: SeededRandom;
  readonly #kept: Uint8Array[] = [];
  readonly #outcomes = new Set<string>();
  readonly #finds = new Map<string, Find>();
  #executions = 0;
  /** When the time is over. */
  #end = Infinity;

  constructor(target: Target, request: RunRequest, coverage: Coverage, announce: Announce) {
    this.#target = target;
    this.#request = request;
    this.#coverage = coverage;
    this.#announce = announce;
    this.#random = new SeededRandom(seedFor(request.seed, target.name));
  }

  get #isOver(): boolean {
    return performance.now() >= this.#end || this.#finds.size >= MAX_FINDS;
  }

  report(): RunReport {
    return {
      target: this.#target.name,
      executions: this.#executions,
      kept: this.#kept,
      finds: [...this.#finds.values()],
    };
  }

  async run(end: number): Promise<void> {
    const { wanted, corpus } = this.#request;
    for (const input of wanted) await this.#try(input);
    this.#end = end;
    const seeds = [...corpus, ...(this.#target.seeds?.() ?? [])];
    const maxLength = this.#target.maxLength ?? MAX_LENGTH;
    for (const length of BLANK_LENGTHS) seeds.push(this.#random.bytes(length));
    // What was learned once is not left out for being somewhat long.
    const known = seeds.map((seed) => seed.subarray(0, 4 * maxLength));
    for (let at = 0; at < known.length && !this.#isOver; at += SEED_BATCH) {
      await this.#tryAll(known.slice(at, at + SEED_BATCH));
    }
    while (!this.#isOver) await this.#batch();
  }

  /** Tries many new ones. */
  async #batch(): Promise<void> {
    const batch: Uint8Array[] = [];
    const pause = Math.min(this.#end, performance.now() + BATCH_TIME);
    while (batch.length < BATCH && (batch.length === 0 || performance.now() < pause)) {
      const input = this.#next();
      batch.push(input);
      await this.#try(input);
    }
    if (this.#coverage.hasNew()) await this.#sift(batch);
  }

  /** Finds out which of the inputs led to the new code that was seen last: halves of them are tried once more, and halves of those. */
  async #sift(inputs: readonly Uint8Array[]): Promise<void> {
    const [only, ...others] = inputs;
    if (only === undefined) return;
    if (others.length === 0) {
      this.#keep(only);
      return;
    }
    this.#coverage.forgetLast();
    const middle = inputs.length >>> 1;
    await this.#tryAll(inputs.slice(0, middle));
    await this.#tryAll(inputs.slice(middle));
  }

  async #tryAll(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of inputs) {
      if (this.#isOver) break;
      await this.#try(input);
    }
    if (this.#coverage.hasNew()) await this.#sift(inputs);
  }

  #keep(input: Uint8Array): void {
    if (!this.#kept.includes(input)) this.#kept.push(input);
  }

  /** Tries one, and keeps it where something came of it that never came before. */
  async #try(input: Uint8Array): Promise<void> {
    this.#executions++;
    this.#announce(input);
    const result = await tryInput(this.#target, input);
    if ('find' in result) {
      await this.#found(result.find);
      return;
    }
    const { outcome } = result;
    // Bounded: an outcome that named something of the input would keep everything.
    if (this.#outcomes.has(outcome) || this.#outcomes.size >= MAX_OUTCOMES) return;
    this.#outcomes.add(outcome);
    this.#keep(input);
  }

  async #found(find: Find): Promise<void> {
    if (this.#finds.has(find.signature)) return;
    this.#finds.set(find.signature, find);
    this.#finds.set(find.signature, await shrink(this.#target, find));
  }

  #next(): Uint8Array {
    const random = this.#random;
    const kept = this.#kept;
    // Half of the time one of those that were kept last: they lie at the edge of what is known.
    const recent = random.bool() ? Math.max(0, kept.length - 8) : 0;
    const input = kept[recent + random.below(kept.length - recent)] ?? random.bytes(16);
    const other = kept[random.below(kept.length)] ?? input;
    return mutate(input, other, {
      random,
      shape: this.#target.shape ?? 'bytes',
      tokens: this.#target.tokens ?? [],
      maxLength: this.#target.maxLength ?? MAX_LENGTH,
    });
  }
}
