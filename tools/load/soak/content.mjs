// @ts-check
/** What the soak moves about: a few folders and files of content, of which ever new torrents are made. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePseudoRandom } from '../../interop/lib/content.mjs';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes from one that is wrong to the next. */
const LIE_SPACING = 40_000;

/**
 * @typedef {object} Content
 * @property {string} name its top file or folder
 * @property {string} directory the folder that holds it
 * @property {number} length bytes
 * @property {number} pieceLength bytes
 */

/** @type {readonly { name: string, pieceLength: number, files: readonly (readonly [string, number])[] }[]} */
const SHAPES = [
  { name: 'small.bin', pieceLength: 16 * KIB, files: [['', 300_001]] },
  { name: 'middle.bin', pieceLength: 64 * KIB, files: [['', 3 * MIB + 17]] },
  { name: 'large.bin', pieceLength: 256 * KIB, files: [['', 9 * MIB + 12_345]] },
  {
    name: 'folder',
    pieceLength: 32 * KIB,
    files: [
      ['a/one.bin', 1_500_000],
      ['a/two.bin', 40_000],
      ['b/empty', 0],
      ['b/three.bin', 2 * MIB],
      ['four', 1],
    ],
  },
  {
    name: 'many files',
    pieceLength: 16 * KIB,
    files: Array.from({ length: 60 }, (_, index) => [`${index % 7}/${index}.bin`, 1000 * index]),
  },
];

/**
 * @param {string} folder
 * @returns {Content[]}
 */
export function makeLibrary(folder) {
  return SHAPES.map(({ name, pieceLength, files }, index) => {
    const directory = join(folder, `${index}`);
    let length = 0;
    for (const [path, size] of files) {
      const file = path === '' ? name : `${name}/${path}`;
      writePseudoRandom(join(directory, file), `shoal-soak/${file}`, size);
      length += size;
    }
    return { name, directory, length, pieceLength };
  });
}

/**
 * Compares a download with its source, byte for byte.
 *
 * @param {Content} content
 * @param {string} directory that holds the download
 * @throws {Error} that names the first file that differs
 * @returns {number} bytes compared
 */
export function compareWith({ name, directory: source }, directory) {
  let bytes = 0;
  const parts = readdirSync(join(source), { recursive: true, withFileTypes: true });
  for (const entry of parts) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(source.length + 1);
    const right = readFileSync(join(source, path));
    const got = readFileSync(join(directory, path));
    if (!right.equals(got)) throw new Error(`${path} of ${name} differs from its source`);
    bytes += right.length;
  }
  return bytes;
}

/**
 * Content like that of the library, with every other byte range wrong: what a peer that lies has.
 *
 * @param {readonly Content[]} library
 * @param {string} folder
 */
export function makeLies(library, folder) {
  library.forEach(({ name, directory: source }, index) => {
    const directory = join(folder, `${index}`);
    cpSync(join(source, name), join(directory, name), { recursive: true });
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at += LIE_SPACING) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      writeFileSync(path, bytes);
    }
  });
}
