// @ts-check
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings.mjs';

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
