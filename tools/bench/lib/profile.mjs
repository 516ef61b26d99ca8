// @ts-check
/** Where the time goes: CPU profiles of shoal's threads while it does one thing. */
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shoal } from '../clients/shoal.mjs';
import { describeMachine } from './machine.mjs';
import { fresh } from './folders.mjs';
import { locked } from './lock.mjs';
import { settings, WORKSPACE } from './settings.mjs';
import { format } from './statistics.mjs';

/** Rows of a thread: what comes after is each too little to matter. */
const ROWS = 12;
/** Between two samples, in µs. */
const INTERVAL = 500;
/** Time in which a thread does nothing. */
const IDLE = '(idle)';

/**
 * @typedef {object} Frame
 * @property {string} functionName
 * @property {string} url
 * @property {number} lineNumber from 0
 * @property {number} columnNumber from 0
 *
 * @typedef {object} Profile
 * @property {{ id: number, callFrame: Frame }[]} nodes
 * @property {number[]} samples ids
 * @property {number[]} timeDeltas µs
 *
 * @typedef {object} Thread
 * @property {string} name
 * @property {number} busy s
 * @property {{ what: string, seconds: number }[]} rows
 *
 * @typedef {object} ProfileResult
 * @property {string} measure `profile-` and the measure
 * @property {string} title
 * @property {import('./machine.mjs').Machine} machine
 * @property {number} wall s
 * @property {number} cpu s of the whole process
 * @property {Thread[]} threads those that left a profile: a worker that is terminated leaves none
 */

/** @type {Map<string, SourceMap | undefined>} */
const maps = new Map();

/** @param {string} path of a script */
function mapOf(path) {
  if (!maps.has(path)) {
    const file = `${path}.map`;
    const map = existsSync(file)
      ? new SourceMap(JSON.parse(readFileSync(file, 'utf8')))
      : undefined;
    maps.set(path, map);
  }
  return maps.get(path);
}

/** @param {Frame} frame @returns {string} function and source file */
function nameOf({ functionName, url, lineNumber, columnNumber }) {
  const name = functionName || '(anonymous)';
  if (!url) return name;
  if (!url.startsWith('file:')) return `${name}, ${url}`;
  const path = fileURLToPath(url);
  const entry = mapOf(path)?.findEntry(lineNumber, columnNumber);
  const source = entry && 'originalSource' in entry ? entry.originalSource : undefined;
  const file = source === undefined ? path : resolve(dirname(path), source);
  return `${name}, ${relative(WORKSPACE, file).replace(/^.*node_modules\//, '')}`;
}

/** @param {Profile} profile @param {string} name @returns {Thread} */
function summarize({ nodes, samples, timeDeltas }, name) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  /** @type {Map<string, number>} */
  const self = new Map();
  for (const [at, id] of samples.entries()) {
    const what = names.get(id) ?? '';
    self.set(what, (self.get(what) ?? 0) + (timeDeltas[at] ?? 0) / 1e6);
  }
  self.delete(IDLE);
  const rows = [...self].map(([what, seconds]) => ({ what, seconds }));
  rows.sort((a, b) => b.seconds - a.seconds);
  const busy = rows.reduce((sum, { seconds }) => sum + seconds, 0);
  return { name, busy, rows: rows.slice(0, ROWS) };
}

/**
 * @param {import('../measures/measure.mjs').Measure} measure
 * @param {import('../measures/measure.mjs').Options} options
 * @returns {Promise<ProfileResult>}
 */
export async function profile(measure, options) {
  const folder = fresh(join(settings.home, 'profiles'));
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL}`];
  /** @type {import('../clients/client.mjs').Client} */
  const profiled = { ...shoal, name: 'shoal, profiled' };
  for (const action of /** @type {const} */ (['leech', 'seed', 'verify', 'idle'])) {
    const plain = shoal[action];
    if (!plain) continue;
    profiled[action] = (task) => {
      const { command, env = {} } = plain(task);
      const [node = '', ...rest] = command;
      return { command: [node, ...flags, ...rest], env };
    };
  }
  const { create } = shoal;
  if (create) {
    profiled.create = (task) => {
      const [node = '', ...rest] = create(task).command;
      return { command: [node, ...flags, ...rest] };
    };
  }
  mkdirSync(folder, { recursive: true });
  const { wall = 0, cpu = 0 } = await locked(async () => {
    const [which] = measure.cases(options);
    if (!which) throw new Error(`${measure.name} has no case`);
    return measure.run(profiled, which, options);
  });
  const threads = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    // CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile; the main thread is 0.
    .map((name) => ({ name, thread: Number(basename(name).split('.')[4]) }))
    .sort((a, b) => a.thread - b.thread)
    .map(({ name, thread }) =>
      summarize(
        JSON.parse(readFileSync(join(folder, name), 'utf8')),
        thread === 0 ? 'main thread' : `worker ${thread}`,
      ),
    );
  if (threads.length === 0) throw new Error('shoal left no profile');
  const result = {
    measure: `profile-${measure.name}`,
    title: `Where the time goes: ${measure.title}`,
    machine: describeMachine(),
    wall,
    cpu,
    threads,
  };
  console.log(`\n### ${result.title}\n\n${profileTableOf(result)}`);
  return result;
}

/** @param {ProfileResult} result @returns {string} Markdown */
export function profileTableOf({ wall, cpu, threads }) {
  const head = `${format(cpu)} s of CPU in ${format(wall)} s, on all threads together.\n\n`;
  const tables = threads
    .map(({ name, busy, rows }) => {
      const lines = rows.map(
        ({ what, seconds }) =>
          `| ${what.replaceAll('|', '/')} | ${format(seconds)} | ${Math.round((seconds / busy) * 100)} % |`,
      );
      return [
        `**${name}**, busy for ${format(busy)} s`,
        '',
        '| function | self s | share |',
        '| --- | ---: | ---: |',
        ...lines,
        '',
      ].join('\n');
    })
    .join('\n');
  return head + tables;
}
