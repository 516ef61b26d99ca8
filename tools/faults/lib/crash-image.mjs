// @ts-check
import { applyChange, emptyInode, putBytes, ROOT_ID, setSize } from './model-disk.mjs';
import { integer } from './random.mjs';

/** @import { Inode, JournalEntry } from './model-disk.mjs' */

/** Bytes a disk writes as a whole or not at all. */
const SECTOR = 512;

/**
 * What becomes of what was not synced when the power fails:
 * - `kept`: all of it is there: a process was killed, the system went on
 * - `dropped`: nothing of it is there
 * - `named`: names, sizes and times are there, the data is not: a journal of metadata
 * - `filled`: data and sizes are there, names and times are not
 * - `torn`: each sector, size, time and folder by chance
 */
export const CRASH_MODES = /** @type {const} */ ([
  'kept',
  'dropped',
  'named',
  'filled',
  'torn',
  'torn',
  'torn',
]);

/** @typedef {'kept' | 'dropped' | 'named' | 'filled' | 'torn'} CrashMode */

/**
 * What stands on a disk after a crash. Files and folders are independent of each other; of one folder's changes those that
 * came first are kept. A file's name is durable only once its folder was synced, as POSIX has it.
 *
 * @param {readonly JournalEntry[]} journal
 * @param {number} point changes that were made before the crash
 * @param {CrashMode} mode
 * @param {() => number} random
 * @returns {Map<number, Inode>}
 */
export function crashImage(journal, point, mode, random) {
  const { data, times } = syncedUntil(journal, point);
  const luck = chances(mode, random);
  /** Of each inode: how many more pending changes survive. */
  const left = { names: new Map(), sizes: new Map(), times: new Map() };
  const pending = pendingCounts(journal, point, data, times);
  for (const [id, { names, sizes, stamps }] of pending) {
    left.names.set(id, luck.prefix(luck.names, names));
    left.sizes.set(id, luck.prefix(luck.sizes, sizes));
    left.times.set(id, luck.prefix(luck.times, stamps));
  }
  /** @type {Map<number, Inode>} */
  const inodes = new Map([[ROOT_ID, emptyInode(ROOT_ID, 'folder')]]);
  /** Sizes that files have in the end: data beyond is lost. @type {Map<number, number>} */
  const sizes = new Map();
  for (let index = 0; index < point; index++) {
    const change = journal[index];
    if (change === undefined) break;
    if (change.op === 'sync' || change.op === 'known') continue;
    if (change.op === 'entry' || change.op === 'remove' || change.op === 'rename') {
      if (change.op === 'entry' && !inodes.has(change.id)) {
        inodes.set(change.id, emptyInode(change.id, change.kind));
      }
      if (index < (data.get(change.folder) ?? 0) || take(left.names, change.folder)) {
        applyChange(inodes, change);
      }
      continue;
    }
    const inode = inodes.get(change.id);
    if (inode === undefined) continue;
    const isDurable = index < (data.get(change.id) ?? 0);
    if (change.op === 'rot') {
      applyChange(inodes, change);
      continue;
    }
    if (change.op === 'write') {
      const end = change.offset + change.bytes.length;
      if (isDurable || take(left.sizes, change.id)) {
        sizes.set(change.id, Math.max(sizes.get(change.id) ?? 0, end));
      }
      if (isDurable) putBytes(inode, change.offset, change.bytes);
      else putSectors(inode, change.offset, change.bytes, luck.sector);
    } else if (change.op === 'size' && (isDurable || take(left.sizes, change.id))) {
      sizes.set(change.id, change.size);
      setSize(inode, change.size);
    }
    if (index < (times.get(change.id) ?? 0) || take(left.times, change.id)) {
      inode.mtime = change.mtime;
    }
  }
  for (const inode of inodes.values()) {
    if (inode.kind === 'file') setSize(inode, sizes.get(inode.id) ?? 0);
  }
  return inodes;
}

/**
 * The index up to which changes of each inode are durable.
 *
 * @param {readonly JournalEntry[]} journal
 * @param {number} point
 */
function syncedUntil(journal, point) {
  /** @type {Map<number, number>} */
  const data = new Map();
  /** @type {Map<number, number>} */
  const times = new Map();
  for (let index = 0; index < point; index++) {
    const change = journal[index];
    if (change?.op !== 'sync') continue;
    data.set(change.id, index);
    if (change.times) times.set(change.id, index);
  }
  return { data, times };
}

/**
 * @param {readonly JournalEntry[]} journal
 * @param {number} point
 * @param {ReadonlyMap<number, number>} data
 * @param {ReadonlyMap<number, number>} times
 */
function pendingCounts(journal, point, data, times) {
  /** @type {Map<number, { names: number, sizes: number, stamps: number }>} */
  const counts = new Map();
  /** @param {number} id */
  const of = (id) => {
    let count = counts.get(id);
    if (count === undefined) counts.set(id, (count = { names: 0, sizes: 0, stamps: 0 }));
    return count;
  };
  for (let index = 0; index < point; index++) {
    const change = journal[index];
    if (change === undefined) break;
    if (change.op === 'sync' || change.op === 'rot' || change.op === 'known') continue;
    if ('folder' in change) {
      if (index >= (data.get(change.folder) ?? 0)) of(change.folder).names++;
      continue;
    }
    if (change.op !== 'time' && index >= (data.get(change.id) ?? 0)) of(change.id).sizes++;
    if (index >= (times.get(change.id) ?? 0)) of(change.id).stamps++;
  }
  return counts;
}

/**
 * @param {CrashMode} mode
 * @param {() => number} random
 */
function chances(mode, random) {
  const all = mode === 'kept';
  const share = [0.02, 0.3, 0.7, 0.98][integer(random, 4)] ?? 0.5;
  /** @param {boolean | undefined} certain */
  const of = (certain) => certain;
  return {
    names: mode === 'torn' ? undefined : all || mode === 'named',
    sizes: mode === 'torn' ? undefined : all || mode === 'named' || mode === 'filled',
    times: mode === 'torn' ? undefined : all || mode === 'named',
    sector: () => (mode === 'torn' ? random() < share : all || mode === 'filled'),
    /**
     * @param {boolean | undefined} certain
     * @param {number} count
     */
    prefix: (certain, count) => {
      const all = of(certain);
      if (all !== undefined) return all ? count : 0;
      return integer(random, count + 1);
    },
  };
}

/**
 * @param {Map<number, number>} left
 * @param {number} id
 */
function take(left, id) {
  const count = left.get(id) ?? 0;
  if (count === 0) return false;
  left.set(id, count - 1);
  return true;
}

/**
 * @param {Inode} inode
 * @param {number} offset
 * @param {Uint8Array} bytes
 * @param {() => boolean} isKept
 */
function putSectors(inode, offset, bytes, isKept) {
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(bytes.length - at, SECTOR - ((offset + at) % SECTOR));
    if (isKept()) putBytes(inode, offset + at, bytes.subarray(at, at + length));
    at += length;
  }
}
