// @ts-check
/** Programs and libraries that only make or read .torrent files. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { settings } from '../lib/settings.mjs';
import { firstLine } from './client.mjs';

const SCRIPTS = join(import.meta.dirname, '../scripts');
const MODULES = join(settings.peers, 'npm/node_modules');

/** @param {string} name */
function npmVersion(name) {
  const { version } = JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8'));
  return `${name} ${version}, Node ${process.version}`;
}

/**
 * @param {string} name
 * @param {number} threads
 * @returns {import('./client.mjs').Client}
 */
const mktorrentWith = (name, threads) => ({
  name,
  version: () => firstLine(['mktorrent', '-h']),
  startup: () => ({ command: ['mktorrent', '-h'] }),
  create: ({ file, out, pieceLength }) => ({
    command: [
      ...['mktorrent', '-l', `${Math.log2(pieceLength)}`, '-t', `${threads}`, '-o', out],
      file,
    ],
  }),
});

/** With a thread per core, as shoal. */
export const mktorrent = mktorrentWith('mktorrent', availableParallelism());
export const mktorrentOneThread = mktorrentWith('mktorrent-1t', 1);

/** @type {import('./client.mjs').Client} */
export const createTorrent = {
  name: 'create-torrent',
  version: () => npmVersion('create-torrent'),
  create: ({ file, out, pieceLength }) => ({
    command: [
      ...[process.execPath, join(SCRIPTS, 'create-torrent.mjs'), MODULES],
      ...[file, out, `${pieceLength}`],
    ],
  }),
};

/** The hashing that a hybrid torrent, or a v2 one, takes, and nothing else. @type {import('./client.mjs').Client} */
export const hashing = {
  name: 'hashing-1t',
  version: () => `node:crypto of Node ${process.version}`,
  createHybrid: ({ file, out }) => ({
    command: [process.execPath, join(SCRIPTS, 'hash-file.mjs'), file, out, 'sha1', 'sha256'],
  }),
  createV2: ({ file, out }) => ({
    command: [process.execPath, join(SCRIPTS, 'hash-file.mjs'), file, out, 'sha256'],
  }),
};

/** npm's parse-torrent, and bencode below it. @type {import('./client.mjs').Client} */
export const parseTorrent = {
  name: 'parse-torrent',
  version: () => npmVersion('parse-torrent'),
  metainfo: (file, seconds) => ({
    command: [process.execPath, join(SCRIPTS, 'metainfo-npm.mjs'), MODULES, file, `${seconds}`],
  }),
};

/** The floor of a start. @type {import('./client.mjs').Client} */
export const node = {
  name: 'node',
  version: () => `Node ${process.version}`,
  startup: () => ({ command: [process.execPath, '-e', '0'] }),
  // There is nothing to compare with below it.
  show: () => ({ command: [process.execPath, '-e', '0'] }),
};
