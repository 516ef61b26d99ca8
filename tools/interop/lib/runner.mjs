// @ts-check
import { rmSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clients } from '../clients/index.mjs';
import { ShoalFault } from '../clients/client.mjs';
import { shoal } from '../clients/shoal.mjs';
import { Context } from './context.mjs';
import { describeAllOf, run } from './process.mjs';
import { printLogs, printResult } from './report.mjs';

/**
 * @typedef {{ name: string, version?: string, problem?: string }} Found a program, with its version or why it cannot be used
 *
 * @typedef {object} Result
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {number} seconds
 * @property {number} comparedBytes
 * @property {number} comparedFiles
 * @property {Record<string, number | string>} facts
 * @property {string} [message]
 * @property {string} [firstFailure] what went wrong the first time, where there was a second
 * @property {boolean} [final] it failed in a way that a second try must not hide
 *
 * @typedef {object} RunOptions
 * @property {string} folder
 * @property {Map<string, Found>} programs
 * @property {string | undefined} standIn
 * @property {number} seed
 * @property {number} timeout ms
 * @property {AbortSignal} signal
 * @property {boolean} keep
 * @property {boolean} [again] the second try
 */

/** ms that one step of a scenario (a download, a check) may take; the machine may be busy. */
const STEP_PATIENCE = 120_000;

/**
 * Asks every program for its version.
 *
 * @param {string | undefined} standIn
 * @returns {Promise<Map<string, Found>>}
 */
export async function findPrograms(standIn) {
  const opentracker = {
    name: 'opentracker',
    version: async () => {
      const text = await run(['dpkg-query', '-W', '-f', '${Version}', 'opentracker'], {
        home: '/',
        log: '/dev/null',
        timeout: 20_000,
      }).catch(() => 'of unknown version');
      await run(['sh', '-c', 'command -v opentracker'], {
        home: '/',
        log: '/dev/null',
        timeout: 20_000,
      });
      return `opentracker ${text.trim()}`;
    },
  };
  const nginx = {
    name: 'nginx',
    version: async () => {
      const options = { home: '/', log: '/dev/null', timeout: 20_000 };
      const text = await run(['sh', '-c', 'nginx -v 2>&1'], options);
      return text.trim().replace(/^nginx version: nginx\//, 'nginx ');
    },
  };
  /** @type {Map<string, Found>} */
  const programs = new Map();
  for (const { name, version } of [...clients, opentracker, nginx, ...(standIn ? [] : [shoal])]) {
    try {
      programs.set(name, { name, version: await version() });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      programs.set(name, {
        name,
        problem: name === 'shoal' ? reason : `is not installed (${reason})`,
      });
    }
  }
  if (standIn)
    programs.set('shoal', { ...programs.get(standIn), name: `shoal, played by ${standIn}` });
  return programs;
}

/**
 * Runs one scenario, cleans up after it and prints its outcome.
 *
 * @param {import('../scenarios/index.mjs').Scenario} scenario
 * @param {RunOptions} options
 * @returns {Promise<Result>}
 */
export async function runScenario(scenario, options) {
  const { folder, programs, standIn, seed, timeout, signal, keep, again = false } = options;
  const start = performance.now();
  /** @type {Result} */
  const result = {
    name: scenario.name,
    outcome: 'passed',
    seconds: 0,
    comparedBytes: 0,
    comparedFiles: 0,
    facts: {},
  };

  const lacking = scenario.needs.filter((name) => programs.get(name)?.version === undefined);
  if (lacking.length > 0) {
    // Shoal itself is never optional; the others are where nobody promised them.
    result.outcome = process.env['CI'] || lacking.includes('shoal') ? 'failed' : 'skipped';
    result.final = true;
    result.message = lacking.map((name) => `${name}: ${programs.get(name)?.problem}`).join('; ');
    printResult(result);
    return result;
  }

  const context = new Context({
    folder: join(folder, again ? `${scenario.name}-again` : scenario.name),
    contentFolder: join(folder, 'content'),
    standIn,
    shoal: clients.find(({ name }) => name === standIn) ?? shoal,
    patience: Math.min(STEP_PATIENCE, 0.75 * timeout), // so that the message names the step
    seed,
  });
  /** @type {(reason: unknown) => void} */
  let cutShort = () => {};
  /** @type {Promise<never>} */
  const cut = new Promise((_, reject) => (cutShort = reject));
  const timer = setTimeout(
    () => cutShort(new Error(`not done after ${timeout / 1000} s`)),
    timeout,
  );
  const interrupted = () => cutShort(signal.reason);
  /** @type {string[]} */
  let alive = [];
  signal.addEventListener('abort', interrupted);
  try {
    const running = scenario.run(context);
    running.catch(() => {}); // when the time-out came first, ending its programs makes it fail
    await Promise.race([running, cut]);
  } catch (error) {
    result.outcome = 'failed';
    result.message = error instanceof Error ? error.message : String(error);
    result.final = error instanceof ShoalFault;
    alive = describeAllOf(context.logs);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupted);
  }
  await context.end();
  Object.assign(result, {
    seconds: Math.round((performance.now() - start) / 10) / 100,
    comparedBytes: context.compared,
    comparedFiles: context.comparedFiles,
    facts: context.facts,
  });
  printResult(result);
  if (result.outcome === 'failed') {
    for (const line of alive) console.log(`     ${line}`);
    printLogs(context.logs);
  }
  if (!keep) {
    if (result.outcome === 'passed') rmSync(context.folder, { recursive: true, force: true });
    else keepOnlyLogs(context);
  }
  return result;
}

/**
 * Whether a scenario is run once more: the clients have bugs of their own that show in one run of hundreds. What shoal plays alone
 * is not excused by them, nor is what only shoal can have done.
 *
 * @param {import('../scenarios/index.mjs').Scenario} scenario
 * @param {Result} result
 */
export function deservesSecondTry({ needs }, { outcome, final = false }) {
  return outcome === 'failed' && !final && clients.some(({ name }) => needs.includes(name));
}

/** @param {Context} context */
function keepOnlyLogs(context) {
  for (const name of readdirSync(context.folder)) {
    if (name !== 'logs' && !name.endsWith('.torrent')) {
      rmSync(join(context.folder, name), { recursive: true, force: true });
    }
  }
}
