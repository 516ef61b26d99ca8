// @ts-check
/** The list of hostile input: its check, its proof, its page. See README.md. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { problemsOf } from './lib/check.mjs';
import { prove, PROVEN } from './lib/guards.mjs';
import { pagePath, renderPage } from './lib/page.mjs';
import { record } from './lib/record.mjs';
import { tryVectors } from './lib/vectors.mjs';
import { areas } from './list/index.mjs';

const USAGE = `Usage: node run.mjs check|guards|vectors|page [options]
  check      every entry names a test and a guard that exist, and docs/hostile-input.md is current
  guards     takes each guard out, and demands that its test fails
  vectors    runs the tests of all hostile vectors, and counts them
  page       writes docs/hostile-input.md
Options
  --only NAME   (guards) only these entries or areas; * stands for anything; again, or with commas, for more
  --jobs N      (guards, vectors) processes at a time (default 2)
  --verbose     (guards) print what the failing tests say
  --record      (guards, vectors) write the figures for docs/reliability.md
  --json        print one line of JSON at the end
  --help`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      jobs: { type: 'string', default: '2' },
      verbose: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [command] = positionals;
  if (values.help || command === undefined) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error('--jobs: a whole number from 1 on');
  switch (command) {
    case 'check':
      return check(values.json);
    case 'guards':
      return guards(choose(values.only), jobs, values);
    case 'vectors':
      return vectors(jobs, values);
    case 'page':
      writeFileSync(pagePath, await renderPage(areas));
      return 0;
    default:
      throw new Error(`there is no command ${command}\n${USAGE}`);
  }
}

/** @param {boolean} json */
async function check(json) {
  const problems = await problemsOf(areas);
  const entries = areas.reduce((sum, area) => sum + area.entries.length, 0);
  for (const problem of problems) console.error(problem);
  console.log(`${entries} entries, ${problems.length} problems`);
  if (json) console.log(JSON.stringify({ entries, problems }));
  return problems.length === 0 ? 0 : 1;
}

/**
 * @param {readonly import('./lib/types.mjs').Entry[]} entries
 * @param {number} jobs
 * @param {{ verbose: boolean, record: boolean, json: boolean, only?: string[] | undefined }} options
 */
async function guards(entries, jobs, options) {
  const width = Math.max(...entries.map(({ id }) => id.length));
  const started = performance.now();
  const proofs = await prove(entries, jobs, ({ entry, verdict, seconds, message }) => {
    console.log(
      `${entry.id.padEnd(width)}  ${verdict.padEnd(12)} ${seconds.toFixed(1).padStart(5)} s  ${entry.name}`,
    );
    if (message !== '' && (options.verbose || !PROVEN.has(verdict))) console.log(message);
  });
  const seconds = (performance.now() - started) / 1000;
  const proven = proofs.filter(({ verdict }) => PROVEN.has(verdict)).length;
  console.log(
    `${proven} of ${entries.length} tests fail without their guard (${seconds.toFixed(0)} s)`,
  );
  for (const { entry, verdict } of proofs) {
    if (!PROVEN.has(verdict)) console.log(`NOT PROVEN ${entry.id}: ${verdict}`);
  }
  if (options.record) {
    if (options.only !== undefined) throw new Error('--record: of all entries only');
    record([
      {
        what: 'guards whose test fails when they are taken out',
        value: `${proven} of ${entries.length}`,
      },
    ]);
  }
  if (options.json) console.log(JSON.stringify({ entries: entries.length, proven, seconds }));
  return proven === entries.length ? 0 : 1;
}

/**
 * @param {number} jobs
 * @param {{ record: boolean, json: boolean }} options
 */
async function vectors(jobs, options) {
  const results = await tryVectors(jobs);
  for (const { set, all, hostile, tests, passed } of results) {
    console.log(
      `${String(hostile).padStart(5)} of ${String(all).padStart(3)} vectors, ${String(passed).padStart(4)} of ${String(tests).padStart(4)} tests  ${set.what} (${set.fixture})`,
    );
  }
  const tried = results.reduce((sum, { hostile }) => sum + hostile, 0);
  const good = results.every(({ all, tests, passed }) => passed === tests && tests >= all);
  console.log(
    `${tried} hostile inputs tried, ${good ? 'all as they should be' : 'NOT all as they should be'}`,
  );
  if (options.record)
    record([{ what: 'hostile inputs tried (conformance vectors)', value: `${tried}` }]);
  if (options.json) console.log(JSON.stringify({ tried, good }));
  return good ? 0 : 1;
}

/** @param {readonly string[] | undefined} only */
function choose(only) {
  const wanted = only?.flatMap((names) => names.split(','));
  if (wanted === undefined) return areas.flatMap(({ entries }) => entries);
  const patterns = wanted.map((name) => {
    const parts = name.split('*').map((part) => part.replace(/[^\w-]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`);
  });
  const chosen = areas.flatMap(({ name: area, entries }) =>
    entries.filter(({ id }) => patterns.some((pattern) => pattern.test(id) || pattern.test(area))),
  );
  if (chosen.length === 0) throw new Error(`--only: no entry is named ${wanted.join(', ')}`);
  return chosen;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
