// @ts-check
/** What `shoal create` makes is loaded by each client, under the same info-hash, and fits the data. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clients } from '../clients/index.mjs';
import { createWithLibtorrent } from '../clients/libtorrent.mjs';
import { createWithShoal, infoHashOf } from '../clients/shoal.mjs';
import { waitComplete } from '../clients/client.mjs';
import { writePseudoRandom } from '../lib/content.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */

const KIB = 1024;
const MIB = 1024 * KIB;

/** @type {readonly (readonly [string, number])[]} */
const FOLDER = [
  ['.hidden', 100],
  ['Z-upper.bin', 70_000],
  ['a/b/c/deep.bin', 400_000],
  ['a-b/after.bin', 1], // raw path bytes: `a-b/…` stands before `a/…`
  ['empty-at-end', 0],
  ['empty/nothing.dat', 0],
  ['été/東京 ☂.bin', 300_001],
];

/**
 * @type {readonly { name: string, files: readonly (readonly [string, number])[], options: Omit<import('../clients/shoal.mjs').CreateOptions, 'path' | 'out'> }[]}
 * A file path of '' means a single-file torrent.
 */
const CASES = [
  { name: 'single.bin', files: [['', 3 * MIB + 17]], options: {} },
  { name: 'one-byte.bin', files: [['', 1]], options: {} },
  { name: 'folder', files: FOLDER, options: {} },
  {
    name: 'naïve 東京 папка ☂',
    files: FOLDER,
    options: { comment: 'ein Kommentar – mit Umlaut ü' },
  },
  { name: 'private.bin', files: [['', MIB]], options: { isPrivate: true, source: 'INTEROP' } },
  { name: 'piece-16k.bin', files: [['', 2 * MIB + 1]], options: { pieceLength: 16 * KIB } },
  { name: 'piece-16m.bin', files: [['', 33 * MIB + 5]], options: { pieceLength: 16 * MIB } },
  { name: 'piece-16m-exact.bin', files: [['', 32 * MIB]], options: { pieceLength: 16 * MIB } },
  { name: 'piece-32m.bin', files: [['', 33 * MIB + 7]], options: { pieceLength: 32 * MIB } },
];

/**
 * @param {import('../lib/context.mjs').Context} context
 * @param {import('../clients/client.mjs').Client} client
 */
async function loadedBy(context, client) {
  const made = [];
  for (const [at, { name, files, options }] of CASES.entries()) {
    const directory = join(context.contentFolder, 'create', `${at}`);
    // Made once per run, as scenarios may run side by side.
    for (const [path, length] of existsSync(directory) ? [] : files) {
      writePseudoRandom(join(directory, name, path), `shoal-interop/create/${at}/${path}`, length);
    }
    const home = join(context.folder, 'create');
    mkdirSync(home, { recursive: true });
    const task = {
      path: join(directory, name),
      out: join(home, `${at}.torrent`),
      trackers: ['http://10.99.0.2:6969/announce', 'http://10.99.0.3:6969/announce'], // nobody is there
      ...options,
    };
    const where = { home, log: join(context.logs, 'create.log') };
    const infoHash = await create(context, task, where);
    made.push({ name, directory, torrent: task.out, infoHash });
  }

  const actor = await context.start(client, client.name);
  for (const { name, directory, torrent, infoHash } of made) {
    const said = await actor.session.add({ torrent, directory, seed: true });
    if (said !== infoHash)
      throw new Error(`${name}: ${client.name} says ${said}, the file holds ${infoHash}`);
  }
  for (const { name, infoHash } of made) {
    await waitComplete(
      actor.session,
      infoHash,
      `${client.name}'s check of ${name}`,
      context.patience,
    );
  }
  context.facts['torrents'] = made.length;
}

/**
 * @param {import('../lib/context.mjs').Context} context
 * @param {import('../clients/shoal.mjs').CreateOptions} task
 * @param {{ home: string, log: string }} where
 * @returns {Promise<string>} info-hash of what is in the file
 */
async function create(context, task, where) {
  if (context.standIn) {
    await createWithLibtorrent(task, where);
    return infoHashOf(task.out);
  }
  const printed = await createWithShoal(task, where);
  const infoHash = infoHashOf(task.out);
  if (!printed.includes(infoHash)) {
    throw new Error(
      `shoal create ${task.path}: the file's info-hash ${infoHash} is not in what it printed`,
    );
  }
  return infoHash;
}

/** @type {Scenario[]} */
export const createScenarios = clients.map((client) => ({
  name: `create-loaded-by-${client.name}`,
  shows: `${CASES.length} torrents of shoal create are loaded by ${client.name} with the same info-hash, and its check finds the data whole`,
  needs: [client.name, 'shoal'],
  run: (context) => loadedBy(context, client),
}));
