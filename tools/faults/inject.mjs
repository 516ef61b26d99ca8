// @ts-check
/** Lets disks fail under the real client and its threads, and looks what becomes of its torrents. See README.md. */
import { parseArgs } from 'node:util';
import { Context } from './inject/context.mjs';
import { scenarios } from './inject/scenarios.mjs';
import { chosen } from './lib/arguments.mjs';
import { FaultPlan } from './lib/fault-plan.mjs';
import { startThreadsWith } from './lib/fault-threads.mjs';
import { recordFigures } from './lib/figures.mjs';
import { installFaults } from './lib/install-faults.mjs';

const USAGE = `Usage: node inject.mjs [options]
  --only NAME,…  these scenarios
  --list         list them
  --json         print one line of JSON at the end
  --record       write the figures for docs/reliability.md`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main() {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.list) {
    for (const { name, shows } of scenarios) console.log(`${name.padEnd(32)} ${shows}`);
    return 0;
  }
  const plan = new FaultPlan();
  installFaults(plan);
  const context = await Context.open(plan);
  // Torrents are made by threads of another kind, before.
  startThreadsWith(plan);
  const selected = chosen(scenarios, values.only);
  let failed = 0;
  for (const { name, run } of selected) {
    const start = performance.now();
    await context.begin(name);
    let fault = '';
    try {
      await run(context);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
      failed += 1;
    }
    const said = [...context.messages];
    await context.end();
    const time = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${fault === '' ? 'held  ' : 'FAILED'} ${name.padEnd(32)} ${time} s`);
    if (fault !== '') console.log(`       ${fault}\n       again: node inject.mjs --only ${name}`);
    for (const message of new Set(said)) console.log(`       "${message}"`);
  }
  await context.close();
  console.log(`${selected.length - failed} of ${selected.length} scenarios held`);
  if (values.record && failed === 0 && values.only === undefined) {
    await recordFigures([{ what: 'disk faults endured', value: `${selected.length} scenarios` }]);
  }
  if (values.json)
    console.log(JSON.stringify({ ok: failed === 0, scenarios: selected.length, failed }));
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
