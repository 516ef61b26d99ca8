// @ts-check
/** The small variant of all three at a time, for CI: half a minute. Fails when one does. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds for one of them. */
const PATIENCE = 150_000;

const out = mkdtempSync(join(tmpdir(), 'shoal-load-ci-'));
const runs = [
  ['soak.mjs', '--minutes', '0.1', '--quiet', '3600', '--seed', '7', '--settle', '1', '--out', out],
  ['hostile.mjs', '--pairs', '1', '--size', '128', '--no-judge'],
  ['stop.mjs', '--rounds', '1', '--seed', '7', '--skip', 'hangs'],
];
let failed = false;
await Promise.all(runs.map(([file = '', ...args]) => run(file, args)));
rmSync(out, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<void>} once it has ended and what it said is printed
 */
function run(file, args) {
  const command = [join(import.meta.dirname, file), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { timeout: PATIENCE }, (error, stdout, stderr) => {
      failed ||= error !== null;
      console.log(
        `\n${[file, ...args].join(' ')}${error === null ? '' : ' FAILED'}\n${stdout}${stderr}`,
      );
      resolve();
    });
  });
}
