// @ts-check
/** Figures for docs/reliability.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';

/**
 * @param {string} name of the file
 * @param {string} area what was tried
 * @param {string} command how a reader repeats it, from the root
 * @param {readonly (readonly string[])[]} rows what and value
 */
export function record(name, area, command, rows) {
  const folder = join(import.meta.dirname, '../../reliability/figures');
  mkdirSync(folder, { recursive: true });
  const memory = Math.round(totalmem() / 2 ** 30);
  const figures = {
    area,
    command,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores, ${memory} GiB, ${type()}, Node ${process.versions.node}`,
    rows: rows.map(([what = '', value = '']) => ({ what, value })),
  };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(figures, null, 2)}\n`);
}
