// @ts-check
/**
 * The benchmark rig: shoal and other clients in one run against the same counterparts. See README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runInNamespace } from '../interop/lib/namespace.mjs';
import { chooseClients } from './clients/index.mjs';
import { machineLine } from './lib/machine.mjs';
import { runMicro } from './lib/micro.mjs';
import { profile } from './lib/profile.mjs';
import { report } from './lib/report.mjs';
import { runMeasure } from './lib/rounds.mjs';
import { EPHEMERAL_PORTS, settings, WORKSPACE } from './lib/settings.mjs';
import { parseSize } from './lib/size.mjs';
import { smoke } from './lib/smoke.mjs';
import { tableOf } from './lib/table.mjs';
import { measures } from './measures/index.mjs';

const USAGE = `Usage: node run.mjs MEASURE [options]
  ${measures.map(({ name }) => name).join(', ')}
  micro      the microbenchmarks of the packages
  all        everything, one after another
  profile M  where shoal's time goes in a measure: leech, seed, verify, create, idle
  smoke      every measure with tiny data and shoal alone; fails when one breaks
  report     the tables of docs/performance.md from the results [of --json FILE]

  --clients A,B     default: those that the measure is made for, as far as they are installed; NAME=path/to/bin.js: another build of shoal
  --baseline A      divide every client by this one; default: the first client by each of the others
  --runs N          that count (default 3)
  --warm N          that do not (default 1)
  --limit S         for one run (default 240)
  --size SIZE       of the content, such as 256MiB; default: what the measure is defined with
  --data FILE       use this file as content
  --dest D          pieces, memory: download to memory (default) or disk
  --peers N         many: seeders (default 20)
  --depth N         seed: blocks that the leecher keeps in flight (default 200)
  --check           seed: the leecher compares every byte
  --count N,N       idle: torrents (default 1000,10000)
  --settle S        idle: until memory is read (default 5)
  --seconds S       metainfo: for each thing (default 2)
  --json FILE       write the result there too
  --help`;

/** Set in the rig that runs inside the namespace. */
const INSIDE = 'SHOAL_BENCH_INSIDE';

const NAMESPACE = { prefix: 'shoal-bench-', addresses: ['10.99.0.1/24', '10.99.1.1/24'] };

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      clients: { type: 'string' },
      baseline: { type: 'string' },
      runs: { type: 'string', default: '3' },
      warm: { type: 'string', default: '1' },
      limit: { type: 'string', default: '240' },
      size: { type: 'string' },
      data: { type: 'string' },
      dest: { type: 'string', default: 'memory' },
      peers: { type: 'string', default: '20' },
      depth: { type: 'string', default: '200' },
      check: { type: 'boolean', default: false },
      count: { type: 'string', default: '1000,10000' },
      settle: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [name = ''] = positionals;
  if (values.help || positionals.length !== (name === 'profile' ? 2 : 1)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const results = join(settings.home, 'results');
  if (name === 'report') {
    await report(values.json ? [values.json] : results, join(WORKSPACE, 'docs/performance.md'));
    return 0;
  }
  const runs = number('--runs', values.runs);
  if (name === 'micro') {
    save(await runMicro(runs), values.json);
    return 0;
  }
  const wanted = name === 'profile' ? positionals[1] : name;
  const chosen = name === 'all' ? measures : measures.filter((measure) => measure.name === wanted);
  if (chosen.length === 0 && name !== 'smoke') throw new Error(`there is no measure ${wanted}`);
  if (!process.env[INSIDE]) {
    process.env[INSIDE] = '1';
    const code = await runInNamespace([process.execPath, ...process.argv.slice(1)], NAMESPACE);
    if (name === 'all' && code === 0) save(await runMicro(runs));
    return code;
  }
  writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', EPHEMERAL_PORTS);
  if (name === 'smoke') return (await smoke()) ? 0 : 1;

  if (values.dest !== 'memory' && values.dest !== 'disk') throw new Error('--dest: memory or disk');
  /** @type {import('./measures/measure.mjs').Options} */
  const options = {
    size: values.size === undefined ? undefined : parseSize(values.size),
    data: values.data === undefined ? undefined : resolve(values.data),
    destination: values.dest,
    peers: number('--peers', values.peers),
    depth: number('--depth', values.depth),
    check: values.check,
    counts: values.count.split(',').map((text) => number('--count', text)),
    settle: number('--settle', values.settle),
    seconds: number('--seconds', values.seconds),
    limit: number('--limit', values.limit),
  };
  if (name === 'profile') {
    for (const measure of chosen) save(await profile(measure, options), values.json);
    return 0;
  }
  const how = { runs, warm: number('--warm', values.warm), baseline: values.baseline };
  let failed = false;
  for (const measure of chosen) {
    const clients = chooseClients(values.clients ?? measure.clients);
    const result = await runMeasure(measure, clients, options, how);
    save(result, values.json);
    console.log(`\n### ${result.title}\n\n${tableOf(result)}\n${machineLine(result.machine)}\n`);
    // Others may fail at what they are not made for; the first is what all this is about.
    failed ||= result.cases.some(({ rows }) => rows[0]?.error !== undefined);
  }
  return failed ? 1 : 0;
}

/**
 * Keeps a result for the report.
 *
 * @param {{ measure: string }} result
 * @param {string} [file] one place more
 */
function save(result, file) {
  const places = [
    join(settings.home, 'results', `${result.measure}.json`),
    ...(file ? [file] : []),
  ];
  for (const place of places) {
    mkdirSync(dirname(resolve(place)), { recursive: true });
    writeFileSync(place, `${JSON.stringify(result, null, 2)}\n`);
  }
}

/** @param {string} option @param {string} text */
function number(option, text) {
  const value = Number(text);
  if (!(value >= 0) || text.trim() === '') throw new Error(`${option}: ${text} is not a number`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
