// @ts-check
import { decode } from '@shoal/bencode';
import { applyChange, emptyInode, ROOT_ID } from '../lib/model-disk.mjs';

/** @import { BencodeValue } from '@shoal/bencode' */
/** @import { Inode, JournalEntry } from '../lib/model-disk.mjs' */

/** Bytes: what is shorter may be something else than pieces. */
const DATA_BYTES = 8_192;

/**
 * @typedef {object} Saving resume data that was saved, and reported to be
 * @property {string} name of the file: the info-hash
 * @property {number} index in the journal, from which on it is durable
 * @property {Uint8Array} pieces what it claims, as in a bitfield message
 */

/**
 * All savings of resume data in a journal, in order. One is over when the folder was synced after the new file took its place.
 *
 * @param {readonly JournalEntry[]} journal
 * @returns {Saving[]}
 */
export function savingsOf(journal) {
  /** @type {Map<number, Inode>} */
  const inodes = new Map([[ROOT_ID, emptyInode(ROOT_ID, 'folder')]]);
  /** @type {Saving[]} */
  const savings = [];
  /** By folder. @type {Map<number, { name: string, pieces: Uint8Array }[]>} */
  const renamed = new Map();
  for (const [index, change] of journal.entries()) {
    if (change.op === 'rename' && change.to.endsWith('.resume')) {
      const source = inodes.get(inodes.get(change.folder)?.entries.get(change.name) ?? 0);
      if (source !== undefined) {
        const pieces = piecesIn(source.data.subarray(0, source.size));
        const waiting = renamed.get(change.folder) ?? [];
        renamed.set(change.folder, [...waiting, { name: change.to, pieces }]);
      }
    }
    if (change.op === 'sync') {
      for (const each of renamed.get(change.id) ?? []) savings.push({ ...each, index: index + 1 });
      renamed.delete(change.id);
    }
    applyChange(inodes, change);
  }
  return savings;
}

/**
 * What a resume file claims. Throws where it is none.
 *
 * @param {Uint8Array} bytes
 */
export function piecesIn(bytes) {
  const body = bytesOf(decode(bytes), 'data');
  return new Uint8Array(bytesOf(decode(body), 'pieces'));
}

/**
 * @param {BencodeValue} value
 * @param {string} key
 * @returns {Uint8Array}
 */
function bytesOf(value, key) {
  const found = value instanceof Map ? value.get(key) : undefined;
  if (!(found instanceof Uint8Array)) throw new Error(`no resume data: ${key} is missing`);
  return found;
}

/**
 * @param {Uint8Array | undefined} pieces
 * @param {number} piece
 */
export function hasBit(pieces, piece) {
  return ((pieces?.[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;
}

/**
 * The longest time between a change of a download's data and the end of the saving that remembers it.
 *
 * @param {readonly JournalEntry[]} journal
 * @returns {number} milliseconds
 */
export function longestWait(journal) {
  const ends = savingsOf(journal).map(({ index }) => index - 1);
  /** When the first write was that is not durable yet. @type {number | undefined} */
  let since;
  let longest = 0;
  for (const [index, change] of journal.entries()) {
    // Data is written in place; resume data and locks are small files that are written from their start.
    if (change.op === 'write' && change.bytes.length >= DATA_BYTES) since ??= change.at;
    if (since !== undefined && ends.includes(index)) {
      longest = Math.max(longest, change.at - since);
      since = undefined;
    }
  }
  return longest;
}
