// @ts-check
/** Loses power at every change that downloads make to a disk, in a model of one, and looks at what is left. See README.md. */
import { parseArgs } from 'node:util';
import { BREAKS, broken } from './crash/broken.mjs';
import { crashAt } from './crash/points.mjs';
import { record } from './crash/record.mjs';
import { scenarios } from './crash/scenarios.mjs';
import { chosen, wholeNumber } from './lib/arguments.mjs';
import { makeContent } from './lib/content.mjs';
import { recordFigures } from './lib/figures.mjs';
import { runWorkersInProcess } from './lib/in-process-worker.mjs';
import { installModel } from './lib/install-model.mjs';
import { ModelDisk } from './lib/model-disk.mjs';
import { ModelFs } from './lib/model-fs.mjs';

/** @import { Content } from './lib/content.mjs' */
/** @import { Break } from './crash/broken.mjs' */
/** @import { Point } from './crash/points.mjs' */
/** @import { Scenario } from './crash/scenarios.mjs' */

const USAGE = `Usage: node crash-points.mjs [options]
  --points N       go on until so many crashes (default 10000); every run is crashed at each of its changes
  --variants N     crashes at each change, each with another fate of what was not synced (default 3)
  --seed N         of the first run of each scenario (default 1)
  --only NAME,…    these scenarios: ${scenarios.map(({ name }) => name).join(', ')}
  --at N           only at this change of the first run; with --variant, only that crash
  --variant N
  --without WHAT   as if the engine left something out, to see that it is found: ${BREAKS.join(', ')}
  --self-test      all of these, one after the other: each must be found
  --ci             the short run: one crash at each change, and the self-test
  --json           print one line of JSON at the end
  --record         write the figures for docs/reliability.md`;

/** Crashes of each broken engine in the self-test. */
const SELF_TEST_SCENARIO = 'v1-files';

/** Faults told of in full. */
const MAX_TOLD = 10;

/**
 * What the engine says: seconds between two savings of resume data while something changes, and the tick at which it looks. Saving itself takes
 * no virtual time.
 */
const SAVE_INTERVAL = 30;
const TICK = 1;

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '10000' },
    variants: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    at: { type: 'string' },
    variant: { type: 'string' },
    without: { type: 'string' },
    'self-test': { type: 'boolean', default: false },
    ci: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const model = { fs: new ModelFs(new ModelDisk(() => 0)), boot: 1 };

async function main() {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { without } = values;
  const how = BREAKS.find((each) => each === without);
  if (without !== undefined && how === undefined) throw new Error(`--without: no "${without}"`);
  const selected = chosen(scenarios, values.only);
  // Torrents are made on the real disk and by real threads.
  /** @type {Map<Scenario, Content[]>} */
  const contents = new Map();
  for (const scenario of scenarios) {
    contents.set(scenario, await Promise.all(scenario.specs.map(makeContent)));
  }
  installModel(model);
  runWorkersInProcess();
  const seed = wholeNumber('--seed', values.seed);
  let failed = false;
  const sums = { points: 0, goneOn: 0, runs: 0, claimed: 0, unclaimed: 0, longest: 0 };
  if (!values['self-test']) {
    const target =
      values.ci || values.at !== undefined ? 1 : wholeNumber('--points', values.points);
    for (let round = 0; sums.points < target; round++) {
      for (const scenario of selected) {
        const found = await run(scenario, contents.get(scenario) ?? [], seed + round, how);
        sums.runs += 1;
        sums.points += found.points;
        sums.goneOn += found.goneOn;
        sums.claimed += found.claimed;
        sums.unclaimed = Math.max(sums.unclaimed, found.unclaimed);
        sums.longest = Math.max(sums.longest, found.longest);
        if (found.faults > 0) failed = true;
      }
    }
    console.log(
      `${sums.points} crashes in ${sums.runs} runs, ${sums.goneOn} of them downloaded to the end: ` +
        `${failed ? 'FAILED' : 'no byte claimed that is not there, nothing lost that was saved'}`,
    );
  }
  if ((values.ci || values['self-test']) && !(await selfTest(contents, seed))) failed = true;
  if (values.record && !failed && how === undefined) await recordFigures(rowsOf(sums));
  if (values.json) console.log(JSON.stringify({ ok: !failed, ...sums }));
  return failed ? 1 : 0;
}

