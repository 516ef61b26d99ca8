// @ts-check
/** Downloads: from one seeder, from many, in pieces of all sizes, and how much memory they take. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareDownload, makeContent, sourceFile } from '../lib/data.mjs';
import { Child } from '../lib/child.mjs';
import {
  fitsInMemory,
  freshDestination,
  freshWork,
  remove,
  syncDisks,
  syncFiles,
} from '../lib/folders.mjs';
import { native, prefault } from '../lib/native.mjs';
import { watchMachine } from '../lib/noise.mjs';
import { now } from '../lib/proc.mjs';
import { CLIENT_IP, CLIENT_PORT } from '../lib/settings.mjs';
import { formatSize, GIB, KIB, MIB } from '../lib/size.mjs';
import { actionOf, columns, TRANSFER_CLIENTS } from './measure.mjs';

/** @typedef {import('./measure.mjs').Options} Options */
/** @typedef {import('../clients/client.mjs').Client} Client */

/**
 * @typedef {object} Download
 * @property {string} label
 * @property {import('../lib/data.mjs').Content} content
 * @property {'memory' | 'disk'} destination
 * @property {number} peers
 */

/** @typedef {import('./measure.mjs').Measure<Download>} Measure */

/** What a torrent is made of when nothing else is said. */
export const PIECE_LENGTH = MIB;

/**
 * The file that a measure works with.
 *
 * @param {Options} options
 * @param {number} size bytes by default
 */
export const sourceOf = (options, size) => options.data ?? sourceFile(options.size ?? size);

/**
 * From the start of the client's process to its own sign of completion.
 *
 * @param {Client} client
 * @param {Download} download
 * @param {Options} options
 * @param {boolean} [watched] look at its event loop too, where it has one
 */
async function leech(client, { content, destination, peers }, { limit }, watched = false) {
  const directory = freshDestination(destination);
  const work = freshWork();
  const [done, stamp, report] = ['DONE', 'STAMP', 'DELAY'].map((name) => join(work, name));
  const task = {
    ...{ ip: CLIENT_IP, port: CLIENT_PORT, work, done: done ?? '' },
    ...{ directory, torrent: content.torrent },
  };
  const { command, env } =
    watched && client.watched
      ? client.watched(task, report ?? '')
      : actionOf(client, 'leech')(task);
  syncDisks();
  prefault();
  const othersUntilNow = watchMachine();
  const seeder = new Child(
    [
      ...[native('wire'), 'seed', content.source, content.infoHash, `${content.length}`],
      ...[`${content.pieceLength}`, CLIENT_IP, `${CLIENT_PORT}`, `${peers}`, stamp ?? ''],
    ],
    { home: work, log: join(work, 'seeder.log') },
  );
  const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
  /** @type {import('./measure.mjs').Values} */
  const values = {};
  try {
    const at = await child.completed(task.done, limit);
    const cpu = child.cpu();
    const counterpart = seeder.cpu();
    const { noise, other, steal } = othersUntilNow(cpu + counterpart);
    if (!child.ended) child.memory();
    Object.assign(values, { wall: at - child.started, cpu, counterpart, noise, other, steal });
    if (stamp && existsSync(stamp)) values['transfer'] = at - Number(readFileSync(stamp, 'utf8'));
    values['rate'] = content.length / 1e6 / (values['transfer'] ?? at - child.started);
    if (destination === 'disk') {
      syncFiles(directory);
      values['wallSync'] = now() - child.started;
    }
  } finally {
    await child.stop();
    await seeder.stop();
  }
  Object.assign(values, { peak: child.peak, anonymous: child.anonymous });
  compareDownload(content, directory);
  remove(directory);
  if (report && existsSync(report)) {
    const { p50, p99, max } = JSON.parse(readFileSync(report, 'utf8'));
    Object.assign(values, { delay50: p50, delay99: p99, delayMax: max });
  }
  return values;
}

