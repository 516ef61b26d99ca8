// @ts-check
/** Uploads, checks of existing data, and many torrents that nobody asks for. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeContent, makeTinyTorrents } from '../lib/data.mjs';
import { Child } from '../lib/child.mjs';
import { freshDestination, freshWork, remove, syncDisks } from '../lib/folders.mjs';
import { native } from '../lib/native.mjs';
import { watchMachine } from '../lib/noise.mjs';
import { now } from '../lib/proc.mjs';
import { CLIENT_IP, CLIENT_PORT } from '../lib/settings.mjs';
import { formatSize, GIB } from '../lib/size.mjs';
import { PIECE_LENGTH, sourceOf } from './leech.mjs';
import { actionOf, columns, TRANSFER_CLIENTS } from './measure.mjs';

/** @typedef {import('./measure.mjs').Case} Case */
/** @typedef {import('./measure.mjs').Measure<Case & { content: Content }>} Measure */
/** @typedef {import('./measure.mjs').Options} Options */
/** @typedef {import('../clients/client.mjs').Client} Client */
/** @typedef {import('../lib/data.mjs').Content} Content */

/** For a client to answer as a seed, in s. */
const READY_LIMIT = 90;
/** Between that and the start of the upload, in ms. */
const REST = 300;
/** Torrents that are asked for at a time: libtorrent lets five connections wait to be accepted, and one more waits for a second. */
const PROBES = 4;

/**
 * Asks for torrents until each of them is answered with a full bitfield.
 *
 * @param {string} work
 * @param {{ hashes: string, pieceCount: number, limit: number, jobs?: number }} what `hashes`: path of a list
 */
const probe = (work, { hashes, pieceCount, limit, jobs = 1 }) =>
  new Child(
    [
      ...[native('wire'), 'probe', hashes, `${pieceCount}`],
      ...[CLIENT_IP, `${CLIENT_PORT}`, `${limit}`, `${jobs}`],
    ],
    { home: work, log: join(work, 'probe.log') },
  );

/** @param {Child} child @param {Child} asking @param {number} limit s */
async function answered(child, asking, limit) {
  await Promise.race([asking.wait(limit + 5), child.exited]);
  if (child.ended) throw new Error(`the client ${child.verdict}: ${child.tail()}`);
  if (!asking.ended || asking.ended.code !== 0)
    throw new Error(asking.tail().split('\n').at(-1) || 'no answer');
  return asking.ended.at;
}

/** @param {Content} content @param {string} work */
function hashList(content, work) {
  const path = join(work, 'hashes');
  writeFileSync(path, `${content.infoHash}\n`);
  return path;
}

/** @param {Content} content @param {string} work */
const taskOf = (content, work) => ({
  ...{ ip: CLIENT_IP, port: CLIENT_PORT, work, done: join(work, 'DONE') },
  ...{ directory: content.directory, torrent: content.torrent },
});

/** @type {Measure} */
export const seedMeasure = {
  name: 'seed',
  title: 'Upload to one leecher',
  action: 'seed',
  clients: TRANSFER_CLIENTS,
  columns: columns(
    ...['wall', 'cpu', 'transfer', 'rate', 'peak', 'anonymous', 'counterpart', 'noise'],
  ),
  cases: (options) => {
    const content = makeContent(sourceOf(options, 2 * GIB), { pieceLength: PIECE_LENGTH });
    return [{ label: `${formatSize(content.length)}, 1 MiB pieces`, content }];
  },
  run: async (client, { content }, options) => {
    const work = freshWork();
    const stamp = join(work, 'STAMP');
    const { command, env } = actionOf(client, 'seed')(taskOf(content, work));
    const hashes = hashList(content, work);
    syncDisks();
    const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
    /** @type {Child | undefined} */
    let leecher;
    try {
      const ready = probe(work, { hashes, pieceCount: content.pieceCount, limit: READY_LIMIT });
      await answered(child, ready, READY_LIMIT);
      await setTimeout(REST);
      const before = child.cpu();
      const othersUntilNow = watchMachine();
      leecher = new Child(
        [
          ...[native('wire'), 'leech', content.source, content.infoHash, `${content.length}`],
          ...[`${content.pieceLength}`, CLIENT_IP, `${CLIENT_PORT}`, `${options.depth}`, stamp],
          ...(options.check ? ['check'] : []),
        ],
        { home: work, log: join(work, 'leecher.log') },
      );
      const at = await answered(child, leecher, options.limit);
      const cpu = child.cpu() - before;
      const counterpart = leecher.cpu();
      const { peak, anonymous } = child.memory();
      const transfer = at - Number(readFileSync(stamp, 'utf8'));
      return {
        ...{ wall: at - leecher.started, cpu, transfer, rate: content.length / 1e6 / transfer },
        ...{ peak, anonymous: Math.max(anonymous, child.anonymous), counterpart },
        ...othersUntilNow(cpu + counterpart),
      };
    } finally {
      await leecher?.stop();
      await child.stop();
    }
  },
};

