// @ts-check
import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * Compares a download with its source byte for byte, both ways: every file of the content is there with the same
 * bytes, and nothing else is.
 *
 * @param {import('./content.mjs').Content} content
 * @param {string} directory what a client wrote
 * @param {{ leaves?: RegExp | undefined, skipsEmpty?: boolean | undefined }} habits of that client: files of its own that it leaves, and whether it does not create empty files
 * @returns {{ files: number, bytes: number }} what was compared
 */
export function compareWithSource(content, directory, habits) {
  const wanted = new Map(content.files.map((file) => [file.path, file]));
  const found = new Set(listFiles(directory));
  let files = 0;
  let bytes = 0;
  for (const [path, file] of wanted) {
    if (!found.has(path)) {
      if (file.length === 0 && habits.skipsEmpty) continue;
      throw new Error(`${path} is missing from the download`);
    }
    const difference = firstDifference(join(content.directory, path), join(directory, path));
    if (difference !== undefined) throw new Error(`${path} ${difference}`);
    files++;
    bytes += file.length;
  }
  for (const path of found) {
    if (!wanted.has(path) && !habits.leaves?.test(path)) {
      throw new Error(`the download holds ${path}, which the torrent does not name`);
    }
  }
  return { files, bytes };
}

/**
 * @param {string} a
 * @param {string} b
 * @returns {string | undefined}
 */
function firstDifference(a, b) {
  const length = statSync(a).size;
  if (statSync(b).size !== length) return `has ${statSync(b).size} bytes, not ${length}`;
  const left = Buffer.alloc(1 << 20);
  const right = Buffer.alloc(1 << 20);
  const fda = openSync(a, 'r');
  const fdb = openSync(b, 'r');
  try {
    for (let at = 0; at < length;) {
      const n = readSync(fda, left, 0, left.length, at);
      const m = readSync(fdb, right, 0, n, at);
      if (n <= 0 || m !== n) return `could not be read at byte ${at}`;
      if (left.compare(right, 0, n, 0, n) !== 0) {
        let i = 0;
        while (left[i] === right[i]) i++;
        return `differs from the source at byte ${at + i}`;
      }
      at += n;
    }
    return undefined;
  } finally {
    closeSync(fda);
    closeSync(fdb);
  }
}

/**
 * @param {string} directory
 * @returns {string[]} paths of all files below it, parts joined with `/`
 */
function listFiles(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
}
