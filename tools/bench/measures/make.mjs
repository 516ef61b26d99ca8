// @ts-check
/** Making and reading .torrent files, and starting at all. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asDictionary, decode } from '../../interop/lib/bencode.mjs';
import { makeContent, makeMetainfo, piecesRootOf } from '../lib/data.mjs';
import { Child } from '../lib/child.mjs';
import { freshWork } from '../lib/folders.mjs';
import { watchMachine } from '../lib/noise.mjs';
import { formatSize, GIB, KIB } from '../lib/size.mjs';
import { median } from '../lib/statistics.mjs';
import { PIECE_LENGTH, sourceOf } from './leech.mjs';
import { actionOf, columns } from './measure.mjs';

/** @typedef {import('./measure.mjs').Case} Case */
/** @typedef {import('./measure.mjs').Measure<Case & { content: import('../lib/data.mjs').Content }>} ContentMeasure */
/** @typedef {import('./measure.mjs').Measure<Case & { file: string }>} FileMeasure */

/** Starts in one run. */
const STARTS = 10;
/** For one start, in s. */
const START_LIMIT = 30;

/**
 * @param {Child} child
 * @param {number} limit s
 * @returns {Promise<number>} when it ended
 */
async function succeeded(child, limit) {
  await child.wait(limit);
  if (!child.ended) throw new Error(`not done after ${limit} s`);
  if (child.ended.code !== 0) throw new Error(`${child.verdict}: ${child.tail()}`);
  return child.ended.at;
}

/**
 * Makes a torrent.
 *
 * @param {import('../clients/client.mjs').Client} client
 * @param {'create' | 'createHybrid' | 'createV2'} action
 * @param {import('../lib/data.mjs').Content} content
 * @param {number} limit s
 * @param {(out: string) => void} check throws when it is wrong
 */
async function makeTorrent(client, action, content, limit, check) {
  const work = freshWork();
  const out = join(work, 'out.torrent');
  const task = { work, file: content.source, out, pieceLength: content.pieceLength };
  const { command, env } = actionOf(client, action)(task);
  const othersUntilNow = watchMachine();
  const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
  try {
    const wall = (await succeeded(child, limit)) - child.started;
    const cpu = child.cpu();
    const noise = othersUntilNow(cpu);
    check(out);
    return { wall, cpu, rate: content.length / 1e6 / wall, peak: child.peak, ...noise };
  } finally {
    await child.stop();
  }
}

/** @param {string} out @param {import('../lib/data.mjs').Content} content */
function checkPieces(out, content) {
  const info = asDictionary(asDictionary(decode(readFileSync(out)).value)['info']);
  if (!readFileSync(content.pieces).equals(/** @type {Buffer} */ (info['pieces']))) {
    throw new Error('the piece hashes are wrong');
  }
}

/** @param {string} out @param {import('../lib/data.mjs').Content} content */
function checkRoot(out, content) {
  const info = asDictionary(asDictionary(decode(readFileSync(out)).value)['info']);
  const [file] = Object.values(asDictionary(info['file tree']));
  const root = asDictionary(asDictionary(file)[''])['pieces root'];
  if (!piecesRootOf(content.source).equals(/** @type {Buffer} */ (root))) {
    throw new Error('the pieces root is wrong');
  }
}

/** @param {import('./measure.mjs').Options} options @param {number} size */
function contentCase(options, size) {
  const content = makeContent(sourceOf(options, size), { pieceLength: PIECE_LENGTH });
  return [{ label: `${formatSize(content.length)}, 1 MiB pieces`, content }];
}

/** @type {ContentMeasure} */
export const createMeasure = {
  name: 'create',
  title: 'Make a v1 torrent',
  action: 'create',
  clients: 'shoal,mktorrent,mktorrent-1t,transmission,libtorrent,create-torrent',
  columns: columns('wall', 'cpu', 'rate', 'peak', 'noise'),
  cases: (options) => contentCase(options, 4 * GIB),
  run: (client, { content }, { limit }) =>
    makeTorrent(client, 'create', content, limit, (out) => checkPieces(out, content)),
};

/** @type {ContentMeasure} */
export const createHybridMeasure = {
  name: 'create-hybrid',
  title: 'Make a hybrid torrent (BEP 52)',
  action: 'createHybrid',
  clients: 'shoal,hashing-1t,libtorrent',
  columns: columns('wall', 'cpu', 'rate', 'peak', 'noise'),
  cases: (options) => contentCase(options, 4 * GIB),
  run: (client, { content }, { limit }) =>
    makeTorrent(client, 'createHybrid', content, limit, (out) => {
      // The bare hashing makes no torrent.
      if (client.name !== 'hashing-1t') checkPieces(out, content);
    }),
};

