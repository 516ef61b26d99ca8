// @ts-check
import { CRASH_MODES, crashImage } from '../lib/crash-image.mjs';
import { randomOf } from '../lib/random.mjs';
import { judge } from './judge.mjs';
import { savingsOf } from './savings.mjs';

/** @import { JournalEntry } from '../lib/model-disk.mjs' */
/** @import { Content } from '../lib/content.mjs' */
/** @import { Model } from './record.mjs' */
/** @import { Scenario } from './scenarios.mjs' */
/** @import { Saving } from './savings.mjs' */

/** Of so many points one is also downloaded to the end. */
const GOES_ON_EVERY = 40;

/**
 * @typedef {object} Recording
 * @property {Scenario} scenario
 * @property {number} seed
 * @property {readonly Content[]} contents
 * @property {readonly JournalEntry[]} journal
 */

/**
 * @typedef {object} Point one crash
 * @property {number} point changes made before it
 * @property {number} variant
 */

/**
 * Crashes a recorded run at points, one after the other.
 *
 * @param {Recording} recording
 * @param {Model} model
 * @param {Iterable<Point>} points
 * @param {(point: Point, mode: string, faults: readonly string[]) => void} onFaults
 */
export async function crashAt({ scenario, seed, contents, journal }, model, points, onFaults) {
  const savings = savingsOf(journal);
  const sums = { points: 0, goneOn: 0, claimed: 0, unclaimed: 0 };
  for (const each of points) {
    const { point, variant } = each;
    // Each variant goes through the modes in another order, so that neighbours differ.
    const mode = CRASH_MODES[(point + 3 * variant) % CRASH_MODES.length] ?? 'torn';
    const random = randomOf(`${scenario.name}/${seed}/${point}/${variant}`);
    const goesOn = (point + variant * 17) % GOES_ON_EVERY === 0;
    /** @type {readonly string[]} */
    let faults;
    try {
      const verdict = await judge({
        scenario,
        contents,
        model,
        inodes: crashImage(journal, point, mode, random),
        saved: lastSavings(savings, point),
        rot: rotAt(journal, point),
        byMagnet: (point + variant) % 2 === 0,
        goesOn,
      });
      faults = verdict.faults;
      sums.claimed += verdict.claimed;
      if (mode === 'kept') sums.unclaimed = Math.max(sums.unclaimed, verdict.unclaimed);
    } catch (error) {
      faults = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    }
    sums.points += 1;
    if (goesOn) sums.goneOn += 1;
    if (faults.length > 0) onFaults(each, mode, faults);
  }
  return sums;
}

/**
 * @param {readonly Saving[]} savings
 * @param {number} point
 */
function lastSavings(savings, point) {
  /** @type {Map<string, Saving>} */
  const last = new Map();
  for (const saving of savings) if (saving.index <= point) last.set(saving.name, saving);
  return [...last.values()];
}

/**
 * @param {readonly JournalEntry[]} journal
 * @param {number} point
 */
function rotAt(journal, point) {
  /** @type {Set<number>} */
  const ever = new Set();
  /** @type {Set<number>} */
  const hidden = new Set();
  for (let index = 0; index < point; index++) {
    const change = journal[index];
    if (change?.op === 'known') hidden.clear();
    if (change?.op !== 'rot') continue;
    ever.add(change.piece);
    hidden.add(change.piece);
  }
  return { ever, hidden };
}
