// @ts-check
/** Content of hybrid and v2 torrents (BEP 52), and torrents of it made by one of the clients. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createWithLibtorrent } from '../clients/libtorrent.mjs';
import { createWithShoal, infoHashesOf } from '../clients/shoal.mjs';
import { writePseudoRandom } from '../lib/content.mjs';

/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {import('../lib/content.mjs').Content} Content */
/** @typedef {import('../clients/client.mjs').Client} Client */
/** @typedef {'v1' | 'hybrid' | 'v2'} Format */

const KIB = 1024;
const MIB = 1024 * KIB;

/** @type {Record<'single' | 'multi' | 'layers', { name: string, pieceLength: number, files: readonly (readonly [string, number])[] }>} */
const SHAPES = {
  // The last block is short, and the padded piece goes on well behind it.
  single: { name: 'single-v2.bin', pieceLength: 64 * KIB, files: [['', 9 * MIB + 17]] },
  multi: {
    name: 'multi-v2',
    pieceLength: 32 * KIB,
    files: [
      ['a/below-a-piece', 20_000],
      ['a/empty', 0],
      ['a/one-block', 16 * KIB],
      ['a/one-byte', 1],
      ['exact', 1 * MIB],
      // More than 512 pieces: its piece layer takes two hash requests.
      ['large', 17 * MIB + 40_001],
      ['two-pieces', 50_000],
      ['Ünïcode 東京/файл', 300_001],
    ],
  },
  // What is asked for of piece layers at their edges.
  layers: {
    name: 'layers-v2',
    pieceLength: 16 * KIB,
    files: [
      // One root for two files: a hash request names the root alone.
      ['alike-1', 200_000],
      ['alike-2', 200_000],
      // 512 pieces fill one request; a piece more is a request of length 1.
      ['full', 8 * MIB],
      ['one-more', 8 * MIB + 1],
    ],
  },
};

/** @typedef {keyof typeof SHAPES} Shape */

/**
 * Content with a torrent of a format, made by the one who will seed it.
 *
 * @param {Context} context
 * @param {Shape} shape
 * @param {Format} format
 * @param {Client} maker
 * @param {{ announce?: string, isPrivate: boolean }} options
 * @returns {Promise<{ content: Content, torrent: string, magnets: { v1: string, v2: string, both: string } }>}
 */
export async function prepare(context, shape, format, maker, { announce, isPrivate }) {
  const { name, pieceLength, files: described } = SHAPES[shape];
  const directory = join(context.contentFolder, `v2-${shape}`);
  const files = described.map(([path, length]) => ({
    path: path === '' ? name : `${name}/${path}`,
    length,
  }));
  // Made once per run: without a wait in between, as scenarios may run side by side.
  if (!existsSync(directory)) {
    for (const { path, length } of files) {
      const key = path.replace(/alike-\d/, 'alike');
      writePseudoRandom(join(directory, path), `shoal-interop/v2/${key}`, length);
    }
  }
  const home = join(context.folder, 'create');
  mkdirSync(home, { recursive: true });
  const torrent = join(context.folder, `${shape}-${format}-${maker.name}.torrent`);
  rmSync(torrent, { force: true }); // shoal writes over no file
  const create = maker.name === 'shoal' ? createWithShoal : createWithLibtorrent;
  await create(
    {
      path: join(directory, name),
      out: torrent,
      format,
      pieceLength,
      isPrivate,
      trackers: announce ? [announce] : [],
    },
    { home, log: join(context.logs, 'create.log') },
  );
  const { v1, v2 } = infoHashesOf(torrent);
  const infoHashes = [v1, v2?.slice(0, 40)].filter((hash) => hash !== undefined);
  const pieceCount = files.reduce((sum, file) => sum + Math.ceil(file.length / pieceLength), 0);
  const tracker = announce ? `&tr=${encodeURIComponent(announce)}` : '';
  const [btih, btmh] = [`xt=urn:btih:${v1}`, `xt=urn:btmh:1220${v2}`];
  return {
    content: {
      name,
      directory,
      files,
      length: pieceCount * pieceLength,
      pieceLength,
      pieceCount,
      info: Buffer.alloc(0), // the .torrent file is there already
      infoHash: infoHashes[0] ?? '',
      infoHashes,
      aligned: true,
    },
    torrent,
    magnets: {
      v1: `magnet:?${btih}${tracker}`,
      v2: `magnet:?${btmh}${tracker}`,
      both: `magnet:?${btih}&${btmh}${tracker}`,
    },
  };
}

/**
 * A torrent's info-hashes are known when the file is made, its tracker's address before: so the torrent is made twice.
 *
 * @param {Context} context
 * @param {Shape} shape
 * @param {Format} format
 * @param {Client} maker
 * @param {{ isPrivate: boolean }} options
 */
export async function prepareTracked(context, shape, format, maker, options) {
  const { content: first } = await prepare(context, shape, format, maker, options);
  const tracker = await context.opentracker(first.infoHashes ?? []);
  const made = await prepare(context, shape, format, maker, {
    ...options,
    announce: tracker.announce,
  });
  return { ...made, tracker };
}

/**
 * The padding files of a hybrid torrent (BEP 47), for clients to which they are files like others.
 *
 * @param {Content} content
 * @param {string} directory holds a copy of the content
 */
export function writePadding(content, directory) {
  if (content.files.length === 1) return;
  for (const { length } of content.files) {
    const padding = -length & (content.pieceLength - 1);
    if (padding === 0) continue;
    const path = join(directory, content.name, '.pad', `${padding}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.alloc(padding));
  }
}
