// @ts-check
/** Kills downloads with SIGKILL at random moments, and looks what they claim when they are started again. See README.md. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cases } from './kill/cases.mjs';
import { runCase } from './kill/run-case.mjs';
import { chosen, wholeNumber } from './lib/arguments.mjs';
import { recordFigures } from './lib/figures.mjs';

/** @import { KillSums } from './kill/run-case.mjs' */

const USAGE = `Usage: node kill.mjs [options]
  --kills N     SIGKILLs in all (default 200)
  --only NAME,… these cases: ${cases.map(({ name }) => name).join(', ')}
  --seed N      of the moments (default: drawn)
  --jobs N      cases at a time (default 4)
  --keep        keep the working folder
  --json        print one line of JSON at the end
  --record      write the figures for docs/reliability.md`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    only: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '4' },
    keep: { type: 'boolean', default: false },
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
  const kills = wholeNumber('--kills', values.kills);
  const seed = values.seed ?? String(Date.now() % 1_000_000);
  // Few kills go to few cases.
  const selected = chosen(cases, values.only).slice(0, Math.max(1, kills));
  const folder = await mkdtemp(join(tmpdir(), 'shoal-kill-'));
  const queue = selected.map((each, index) => ({ each, index }));
  /** @type {KillSums[]} */
  const all = [];
  let failed = false;
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { each, index } = next;
      const share = Math.floor((kills * (index + 1)) / selected.length);
      const own = share - Math.floor((kills * index) / selected.length);
      try {
        const sums = await runCase(each, { folder: join(folder, each.name), seed, kills: own });
        all.push(sums);
        console.log(`${each.name.padEnd(22)} ${textOf(sums)}`);
      } catch (error) {
        failed = true;
        console.log(`${each.name.padEnd(22)} FAILED: ${String(error)}`);
        console.log(`  again: node kill.mjs --only ${each.name} --seed ${seed} --kills ${own}`);
      }
    }
  };
  const jobs = Math.max(1, wholeNumber('--jobs', values.jobs));
  await Promise.all(Array.from({ length: jobs }, work));
  if (!values.keep) await rm(folder, { recursive: true, force: true });
  const sums = sumOf(all);
  console.log(
    `seed ${seed}: ${textOf(sums)}: ${failed ? 'FAILED' : 'all claims right, all data right'}`,
  );
  if (values.record && !failed) await recordFigures(rowsOf(sums));
  if (values.json) console.log(JSON.stringify({ ok: !failed, seed, ...sums }));
  return failed ? 1 : 0;
}

/** @param {readonly KillSums[]} all */
function sumOf(all) {
  const sums = {
    kills: 0,
    closings: 0,
    downloads: 0,
    claimsChecked: 0,
    again: 0,
    mostAgain: 0,
    restarts: 0,
  };
  for (const each of all) {
    for (const key of /** @type {(keyof KillSums)[]} */ (Object.keys(sums))) {
      sums[key] = key === 'mostAgain' ? Math.max(sums[key], each[key]) : sums[key] + each[key];
    }
  }
  return sums;
}

/** @param {KillSums} sums */
function textOf({ kills, closings, downloads, claimsChecked, again, mostAgain, restarts }) {
  return (
    `${kills} kills, ${closings} ended by SIGTERM, ${downloads} downloads completed, ` +
    `${claimsChecked} claims checked, ${again} bytes on disk not counted after ${restarts} restarts (most: ${mostAgain})`
  );
}

/** @param {KillSums} sums */
function rowsOf({ kills, downloads, claimsChecked, mostAgain }) {
  return [
    {
      what: 'real kill -9 survived',
      value: `${kills}, in ${downloads} downloads of ${cases.length} kinds, all byte for byte right in the end`,
    },
    {
      what: 'bytes claimed after kill -9 that were not right on disk',
      value: `0 (${claimsChecked} claims of pieces checked)`,
    },
    {
      what: 'on disk, but downloaded again after a kill -9, at most',
      value: `${mostAgain} bytes`,
    },
  ];
}

process.exitCode = await main();
