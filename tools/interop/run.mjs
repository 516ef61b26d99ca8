// @ts-check
/**
 * The interop harness: runs shoal and the clients people use against each other. See README.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clients } from './clients/index.mjs';
import { runInNamespace } from './lib/namespace.mjs';
import { finish, printTable } from './lib/report.mjs';
import { deservesSecondTry, findPrograms, runScenario } from './lib/runner.mjs';
import { scenarios } from './scenarios/index.mjs';

const USAGE = `Usage: node run.mjs [options]
  --only NAME        run only these scenarios; again, or with commas, for more; * stands for anything
  --list             list the scenarios
  --stand-in CLIENT  let another client play shoal's part (${clients.map((c) => c.name).join(', ')})
  --json FILE        write the results there as JSON (-: print them)
  --seed N           for what is drawn at random
  --timeout S        seconds that one scenario may take (default 240)
  --jobs N           scenarios at a time (default 1)
  --once             no second try for those that fail
  --keep             keep the working folder
  --help`;

/** Set in the harness that runs inside the namespace. */
const INSIDE = 'SHOAL_INTEROP_INSIDE';

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      list: { type: 'boolean' },
      'stand-in': { type: 'string' },
      json: { type: 'string' },
      seed: { type: 'string' },
      timeout: { type: 'string', default: '240' },
      jobs: { type: 'string', default: '1' },
      once: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.list) {
    const width = Math.max(...scenarios.map(({ name }) => name.length));
    for (const { name, shows } of scenarios) console.log(`${name.padEnd(width)}  ${shows}`);
    return 0;
  }

  const chosen = choose(values.only);
  const timeout = number('--timeout', values.timeout) * 1000;
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : number('--seed', values.seed);
  const jobs = Math.max(1, number('--jobs', values.jobs));
  const standIn = values['stand-in'];
  if (standIn !== undefined && !clients.some(({ name }) => name === standIn)) {
    throw new Error(`--stand-in: there is no client ${standIn}`);
  }

  if (!process.env[INSIDE]) {
    process.env[INSIDE] = '1';
    return runInNamespace([process.execPath, ...process.argv.slice(1)]);
  }

  const folder = mkdtempSync(join(tmpdir(), 'shoal-interop-'));
  const stop = new AbortController();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => stop.abort(new Error(`interrupted by ${signal}`)));
  }
  const programs = await findPrograms(standIn);
  for (const { name, version, problem } of programs.values())
    console.log(`${name}: ${version ?? problem}`);

  /** @type {import('./lib/runner.mjs').Result[]} */
  const results = [];
  const options = {
    folder,
    programs,
    standIn,
    seed,
    timeout,
    signal: stop.signal,
    keep: values.keep,
  };
  const queue = [...chosen];
  const work = async () => {
    for (let next = queue.shift(); next && !stop.signal.aborted; next = queue.shift()) {
      results.push(await runScenario(next, options));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (!values.once) await tryAgain(chosen, results, options);

  results.sort((a, b) => position(chosen, a.name) - position(chosen, b.name));
  const failed = results.some(({ outcome }) => outcome === 'failed');
  if (values.keep) {
    console.log(`\nworking folder: ${folder}`);
  } else {
    // Logs of what failed stay, also where the second try passed.
    const kept = failed || results.some(({ firstFailure }) => firstFailure !== undefined);
    rmSync(kept ? join(folder, 'content') : folder, { recursive: true, force: true });
  }
  const report = {
    standIn: standIn ?? null,
    seed,
    node: process.version,
    versions: Object.fromEntries([...programs].map(([name, p]) => [name, p.version ?? null])),
    results,
  };
  if (values.json === '-') console.log(JSON.stringify(report));
  else if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  printTable(results);
  const interrupted = results.length < chosen.length;
  if (interrupted)
    console.log(`interrupted: ${chosen.length - results.length} scenarios were not run`);
  finish(results);
  return failed || interrupted ? 1 : 0;
}

/**
 * Runs what failed once more, alone, and puts the second result in the place of the first.
 *
 * @param {readonly import('./scenarios/index.mjs').Scenario[]} chosen
 * @param {import('./lib/runner.mjs').Result[]} results
 * @param {import('./lib/runner.mjs').RunOptions} options
 */
async function tryAgain(chosen, results, options) {
  for (const [at, first] of results.entries()) {
    const scenario = chosen.find(({ name }) => name === first.name);
    if (!scenario || options.signal.aborted || !deservesSecondTry(scenario, first)) continue;
    console.log(`\nonce more, alone: ${first.name}`);
    const second = await runScenario(scenario, { ...options, again: true });
    results[at] = {
      ...second,
      seconds: first.seconds + second.seconds,
      firstFailure: first.message ?? '',
    };
  }
}

/**
 * @param {string[] | undefined} only
 * @returns {import('./scenarios/index.mjs').Scenario[]}
 */
function choose(only) {
  const names = only?.flatMap((text) => text.split(',')).filter(Boolean);
  if (!names?.length) return scenarios;
  /** @type {Set<import('./scenarios/index.mjs').Scenario>} */
  const chosen = new Set();
  for (const name of names) {
    const pattern = new RegExp(`^${name.replace(/[^*\w]/g, '\\$&').replaceAll('*', '.*')}$`);
    const found = scenarios.filter((scenario) => pattern.test(scenario.name));
    if (found.length === 0)
      throw new Error(`--only: there is no scenario ${name} (--list names them)`);
    for (const scenario of found) chosen.add(scenario);
  }
  return scenarios.filter((scenario) => chosen.has(scenario));
}

/**
 * @param {import('./scenarios/index.mjs').Scenario[]} list
 * @param {string} name
 */
function position(list, name) {
  return list.findIndex((scenario) => scenario.name === name);
}

/**
 * @param {string} option
 * @param {string} text
 */
function number(option, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${option}: ${text} is not a whole number`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`interop: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
