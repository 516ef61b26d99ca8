// @ts-check
/** The short run of all three tools, at the same time: two of them mostly wait. Prints what each has said when it has ended. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RUNS = [['inject.mjs'], ['kill.mjs', '--kills', '6'], ['crash-points.mjs', '--ci']];

/** @param {readonly string[]} run @returns {Promise<boolean>} it has ended with 0 */
function runOne([script = '', ...args]) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  }
  return new Promise((resolve) => {
    child.on('close', (code) => {
      console.log(`== ${script} ${args.join(' ')}: ${code === 0 ? 'held' : `FAILED (${code})`}`);
      console.log(said);
      resolve(code === 0);
    });
  });
}

const results = await Promise.all(RUNS.map(runOne));
process.exitCode = results.every(Boolean) ? 0 : 1;