/** @type {Measure} */
export const verifyMeasure = {
  name: 'verify',
  title: 'Check existing data',
  action: 'verify',
  clients: `${TRANSFER_CLIENTS},transmission`,
  columns: columns('wall', 'cpu', 'rate', 'peak', 'anonymous', 'noise'),
  cases: (options) => {
    const content = makeContent(sourceOf(options, 4 * GIB), { pieceLength: PIECE_LENGTH });
    return [{ label: `${formatSize(content.length)}, 1 MiB pieces`, content }];
  },
  run: async (client, { content }, { limit }) => {
    const work = freshWork();
    const { command, env } = actionOf(client, 'verify')(taskOf(content, work));
    const hashes = hashList(content, work);
    const othersUntilNow = watchMachine();
    const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
    const asking = probe(work, { hashes, pieceCount: content.pieceCount, limit });
    try {
      const wall = (await answered(child, asking, limit)) - child.started;
      const cpu = child.cpu();
      const noise = othersUntilNow(cpu + asking.cpu());
      const { peak, anonymous } = child.memory();
      return {
        ...{ wall, cpu, rate: content.length / 1e6 / wall, peak },
        ...{ anonymous: Math.max(anonymous, child.anonymous), ...noise },
      };
    } finally {
      await asking.stop();
      await child.stop();
    }
  },
};

/** @type {import('./measure.mjs').Measure<Case & ReturnType<typeof makeTinyTorrents>>} */
export const idleMeasure = {
  name: 'idle',
  title: 'Many idle torrents of one file of 16 KiB each',
  action: 'idle',
  clients: 'shoal,libtorrent-fast,libtorrent,transmission,webtorrent3,webtorrent2',
  columns: [
    { key: 'wall', title: 'until all answer', unit: 's', ratio: true },
    { key: 'cpu', title: 'CPU until then', unit: 's', ratio: true },
    { key: 'peak', title: 'peak RSS', unit: 'MiB', ratio: true },
    { key: 'anonymous', title: 'anonymous, settled', unit: 'MiB' },
    { key: 'idle', title: 'CPU when idle', unit: '%' },
    ...columns('noise'),
  ],
  cases: ({ counts }) =>
    counts.map((count) => ({ label: `${count} torrents`, ...makeTinyTorrents(count) })),
  run: async (client, which, { limit, settle }) => {
    const work = freshWork();
    const directory = join(freshDestination('memory'), 'content');
    spawnSync('cp', ['-r', which.content, directory]);
    if (!existsSync(directory)) throw new Error('the content could not be copied');
    const task = {
      ...{ ip: CLIENT_IP, port: CLIENT_PORT, work, done: join(work, 'DONE') },
      ...{ directory, torrent: which.torrents },
    };
    const { command, env } = actionOf(client, 'idle')(task);
    const othersUntilNow = watchMachine();
    const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
    const asking = probe(work, { hashes: which.hashes, pieceCount: 1, limit, jobs: PROBES });
    try {
      const wall = (await answered(child, asking, limit)) - child.started;
      const cpu = child.cpu();
      const noise = othersUntilNow(cpu + asking.cpu());
      await setTimeout(settle * 1000);
      const { peak, anonymous } = child.memory();
      const [cpuBefore, timeBefore] = [child.cpu(), now()];
      await setTimeout(settle * 1000);
      const idle = ((child.cpu() - cpuBefore) / (now() - timeBefore)) * 100;
      if (child.ended) throw new Error(`the client ${child.verdict}: ${child.tail()}`);
      return { wall, cpu, peak, anonymous, idle, ...noise };
    } finally {
      await asking.stop();
      await child.stop();
      remove(directory);
    }
  },
};
