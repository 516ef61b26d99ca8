// @ts-check
/** All that `shoal create` makes, in all three formats, is loaded by libtorrent and qBittorrent under both info-hashes. */
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { waitComplete } from '../clients/client.mjs';
import { createWithLibtorrent, libtorrent } from '../clients/libtorrent.mjs';
import { qbittorrent } from '../clients/qbittorrent.mjs';
import { createWithShoal, infoHashesOf } from '../clients/shoal.mjs';
import { writePseudoRandom } from '../lib/content.mjs';
import { FOLDER } from './create.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {Omit<import('../clients/shoal.mjs').CreateOptions, 'path' | 'out' | 'format'>} Options */

const KIB = 1024;
const MIB = 1024 * KIB;
const FORMATS = /** @type {const} */ (['v1', 'hybrid', 'v2']);

/**
 * A file path of '' means a single-file torrent.
 *
 * @typedef {object} Kind
 * @property {string} name
 * @property {readonly (readonly [string, number])[]} files
 * @property {Options} options
 * @property {Record<string, string>} [links] where symbolic links lead
 */

/** @type {readonly Kind[]} */
const KINDS = [
  { name: 'automatic.bin', files: [['', 5 * MIB + 17]], options: {} },
  { name: 'one-byte.bin', files: [['', 1]], options: {} },
  { name: 'exact.bin', files: [['', MIB]], options: { pieceLength: 256 * KIB } },
  {
    name: 'private.bin',
    files: [['', 100_000]],
    options: {
      pieceLength: 32 * KIB,
      isPrivate: true,
      source: 'Süd',
      comment: '東京',
      trackers: ['http://10.99.0.2:6969/announce', 'http://10.99.0.3:6969/announce'], // nobody is there
    },
  },
  {
    name: 'folder',
    files: FOLDER,
    options: { pieceLength: 16 * KIB, more: ['--attributes', 'executable,hidden'] },
  },
  { name: 'no attributes', files: FOLDER, options: { more: ['--attributes', 'none'] } },
  {
    name: 'naïve 東京 папка ☂ e\u0301 \u{1f41f}',
    files: FOLDER,
    options: { pieceLength: 64 * KIB },
  },
  {
    name: 'links',
    files: [
      ['data', 70_000],
      ['sub/data', 30_000],
    ],
    links: { again: 'data', 'sub/up': '../data' },
    options: { pieceLength: 16 * KIB, more: ['--symlinks', 'keep'] },
  },
  {
    name: 'hints.bin',
    files: [['', 200_000]],
    options: {
      pieceLength: 128 * KIB,
      more: ['--collection', 'interop', '--similar', 'ab'.repeat(20), '--no-date'],
    },
  },
  { name: 'piece-512k.bin', files: [['', 2 * MIB + 1]], options: { pieceLength: 512 * KIB } },
  { name: 'piece-4m.bin', files: [['', 5 * MIB]], options: { pieceLength: 4 * MIB } },
  { name: 'piece-16m.bin', files: [['', 16 * MIB + 1]], options: { pieceLength: 16 * MIB } },
];

/**
 * @param {Context} context
 * @returns {Promise<{ name: string, directory: string, torrent: string }[]>}
 */
async function createAll(context) {
  const home = join(context.folder, 'create');
  mkdirSync(home, { recursive: true });
  const where = { home, log: join(context.logs, 'create.log') };
  const made = [];
  for (const [at, { name, files, links = {}, options }] of KINDS.entries()) {
    if (context.standIn && options.more) continue;
    const directory = join(context.contentFolder, 'create-kinds', `${at}`);
    for (const [path, length] of existsSync(directory) ? [] : files) {
      writePseudoRandom(join(directory, name, path), `shoal-interop/kinds/${at}/${path}`, length);
      if (path === 'Z-upper.bin') chmodSync(join(directory, name, path), 0o755);
    }
    for (const [path, target] of Object.entries(links)) {
      symlinkSync(target, join(directory, name, path));
    }
    for (const format of FORMATS) {
      const torrent = join(home, `${at}-${format}.torrent`);
      const task = { ...options, path: join(directory, name), out: torrent, format };
      await (context.standIn ? createWithLibtorrent : createWithShoal)(task, where);
      made.push({ name: `${name}, ${format}`, directory, torrent });
    }
  }
  return made;
}

/** @param {Context} context */
async function loaded(context) {
  const made = await createAll(context);
  for (const client of [libtorrent, qbittorrent]) {
    const actor = await context.start(client, client.name);
    const called = new Map();
    for (const { name, directory, torrent } of made) {
      const infoHash = await actor.session.add({ torrent, directory, seed: true });
      const { v1 = '', v2 = '' } = infoHashesOf(torrent);
      const said = await actor.session.infoHashes?.(infoHash);
      if (said?.v1 !== v1 || said.v2 !== v2) {
        throw new Error(`${name}: ${client.name} says ${JSON.stringify(said)}, not ${v1}, ${v2}`);
      }
      called.set(name, infoHash);
    }
    for (const [name, infoHash] of called) {
      const what = `${client.name}'s check of ${name}`;
      await waitComplete(actor.session, infoHash, what, context.patience);
    }
  }
  context.facts['torrents'] = made.length;
}

/** @type {Scenario[]} */
export const loadScenarios = [
  {
    name: 'create-kinds-loaded',
    shows: `${FORMATS.length * KINDS.length} torrents of shoal create, of every kind and format, are loaded by libtorrent and qbittorrent with the same two info-hashes, and their checks find the data whole`,
    needs: ['libtorrent', 'qbittorrent', 'shoal'],
    run: loaded,
  },
];
