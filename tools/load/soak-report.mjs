// @ts-check
/** Looks once more at what a soak has left in its folder: plots it, and with --record puts its figures into docs/reliability.md's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { record } from './lib/record.mjs';
import { plot } from './soak/plot.mjs';

const { values, positionals } = parseArgs({
  options: { record: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const folder = resolve(positionals[0] ?? '.');
const samples = readFileSync(join(folder, 'samples.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
writeFileSync(join(folder, 'soak.svg'), plot(samples));
console.log(join(folder, 'soak.svg'));
if (values.record) {
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));
  const { tally, slopes, closed, before, last, hours, seed } = result;
  const quiet = samples.filter(({ label }) => label === 'quiet');
  const slope = (/** @type {string} */ name) => {
    const { slope: perHour, error, points } = slopes[name];
    return `${perHour.toFixed(2)} ± ${error.toFixed(2)} MiB per hour (95 %, ${points} samples of the second half)`;
  };
  const p99 = samples.map(({ loop }) => loop.p99).sort((a, b) => a - b);
  record(
    'load-soak',
    `A soak of ${hours} hours`,
    `pnpm nx run load:soak -- --hours ${hours} --seed ${seed}`,
    [
      ['verdict', result.passed ? 'passed' : `failed: ${result.problems.join('; ')}`],
      [
        'downloads compared byte for byte',
        `${tally.downloads + tally.fetched} (${(tally.bytesCompared / 2 ** 30).toFixed(1)} GiB), of ${tally.jobs} torrents added`,
      ],
      ['heap used, at moments at which nothing goes on', slope('quiet heap used')],
      ['external memory, at the same moments', slope('quiet external')],
      ['resident memory, at the same moments', slope('quiet RSS')],
      [
        'descriptors, at the first of these and the last',
        `${quiet[0].fds} and ${quiet.at(-1).fds}`,
      ],
      [
        'descriptors before the client was started and after it was closed',
        `${before.fds} and ${closed.fds}`,
      ],
      [
        'event-loop delay, p99: the middle sample and the worst',
        `${p99[p99.length >> 1]} ms and ${p99.at(-1)} ms`,
      ],
      ['peers that came, hostile ones', `${last.peersCame}, ${last.swarm.attacked}`],
      ['torrents that failed', `${last.errors}`],
    ],
  );
}
