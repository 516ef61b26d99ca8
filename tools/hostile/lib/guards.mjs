// @ts-check
/** The proof: each test passes, and fails where its guard is taken out. */
import { Lane } from './lane.mjs';

/** @import { Entry, Verdict } from './types.mjs' */
/** @typedef {{ entry: Entry, verdict: Verdict, seconds: number, message: string }} Proof */

/** Verdicts that say that the test needs the guard. */
export const PROVEN = new Set(['caught', 'hung', 'died']);

/**
 * @param {readonly Entry[]} entries
 * @param {number} jobs lanes, each a process
 * @param {(proof: Proof) => void} onProof
 * @returns {Promise<Proof[]>} in the order of the entries
 */
export async function prove(entries, jobs, onProof) {
  // Entries of one test file stay together: with all guards in place, its tests run once.
  /** @type {Map<string, Entry[]>} */
  const byFile = new Map();
  for (const entry of entries) byFile.set(entry.test, [...(byFile.get(entry.test) ?? []), entry]);
  const waiting = [...byFile].sort(([, left], [, right]) => right.length - left.length);
  /** @type {Map<Entry, Proof>} */
  const proofs = new Map();
  const work = async () => {
    const lane = new Lane();
    const stop = () => {
      lane.close();
      process.exit(130);
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [file, group] = next;
        const names = group.map(({ name }) => name);
        const whole = await lane.runFile(file, names);
        for (const entry of group) {
          const started = performance.now();
          const own = whole.filter(({ name }) => name === entry.name);
          const broken = whole.find(
            ({ name, status }) => status === 'failed' && (name === entry.name || name === ''),
          );
          const { verdict, message } =
            broken !== undefined
              ? { verdict: /** @type {Verdict} */ ('fails anyway'), message: broken.message }
              : own.length === 0
                ? { verdict: /** @type {Verdict} */ ('not found'), message: '' }
                : await lane.prove(entry, Math.max(...own.map(({ duration }) => duration)));
          const proof = { entry, verdict, seconds: (performance.now() - started) / 1000, message };
          proofs.set(entry, proof);
          onProof(proof);
        }
      }
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      lane.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return entries.flatMap((entry) => proofs.get(entry) ?? []);
}