/**
 * @param {Scenario} scenario
 * @param {readonly Content[]} contents
 * @param {number} seed
 * @param {Break | undefined} how
 */
async function run(scenario, contents, seed, how, isQuiet = false) {
  const recorded = await record(scenario, seed, model, contents);
  const journal = broken(recorded.journal, how);
  const variants = values.ci ? 1 : wholeNumber('--variants', values.variants);
  let faults = 0;
  const sums = await crashAt(
    { scenario, seed, contents, journal },
    model,
    pointsOf(journal.length, variants),
    ({ point, variant }, mode, what) => {
      faults += 1;
      if (isQuiet || faults > MAX_TOLD) return;
      console.log(`${scenario.name}, seed ${seed}, change ${point}, ${mode}:`);
      for (const fault of what.slice(0, MAX_TOLD)) console.log(`  ${fault}`);
      const options = how === undefined ? '' : ` --without ${how}`;
      console.log(
        `  again: node crash-points.mjs --only ${scenario.name} --seed ${seed} --at ${point} --variant ${variant}${options}`,
      );
    },
  );
  const waited = recorded.longest / 1000;
  if (waited > SAVE_INTERVAL + TICK) {
    faults += 1;
    console.log(`${scenario.name}, seed ${seed}: data waited ${waited} s to be remembered`);
  }
  if (!isQuiet) {
    console.log(
      `${scenario.name.padEnd(20)} seed ${seed}: ${journal.length} changes, ${sums.points} crashes, ` +
        `${faults} with faults`,
    );
  }
  return { ...sums, faults, longest: recorded.longest };
}

/**
 * @param {number} length
 * @param {number} variants
 * @returns {Generator<Point>}
 */
function* pointsOf(length, variants) {
  const only = values.variant === undefined ? undefined : wholeNumber('--variant', values.variant);
  const at = values.at === undefined ? undefined : wholeNumber('--at', values.at);
  for (let point = at ?? 0; point <= (at ?? length); point++) {
    for (let variant = only ?? 0; variant < (only === undefined ? variants : only + 1); variant++) {
      yield { point, variant };
    }
  }
}

/**
 * @param {ReadonlyMap<Scenario, Content[]>} contents
 * @param {number} seed
 */
async function selfTest(contents, seed) {
  const scenario = scenarios.find(({ name }) => name === SELF_TEST_SCENARIO);
  if (scenario === undefined) throw new Error('no scenario for the self-test');
  let isGood = true;
  for (const how of BREAKS) {
    const { faults, points } = await run(scenario, contents.get(scenario) ?? [], seed, how, true);
    const verdict = faults > 0 ? `found, by ${faults} of ${points} crashes` : 'NOT FOUND';
    console.log(`an engine without ${how}: ${verdict}`);
    if (faults === 0) isGood = false;
  }
  return isGood;
}

/** @param {{ points: number, runs: number, goneOn: number, longest: number }} sums */
function rowsOf({ points, runs, goneOn, longest }) {
  return [
    {
      what: 'simulated crash points survived',
      value: `${points} in ${runs} runs of ${scenarios.length} scenarios; ${goneOn} downloaded to the end`,
    },
    { what: 'bytes claimed after a simulated crash that were not right on disk', value: '0' },
    {
      what: 'downloaded again after power loss, at most',
      value:
        `what came since the last saving of resume data began: ${SAVE_INTERVAL} s of download, and the time a saving takes ` +
        `(longest seen: ${(longest / 1000).toFixed(1)} s)`,
    },
  ];
}

process.exitCode = await main();
