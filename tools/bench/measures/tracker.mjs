// @ts-check
/** Trackers: how many announces a second of CPU is good for, and what a peer costs in memory. */
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Child } from '../lib/child.mjs';
import { fresh, freshWork } from '../lib/folders.mjs';
import { native } from '../lib/native.mjs';
import { watchMachine } from '../lib/noise.mjs';
import { memoryOf, now, processTree } from '../lib/proc.mjs';
import { settings } from '../lib/settings.mjs';
import { MIB } from '../lib/size.mjs';
import { actionOf, columns } from './measure.mjs';

/** The load comes from 127.1.0.0/16, an address for each socket. */
const TRACKER_IP = '127.0.0.1';
const TRACKER_PORT = 6969;
/** Announces under way over UDP: what fits into the memory that the system gives to a socket which does not ask for more. */
const UNDER_WAY = 128;
/** Seconds for a tracker to answer. */
const START_LIMIT = 10;
/** For a tracker to read its white list, in ms. */
const WHITE_LIST_WAIT = 1_000;
/** Seconds of load that are measured. */
const LOAD = 5;
/** With the sizes of a smoke test. */
const SMALL_LOAD = 0.5;

/** @typedef {import('./measure.mjs').Case} Case */

/**
 * @typedef {Case & { mode: 'udp' | 'http' | 'http-close', sockets: number, swarms: number, peers: number, seconds: number }} LoadCase
 * @typedef {{ seconds: number, answers: number, errors: number, lost: number, bytes: number, cpu: number }} Load
 */

/**
 * Runs the load generator to its end.
 *
 * @param {LoadCase} which
 * @param {number} seconds 0: each peer announces once
 * @param {number} limit s
 * @returns {Promise<Load>}
 */
async function load({ mode, sockets, swarms, peers }, seconds, limit) {
  const work = fresh(join(settings.home, 'load'));
  const child = new Child(
    [
      ...[native('announce'), mode, TRACKER_IP, `${TRACKER_PORT}`, `${seconds}`],
      ...[`${sockets}`, `${UNDER_WAY}`, `${swarms}`, `${peers}`],
    ],
    { home: work, log: join(work, 'load.log') },
  );
  try {
    if (!(await child.wait(limit))) throw new Error(`the load did not end within ${limit} s`);
    if (child.ended?.code !== 0) throw new Error(`the load ${child.verdict}: ${child.tail()}`);
    return JSON.parse(child.tail());
  } finally {
    await child.stop();
  }
}

/** @param {Child} child */
async function listening(child) {
  const end = now() + START_LIMIT;
  while (now() < end && !child.ended) {
    const accepted = await new Promise((resolve) => {
      const socket = connect({ host: TRACKER_IP, port: TRACKER_PORT });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (accepted) return;
    await setTimeout(20);
  }
  throw new Error(`does not listen: ${child.verdict}: ${child.tail()}`);
}

/**
 * @template T
 * @param {import('../clients/client.mjs').Client} client
 * @param {LoadCase} which
 * @param {(child: Child) => Promise<T>} body
 */
async function withTracker(client, { swarms }, body) {
  const work = freshWork();
  const infoHashes = join(work, 'hashes');
  writeFileSync(infoHashes, spawnSync(native('announce'), ['hashes', `${swarms}`]).stdout);
  const task = { ip: TRACKER_IP, port: TRACKER_PORT, work, infoHashes };
  const { command, env } = actionOf(client, 'tracker')(task);
  const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
  try {
    await listening(child);
    return await body(child);
  } finally {
    await child.stop();
  }
}

/** @type {import('./measure.mjs').Measure<LoadCase>} */
export const trackerMeasure = {
  name: 'tracker',
  title: 'Announces to a tracker, of 50,000 peers in 1,000 swarms',
  action: 'tracker',
  clients: 'shoal,opentracker,bittorrent-tracker',
  columns: [
    { key: 'cpuEach', title: 'CPU per announce', unit: 'µs', ratio: true },
    { key: 'perCpuSecond', title: 'announces per CPU second', unit: '1/s' },
    { key: 'rate', title: 'announces per second', unit: '1/s' },
    { key: 'cpu', title: 'CPU', unit: 's' },
    { key: 'size', title: 'answer', unit: 'bytes' },
    { key: 'lost', title: 'unanswered', unit: '%' },
    ...columns('peak', 'counterpart', 'noise'),
  ],
  cases: ({ size }) => {
    const seconds = size === undefined ? LOAD : SMALL_LOAD;
    const shape = { swarms: 1_000, peers: size === undefined ? 50_000 : 5_000, seconds };
    return [
      { label: 'UDP, from 1,000 addresses', mode: 'udp', sockets: 1_000, ...shape },
      { label: 'HTTP, 64 kept connections', mode: 'http', sockets: 64, ...shape },
      { label: 'HTTP, a connection each', mode: 'http-close', sockets: 64, ...shape },
    ];
  },
  run: (client, which, { limit }) =>
    withTracker(client, which, async (child) => {
      // All peers are there before anything is measured, so that all trackers have as many to choose from.
      await load(which, 0, limit);
      const othersUntilNow = watchMachine();
      const before = child.cpu();
      const {
        seconds,
        answers,
        errors,
        lost,
        bytes,
        cpu: counterpart,
      } = await load(which, which.seconds, limit);
      const cpu = child.cpu() - before;
      if (answers === 0 || errors > answers / 100) {
        throw new Error(`${errors} of ${answers + errors} answers are errors`);
      }
      const { peak } = child.memory();
      return {
        cpu,
        cpuEach: (cpu / answers) * 1e6,
        perCpuSecond: answers / cpu,
        rate: answers / seconds,
        size: bytes / answers,
        lost: (100 * lost) / (answers + lost),
        peak,
        counterpart,
        ...othersUntilNow(cpu + counterpart),
      };
    }),
};

/** @type {import('./measure.mjs').Measure<LoadCase>} */
export const trackerMemoryMeasure = {
  name: 'tracker-memory',
  title: 'Memory of a tracker',
  action: 'tracker',
  clients: 'shoal,opentracker',
  columns: [
    { key: 'each', title: 'bytes per peer', unit: 'bytes', ratio: true },
    ...columns('peak', 'anonymous'),
    { key: 'announced', title: 'announced', unit: 'peers' },
    ...columns('cpu', 'noise'),
  ],
  cases: ({ size }) => {
    const swarms = size === undefined ? 100_000 : 1_000;
    const peers = swarms * 10;
    const label = `${peers} peers in ${swarms} swarms`;
    return [{ label, mode: 'udp', sockets: 1_000, swarms, peers, seconds: 0 }];
  },
  run: (client, which, { limit }) =>
    withTracker(client, which, async (child) => {
      // A long white list is still being read by who listens already.
      await setTimeout(WHITE_LIST_WAIT);
      const before = memoryOf(processTree(child.pid).keys());
      const othersUntilNow = watchMachine();
      const { answers, cpu: counterpart } = await load(which, 0, limit);
      const cpu = child.cpu();
      if (answers < which.peers * 0.99) throw new Error(`only ${answers} announces were answered`);
      const { peak, anonymous } = child.memory();
      const each = ((anonymous - before.anonymous) * MIB) / answers;
      return {
        each,
        peak,
        anonymous,
        announced: answers,
        cpu,
        ...othersUntilNow(cpu + counterpart),
      };
    }),
};