/** @type {ContentMeasure} */
export const createV2Measure = {
  name: 'create-v2',
  title: 'Make a v2 torrent (BEP 52)',
  action: 'createV2',
  clients: 'shoal,hashing-1t,libtorrent',
  columns: columns('wall', 'cpu', 'rate', 'peak', 'noise'),
  cases: (options) => contentCase(options, 4 * GIB),
  run: (client, { content }, { limit }) =>
    makeTorrent(client, 'createV2', content, limit, (out) => {
      if (client.name !== 'hashing-1t') checkRoot(out, content);
    }),
};

const STARTUP_COLUMNS = [
  { key: 'wallMs', title: 'wall', unit: 'ms', ratio: true },
  { key: 'cpuMs', title: 'CPU', unit: 'ms', ratio: true },
  ...columns('noise'),
];

/** @type {import('./measure.mjs').Measure} */
export const startupMeasure = {
  name: 'startup',
  title: 'Start: `--version` of the command, or loading the library',
  action: 'startup',
  clients:
    'shoal,shoal-node24,node,aria2,transmission,qbittorrent,libtorrent,webtorrent3,webtorrent2,mktorrent',
  columns: STARTUP_COLUMNS,
  cases: () => [{ label: `median of ${STARTS} starts` }],
  run: (client) => timeStarts(actionOf(client, 'startup')()),
};

/** @type {FileMeasure} */
export const showMeasure = {
  name: 'show',
  title: 'Show a small .torrent file',
  action: 'show',
  clients: 'shoal,shoal-node24,node,aria2,transmission',
  columns: STARTUP_COLUMNS,
  cases: () => {
    const file = makeMetainfo({ files: 1, pieces: 2_000, pieceLength: METAINFO_PIECE });
    return [{ label: `median of ${STARTS} starts`, file }];
  },
  run: (client, { file }) => timeStarts(actionOf(client, 'show')(file)),
};

/**
 * @param {import('../clients/client.mjs').Command} start
 * @returns {Promise<import('./measure.mjs').Values>}
 */
async function timeStarts({ command, env }) {
  const work = freshWork();
  const othersUntilNow = watchMachine();
  const times = [];
  let cpu = 0;
  for (let start = 0; start < STARTS; start++) {
    const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
    await child.wait(START_LIMIT);
    if (!child.ended) {
      await child.stop();
      throw new Error('does not end');
    }
    times.push((child.ended.at - child.started) * 1000);
    cpu += child.cpu();
  }
  const noise = othersUntilNow(cpu);
  return { wallMs: median(times), cpuMs: (cpu / STARTS) * 1000, ...noise };
}

const METAINFO_PIECE = 64 * KIB;
/** What a .torrent file of 100,000 files and 200,000 pieces describes. */
const LARGE = 200_000 * METAINFO_PIECE;

/** @type {FileMeasure} */
export const metainfoMeasure = {
  name: 'metainfo',
  title: 'Reading .torrent files',
  action: 'metainfo',
  clients: 'shoal,libtorrent,parse-torrent',
  columns: [
    { key: 'parse', title: 'parse, CPU', unit: 'ms', ratio: true },
    { key: 'decode', title: 'decode, CPU', unit: 'ms', ratio: true },
    { key: 'encode', title: 'encode, CPU', unit: 'ms', ratio: true },
    { key: 'rss', title: 'peak RSS', unit: 'MiB', ratio: true },
    ...columns('noise'),
  ],
  cases: ({ size = LARGE }) =>
    [
      { files: 1, pieces: 2_000 },
      { files: Math.ceil(size / (2 * METAINFO_PIECE)), pieces: Math.ceil(size / METAINFO_PIECE) },
    ].map((shape) => {
      const file = makeMetainfo({ ...shape, pieceLength: METAINFO_PIECE });
      const bytes = (statSync(file).size / 1e6).toFixed(2);
      const label = `${shape.files} files, ${shape.pieces} pieces (${bytes} MB)`;
      return { label, file };
    }),
  run: async (client, { file }, { seconds, limit }) => {
    const work = freshWork();
    const { command, env } = actionOf(client, 'metainfo')(file, seconds);
    const othersUntilNow = watchMachine();
    const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
    try {
      await succeeded(child, limit);
      const noise = othersUntilNow(child.cpu());
      const last = readFileSync(child.log, 'utf8').trim().split('\n').at(-1) ?? '';
      return { ...JSON.parse(last), ...noise };
    } finally {
      await child.stop();
    }
  },
};
