// @ts-check
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

const FOLDER = new URL('../../reliability/figures/', import.meta.url);

/**
 * @typedef {object} Summary
 * @property {number} scenarios
 * @property {number} runs
 * @property {readonly string[]} failed
 * @property {number} virtualSeconds
 * @property {number} events
 * @property {number} seconds
 */

/** @typedef {{ what: string, value: string }} Row */

/** @param {number} number */
const grouped = (number) => number.toLocaleString('en-US');

/** @param {Summary} summary @param {string} kind @returns {Row[]} */
function rowsOf(summary, kind) {
  const { scenarios, runs, failed, virtualSeconds, events, seconds } = summary;
  return [
    { what: `${kind}: runs of named scenarios`, value: `${grouped(runs)} of ${scenarios}` },
    { what: `${kind}: failed`, value: String(failed.length) },
    {
      what: `${kind}: virtual time, events, real time`,
      value: `${grouped(virtualSeconds)} s, ${grouped(events)}, ${grouped(seconds)} s`,
    },
  ];
}

/**
 * Writes what `tools/reliability` shows. A soak run and the usual one each keep what the other has written.
 *
 * @param {Summary} summary @param {{ soak: number, twice: boolean }} how
 */
export async function record(summary, { soak, twice }) {
  await mkdir(FOLDER, { recursive: true });
  const file = new URL('sim.json', FOLDER);
  const before = await readFile(file, 'utf8').then(
    (text) => /** @type {{ rows: Row[] }} */ (JSON.parse(text)).rows,
    () => [],
  );
  const kind = soak > 0 ? 'random seeds (`nx run sim:soak`)' : 'stated parameters';
  const rows = [
    ...before.filter(({ what }) => !what.startsWith(`${kind}:`)),
    ...rowsOf(summary, kind),
  ];
  if (twice)
    rows.push({ what: `${kind}: each run twice with one seed`, value: 'the same event for event' });
  const [cpu] = cpus();
  const report = {
    area: 'Simulated swarms',
    command: 'pnpm nx run sim:scenarios',
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores, ${cpu?.model ?? 'unknown'}, Node ${process.version}`,
    rows,
  };
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}
