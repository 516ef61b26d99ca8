// @ts-check
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./runner.mjs').Result} Result */

/** Of each log file, in lines. */
const TAIL = 25;

/** @param {Result} result */
export function printResult(result) {
  const word = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[result.outcome];
  const facts = Object.entries(result.facts).map(([name, value]) => `${name}: ${value}`);
  if (result.comparedBytes > 0)
    facts.unshift(`${result.comparedFiles} files, ${result.comparedBytes} bytes equal`);
  const seconds = `${result.seconds.toFixed(1)} s`.padStart(8);
  console.log(`${word} ${seconds}  ${result.name}${facts.length ? `  [${facts.join('; ')}]` : ''}`);
  if (result.message)
    console.log(`${result.outcome === 'failed' ? '     ' : '       '}${result.message}`);
}

/**
 * @param {string} folder of log files
 */
export function printLogs(folder) {
  for (const name of readdirSync(folder).sort()) {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
    console.log(`     --- ${name}, last ${Math.min(TAIL, lines.length)} of ${lines.length} lines`);
    for (const line of lines.slice(-TAIL)) console.log(`     | ${line.slice(0, 400)}`);
  }
  console.log(`     logs: ${folder}`);
}

/** @param {Result[]} results */
export function printTable(results) {
  const width = Math.max(8, ...results.map(({ name }) => name.length));
  console.log(`\n${'scenario'.padEnd(width)}  result   seconds  bytes compared`);
  for (const { name, outcome, seconds, comparedBytes, firstFailure } of results) {
    const again = firstFailure === undefined ? '' : '  second try';
    console.log(
      `${name.padEnd(width)}  ${outcome.padEnd(7)}  ${seconds.toFixed(1).padStart(7)}  ${`${comparedBytes}`.padStart(14)}${again}`,
    );
  }
  const total = results.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`${'total'.padEnd(width)}  ${''.padEnd(7)}  ${total.toFixed(1).padStart(7)}\n`);
}

/** The last line, for machines. @param {Result[]} results */
export function finish(results) {
  const count = (/** @type {string} */ outcome) =>
    results.filter((r) => r.outcome === outcome).length;
  const skipped = count('skipped');
  const lucky = results.filter((r) => r.outcome === 'passed' && r.firstFailure !== undefined);
  if (lucky.length > 0) {
    console.log(`passed on second try: ${lucky.length}`);
    for (const { name, firstFailure } of lucky) console.log(`  ${name}: ${firstFailure}`);
  }
  console.log(
    `${count('passed')} passed, ${count('failed')} failed` +
      (lucky.length > 0 ? `, ${lucky.length} on second try` : '') +
      (skipped > 0 ? `, ${skipped} skipped` : ''),
  );
}
