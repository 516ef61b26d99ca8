// @ts-check
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings.mjs';
import { GIB, KIB } from './size.mjs';

/** What a client and the system need besides. */
const HEADROOM = 2 * GIB;

/** @param {string} folder @returns {string} the same, made anew */
export function fresh(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Home of the client: configuration, session, logs. */
export const freshWork = () => fresh(join(settings.home, 'work'));

/** @param {'memory' | 'disk'} kind @returns {string} where a client downloads to */
export const freshDestination = (kind) => fresh(join(settings[kind], 'destination'));

/** @param {string} folder */
export function remove(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes out what other runs have left to be written. */
export function syncDisks() {
  spawnSync('sync');
}

/** Makes the files below a folder durable. @param {string} folder */
export function syncFiles(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const fd = openSync(join(entry.parentPath, entry.name), 'r');
    fsyncSync(fd);
    closeSync(fd);
  }
}

/** Whether a download of so many bytes has room in the tmpfs, and the tmpfs in memory. @param {number} bytes */
export function fitsInMemory(bytes) {
  mkdirSync(settings.memory, { recursive: true });
  const { bavail, bsize } = statfsSync(settings.memory);
  const available = /MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return bytes + HEADROOM <= Math.min(bavail * bsize, Number(available ?? 0) * KIB);
}
