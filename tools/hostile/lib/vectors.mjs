// @ts-check
/** Runs the tests of all hostile vectors, and counts both. */
import { countOf, vectorSets } from '../list/vectors.mjs';
import { Lane } from './lane.mjs';

/** @import { VectorSet } from '../list/vectors.mjs' */

/**
 * @param {number} jobs
 * @returns {Promise<{ set: VectorSet, all: number, hostile: number, tests: number, passed: number }[]>}
 */
export async function tryVectors(jobs) {
  const waiting = vectorSets.map((set, at) => ({ set, at }));
  /** @type {{ set: VectorSet, all: number, hostile: number, tests: number, passed: number }[]} */
  const results = [];
  const work = async () => {
    const lane = new Lane();
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { set, at } = next;
        const outcomes = await lane.runMatching(set.test, set.names);
        const { all, hostile } = countOf(set);
        results[at] = {
          set,
          all,
          hostile,
          tests: outcomes.length,
          passed: outcomes.filter(({ status }) => status === 'passed').length,
        };
      }
    } finally {
      lane.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}
