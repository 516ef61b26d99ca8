// @ts-check
/** Every measure with tiny data: does it still run, and does shoal still do what is measured? */
import { chooseClients } from '../clients/index.mjs';
import { stallKeys } from '../measures/files.mjs';
import { measures } from '../measures/index.mjs';
import { now } from './proc.mjs';
import { runMeasure } from './rounds.mjs';
import { settings } from './settings.mjs';
import { MIB } from './size.mjs';

/** @type {import('../measures/measure.mjs').Options} */
const TINY = {
  size: 16 * MIB,
  data: undefined,
  destination: 'memory',
  peers: 3,
  depth: 64,
  check: true,
  counts: [20],
  settle: 0.2,
  seconds: 0.1,
  limit: 30,
};

/** Too small to be seen with so little data. */
const MAY_BE_ZERO = new Set([
  ...['noise', 'counterpart', 'idle', 'delay99', 'delayMax', 'lost'],
  ...stallKeys,
]);

/** @returns {Promise<boolean>} whether all is well */
export async function smoke() {
  const start = now();
  // Nothing is compared, so nothing needs quiet, nor the lock.
  Object.assign(settings, { lock: '', quietWait: 0, tries: 1, prefault: 0 });
  const problems = [];
  for (const measure of measures) {
    const how = { runs: 1, warm: 0, baseline: undefined };
    const result = await runMeasure(measure, chooseClients('shoal'), TINY, how);
    const absent = result.clients.find((client) => client.absent)?.absent;
    if (absent) problems.push(`${measure.name}: ${absent}`);
    for (const { label, rows } of result.cases) {
      for (const { error, runs } of rows) {
        if (error) problems.push(`${measure.name}, ${label}: ${error}`);
        for (const { key } of measure.columns) {
          const value = runs[0]?.[key];
          if (!error && !(value !== undefined && (value > 0 || MAY_BE_ZERO.has(key)))) {
            problems.push(`${measure.name}, ${label}: ${key} is ${value}`);
          }
        }
      }
    }
  }
  for (const problem of problems) console.log(`FAIL ${problem}`);
  console.log(
    problems.length === 0
      ? `ok: ${measures.length} measures, ${Math.round(now() - start)} s`
      : 'failed',
  );
  return problems.length === 0;
}
