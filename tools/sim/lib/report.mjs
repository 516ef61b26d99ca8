// @ts-check

/** @typedef {import('../src/scenario.ts').Outcome} Outcome */

/** The command that repeats a run, from the root. @param {Outcome} outcome */
export function replayOf({ name, seed }) {
  return `node tools/sim/run.mjs --only ${name} --seed ${seed}`;
}

/** @param {Outcome} outcome */
export function show({ name, failures, figures, seconds }) {
  const mark = failures.length === 0 ? 'ok  ' : 'FAIL';
  console.log(
    `${mark} ${name.padEnd(32)} ${seconds.toFixed(1).padStart(5)} s  ${figures.join('; ')}`,
  );
}

/** @param {readonly Outcome[]} outcomes */
export function showFailures(outcomes) {
  for (const outcome of outcomes) {
    console.log(`\n${outcome.name}, seed ${outcome.seed}:`);
    for (const failure of outcome.failures) console.log(`  ${failure}`);
    if (outcome.drawn.length > 0) console.log(`  drawn: ${outcome.drawn.join(', ')}`);
    console.log(`  replay: ${replayOf(outcome)}`);
  }
}
