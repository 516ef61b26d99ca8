// @ts-check
/** The samples of a soak as an SVG: memory, handles and event-loop delay over time. */

/** @typedef {import('./director.mjs').Sample} Sample */

const MIB = 2 ** 20;
const WIDTH = 900;
const HEIGHT = 180;
const LEFT = 60;
const RIGHT = 170;
const GAP = 40;

/** @type {readonly { title: string, lines: readonly { name: string, color: string, read: (sample: Sample) => number }[] }[]} */
const PANELS = [
  {
    title: 'memory, MiB',
    lines: [
      { name: 'RSS', color: '#888', read: ({ rss }) => rss / MIB },
      { name: 'anonymous', color: '#b60', read: ({ anonymous }) => anonymous / MIB },
      { name: 'heap used', color: '#06c', read: ({ heapUsed }) => heapUsed / MIB },
      { name: 'external', color: '#093', read: ({ external }) => external / MIB },
    ],
  },
  {
    title: 'handles',
    lines: [
      { name: 'descriptors', color: '#06c', read: ({ fds }) => fds },
      { name: 'peers', color: '#b60', read: ({ peers }) => peers },
      { name: 'torrents', color: '#093', read: ({ torrents }) => torrents },
    ],
  },
  {
    title: 'event-loop delay, ms (looked at every 10 ms)',
    lines: [
      { name: 'p50', color: '#06c', read: ({ loop }) => loop.p50 },
      { name: 'p99', color: '#b60', read: ({ loop }) => loop.p99 },
      { name: 'max', color: '#ccc', read: ({ loop }) => loop.max },
    ],
  },
];

/**
 * @param {readonly Sample[]} samples
 * @returns {string} SVG; the moments at which nothing was going on have dots
 */
export function plot(samples) {
  const end = samples.at(-1)?.t ?? 1;
  const height = PANELS.length * (HEIGHT + GAP) + GAP;
  const panels = PANELS.map(({ title, lines }, index) => {
    const top = GAP + index * (HEIGHT + GAP);
    const most = Math.max(1, ...lines.flatMap(({ read }) => samples.map(read)));
    const x = (/** @type {number} */ t) => (LEFT + (t / end) * (WIDTH - LEFT - RIGHT)).toFixed(1);
    const y = (/** @type {number} */ value) => (top + HEIGHT - (value / most) * HEIGHT).toFixed(1);
    const curves = lines.map(({ name, color, read }, line) => {
      const points = samples.map((sample) => `${x(sample.t)},${y(read(sample))}`).join(' ');
      const dots = samples
        .filter(({ label }) => label === 'quiet')
        .map(
          (sample) =>
            `<circle cx="${x(sample.t)}" cy="${y(read(sample))}" r="2.5" fill="${color}"/>`,
        );
      const label = `<text x="${WIDTH - RIGHT + 10}" y="${top + 14 + 16 * line}" fill="${color}">${name}</text>`;
      return `<polyline points="${points}" fill="none" stroke="${color}"/>${dots.join('')}${label}`;
    });
    return (
      `<text x="${LEFT}" y="${top - 8}">${title}</text>` +
      `<text x="5" y="${top + 10}">${most.toFixed(0)}</text><text x="5" y="${top + HEIGHT}">0</text>` +
      `<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - RIGHT}" height="${HEIGHT}" fill="none" stroke="#ddd"/>${curves.join('')}`
    );
  });
  const time = `<text x="${WIDTH - RIGHT - 60}" y="${height - 10}">${(end / 3600).toFixed(2)} h</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="#fff"/>${panels.join('')}${time}</svg>\n`
  );
}
