// @ts-check
/** How fast a soak's memory grows, and how sure that is. */
import { fitLine } from '../lib/stats.mjs';

/** @typedef {import('./director.mjs').Sample} Sample */

/**
 * @typedef {object} Growth
 * @property {string} name of what grows, and when it was looked at
 * @property {number} slope MiB per hour
 * @property {number} error half the width of its 95 % interval
 * @property {number} points that the line goes through
 * @property {number} limit MiB per hour that it may be, beyond what is unsure
 */

const MIB = 2 ** 20;
/** Seconds of which the samples taken at work are one point: neighbours are alike, and as points of their own would feign certainty. */
const STRETCH = 300;
/** Samples, below which such a point is none. */
const FEWEST = 10;

/** MiB per hour that what JavaScript holds may grow by. */
const HELD = 1;
/**
 * MiB per hour that the process may grow by: its means of 5 minutes scatter by some MiB, as the allocator gives memory back when it
 * pleases, so that the line of an hour is unsure by ± 5 MiB.
 */
const RESIDENT = 5;

/** @type {readonly { what: string, limit: number, read: (sample: Sample) => number }[]} */
const MEASURES = [
  { what: 'heap used', limit: HELD, read: ({ heapUsed }) => heapUsed },
  { what: 'external', limit: HELD, read: ({ external }) => external },
  { what: 'array buffers', limit: HELD, read: ({ arrayBuffers }) => arrayBuffers },
  { what: 'anonymous', limit: RESIDENT, read: ({ anonymous }) => anonymous },
  { what: 'RSS', limit: RESIDENT, read: ({ rss }) => rss },
];

/**
 * Of the second half, when everything that is filled once is full.
 *
 * @param {readonly Sample[]} samples
 * @returns {Growth[]} of each measure at quiet moments and at work, where there are three points at least
 */
export function growthOf(samples) {
  const half = (samples.at(-1)?.t ?? 0) / 2;
  const late = samples.filter(({ t }) => t >= half);
  const quiet = late.filter(({ label }) => label === 'quiet');
  const busy = late.filter(({ label }) => label === 'busy');
  return MEASURES.flatMap(({ what, limit, read }) => {
    const moments = quiet.map((sample) => /** @type {const} */ ([sample.t, read(sample)]));
    return [
      growth(`quiet ${what}`, limit, moments),
      growth(`busy ${what}`, limit, meansOf(busy, read)),
    ].flat();
  });
}

/**
 * @param {string} name
 * @param {number} limit
 * @param {readonly (readonly [seconds: number, bytes: number])[]} points
 * @returns {Growth[]} one, or none
 */
function growth(name, limit, points) {
  const line = fitLine(points.map(([t, bytes]) => [t / 3600, bytes / MIB]));
  return line === undefined ? [] : [{ name, limit, ...line }];
}

/**
 * @param {readonly Sample[]} samples
 * @param {(sample: Sample) => number} read
 * @returns {(readonly [seconds: number, bytes: number])[]} the mean of each stretch, at the mean of its times
 */
function meansOf(samples, read) {
  /** @type {Map<number, Sample[]>} */
  const stretches = new Map();
  for (const sample of samples) {
    const number = Math.floor(sample.t / STRETCH);
    const stretch = stretches.get(number);
    if (stretch === undefined) stretches.set(number, [sample]);
    else stretch.push(sample);
  }
  const whole = [...stretches.values()].filter(({ length }) => length >= FEWEST);
  return whole.map((stretch) => [mean(stretch, ({ t }) => t), mean(stretch, read)]);
}

/** @param {readonly Sample[]} samples @param {(sample: Sample) => number} read */
function mean(samples, read) {
  return samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length;
}
