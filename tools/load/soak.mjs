// @ts-check
/** The soak: hours of a loopback swarm with churn, sampled. See README.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryFolder } from './lib/memory-folder.mjs';
import { soak } from './soak/director.mjs';
import { judge } from './soak/judge.mjs';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '2' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    jobs: { type: 'string', default: '4' },
    out: { type: 'string', default: join(tmpdir(), 'shoal-soak') },
    work: { type: 'string' },
    quiet: { type: 'string', default: '600' },
    settle: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const hours = values.minutes === undefined ? Number(values.hours) : Number(values.minutes) / 60;
const out = resolve(values.out);
mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(values.work ?? memoryFolder(), 'shoal-soak-'));
const stop = new AbortController();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => stop.abort());
console.log(`soak: ${hours} hours, seed ${values.seed}, results in ${out}`);
try {
  const outcome = await soak({
    duration: hours * 3_600_000,
    seed: Number(values.seed),
    jobs: Number(values.jobs),
    sampleEvery: 10_000,
    quietEvery: Number(values.quiet) * 1000,
    settle: Number(values.settle) * 1000,
    work,
    out,
    signal: stop.signal,
  });
  const verdict = judge(outcome);
  writeFileSync(
    join(out, 'result.json'),
    `${JSON.stringify({ hours, seed: Number(values.seed), ...verdict }, null, 2)}\n`,
  );
  console.log(values.json ? JSON.stringify(verdict) : verdict.text);
  process.exitCode = verdict.passed ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
  // Jobs that were cut short may still wait for something.
  process.exit();
}
