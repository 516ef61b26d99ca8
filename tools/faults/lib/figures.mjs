// @ts-check
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** @typedef {{ what: string, value: string }} Row */

const FILE = new URL('../../reliability/figures/faults.json', import.meta.url);

/** How a reader repeats all rows. */
const COMMAND =
  'pnpm nx run faults:inject; pnpm nx run faults:crash-points; pnpm nx run faults:kill --kills 200';

/**
 * Writes figures for docs/reliability.md; rows of other tools of this package stay as they are.
 *
 * @param {readonly Row[]} rows
 */
export async function recordFigures(rows) {
  /** @type {Row[]} */
  let before = [];
  try {
    before = JSON.parse(await readFile(FILE, 'utf8')).rows;
  } catch {
    // The first time.
  }
  const isNew = (/** @type {Row} */ row) => !rows.some(({ what }) => what === row.what);
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  const figures = {
    area: 'faults and crashes',
    command: COMMAND,
    date: new Date().toISOString().slice(0, 10),
    machine,
    rows: [...before.filter(isNew), ...rows],
  };
  await mkdir(new URL('.', FILE), { recursive: true });
  await writeFile(FILE, `${JSON.stringify(figures, undefined, 2)}\n`);
}
