// @ts-check
/** The figures of this tool, for the page that collects those of all. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './workspace.mjs';

const file = join(root, 'tools/reliability/figures/hostile.json');

/**
 * Writes rows, and keeps those of the file that say something else.
 *
 * @param {readonly { what: string, value: string }[]} rows
 */
export function record(rows) {
  /** @type {{ rows: { what: string, value: string }[] }} */
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { rows: [] };
  const kept = before.rows.filter(({ what }) => !rows.some((row) => row.what === what));
  const figures = {
    area: 'Hostile input',
    command: 'pnpm nx run hostile:guards && pnpm nx run hostile:vectors',
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores (${cpus()[0]?.model ?? arch()}), ${platform()}, Node ${process.versions.node}`,
    rows: [...kept, ...rows],
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
}
