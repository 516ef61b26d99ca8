// @ts-check
/** What a soak's samples mean. */
import { fitLine } from '../lib/stats.mjs';

/** @typedef {import('./director.mjs').Sample} Sample */

const MIB = 2 ** 20;
/** MiB per hour that JavaScript's own memory may grow by at equal states, beyond what the fit is unsure of. */
const MEMORY_SLOPE = 1;
/** What is read: MiB of a sample. @type {Readonly<Record<string, (sample: Sample) => number>>} */
const MEASURES = {
  'heap used': ({ heapUsed }) => heapUsed / MIB,
  external: ({ external }) => external / MIB,
  'array buffers': ({ arrayBuffers }) => arrayBuffers / MIB,
  RSS: ({ rss }) => rss / MIB,
  anonymous: ({ anonymous }) => anonymous / MIB,
};

/**
 * @param {import('./director.mjs').Outcome} outcome
 */
export function judge({ samples, failures, tally, closed, before, interrupted }) {
  const problems = [...failures];
  const last = samples.at(-1);
  const lines = [];
  /** @type {Record<string, unknown>} */
  const slopes = {};
  const half = (last?.t ?? 0) / 2;
  for (const label of ['quiet', 'busy']) {
    const chosen = samples.filter((sample) => sample.label === label && sample.t >= half);
    for (const [name, read] of Object.entries(MEASURES)) {
      const line = fitLine(chosen.map((sample) => [sample.t / 3600, read(sample)]));
      if (line === undefined) continue;
      const { slope, error, points } = line;
      slopes[`${label} ${name}`] = { slope, error, points };
      lines.push(
        `${label} ${name}: ${slope.toFixed(2)} ± ${error.toFixed(2)} MiB/h (${points} samples of the second half)`,
      );
      if (label === 'quiet' && name === 'heap used' && slope - error > MEMORY_SLOPE) {
        problems.push(`${name} grows by ${slope.toFixed(2)} MiB per hour at equal states`);
      }
    }
  }
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
  return { passed, interrupted, problems, slopes, tally, closed, before, last, lines, text };
}