const TRANSFER_COLUMNS = /** @type {const} */ ([
  ...['wall', 'cpu', 'transfer', 'rate', 'peak', 'anonymous', 'counterpart', 'noise'],
]);

/** @type {Measure} */
export const leechMeasure = {
  name: 'leech',
  title: 'Download from one seeder into memory',
  action: 'leech',
  clients: TRANSFER_CLIENTS,
  columns: columns(...TRANSFER_COLUMNS),
  cases: (options) => {
    const content = makeContent(sourceOf(options, 2 * GIB), { pieceLength: PIECE_LENGTH });
    const label = `${formatSize(content.length)}, 1 MiB pieces`;
    return [{ label, content, destination: 'memory', peers: 1 }];
  },
  run: leech,
};

/** @type {Measure} */
export const leechDiskMeasure = {
  ...leechMeasure,
  name: 'leech-disk',
  title: 'Download from one seeder to a disk',
  columns: columns('wallSync', ...TRANSFER_COLUMNS),
  cases: (options) => leechMeasure.cases(options).map((each) => ({ ...each, destination: 'disk' })),
};

/** @type {Measure} */
export const manyMeasure = {
  ...leechMeasure,
  name: 'many',
  title: 'Download from many seeders at once into memory',
  cases: (options) =>
    leechMeasure.cases(options).map((each) => ({
      ...each,
      label: `${each.label}, ${options.peers} seeders`,
      peers: options.peers,
    })),
};

const FILES = 10_000;
const PIECE_LENGTHS = [16 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB];

/** @type {Measure} */
export const piecesMeasure = {
  ...leechMeasure,
  name: 'pieces',
  title: 'Download in pieces of every size, and as many files',
  clients: 'shoal',
  columns: [
    { key: 'perGiB', title: 'wall', unit: 's/GiB', ratio: true },
    { key: 'cpuPerGiB', title: 'CPU', unit: 's/GiB', ratio: true },
    ...columns('rate', 'peak', 'noise'),
  ],
  cases: (options) => {
    const source = sourceOf(options, GIB);
    /** @param {number} pieceLength @param {number} fileCount */
    const which = (pieceLength, fileCount) => ({
      label: fileCount > 0 ? `${fileCount} files, 1 MiB` : formatSize(pieceLength),
      content: makeContent(source, { pieceLength, fileCount }),
      destination: options.destination,
      peers: 1,
    });
    return [...PIECE_LENGTHS.map((length) => which(length, 0)), which(PIECE_LENGTH, FILES)];
  },
  run: async (client, which, options) => {
    const values = await leech(client, which, options);
    const gib = which.content.length / GIB;
    const { wall = 0, cpu = 0 } = values;
    return { ...values, perGiB: wall / gib, cpuPerGiB: cpu / gib };
  },
};

/** Longer content is this many bytes, over and over. */
const REPEATED = 2 * GIB;

/** @type {Measure} */
export const memoryMeasure = {
  ...leechMeasure,
  name: 'memory',
  title: 'Memory and event loop while downloading',
  clients: 'shoal',
  columns: [
    ...columns('peak', 'anonymous', 'wall', 'cpu'),
    { key: 'delay99', title: 'event loop delay, 99th percentile', unit: 'ms' },
    { key: 'delayMax', title: 'longest', unit: 'ms' },
    ...columns('noise'),
  ],
  cases: ({ size, data, destination: wanted }) => {
    const sizes = size === undefined ? [2 * GIB, 8 * GIB] : [size, 4 * size];
    const source = data ?? sourceFile(Math.min(REPEATED, size ?? REPEATED));
    return sizes.map((length) => {
      const destination = wanted === 'memory' && fitsInMemory(length) ? 'memory' : 'disk';
      return {
        label: `${formatSize(length)} to ${destination === 'memory' ? 'memory' : 'a disk'}`,
        content: makeContent(source, { pieceLength: PIECE_LENGTH, length }),
        destination,
        peers: 1,
      };
    });
  },
  run: (client, which, options) => leech(client, which, options, true),
};
