// @ts-check
/** The counterparts in C, built once into the rig's folder. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { settings } from './settings.mjs';

const SOURCES = join(import.meta.dirname, '../native');

/** @type {Record<string, string[]>} */
const PROGRAMS = {
  wire: ['wire.c', 'peer.c'],
  prefault: ['prefault.c'],
  announce: ['announce.c'],
};

/**
 * @param {'wire' | 'prefault' | 'announce'} name
 * @returns {string} path of the program
 */
export function native(name) {
  const hash = createHash('sha1');
  for (const file of readdirSync(SOURCES).sort()) hash.update(readFileSync(join(SOURCES, file)));
  const folder = join(settings.home, 'bin', hash.digest('hex').slice(0, 12));
  const program = join(folder, name);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const files = (PROGRAMS[name] ?? []).map((file) => join(SOURCES, file));
  const built = spawnSync('cc', ['-O2', '-Wall', '-o', program, ...files], { encoding: 'utf8' });
  if (built.status !== 0) {
    const why = built.error ? 'there is no C compiler (Debian: gcc libc6-dev)' : built.stderr;
    throw new Error(`${name} cannot be built: ${why}`);
  }
  return program;
}

/** Touches memory, so that the next run finds pages that the host already backs. */
export function prefault() {
  if (settings.prefault > 0) spawnSync(native('prefault'), [`${settings.prefault}`]);
}
