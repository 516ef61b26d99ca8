// @ts-check
/** Collects the microbenchmarks of the packages: each prints one JSON line per case. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { cleanEnvironment } from '../../interop/lib/process.mjs';
import { locked } from './lock.mjs';
import { describeMachine, machineLine } from './machine.mjs';
import { settings, WORKSPACE } from './settings.mjs';
import { format, summaryOf } from './statistics.mjs';

/** From the bottom up. */
const PACKAGES = ['bencode', 'net', 'metainfo', 'tracker', 'peer-wire', 'dht', 'client', 'cli'];

/** Numbers that say how something was measured, not what came out. */
const CIRCUMSTANCES = new Set(['runs', 'bytes', 'blocks', 'announces', 'receivedMiB']);

/**
 * @typedef {object} MicroCase
 * @property {string} layer the package
 * @property {string} case
 * @property {Record<string, number[]>} figures one value per run
 *
 * @typedef {object} MicroResult
 * @property {'micro'} measure
 * @property {string} title
 * @property {import('./machine.mjs').Machine} machine
 * @property {MicroCase[]} layers
 */

/** @param {string} name @returns {Promise<Record<string, unknown>[]>} what a package's benchmark prints */
async function benchmark(name) {
  const cwd = join(WORKSPACE, 'packages', name);
  const child = spawn(process.execPath, ['bench/index.mjs', '--json'], {
    cwd,
    env: { ...cleanEnvironment(settings.home), TMPDIR: settings.memory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`the benchmark of ${name} ended with ${code}`);
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line));
}

/**
 * @param {number} runs
 * @returns {Promise<MicroResult>}
 */
export async function runMicro(runs) {
  mkdirSync(settings.home, { recursive: true });
  mkdirSync(settings.memory, { recursive: true });
  /** @type {Map<string, MicroCase>} */
  const cases = new Map();
  for (const layer of PACKAGES) {
    for (let run = 0; run < runs; run++) {
      for (const line of await locked(() => benchmark(layer))) {
        const name = String(line['case']);
        const key = `${layer} ${name}`;
        const entry = cases.get(key) ?? { layer, case: name, figures: {} };
        cases.set(key, entry);
        for (const [figure, value] of Object.entries(line)) {
          if (typeof value !== 'number' || CIRCUMSTANCES.has(figure)) continue;
          (entry.figures[figure] ??= []).push(value);
        }
      }
    }
    console.log(`# ${layer}: done`);
  }
  const machine = describeMachine();
  const layers = [...cases.values()];
  /** @type {MicroResult} */
  const result = { measure: 'micro', title: 'Layer by layer', machine, layers };
  console.log(`\n### ${result.title}\n\n${microTableOf(result)}\n${machineLine(machine)}\n`);
  return result;
}

/** `cpuSecondsPerGiB` as `cpu seconds per GiB`. @param {string} key */
const inWords = (key) =>
  key
    .replace(/[KMG]iB|[A-Z]/g, (match) => ` ${match.length > 1 ? match : match.toLowerCase()}`)
    .replace(/\b[mg]b\b/, (match) => match.toUpperCase())
    .trim();

/** @param {MicroResult} result @returns {string} Markdown */
export function microTableOf({ layers }) {
  const lines = ['| layer | case | figures: median (range) |', '| --- | --- | --- |'];
  for (const { layer, case: name, figures } of layers) {
    const cells = Object.entries(figures).map(([key, values]) => {
      const { median, min, max } = summaryOf(values);
      const range = values.length > 1 ? ` (${format(min)}–${format(max)})` : '';
      return `${inWords(key)} ${format(median)}${range}`;
    });
    lines.push(`| ${layer} | ${name} | ${cells.join(', ')} |`);
  }
  return `${lines.join('\n')}\n`;
}
