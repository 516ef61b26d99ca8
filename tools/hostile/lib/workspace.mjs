// @ts-check
/** Where the workspace is, and copies of it in which guards are taken out. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @import { Entry, Patch } from './types.mjs' */

export const root = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** Never copied: what is built, and dependencies of the root, which are linked instead. */
const LEFT_OUT = new Set(['dist', 'out-tsc', 'coverage', '.nx', 'bench']);

/** A copy of the packages' sources and tests in a new temporary folder, with dependencies linked. Gives its path. */
export function copyWorkspace() {
  const copy = mkdtempSync(join(tmpdir(), 'shoal-guards-'));
  for (const file of ['package.json', 'tsconfig.base.json'])
    cpSync(join(root, file), join(copy, file));
  for (const folder of ['packages', 'tools/config', 'tools/nx']) {
    cpSync(join(root, folder), join(copy, folder), {
      recursive: true,
      // Links among packages are relative, so they lead to the copy's packages.
      verbatimSymlinks: true,
      filter: (from) => !LEFT_OUT.has(basename(from)),
    });
  }
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    // What the tests keep there stays in the copy.
    if (name === '.cache') continue;
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  return copy;
}

/** @param {Entry} entry @returns {readonly Patch[]} */
export function patchesOf({ remove }) {
  return 'file' in remove ? [remove] : remove;
}

/**
 * Takes a guard out. Gives what puts it back.
 *
 * @param {string} copy
 * @param {Entry} entry
 */
export function takeOut(copy, entry) {
  /** @type {Map<string, string>} */
  const before = new Map();
  for (const { file, text, by } of patchesOf(entry)) {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    if (!before.has(path)) before.set(path, source);
    if (source.split(text).length !== 2)
      throw new Error(`${entry.id}: not once in ${file}: ${text}`);
    writeFileSync(
      path,
      source.replace(text, () => by),
    );
  }
  return () => {
    for (const [path, source] of before) writeFileSync(path, source);
  };
}
