// @ts-check
/** Runs the soak: jobs, attacks, samples and quiet moments, until the time is over or somebody ends it. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../interop/lib/random.mjs';
import { Worker } from '../lib/rpc.mjs';
import { makeLibrary, makeLies } from './content.mjs';
import { drawJob, runJob } from './jobs.mjs';

/**
 * @typedef {object} Plan
 * @property {number} duration ms
 * @property {number} seed
 * @property {number} jobs at a time
 * @property {number} sampleEvery ms
 * @property {number} quietEvery ms between two moments at which nothing is going on
 * @property {number} settle ms that such a moment lasts before it is measured
 * @property {string} work folder for content and downloads
 * @property {string} out folder for samples and logs
 * @property {AbortSignal} signal ends it early
 *
 * @typedef {Record<string, any>} Sample as the subject gives it, with `t` (seconds), `label` and what the director knows
 *
 * @typedef {object} Outcome
 * @property {Sample[]} samples
 * @property {string[]} failures
 * @property {import('./jobs.mjs').Tally & { jobs: number }} tally
 * @property {Sample} closed what was left when the client was closed, and `ms` it took
 * @property {Sample} before what there was before it was started
 * @property {boolean} interrupted
 */

/** Torrents that are there all the time and seeded to whoever comes. */
const RESIDENT_TORRENTS = 8;
/** Milliseconds between attacks: half of it to one and a half. */
const ATTACK_EVERY = 8_000;
/** Connections in one. */
const ATTACKERS = 6;
/** Milliseconds between two jobs' beginnings in the same place. */
const JOB_GAP = 2_000;
/** Bytes per second. */
const DOWNLOAD_RATE = 1_500_000;
const UPLOAD_RATE = 1_000_000;
/** Milliseconds for the end, however it comes. */
const END_PATIENCE = 4_500;

/**
 * @param {Plan} plan
 * @returns {Promise<Outcome>}
 */
