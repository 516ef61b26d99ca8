// @ts-check
/** CPU and memory as /proc tells them. */
import { readFileSync, readdirSync } from 'node:fs';

/** Ticks per second of the times in /proc: 100 on every Linux that Node runs on (USER_HZ). */
const TICKS = 100;

/** Seconds of the monotonic clock, the one that the counterparts stamp with. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e9;
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process is gone
  }
}

/** Seconds of all cores since boot: busy, and taken by the host of a virtual machine. */
export function machineCpu() {
  const fields = (read('/proc/stat') ?? '').split('\n')[0]?.trim().split(/\s+/).slice(1) ?? [];
  const at = (/** @type {number} */ index) => Number(fields[index] ?? 0) / TICKS;
  return { busy: at(0) + at(1) + at(2) + at(5) + at(6), steal: at(7) };
}

/**
 * The fields of a process after its name: state is 0, parent 1, user time 11, system time 12, and 13 and 14 those of the
 * children it has waited for.
 *
 * @param {number | 'self'} pid
 */
function statOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Seconds of this process's children that have ended. */
export function endedChildrenCpu() {
  const stat = statOf('self') ?? [];
  return (Number(stat[13] ?? 0) + Number(stat[14] ?? 0)) / TICKS;
}

/**
 * The process and all that came from it, with CPU seconds, those of ended children included.
 *
 * @param {number} root
 * @returns {Map<number, number>} by pid
 */
export function processTree(root) {
  /** @type {Map<number, { parent: number, cpu: number }>} */
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (!stat) continue;
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(stat[index]), 0);
    all.set(pid, { parent: Number(stat[1]), cpu: ticks / TICKS });
  }
  /** @type {Map<number, number>} */
  const tree = new Map();
  const start = all.get(root);
  if (start) tree.set(root, start.cpu);
  for (let grown = -1; grown !== tree.size;) {
    grown = tree.size;
    for (const [pid, { parent, cpu }] of all) {
      if (tree.has(parent) && !tree.has(pid)) tree.set(pid, cpu);
    }
  }
  return tree;
}

/** @param {number} root @returns {number} CPU seconds of the tree so far */
export function treeCpu(root) {
  let sum = 0;
  for (const cpu of processTree(root).values()) sum += cpu;
  return sum;
}

/**
 * @param {Iterable<number>} pids
 * @returns {{ peak: number, anonymous: number }} MiB: peak resident set so far, and anonymous memory now
 */
export function memoryOf(pids) {
  let peak = 0;
  let anonymous = 0;
  for (const pid of pids) {
    const status = read(`/proc/${pid}/status`) ?? '';
    peak += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    anonymous += Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  }
  return { peak, anonymous };
}
