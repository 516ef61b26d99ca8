// @ts-check
/** Downloads from web servers (BEP 19, BEP 17), with no peer but the one that a magnet link needs for its metadata. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { libtorrent } from '../clients/libtorrent.mjs';
import { createWithShoal, infoHashesOf } from '../clients/shoal.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {import('../lib/content.mjs').Content} Content */
/** @typedef {import('../lib/web-server.mjs').WebServer} WebServer */
/** @typedef {'v1' | 'hybrid'} Format */

/**
 * A torrent of content as the harness makes it, with web seeds.
 *
 * @param {Context} context
 * @param {'single' | 'multi'} shape
 * @param {Format} format
 * @param {{ webSeeds?: string[], httpSeeds?: string[] }} seeds
 * @returns {Promise<{ content: Content, torrent: string }>}
 */
async function prepare(context, shape, format, seeds) {
  const content = context.content(shape);
  const home = join(context.folder, 'create');
  mkdirSync(home, { recursive: true });
  const torrent = join(context.folder, `${shape}-${format}.torrent`);
  rmSync(torrent, { force: true });
  const { directory, name, pieceLength } = content;
  const path = join(directory, name);
  const place = { home, log: join(context.logs, 'create.log') };
  await createWithShoal({ path, out: torrent, format, pieceLength, ...seeds }, place);
  const { v1, v2 } = infoHashesOf(torrent);
  const infoHashes = [v1, v2?.slice(0, 40)].filter((hash) => hash !== undefined);
  return { content: { ...content, infoHash: infoHashes[0] ?? '', infoHashes }, torrent };
}

/**
 * @param {Content} content
 * @param {WebServer} server
 * @param {boolean} ranges
 */
function checkRequests(content, server, ranges) {
  const requests = server.requests();
  const sent = requests.reduce((sum, { bytes }) => sum + bytes, 0);
  const payload = content.files.reduce((sum, { length }) => sum + length, 0);
  if (sent !== payload) {
    throw new Error(`the server has sent ${sent} bytes for ${payload} of payload`);
  }
  const filled = content.files.filter(({ length }) => length > 0);
  const asked = new Set(requests.map(({ uri }) => decodeURIComponent(uri)));
  for (const { path } of filled) {
    if (!asked.has(`/${path}`)) throw new Error(`nobody has asked for ${path}`);
  }
  if (asked.size !== filled.length) throw new Error(`asked for too much: ${[...asked].join()}`);
  if (!ranges) return;
  const other = requests.find(({ status, range }) => status !== 206 || range === '-');
  if (other) throw new Error(`${other.uri} ${other.range} was answered with ${other.status}`);
}

/**
 * @param {Context} context
 * @param {'single' | 'multi'} shape
 * @param {Format} format
 * @param {boolean} ranges
 */
async function fromNginx(context, shape, format, ranges) {
  const server = await context.nginx(context.content(shape).directory, ranges);
  const { content, torrent } = await prepare(context, shape, format, { webSeeds: [server.url] });
  const leech = await context.start(context.shoal, 'leech');
  const download = await leech.download(content, torrent, { localWebSeeds: true });
  await download.verified();
  checkRequests(content, server, ranges);
}

/**
 * The metadata is libtorrent's, which has none of the content.
 *
 * @param {Context} context
 * @param {boolean} ranges
 */
async function byMagnet(context, ranges) {
  const server = await context.nginx(context.content('multi').directory, ranges);
  const { content, torrent } = await prepare(context, 'multi', 'v1', {});
  const knowing = await context.start(libtorrent, 'knowing');
  await knowing.download(content, torrent, { stay: true });
  const leech = await context.start(context.shoal, 'leech');
  const magnet = `magnet:?xt=urn:btih:${content.infoHash}&ws=${encodeURIComponent(server.url)}`;
  const download = await leech.download(content, magnet, {
    localWebSeeds: true,
    peers: [knowing.address],
  });
  await download.verified();
  checkRequests(content, server, ranges);
}

/** @param {Context} context */
async function byPieces(context) {
  const { directory, name, length, pieceLength } = context.content('single');
  const server = await context.pieceServer({ path: join(directory, name), length, pieceLength });
  const seeds = { httpSeeds: [server.url] };
  const { content, torrent } = await prepare(context, 'single', 'v1', seeds);
  const leech = await context.start(context.shoal, 'leech');
  const download = await leech.download(content, torrent, { localWebSeeds: true });
  await download.verified();
  const { pieceCount } = content;
  // One for each piece, and the one that was told to wait.
  if (server.asked.length !== pieceCount + 1) {
    throw new Error(`${server.asked.length} requests for ${pieceCount} pieces`);
  }
}

/** @type {Scenario[]} */
export const webSeedScenarios = [
  ...[true, false].flatMap((ranges) =>
    /** @type {const} */ (['single', 'multi']).flatMap((shape) =>
      /** @type {const} */ (['v1', 'hybrid']).map((format) => ({
        name: `web-seed-${ranges ? 'ranges' : 'plain'}-${format}-${shape}`,
        shows: `shoal downloads a ${shape}-file ${format} torrent from nginx alone, ${ranges ? 'by ranges' : 'which has ranges switched off'}: each byte once`,
        needs: ['nginx', 'shoal'],
        run: (/** @type {Context} */ context) => fromNginx(context, shape, format, ranges),
      })),
    ),
  ),
  ...[true, false].map((ranges) => ({
    name: `web-seed-${ranges ? 'ranges' : 'plain'}-magnet`,
    shows: `shoal downloads by a magnet link with \`ws\` from nginx ${ranges ? '' : 'without ranges '}what no peer has`,
    needs: ['nginx', 'libtorrent', 'shoal'],
    run: (/** @type {Context} */ context) => byMagnet(context, ranges),
  })),
  {
    name: 'web-seed-pieces',
    shows: 'shoal downloads from a web seed of the older kind (BEP 17), which is busy at first',
    needs: ['shoal'],
    run: byPieces,
  },
];
