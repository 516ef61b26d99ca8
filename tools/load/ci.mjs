// @ts-check
/** The small variant of all three, for CI: half a minute. Fails when one does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const out = mkdtempSync(join(tmpdir(), 'shoal-load-ci-'));
const runs = [
  [
    'soak.mjs',
    '--minutes',
    '0.15',
    '--quiet',
    '3600',
    '--seed',
    '7',
    '--settle',
    '1',
    '--out',
    out,
  ],
  ['hostile.mjs', '--pairs', '1', '--size', '128', '--no-judge'],
  ['stop.mjs', '--rounds', '1', '--seed', '7', '--skip', 'hangs'],
];
let failed = false;
for (const [file = '', ...args] of runs) {
  console.log(`\n${[file, ...args].join(' ')}`);
  const command = [join(import.meta.dirname, file), ...args];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  failed ||= status !== 0;
}
rmSync(out, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;
