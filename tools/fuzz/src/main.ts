import { availableParallelism } from 'node:os';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readInputs, writeCorpus } from './engine/corpus.ts';
import { FuzzThread } from './engine/thread.ts';
import type { RunReport, RunRequest } from './engine/loop.ts';
import type { Target } from './engine/target.ts';
import { record } from './record.ts';
import { describeFind, summaryOf } from './report.ts';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const CORPUS = `${FOLDER}corpus`;
const REGRESSIONS = `${FOLDER}regressions`;
const FINDS = `${FOLDER}finds`;

/** Of a short run: one that CI makes, the same each time. */
const SHORT_SEED = 20_250_101;
/** Milliseconds for each target of a short run, ... */
const SHORT_TIME = 120;
/** ... and for all of them: on a machine that is busy each has less. */
const SHORT_TOTAL = 12_000;
/** Milliseconds that each target has in any case. */
const MIN_TIME = 50;
/** Minutes of a long run. */
const LONG_MINUTES = 10;
/** Milliseconds of one turn of a target in a long run: then the next one has its turn, so that all get equally far. */
const TURN_TIME = 20_000;

const HELP = `Fuzzes every parser of bytes from outside.

  --minutes N      how long, over all targets (long: 10; short: about 10 s)
  --only TEXT      only targets whose name has this in it; several by commas
  --seed N         of the random choices (short: always the same one; long: another one each time)
  --input BASE64   tries this one input, hex with 0x before it; with --only NAME
  --threads N      threads (default: one for each core, at most 2)
  --save           keeps inputs that lead to new code in corpus/
  --list           lists the targets
  --json           one line of JSON at the end
  --record         writes the figures to tools/reliability/figures/fuzz.json
`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs a command line; gives the exit code: 0 only where every property held. */
export async function fuzz(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      minutes: { type: 'string' },
      only: { type: 'string' },
      seed: { type: 'string' },
      input: { type: 'string' },
      threads: { type: 'string' },
      save: { type: 'boolean' },
      list: { type: 'boolean' },
      json: { type: 'boolean' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    say(HELP);
    return 0;
  }
  const bundle = new URL('targets.js', import.meta.url).href;
  const { targets } = (await import(bundle)) as { targets: readonly Target[] };
  const names = values.only?.split(',');
  const chosen = targets.filter(({ name }) => names?.some((part) => name.includes(part)) ?? true);
  if (chosen.length === 0) {
    say(`no target has "${values.only ?? ''}" in its name; --list names them`);
    return 1;
  }
  if (values.list === true) {
    for (const { name, property } of chosen) say(`${name.padEnd(28)} ${property}`);
    say(`${chosen.length} targets`);
    return 0;
  }
  const isShort = process.env['SHOAL_FUZZ'] === 'short';
  const seed =
    values.seed === undefined ? (isShort ? SHORT_SEED : Date.now() % 2 ** 31) : Number(values.seed);
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const threads = Number(values.threads ?? Math.min(2, availableParallelism()));
  say(`seed ${seed}, ${chosen.length} targets, ${threads} threads`);
  const run = new FuzzRun(chosen, seed, threads, bundle);
  const begin = performance.now();
  if (values.input !== undefined) await run.tryOne(inputOf(values.input));
  else if (isShort && minutes === undefined) await run.once(SHORT_TIME, SHORT_TOTAL);
  else await run.during((minutes ?? LONG_MINUTES) * 60_000);
  await run.close();
  const seconds = (performance.now() - begin) / 1000;
  const reports = [...run.reports.values()];
  for (const report of reports) {
    for (const find of report.finds) {
      say(describeFind(find, seed));
      await mkdir(FINDS, { recursive: true });
      const line = `${Buffer.from(find.input).toString('base64')} ${find.message.replaceAll('\n', ' ')}\n`;
      await writeFile(`${FINDS}/${find.target}.b64`, line, { flag: 'a' });
    }
    if (values.save === true) await writeCorpus(CORPUS, report.target, report.kept);
  }
  const summary = summaryOf(reports, seconds, seed);
  say(summary.text);
  if (values.record === true) await record(summary);
  if (values.json === true) say(JSON.stringify(summary.figures));
  return summary.figures.finds === 0 ? 0 : 1;
}

function inputOf(text: string): Uint8Array {
  const bytes = text.startsWith('0x')
    ? Buffer.from(text.slice(2), 'hex')
    : Buffer.from(text, 'base64');
  return new Uint8Array(bytes);
}

/** Runs of many targets on a few threads. */
class FuzzRun {
  readonly reports = new Map<string, RunReport>();
  readonly #targets: readonly Target[];
  readonly #seed: number;
  readonly #threads: readonly FuzzThread[];

  constructor(targets: readonly Target[], seed: number, threads: number, bundle: string) {
    this.#targets = targets;
    this.#seed = seed;
    const script = fileURLToPath(new URL('worker.js', import.meta.url));
    this.#threads = Array.from({ length: threads }, () => new FuzzThread(script, bundle));
  }

  /** Each target once, for so many milliseconds, and all of them for so many at most. */
  async once(time: number, total: number): Promise<void> {
    const end = performance.now() + total;
    await this.#round(this.#seed, (left) => {
      return Math.max(MIN_TIME, Math.min(time, this.#share(end, left)));
    });
  }

  /** All targets, turn by turn, for so many milliseconds. */
  async during(time: number): Promise<void> {
    const end = performance.now() + time;
    for (let round = 0; performance.now() < end; round++) {
      await this.#round(this.#seed + round, (left) => {
        return Math.max(0, Math.min(TURN_TIME, this.#share(end, left)));
      });
    }
  }

  /** Milliseconds for each of so many targets that are left, until then. */
  #share(end: number, left: number): number {
    return ((end - performance.now()) * this.#threads.length) / left;
  }

  /** One input on each of the targets. */
  async tryOne(input: Uint8Array): Promise<void> {
    for (const { name } of this.#targets) {
      await this.#run({ target: name, seed: this.#seed, time: 0, wanted: [input], corpus: [] });
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  /** `timeOf` says how long the next target may run, of so many that are left. */
  async #round(seed: number, timeOf: (left: number) => number): Promise<void> {
    const waiting = this.#targets.map(({ name }) => name);
    await Promise.all(
      this.#threads.map(async (thread) => {
        for (let left = waiting.length; left > 0; left = waiting.length) {
          const name = waiting.shift();
          const time = timeOf(left);
          if (name === undefined || time <= 0) return;
          const known = this.reports.get(name)?.kept;
          const corpus = known ?? (await readInputs(CORPUS, name));
          const wanted = known === undefined ? await readInputs(REGRESSIONS, name) : [];
          await this.#run({ target: name, seed, time, wanted, corpus }, thread);
        }
      }),
    );
  }

  async #run(request: RunRequest, thread = this.#threads[0]): Promise<void> {
    if (thread === undefined) return;
    const { target } = request;
    const report = await thread.run(request);
    const before = this.reports.get(target);
    const finds = [...(before?.finds ?? [])];
    for (const find of report.finds) {
      if (!finds.some(({ signature }) => signature === find.signature)) finds.push(find);
    }
    this.reports.set(target, {
      target,
      executions: report.executions + (before?.executions ?? 0),
      // A thread that had to be ended could not say what it kept.
      kept: report.kept.length > 0 ? report.kept : (before?.kept ?? []),
      finds,
    });
  }
}
