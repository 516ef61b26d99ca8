// @ts-check
/** Only one thing at a time is measured on a machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { machineCpu, now } from './proc.mjs';
import { settings } from './settings.mjs';

/** How long the machine is looked at to call it quiet, in ms. */
const LOOK = 500;
/** For which a busy machine is left to others, in ms. */
const YIELD = 2_000;

/**
 * Takes the lock through flock(1): other jobs take it the same way, and it is free again when this process dies.
 *
 * @returns {Promise<() => Promise<void>>} gives it back
 */
async function take() {
  const holder = spawn('flock', [settings.lock, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'exit');
  const first = await Promise.race([once(holder.stdout, 'data'), gone]);
  if (String(first[0]).trim() !== 'held') throw new Error(`flock ${settings.lock} failed`);
  return async () => {
    holder.stdin.end();
    await gone;
  };
}

async function isQuiet() {
  const before = machineCpu().busy;
  await setTimeout(LOOK);
  return (machineCpu().busy - before) / (LOOK / 1000) < settings.noise;
}

/** Waits until little else runs, for a while at most. */
export async function untilQuiet() {
  const end = now() + settings.quietWait;
  while (settings.quietWait > 0 && !(await isQuiet()) && now() < end);
}

/**
 * Runs `work` while holding the lock, if there is one. While the machine is busy anyway, others may have it.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(work) {
  if (settings.lock === '') return work();
  const end = now() + settings.quietWait;
  for (;;) {
    const release = await take();
    try {
      if (settings.quietWait === 0 || (await isQuiet()) || now() > end) return await work();
    } finally {
      await release();
    }
    await setTimeout(YIELD);
  }
}
