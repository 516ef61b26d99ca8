// @ts-check
/** Hybrid torrents with a client that knows nothing of BitTorrent v2 and of padding files: rtorrent. */
import { join } from 'node:path';
import { libtorrent } from '../clients/libtorrent.mjs';
import { rtorrent } from '../clients/rtorrent.mjs';
import { copyContent, writePartialCopy } from '../lib/content.mjs';
import { prepareTracked, writePadding } from './v2-content.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {'single' | 'multi'} Shape */

/**
 * shoal, rtorrent and libtorrent with a third of the pieces each. libtorrent comes by the v2 hash alone: what it knows
 * at first of the torrent, its metadata, it gets from shoal in the v2 swarm, where rtorrent is not.
 *
 * @param {Context} context
 * @param {Shape} shape
 */
async function threeWay(context, shape) {
  const { content, torrent, magnets, tracker } = await prepareTracked(
    context,
    shape,
    'hybrid',
    context.shoal,
    { isPrivate: false },
  );
  const [v1 = '', v2 = ''] = content.infoHashes ?? [];
  const actors = [];
  const downloads = [];
  for (const [third, part] of [context.shoal, rtorrent, libtorrent].entries()) {
    const directory = join(context.folder, `third-${third}`);
    writePartialCopy(content, directory, (piece) => piece % 3 === third);
    if (part === rtorrent) writePadding(content, directory);
    const actor = await context.start(part, `third-${third}-${part.name}`);
    const what = part === libtorrent ? magnets.v2 : torrent;
    // Each stays when it is done: the others still need its pieces.
    downloads.push(await actor.download(content, what, { directory, stay: true }));
    actors.push(actor);
    await context.trackerKnows(tracker, v1, { total: third + 1 });
    await context.trackerKnows(tracker, v2, { total: part === libtorrent ? 2 : 1 });
  }
  await Promise.all(downloads.map((download) => download.verified()));
  for (const [at, download] of downloads.entries()) {
    const { uploaded } = (await actors[at]?.session.status(download.infoHash)) ?? {};
    if (uploaded !== undefined) context.facts[`${actors[at]?.client.name} sent`] = uploaded;
  }
}

/**
 * @param {Context} context
 * @param {Shape} shape
 */
async function fromRtorrent(context, shape) {
  const made = await prepareTracked(context, shape, 'hybrid', libtorrent, { isPrivate: true });
  const { content, torrent, tracker } = made;
  const directory = join(context.folder, 'whole');
  copyContent(content, directory);
  writePadding(content, directory);
  const seeder = await context.start(rtorrent, 'seeder');
  await seeder.seed({ ...content, directory }, torrent);
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const leecher = await context.start(context.shoal, 'leecher');
  await (await leecher.download(content, torrent)).verified();
}

/**
 * @param {Context} context
 * @param {Shape} shape
 */
async function fromShoal(context, shape) {
  const made = await prepareTracked(context, shape, 'hybrid', context.shoal, { isPrivate: true });
  const { content, torrent, tracker } = made;
  const seeder = await context.start(context.shoal, 'seeder');
  await seeder.seed(content, torrent);
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const leecher = await context.start(rtorrent, 'leecher');
  await (await leecher.download(content, torrent)).verified();
}

/** @type {Scenario[]} */
export const hybridV1Scenarios = /** @type {const} */ (['single', 'multi']).flatMap((shape) => [
  {
    name: `hybrid-shoal-from-rtorrent-${shape}`,
    shows: `shoal downloads a ${shape}-file hybrid torrent of libtorrent's that rtorrent, a v1 client, seeds`,
    needs: ['libtorrent', 'opentracker', 'rtorrent', 'shoal'],
    run: (context) => fromRtorrent(context, shape),
  },
  {
    name: `hybrid-rtorrent-from-shoal-${shape}`,
    shows: `rtorrent, a v1 client, downloads a ${shape}-file hybrid torrent, padding included, that shoal made and seeds`,
    needs: ['opentracker', 'rtorrent', 'shoal'],
    run: (context) => fromShoal(context, shape),
  },
  {
    name: `three-way-hybrid-v1-v2-${shape}`,
    shows: `shoal, rtorrent (v1 alone) and libtorrent (come by the v2 hash) start with a third of a ${shape}-file hybrid each, and all finish`,
    needs: ['libtorrent', 'opentracker', 'rtorrent', 'shoal'],
    run: (context) => threeWay(context, shape),
  },
]);
