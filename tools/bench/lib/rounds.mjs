// @ts-check
/** Rounds that take the clients in turn, so that a drift of the machine hits all alike. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { locked, untilQuiet } from './lock.mjs';
import { describeMachine } from './machine.mjs';
import { settings } from './settings.mjs';
import { format } from './statistics.mjs';

/** @typedef {import('../clients/client.mjs').Client} Client */
/** @typedef {import('../measures/measure.mjs').Measure} Measure */
/** @typedef {import('../measures/measure.mjs').Values} Values */

/**
 * @typedef {object} Row
 * @property {string} client
 * @property {Values[]} runs that count
 * @property {string} [error] of the last run that failed
 *
 * @typedef {object} Result
 * @property {string} measure
 * @property {string} title
 * @property {import('./machine.mjs').Machine} machine
 * @property {object} options as given
 * @property {import('../measures/measure.mjs').Column[]} columns
 * @property {string} [baseline] the client that all others are divided by; without: the first client is divided by each of the others
 * @property {{ name: string, version?: string, absent?: string }[]} clients
 * @property {{ label: string, rows: Row[] }[]} cases
 */

/** Seconds of other work that do not count: the rig's own, which is more than the share allowed in a short run. */
const OWN_WORK = 0.15;

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {Client} client @returns {{ name: string, version?: string, absent?: string }} */
function present(client) {
  try {
    return { name: client.name, version: client.version() };
  } catch (error) {
    return { name: client.name, absent: messageOf(error) };
  }
}

/** @param {Values} values */
function isDisturbed({ other = 0, steal = 0, noise = 0 }) {
  return noise > settings.noise && other + steal > OWN_WORK;
}

/**
 * Runs a client once, and again while others disturb it; the least disturbed run counts.
 *
 * @param {() => Promise<Values>} run
 */
async function undisturbed(run) {
  /** @type {Values | undefined} */
  let best;
  for (let attempt = 0; attempt < settings.tries; attempt++) {
    if (attempt > 0) await untilQuiet();
    const values = await run();
    if (best === undefined || (values['noise'] ?? 0) < (best['noise'] ?? 0)) best = values;
    if (!isDisturbed(values)) break;
  }
  return best ?? {};
}

/** @param {Values} values @param {Measure} measure */
const inWords = (values, { columns }) =>
  columns
    .filter(({ key }) => values[key] !== undefined)
    .map(({ key, title, unit }) => `${title} ${format(values[key] ?? 0)} ${unit}`)
    .join(', ');

/**
 * @param {Measure} measure
 * @param {readonly Client[]} clients
 * @param {import('../measures/measure.mjs').Options} options
 * @param {{ runs: number, warm: number, baseline: string | undefined }} how
 * @returns {Promise<Result>}
 */
export async function runMeasure(measure, clients, options, { runs, warm, baseline }) {
  const log = join(settings.home, 'results', `${measure.name}.jsonl`);
  mkdirSync(join(settings.home, 'results'), { recursive: true });
  const found = clients.map(present);
  for (const { name, version, absent } of found) {
    console.log(`# ${name}: ${version ?? `absent (${absent})`}`);
  }
  const taking = clients.filter((client, at) => !found[at]?.absent && client[measure.action]);
  const cases = [];
  for (const which of await locked(async () => measure.cases(options))) {
    /** @type {Row[]} */
    const rows = taking.map(({ name }) => ({ client: name, runs: [] }));
    for (let round = -warm; round < runs; round++) {
      await locked(async () => {
        for (const [at, client] of taking.entries()) {
          const row = rows[at];
          // A client that failed at first would fail each time, and may take the whole limit to do so.
          if (!row || (row.error !== undefined && row.runs.length === 0)) continue;
          /** @type {Values} */
          let values = {};
          /** @type {string | undefined} */
          let error;
          try {
            await untilQuiet();
            const run = () => measure.run(client, which, options);
            values = round < 0 ? await run() : await undisturbed(run);
            if (round >= 0) row.runs.push(values);
          } catch (thrown) {
            error = row.error = messageOf(thrown);
          }
          const record = { measure: measure.name, case: which.label, client: client.name, round };
          appendFileSync(log, `${JSON.stringify({ ...record, ...values, error })}\n`);
          const label = which.label ? `${which.label}: ` : '';
          const kind = round < 0 ? 'warm-up' : `round ${round + 1}`;
          console.log(
            `${measure.name} ${label}${client.name} ${kind}: ${error ?? inWords(values, measure)}`,
          );
        }
      });
    }
    cases.push({ label: which.label, rows });
  }
  return {
    measure: measure.name,
    title: measure.title,
    machine: describeMachine(),
    // Not the path of a file of this machine.
    options: { ...options, data: options.data === undefined ? undefined : 'a file', runs, warm },
    columns: measure.columns,
    ...(baseline === undefined ? {} : { baseline }),
    clients: found,
    cases,
  };
}
