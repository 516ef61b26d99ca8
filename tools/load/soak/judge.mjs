// @ts-check
/** What a soak's samples mean. */
import { median } from '../lib/stats.mjs';
import { growthOf } from './growth.mjs';

/** @typedef {import('./director.mjs').Sample} Sample */

const MIB = 2 ** 20;

/**
 * @param {import('./director.mjs').Outcome} outcome
 */
export function judge({ samples, failures, tally, closed, before, interrupted }) {
  const problems = [...failures];
  const last = samples.at(-1);
  const lines = [];
  const growth = growthOf(samples);
  for (const { name, slope, error, points, limit } of growth) {
    const found = (limit + error).toFixed(1);
    lines.push(
      `${name}: ${slope.toFixed(2)} ± ${error.toFixed(2)} MiB/h (${points} points of the second half; a growth of ${found} or more fails)`,
    );
    if (slope - error > limit) {
      problems.push(
        `${name} grows by ${slope.toFixed(2)} ± ${error.toFixed(2)} MiB per hour: above ${limit}`,
      );
    }
  }
  if (growth.length === 0) lines.push('too short to say how memory grows');
  const quiet = samples.filter(({ label }) => label === 'quiet');
  const [first] = quiet;
  const end = quiet.at(-1);
  if (first !== undefined && end !== undefined) {
    const show = (/** @type {Sample} */ { fds, resources }) =>
      `${fds} descriptors, ${JSON.stringify(resources)}`;
    lines.push(`handles at ${first.t} s: ${show(first)}`, `handles at ${end.t} s: ${show(end)}`);
    if (end.fds > first.fds)
      problems.push(`descriptors at equal states: ${first.fds} at first, ${end.fds} at last`);
  }
  if (closed.fds !== undefined) {
    lines.push(
      `closed in ${closed.ms} ms; ${before.fds} descriptors before it was started, ${closed.fds} after`,
    );
    lines.push(`resources after: ${JSON.stringify(closed.resources)}`);
    if (closed.fds > before.fds)
      problems.push(`${closed.fds - before.fds} descriptors are left after close()`);
  }
  const loop = loopOf(samples);
  lines.push(
    `event-loop delay in 10 s: p99 ${loop.p99} ms in the middle and ${loop.worstP99} ms at worst, the longest ${loop.max} ms and ${loop.worst} ms`,
  );
  if (last !== undefined) {
    const { bytes, errors, warnings, bans, peersCame, cpu, swarm, director } = last;
    const load = (cpu + swarm.cpu + director) / last.t;
    lines.push(
      `${tally.jobs} jobs, ${tally.downloads} downloads of the subject and ${tally.fetched} from it compared byte for byte (${(tally.bytesCompared / MIB).toFixed(0)} MiB), ${tally.abandoned} abandoned`,
      `${(bytes.downloaded / MIB).toFixed(0)} MiB down, ${(bytes.uploaded / MIB).toFixed(0)} MiB up, ${(bytes.wasted / MIB).toFixed(1)} MiB wasted; ${peersCame} peers came, ${bans} bans, ${swarm.attacked} attackers, ${warnings} warnings, ${errors} errors`,
      `CPU: subject ${cpu} s, swarm ${swarm.cpu} s, director ${director} s: ${(load * 100).toFixed(1)} % of a core`,
    );
    if (errors > 0) problems.push(`${errors} torrents of the subject failed`);
  }
  const passed = problems.length === 0;
  const text = [
    ...lines,
    ...problems.map((problem) => `FAILED ${problem}`),
    interrupted ? 'ended early' : passed ? 'passed' : 'failed',
  ].join('\n');
  const made = { growth, loop, tally, closed, before, last, lines, text };
  return { passed, interrupted, problems, failures, ...made };
}

/**
 * Milliseconds; told, not judged: the machine's other work is in it.
 *
 * @param {readonly Sample[]} samples
 */
function loopOf(samples) {
  const p99 = samples.map(({ loop }) => loop.p99);
  const max = samples.map(({ loop }) => loop.max);
  const rounded = (/** @type {number} */ ms) => Math.round(ms * 100) / 100;
  return {
    p99: rounded(median(p99)),
    worstP99: Math.max(0, ...p99),
    max: rounded(median(max)),
    worst: Math.max(0, ...max),
  };
}
