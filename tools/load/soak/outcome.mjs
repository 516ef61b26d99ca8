// @ts-check
/** What a soak has left in its folder, to be judged once more. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./director.mjs').Outcome} Outcome */

/**
 * @param {string} folder
 * @returns {Outcome & { hours: number | undefined, seed: number | undefined }} of a run that goes on, or was killed, what is known of it
 * @throws {Error} where it has no samples
 */
export function readOutcome(folder) {
  const samples = linesOf(join(folder, 'samples.jsonl'));
  const file = join(folder, 'result.json');
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const {
    jobs = 0,
    bytesCompared = 0,
    downloads = 0,
    fetched = 0,
    abandoned = 0,
  } = samples.at(-1) ?? {};
  return {
    samples,
    failures: result.failures ?? failuresOf(join(folder, 'jobs.jsonl')),
    tally: result.tally ?? { jobs, bytesCompared, downloads, fetched, abandoned },
    closed: result.closed ?? {},
    before: result.before ?? {},
    interrupted: result.interrupted ?? true,
    hours: result.hours,
    seed: result.seed,
  };
}

/**
 * As the director says it, which older results do not repeat.
 *
 * @param {string} file
 * @returns {string[]}
 */
function failuresOf(file) {
  if (!existsSync(file)) return [];
  const failed = linesOf(file).filter(({ failure }) => failure !== undefined);
  const isTold = (/** @type {string} */ key) => key !== 'seconds' && key !== 'failure';
  return failed.map((job) => {
    const told = Object.fromEntries(Object.entries(job).filter(([key]) => isTold(key)));
    return `${JSON.stringify(told)}: ${job['failure']}`;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, any>[]} whole lines
 */
function linesOf(file) {
  const text = readFileSync(file, 'utf8');
  // The last one of a run that goes on may be half written.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole === ''
    ? []
    : whole
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}
