// @ts-check
/** What the pairs of downloads mean. */
import { median } from '../lib/stats.mjs';

/** Part by which a download may take longer under attack: the target of the project. */
const MAX_GROWTH = 0.25;
/** MiB by which the peak of resident memory may grow: 128 KiB for each of 500 connections. */
const MAX_MEMORY = 62.5;

/**
 * @param {readonly { plain: import('./pair.mjs').Download, attacked: import('./pair.mjs').Download, attack: import('./pair.mjs').Attack, beside?: { attacked: import('./pair.mjs').Download, attack: import('./pair.mjs').Attack } | undefined }[]} pairs
 * @param {{ client: string, values: Record<string, unknown> }} context
 */
export function judge(pairs, { client, values }) {
  const ratio = median(pairs.map(({ plain, attacked }) => attacked.seconds / plain.seconds));
  const growth = median(pairs.map(({ plain, attacked }) => attacked.anonymous - plain.anonymous));
  const peak = Math.max(...pairs.map(({ attacked }) => attacked.peak));
  const middle = (/** @type {(pair: typeof pairs[number]) => number} */ read) =>
    median(pairs.map(read));
  /** @type {Record<string, { tried: number, connected: number }>} */
  const counts = {};
  for (const { attack } of pairs) {
    for (const [name, { tried, connected }] of Object.entries(attack.counts)) {
      const sum = (counts[name] ??= { tried: 0, connected: 0 });
      sum.tried += tried;
      sum.connected += connected;
    }
  }
  const connections = Object.values(counts).reduce((sum, { connected }) => sum + connected, 0);
  const seconds = pairs.reduce((sum, { attacked }) => sum + attacked.seconds, 0);
  const rows = [
    ['download from', client],
    [
      'wall time without and with attackers, median',
      `${middle(({ plain }) => plain.seconds).toFixed(2)} s, ${middle(({ attacked }) => attacked.seconds).toFixed(2)} s`,
    ],
    ['wall time grows by, median of pairs', `${((ratio - 1) * 100).toFixed(1)} %`],
    [
      'CPU of shoal without and with',
      `${middle(({ plain }) => plain.cpu).toFixed(2)} s, ${middle(({ attacked }) => attacked.cpu).toFixed(2)} s`,
    ],
    [
      'CPU of the attackers',
      `${middle(({ attack, attacked }) => attack.cpu / attacked.seconds).toFixed(2)} of a core`,
    ],
    ['anonymous memory grows by, median', `${growth.toFixed(1)} MiB`],
    ['peak of resident memory under attack', `${peak.toFixed(0)} MiB`],
    [
      'hostile connections',
      `${connections} in ${seconds.toFixed(0)} s; open at a time ${middle(({ attack }) => attack.meanOpen).toFixed(0)} on average, ${Math.max(...pairs.map(({ attack }) => attack.mostOpen))} at most`,
    ],
  ];
  const besides = pairs.flatMap(({ plain, attacked, beside }) =>
    beside === undefined
      ? []
      : [{ plain, under: attacked, by: beside.attacked, attack: beside.attack }],
  );
  if (besides.length > 0) {
    const ofMachine = median(besides.map(({ plain, by }) => by.seconds / plain.seconds));
    const ofClient = median(besides.map(({ under, by }) => under.seconds / by.seconds));
    const cpu = median(besides.map(({ attack, by }) => attack.cpu / by.seconds));
    rows.push(
      [
        `wall time grows by, where the same attack a server that does nothing (${String(values['decoy'])}), median`,
        `${((ofMachine - 1) * 100).toFixed(1)} % (attackers then: ${cpu.toFixed(2)} of a core)`,
      ],
      ['and by, from there to an attack on shoal', `${((ofClient - 1) * 100).toFixed(1)} %`],
    );
  }
  const problems = [];
  if (ratio - 1 >= MAX_GROWTH)
    problems.push(`the download takes ${((ratio - 1) * 100).toFixed(1)} % longer`);
  if (growth > MAX_MEMORY) problems.push(`memory grows by ${growth.toFixed(1)} MiB`);
  const passed = problems.length === 0;
  const text = [
    ...rows.map(([what, value]) => `${what}: ${value}`),
    ...problems.map((problem) => `FAILED ${problem}`),
    passed ? 'passed' : 'failed',
  ].join('\n');
  return { passed, ratio, growth, rows, counts, problems, values, text };
}
