// @ts-check
/**
 * Judges once more what a soak has left in its folder, also while it goes on, and plots it (--svg FILE; default: in the folder). With
 * --record it puts the figures into docs/reliability.md's.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { record } from './lib/record.mjs';
import { judge } from './soak/judge.mjs';
import { readOutcome } from './soak/outcome.mjs';
import { plot } from './soak/plot.mjs';

const { values, positionals } = parseArgs({
  options: { record: { type: 'boolean', default: false }, svg: { type: 'string' } },
  allowPositionals: true,
});
const folder = resolve(positionals[0] ?? '.');
const outcome = readOutcome(folder);
const { samples, hours, seed } = outcome;
const verdict = judge(outcome);
console.log(verdict.text);
const svg = resolve(values.svg ?? join(folder, 'soak.svg'));
writeFileSync(svg, plot(samples));
console.log(svg);
process.exitCode = verdict.passed ? 0 : 1;
if (values.record) {
  const { growth, loop, tally, closed, before, last } = verdict;
  if (hours === undefined || last === undefined) throw new Error(`${folder} has no finished run`);
  const quiet = samples.filter(({ label }) => label === 'quiet');
  /** @param {string} what @returns {readonly string[][]} */
  const memory = (what) => {
    const of = (/** @type {string} */ name) => {
      const found = growth.find((each) => each.name === name);
      if (found === undefined) return 'too few points';
      return `${found.slope.toFixed(2)} ± ${found.error.toFixed(2)}`;
    };
    const limit = growth.find(({ name }) => name === `busy ${what}`)?.limit ?? NaN;
    return [
      [
        `${what}, growth in MiB per hour (95 %): at moments at which nothing goes on; at work`,
        `${of(`quiet ${what}`)}; ${of(`busy ${what}`)} (limit ${limit}, beyond what is unsure)`,
      ],
    ];
  };
  record(
    'load-soak',
    `A soak of ${hours} hours`,
    `pnpm nx run load:soak -- --hours ${hours} --seed ${seed}`,
    [
      [
        'verdict: memory, descriptors, jobs',
        verdict.passed ? 'passed' : `failed: ${verdict.problems.join('; ')}`,
      ],
      [
        'downloads compared byte for byte',
        `${tally.downloads + tally.fetched} (${(tally.bytesCompared / 2 ** 30).toFixed(1)} GiB), of ${tally.jobs} torrents added`,
      ],
      ...memory('heap used'),
      ...memory('external'),
      ...memory('array buffers'),
      ...memory('anonymous'),
      ...memory('RSS'),
      [
        'descriptors, at the first moment at which nothing goes on and the last',
        `${quiet[0]?.fds} and ${quiet.at(-1)?.fds}`,
      ],
      [
        'descriptors before the client was started and after it was closed',
        `${before.fds} and ${closed.fds}`,
      ],
      [
        'event-loop delay in 10 s, p99: in the middle and at worst',
        `${loop.p99} ms and ${loop.worstP99} ms`,
      ],
      [
        'event-loop delay in 10 s, the longest: in the middle and at worst',
        `${loop.max} ms and ${loop.worst} ms`,
      ],
      ['peers that came, hostile ones', `${last.peersCame}, ${last.swarm.attacked}`],
      ['torrents that failed', `${last.errors}`],
    ],
  );
}
