import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Summary } from './report.ts';

const FIGURES = fileURLToPath(new URL('../../reliability/figures', import.meta.url));

/** Writes the figures of a run to where the page about reliability is made from. */
export async function record({ figures }: Summary): Promise<void> {
  const { targets, executions, finds, seconds, seed } = figures;
  const minutes = Math.max(1, Math.round(seconds / 60));
  const content = {
    area: 'fuzzing',
    command: `pnpm nx run fuzz:long -- --minutes ${minutes} --seed ${seed}`,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`,
    rows: [
      { what: 'fuzz targets', value: `${targets}` },
      { what: 'inputs tried', value: executions.toLocaleString('en') },
      { what: 'finds open', value: `${finds}` },
      { what: 'time', value: `${minutes} min` },
    ],
  };
  await mkdir(FIGURES, { recursive: true });
  await writeFile(`${FIGURES}/fuzz.json`, `${JSON.stringify(content, undefined, 2)}\n`);
}