export async function soak(plan) {
  const { signal, work, out } = plan;
  const random = seededRandom(plan.seed);
  const library = makeLibrary(join(work, 'library'));
  makeLies(library, join(work, 'lies'));
  const options = { environment: { TMPDIR: work } };
  const subject = new Worker(join(import.meta.dirname, 'subject.mjs'), {
    ...options,
    log: join(out, 'subject.log'),
    nodeOptions: ['--expose-gc'],
  });
  const swarm = new Worker(join(import.meta.dirname, 'swarm.mjs'), {
    ...options,
    log: join(out, 'swarm.log'),
  });
  /** @type {string[]} */
  const failures = [];
  let ending = false;
  const fail = (/** @type {string} */ what) => {
    if (ending || signal.aborted) return;
    failures.push(what);
    console.log(`FAILED ${what}`);
  };
  void subject.exited.then(() => fail(`the subject ${subject.ended}`));
  void swarm.exited.then(() => fail(`the swarm ${swarm.ended}`));

  /** @type {Sample[]} */
  const samples = [];
  const tally = { jobs: 0, bytesCompared: 0, downloads: 0, fetched: 0, abandoned: 0 };
  const start = performance.now();
  const take = async (/** @type {string} */ label) => {
    const [of, around] = await Promise.all([subject.call('sample'), swarm.call('figures')]);
    const t = Math.round((performance.now() - start) / 100) / 10;
    const { user, system } = process.cpuUsage();
    const sample = {
      t,
      label,
      ...of,
      swarm: around,
      director: Math.round((user + system) / 1e4) / 100,
      ...tally,
      failures: failures.length,
    };
    samples.push(sample);
    appendFileSync(join(out, 'samples.jsonl'), `${JSON.stringify(sample)}\n`);
    return sample;
  };

  const before = await subject.call('sample');
  const { trackerPort, bootstrap } = await swarm.call('start', { seed: plan.seed });
  const { port } = await subject.call('start', {
    bind: '127.77.0.1',
    dht: { bootstrap },
    resumeDirectory: join(work, 'resume'),
    maxDownloadRate: DOWNLOAD_RATE,
    maxUploadRate: UPLOAD_RATE,
  });
  const endpoint = { address: '127.77.0.1', port };
  const stage = {
    subject,
    swarm,
    endpoint,
    trackerPort,
    library,
    folder: join(work, 'jobs'),
    liarFolder: join(work, 'lies'),
  };
  const residents = await seedResidents(stage);

  const isOver = () =>
    signal.aborted ||
    subject.ended !== undefined ||
    swarm.ended !== undefined ||
    performance.now() - start >= plan.duration;
  const wait = (/** @type {number} */ ms) => sleep(ms, signal);
  let resting = false;
  let running = 0;

  const place = async () => {
    while (!isOver()) {
      if (resting) {
        await wait(500);
        continue;
      }
      const job = drawJob((tally.jobs += 1), random, library.length);
      running += 1;
      const began = performance.now();
      let failure;
      try {
        await runJob(job, stage, tally);
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        fail(`${JSON.stringify(job)}: ${failure}`);
      }
      running -= 1;
      const seconds = Math.round((performance.now() - began) / 100) / 10;
      appendFileSync(join(out, 'jobs.jsonl'), `${JSON.stringify({ ...job, seconds, failure })}\n`);
      await wait(JOB_GAP * (0.5 + random()));
    }
  };
  const attacking = async () => {
    while (!isOver()) {
      await wait(ATTACK_EVERY * (0.5 + random()));
      const target = residents[Math.floor(random() * residents.length)];
      if (resting || isOver() || target === undefined) continue;
      running += 1;
      await swarm
        .call('attack', {
          target: { ...endpoint, ...target },
          count: 1 + Math.floor(random() * ATTACKERS),
        })
        .catch(() => {});
      running -= 1;
    }
  };
  const sampling = async () => {
    let quietAt = Math.min(plan.quietEvery, plan.duration / 4);
    while (!isOver()) {
      await wait(plan.sampleEvery);
      if (isOver()) return;
      await take('busy');
      if (performance.now() - start < quietAt) continue;
      resting = true;
      while (running > 0 && !isOver()) await wait(200);
      await wait(plan.settle);
      if (!isOver()) console.log(describe(await take('quiet')));
      resting = false;
      quietAt = performance.now() - start + plan.quietEvery;
    }
  };
  try {
    await Promise.race([
      Promise.all([...Array.from({ length: plan.jobs }, place), attacking(), sampling()]),
      aborted(signal),
    ]);
    if (!signal.aborted && subject.ended === undefined) {
      await wait(plan.settle);
      console.log(describe(await take('quiet')));
    }
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  const interrupted = signal.aborted;
  ending = true;
  const closed = await end(subject, swarm, failures);
  return { samples, failures, tally, closed, before, interrupted };
}

/**
 * @param {Worker} subject
 * @param {Worker} swarm
 * @param {string[]} failures
 * @returns {Promise<Sample>}
 */
async function end(subject, swarm, failures) {
  const late = sleep(END_PATIENCE).then(() => ({ ms: Infinity }));
  const closed = await Promise.race([
    subject.call('close').catch((/** @type {Error} */ error) => {
      failures.push(`closing: ${error.message}`);
      return { ms: Infinity };
    }),
    late,
  ]);
  if (closed.ms === Infinity) failures.push(`the subject was not closed in ${END_PATIENCE} ms`);
  await Promise.race([swarm.call('close').catch(() => {}), sleep(2_000)]);
  for (const worker of [subject, swarm]) worker.kill('SIGKILL');
  await Promise.all([subject.exited, swarm.exited]);
  return closed;
}

/**
 * @param {import('./jobs.mjs').Stage} stage
 * @returns {Promise<{ infoHash: string, pieceCount: number, pieceLength: number }[]>}
 */
async function seedResidents({ subject, swarm, library, folder, trackerPort }) {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(folder, { recursive: true });
  const residents = [];
  for (let index = 0; index < RESIDENT_TORRENTS; index += 1) {
    const content = library[index % library.length];
    if (content === undefined) continue;
    const key = `resident-${index}`;
    const file = join(folder, `${key}.torrent`);
    const trackers = [[`http://127.77.2.1:${trackerPort}/announce`]];
    // The swarm has one of them, too, so that its nodes of the DHT are there from the beginning.
    const { infoHash, pieceCount } = await swarm.call('offer', {
      key,
      content,
      format: 'hybrid',
      file,
      trackers: [],
      seeds: index === 0 ? 3 : 0,
      guests: 0,
    });
    await subject.call('add', {
      key,
      source: file,
      options: { directory: content.directory, check: 'trust', trackers },
    });
    residents.push({ infoHash, pieceCount, pieceLength: content.pieceLength });
  }
  return residents;
}

/** @param {Sample} sample */
function describe({
  t,
  label,
  heapUsed,
  external,
  rss,
  fds,
  loop,
  torrents,
  peers,
  jobs,
  downloads,
  failures,
}) {
  const mib = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(2);
  return (
    `${t.toFixed(0)} s ${label}: heap ${mib(heapUsed)} + external ${mib(external)} MiB, RSS ${mib(rss)} MiB, ${fds} descriptors, ` +
    `loop p99 ${loop.p99} max ${loop.max} ms, ${torrents} torrents, ${peers} peers, ${jobs} jobs, ${downloads} downloads, ${failures} failures`
  );
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal] ends it early, without an error
 * @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
