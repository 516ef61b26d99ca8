// @ts-check
/** What the command is doing when it is told to end. */

/**
 * @typedef {object} Scene
 * @property {string} name
 * @property {'download' | 'magnet' | 'seed' | 'check'} role
 * @property {boolean} [seeder] somebody has the content
 * @property {boolean} [deadTrackers] trackers that take a connection and never answer, over HTTP and UDP
 * @property {boolean} [silent] peers that take a connection and say nothing
 * @property {boolean} [attacked] hostile peers come all the time
 * @property {boolean} [leecher] somebody downloads from it
 * @property {boolean} [stuckDisk] writes hang when the signal comes
 * @property {readonly [number, number]} moment ms after the start, from and to
 */

/** @type {readonly Scene[]} */
export const scenes = [
  { name: 'starting', role: 'download', seeder: true, moment: [10, 400] },
  { name: 'downloading', role: 'download', seeder: true, moment: [300, 3_000] },
  {
    name: 'downloading, dead trackers and silent peers',
    role: 'download',
    seeder: true,
    deadTrackers: true,
    silent: true,
    moment: [300, 3_000],
  },
  {
    name: 'downloading, attacked',
    role: 'download',
    seeder: true,
    attacked: true,
    moment: [300, 3_000],
  },
  { name: 'metadata', role: 'magnet', seeder: true, moment: [150, 1_500] },
  {
    name: 'metadata that nobody has, dead trackers and silent peers',
    role: 'magnet',
    deadTrackers: true,
    silent: true,
    moment: [150, 2_000],
  },
  { name: 'checking', role: 'check', moment: [100, 600] },
  {
    name: 'seeding, dead trackers',
    role: 'seed',
    deadTrackers: true,
    leecher: true,
    moment: [200, 2_500],
  },
  { name: 'seeding, attacked', role: 'seed', attacked: true, leecher: true, moment: [200, 2_500] },
  {
    name: 'downloading to a disk that hangs',
    role: 'download',
    seeder: true,
    stuckDisk: true,
    moment: [1_200, 3_000],
  },
];
