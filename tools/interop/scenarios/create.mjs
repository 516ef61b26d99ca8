// @ts-check
/** What `shoal create` makes is loaded by each client, under the same info-hash, and fits the data. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clients } from '../clients/index.mjs';
import { checkWithLibtorrent, createWithLibtorrent } from '../clients/libtorrent.mjs';
import { createWithShoal, infoHashOf } from '../clients/shoal.mjs';
import { waitComplete } from '../clients/client.mjs';
import { decode } from '../lib/bencode.mjs';
import { writePseudoRandom } from '../lib/content.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */

const KIB = 1024;
const MIB = 1024 * KIB;

/** @type {readonly (readonly [string, number])[]} */
export const FOLDER = [
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

/**
 * Content of hybrid and v2 torrents: name, files, piece length.
 *
 * @type {readonly (readonly [string, readonly (readonly [string, number])[], number])[]}
 */
const V2_CASES = [
  ['single.bin', [['', 3 * MIB + 17]], 64 * KIB],
  ['one-byte.bin', [['', 1]], 16 * KIB],
  ['exact.bin', [['', MIB]], 256 * KIB],
  ['folder', FOLDER, 32 * KIB],
  ['pieces-16k', FOLDER, 16 * KIB],
  ['only-one', [['file', 100_000]], 16 * KIB],
  ['only-one-below', [['within/file', 100_000]], 16 * KIB],
  [
    'one-and-empty',
    [
      ['data', 50_000],
      ['empty', 0],
    ],
    16 * KIB,
  ],
  [
    'order',
    // Components are compared one by one, by their bytes.
    ['a/z', 'a-b', 'a.txt', 'BB', 'b/1', 'b.1', 'é', '\u{1f41f}', '\uffee'].map((path) => [
      path,
      20_000,
    ]),
    32 * KIB,
  ],
  [
    'alike',
    // Files that are alike have one piece layer.
    [
      ['one', 70_000],
      ['two', 70_000],
    ],
    16 * KIB,
  ],
];

/** Bytes of a key of a .torrent file. @param {string} torrent path @param {string} key */
function rawValue(torrent, key) {
  const bytes = readFileSync(torrent);
  const span = decode(bytes).spans.get(key);
  return span ? bytes.subarray(span.start, span.end) : Buffer.alloc(0);
}

/** @param {import('../lib/context.mjs').Context} context */
async function asLibtorrentMakes(context) {
  let made = 0;
  for (const [at, [name, files, pieceLength]] of V2_CASES.entries()) {
    const directory = join(context.contentFolder, 'create-v2', `${at}`);
    for (const [path, length] of existsSync(directory) ? [] : files) {
      const key = name === 'alike' ? 'alike' : path;
      writePseudoRandom(
        join(directory, name, path),
        `shoal-interop/create-v2/${at}/${key}`,
        length,
      );
      // One of the files may be executed.
      if (path === 'Z-upper.bin') chmodSync(join(directory, name, path), 0o755);
    }
    const home = join(context.folder, 'create-v2');
    mkdirSync(home, { recursive: true });
    const where = { home, log: join(context.logs, 'create-v2.log') };
    for (const format of /** @type {const} */ (['hybrid', 'v2'])) {
      const task = { path: join(directory, name), pieceLength, format, source: 'INTEROP' };
      const out = join(home, `${at}-${format}.torrent`);
      const theirs = join(home, `${at}-${format}-libtorrent.torrent`);
      if (context.standIn) await createWithLibtorrent({ ...task, out }, where);
      else await createWithShoal({ ...task, out }, where);
      await createWithLibtorrent({ ...task, out: theirs }, where);
      for (const key of ['info', 'piece layers']) {
        if (rawValue(out, key).equals(rawValue(theirs, key))) continue;
        throw new Error(
          `${name}, ${format}: "${key}" is not what libtorrent makes of the same content`,
        );
      }
      const info = rawValue(out, 'info');
      /** @param {string} algorithm */
      const hash = (algorithm) => createHash(algorithm).update(info).digest('hex');
      // Of a folder with one file a v2 torrent has that file alone.
      const [only] = format === 'v2' && files.length === 1 ? files : [];
      const base = only && /^[^/]+$/.test(only[0]) ? join(directory, name) : directory;
      const said = await checkWithLibtorrent(out, base, where);
      const wanted = { v1: format === 'v2' ? '' : hash('sha1'), v2: hash('sha256') };
      if (said.v1 !== wanted.v1 || said.v2 !== wanted.v2) {
        throw new Error(`${name}, ${format}: libtorrent says ${said.v1} and ${said.v2}`);
      }
      if (!said.complete) {
        throw new Error(
          `${name}, ${format}: libtorrent does not find the data whole ${said.error}`,
        );
      }
      made++;
    }
  }
  context.facts['torrents'] = made;
}

/** @type {Scenario} */
const v2Scenario = {
  name: 'create-v2-as-libtorrent',
  shows: `${2 * V2_CASES.length} hybrid and v2 torrents of shoal create are byte for byte those of libtorrent, which loads them with the same info-hashes and finds the data whole`,
  needs: ['libtorrent', 'shoal'],
  run: asLibtorrentMakes,
};

/** @type {Scenario[]} */
const loadScenarios = clients.map((client) => ({
  name: `create-loaded-by-${client.name}`,
  shows: `${CASES.length} torrents of shoal create are loaded by ${client.name} with the same info-hash, and its check finds the data whole`,
  needs: [client.name, 'shoal'],
  run: (context) => loadedBy(context, client),
}));

/** @type {Scenario[]} */
export const createScenarios = [...loadScenarios, v2Scenario];
