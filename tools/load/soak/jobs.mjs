// @ts-check
/** One torrent's way through the subject: offered by the swarm, downloaded, compared, seeded, removed. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compareWith } from './content.mjs';

/**
 * @typedef {import('../lib/rpc.mjs').Worker} Worker
 * @typedef {import('./content.mjs').Content} Content
 *
 * @typedef {object} Stage what all jobs share
 * @property {Worker} subject
 * @property {Worker} swarm
 * @property {{ address: string, port: number }} endpoint of the subject
 * @property {number} trackerPort
 * @property {readonly Content[]} library
 * @property {string} folder for downloads and torrents
 * @property {string} liarFolder content of the same names, with bytes that are wrong
 *
 * @typedef {object} Tally
 * @property {number} bytesCompared
 * @property {number} downloads of the subject that were compared
 * @property {number} fetched from the subject and others by clients of the swarm, and compared
 * @property {number} abandoned
 *
 * @typedef {object} Job what is drawn for one; the same seed draws the same
 * @property {number} number
 * @property {number} content index
 * @property {'v1' | 'hybrid' | 'v2'} format
 * @property {'http' | 'udp' | 'dht' | 'direct'} route how the peers are found
 * @property {boolean} magnet
 * @property {number} seeds
 * @property {number} guests
 * @property {boolean} liar one of the peers has wrong bytes
 * @property {'none' | 'pause' | 'readd' | 'abandon' | 'outage' | 'verify' | 'slow' | 'stream'} event on the way
 * @property {number} leechers that download from the subject afterwards
 */

/** Milliseconds for one download. */
const PATIENCE = 300_000;
/** Milliseconds for seeds to be announced to the DHT. */
const DHT_ANNOUNCE = 4_000;
const EVENTS = /** @type {const} */ ([
  'none',
  'none',
  'pause',
  'readd',
  'abandon',
  'outage',
  'verify',
  'slow',
  'stream',
]);

/**
 * @param {number} number
 * @param {() => number} random
 * @param {number} contents
 * @returns {Job}
 */
export function drawJob(number, random, contents) {
  const below = (/** @type {number} */ limit) => Math.floor(random() * limit);
  const pick = (/** @type {readonly any[]} */ list) => list[below(list.length)];
  return {
    number,
    content: below(contents),
    format: pick(['v1', 'hybrid', 'v2']),
    route: pick(['http', 'udp', 'dht', 'direct']),
    magnet: random() < 0.5,
    seeds: 1 + below(2),
    guests: below(2),
    liar: random() < 0.15,
    event: pick(EVENTS),
    leechers: below(3),
  };
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {Job} job
 * @param {Stage} stage
 * @param {Tally} tally
 * @throws {Error} when anything does not go as it must
 */
export async function runJob(job, stage, tally) {
  const { subject, swarm, library, endpoint, trackerPort } = stage;
  const content = library[job.content];
  if (content === undefined) throw new Error('no such content');
  const key = `job-${job.number}`;
  const folder = join(stage.folder, key);
  const directory = join(folder, 'subject');
  const file = join(folder, `${key}.torrent`);
  mkdirSync(directory, { recursive: true });
  const trackers = trackersOf(job.route, trackerPort);
  try {
    const offer = await swarm.call('offer', {
      key,
      content,
      format: job.format,
      file,
      trackers,
      seeds: job.seeds,
      guests: job.guests,
      liar: job.liar ? join(stage.liarFolder, `${job.content}`) : undefined,
    });
    const add = (/** @type {Record<string, unknown>} */ more = {}) =>
      subject.call('add', {
        key,
        source: job.magnet ? offer.magnet : file,
        options: {
          directory,
          trackers,
          peers: job.route === 'direct' ? offer.peers.slice(0, 1) : [],
          ...more,
        },
      });
    // Who looks before the seeds have announced looks again two minutes later only.
    if (job.route === 'dht') await pause(DHT_ANNOUNCE);
    await add(job.event === 'slow' ? { maxDownloadRate: 150_000 } : {});
    const complete = (/** @type {number} */ share) =>
      subject.call('complete', { key, share, timeout: PATIENCE });

    if (await disturb(job, { key, add, complete, content }, stage)) {
      tally.abandoned += 1;
      return;
    }
    await complete(1);
    tally.bytesCompared += compareWith(content, directory);
    tally.downloads += 1;

    const fetches = Array.from({ length: job.leechers }, async (_, index) => {
      const target = join(folder, `leecher-${index}`);
      await swarm.call('fetch', {
        key,
        file,
        ...(job.magnet ? { magnet: offer.magnet } : {}),
        directory: target,
        trackers,
        peers: [endpoint],
        timeout: PATIENCE,
      });
      tally.bytesCompared += compareWith(content, target);
      tally.fetched += 1;
    });
    await Promise.all(fetches);
    await subject.call('remove', { key });
  } finally {
    await subject.call('remove', { key }).catch(() => {});
    await swarm.call('drop', { key }).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What happens on the way.
 *
 * @param {Job} job
 * @param {{ key: string, content: Content, add: (more?: Record<string, unknown>) => Promise<unknown>, complete: (share: number) => Promise<unknown> }} torrent
 * @param {Stage} stage
 * @returns {Promise<boolean>} the torrent is gone
 */
async function disturb(job, { key, add, complete }, { subject, swarm }) {
  if (job.event === 'none' || job.event === 'slow') return false;
  if (job.event === 'stream') {
    await subject.call('stream', { key, file: 0 });
    return false;
  }
  await complete(0.3);
  if (job.event === 'pause') {
    await subject.call('pause', { key });
    await pause(2_000);
    await subject.call('resume', { key });
  } else if (job.event === 'readd') {
    await subject.call('remove', { key, keepResumeData: true });
    await add();
  } else if (job.event === 'outage') {
    await swarm.call('pause', { key });
    await pause(3_000);
    await swarm.call('resume', { key });
  } else if (job.event === 'verify') {
    await subject.call('verify', { key });
  } else {
    await subject.call('remove', { key });
    return true;
  }
  return false;
}

/**
 * @param {Job['route']} route
 * @param {number} port
 */
function trackersOf(route, port) {
  if (route === 'http') return [[`http://127.77.2.1:${port}/announce`]];
  if (route === 'udp') return [[`udp://127.77.2.1:${port}/announce`]];
  return [];
}
