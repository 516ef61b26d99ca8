// @ts-check
import { ROOT_ID } from '../lib/model-disk.mjs';

/** @import { JournalEntry } from '../lib/model-disk.mjs' */

/** Ways to break an engine, to see that its crashes are then found to lose data. */
export const BREAKS = /** @type {const} */ (['fsync', 'folder-fsync', 'order']);

/** @typedef {(typeof BREAKS)[number]} Break */

/**
 * The journal of an engine that
 * - `fsync`: does not make data durable
 * - `folder-fsync`: does not make names durable
 * - `order`: makes data durable, but only once resume data was saved
 *
 * @param {readonly JournalEntry[]} journal
 * @param {Break | undefined} how
 * @returns {readonly JournalEntry[]}
 */
export function broken(journal, how) {
  if (how === undefined) return journal;
  /** Where data is: without the folders of resume data, whose syncing says that something was saved. @type {Set<number>} */
  const folders = new Set([ROOT_ID]);
  for (const change of journal) {
    if (change.op === 'entry' && change.kind === 'folder') folders.add(change.id);
  }
  for (const change of journal) if (change.op === 'rename') folders.delete(change.folder);
  const isData = (/** @type {JournalEntry} */ change) => change.op === 'sync' && !change.times;
  if (how === 'fsync') return journal.filter((change) => !isData(change));
  if (how === 'folder-fsync') {
    return journal.filter((change) => change.op !== 'sync' || !folders.has(change.id));
  }
  /** @type {JournalEntry[]} */
  const result = [];
  /** @type {JournalEntry[]} */
  let held = [];
  let isRenamed = false;
  for (const change of journal) {
    if (isData(change)) {
      held.push(change);
      continue;
    }
    result.push(change);
    if (change.op === 'rename' && change.to.endsWith('.resume')) isRenamed = true;
    else if (isRenamed && change.op === 'sync') {
      result.push(...held);
      held = [];
      isRenamed = false;
    }
  }
  return result;
}
