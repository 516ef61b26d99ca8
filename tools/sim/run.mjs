// @ts-check
/**
 * Runs swarms of the real engine in a simulated network, and says what did not hold. See README.md.
 */
import { parseArgs } from 'node:util';
import { bundle } from './lib/bundle.mjs';
import { listScenarios, runAll } from './lib/pool.mjs';
import { record } from './lib/record.mjs';
import { replayOf, show, showFailures } from './lib/report.mjs';
import { checkTable, writeTable } from './lib/table.mjs';

/** @typedef {import('./lib/pool.mjs').Outcome} Outcome */
/** @typedef {import('./lib/pool.mjs').Task} Task */

const USAGE = `Usage: node run.mjs [options]
  --only NAME      run only these scenarios; again, or with commas, for more; * stands for anything
  --list           list the scenarios
  --seed N         run them with this seed (default 1: the parameters are as stated)
  --twice          run each a second time, and compare the fingerprints
  --soak SECONDS   go on with random scenarios and seeds for so long
  --jobs N         scenarios at a time (default 2)
  --timeout S      seconds that one scenario may take (default 120)
  --json           print one line of JSON at the end
  --record         write the figures to tools/reliability/figures/sim.json
  --table          write the list of scenarios into README.md
  --check-table    fail when that list is not up to date
  --help`;

/** Seeds of a soak run are below this. */
const SEEDS = 1_000_000;

/** @param {string} name @param {string} value @param {number} least */
function whole(name, value, least) {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`${name} takes a whole number from ${least}`);
}

/** @param {readonly string[]} names @param {readonly string[]} patterns */
function choose(names, patterns) {
  if (patterns.length === 0) return names;
  const tests = patterns
    .flatMap((each) => each.split(','))
    .map((each) => {
      const escaped = each.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
      return { each, test: new RegExp(`^${escaped}$`) };
    });
  for (const { each, test } of tests)
    if (!names.some((name) => test.test(name))) throw new Error(`there is no scenario ${each}`);
  return names.filter((name) => tests.some(({ test }) => test.test(name)));
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean' },
      seed: { type: 'string', default: '1' },
      twice: { type: 'boolean', default: false },
      soak: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      timeout: { type: 'string', default: '120' },
      json: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      table: { type: 'boolean' },
      'check-table': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const seed = whole('--seed', values.seed, 1);
  const jobs = whole('--jobs', values.jobs, 1);
  const timeout = whole('--timeout', values.timeout, 1) * 1_000;
  const soak = values.soak === undefined ? 0 : whole('--soak', values.soak, 1);

  await bundle();
  const themes = await listScenarios();
  if (values.table) return writeTable(themes);
  if (values['check-table']) return checkTable(themes);
  const names = choose(
    themes.flatMap(({ scenarios }) => scenarios.map(({ name }) => name)),
    values.only,
  );
  if (values.list) {
    for (const { scenarios } of themes)
      for (const { name, holds } of scenarios)
        if (names.includes(name)) console.log(`${name.padEnd(34)} ${holds}`);
    return 0;
  }

  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1_000;
  /** @type {Outcome[]} */
  const outcomes = [];
  /** @type {Task[]} */
  const tasks = names.map((name) => ({ name, seed }));
  // The longest ones are no use at the end.
  tasks.sort((one, other) => Number(isLarge(other.name)) - Number(isLarge(one.name)));
  if (values.twice) tasks.push(...tasks.map((task) => ({ ...task })));
  const next = () => {
    if (soak === 0) return tasks.shift();
    if (elapsed() > soak) return undefined;
    const name = names[Math.floor(Math.random() * names.length)] ?? '';
    return { name, seed: 2 + Math.floor(Math.random() * (SEEDS - 2)) };
  };
  await runAll({
    jobs,
    timeout,
    next,
    done: (outcome) => {
      outcomes.push(outcome);
      if (soak === 0 || outcome.failures.length > 0) show(outcome);
      if (soak > 0 && outcomes.length % 50 === 0)
        console.log(`${outcomes.length} runs, ${Math.round(elapsed())} s`);
    },
  });
  if (values.twice) compare(outcomes);
  const failures = outcomes.filter((outcome) => outcome.failures.length > 0);
  showFailures(failures);
  const summary = {
    scenarios: new Set(outcomes.map(({ name }) => name)).size,
    runs: outcomes.length,
    failed: failures.map((outcome) => replayOf(outcome)),
    virtualSeconds: Math.round(outcomes.reduce((sum, each) => sum + each.virtualSeconds, 0)),
    events: outcomes.reduce((sum, each) => sum + each.events, 0),
    seconds: Math.round(elapsed()),
  };
  if (values.json) console.log(JSON.stringify(summary));
  else {
    console.log(
      `${summary.runs} runs of ${summary.scenarios} scenarios, ${failures.length} failed; ` +
        `${summary.virtualSeconds} s of virtual time, ${summary.events} events in ${summary.seconds} s`,
    );
  }
  if (values.record) await record(summary, { soak, twice: values.twice });
  return failures.length === 0 ? 0 : 1;
}

/** @param {string} name */
function isLarge(name) {
  return /1000|200|thousand|flash|churn/.test(name);
}

/** Notes runs of the same seed that were not the same. @param {Outcome[]} outcomes */
function compare(outcomes) {
  /** @type {Map<string, Outcome>} */
  const first = new Map();
  for (const [index, outcome] of outcomes.entries()) {
    const before = first.get(outcome.name);
    if (before === undefined) first.set(outcome.name, outcome);
    else if (before.fingerprint !== outcome.fingerprint || before.events !== outcome.events) {
      const failures = [...outcome.failures, 'a second run with the same seed was another'];
      outcomes[index] = { ...outcome, failures };
    }
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
