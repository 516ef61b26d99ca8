// @ts-check
/** Hybrid and v2 torrents (BEP 52), by .torrent file and by magnet link. */
import { join } from 'node:path';
import { aria2 } from '../clients/aria2.mjs';
import { libtorrent } from '../clients/libtorrent.mjs';
import { qbittorrent } from '../clients/qbittorrent.mjs';
import { writePartialCopy } from '../lib/content.mjs';
import { prepare, prepareTracked } from './v2-content.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {import('../clients/client.mjs').Client} Client */
/** @typedef {import('./v2-content.mjs').Shape} Shape */
/** @typedef {import('./v2-content.mjs').Format} Format */

/**
 * @param {Context} context
 * @param {Shape} shape
 * @param {Format} format
 * @param {Client} from
 * @param {Client} to
 */
async function transfer(context, shape, format, from, to) {
  const { content, torrent, tracker } = await prepareTracked(context, shape, format, from, {
    isPrivate: true,
  });
  const seeder = await context.start(from, 'seeder');
  await seeder.seed(content, torrent);
  // Both swarms: of the hybrid's two hashes each is announced.
  for (const infoHash of content.infoHashes ?? []) {
    await context.trackerKnows(tracker, infoHash, { complete: 1 });
  }
  const leecher = await context.start(to, 'leecher');
  await (await leecher.download(content, torrent)).verified();
}

/**
 * @param {Context} context
 * @param {Shape} shape
 * @param {Format} format of the torrent
 * @param {'v1' | 'v2' | 'both'} link what the magnet link names
 * @param {Client} from
 * @param {Client} to
 */
async function magnet(context, shape, format, link, from, to) {
  const { content, torrent, magnets } = await prepare(context, shape, format, from, {
    isPrivate: false,
  });
  const seeder = await context.start(from, 'seeder');
  await seeder.seed(content, torrent);
  const leecher = await context.start(to, 'leecher');
  const download = await leecher.download(content, magnets[link], { peers: [seeder.address] });
  await download.verified();
}

/**
 * aria2 takes no address of a peer: it asks the tracker of the link.
 *
 * @param {Context} context
 */
async function magnetToAria2(context) {
  const made = await prepareTracked(context, 'multi', 'v1', context.shoal, { isPrivate: false });
  const { content, torrent, magnets, tracker } = made;
  const seeder = await context.start(context.shoal, 'seeder');
  await seeder.seed(content, torrent);
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const leecher = await context.start(aria2, 'leecher');
  await (await leecher.download(content, magnets.v1)).verified();
}

/**
 * shoal, libtorrent and qBittorrent with a third of the pieces each.
 *
 * @param {Context} context
 * @param {Format} format
 */
async function threeWay(context, format) {
  const made = await prepareTracked(context, 'multi', format, context.shoal, { isPrivate: true });
  const { content, torrent, tracker } = made;
  const downloads = [];
  for (const [third, part] of [context.shoal, libtorrent, qbittorrent].entries()) {
    const directory = join(context.folder, `third-${third}`);
    writePartialCopy(content, directory, (piece) => piece % 3 === third);
    const actor = await context.start(part, `third-${third}-${part.name}`);
    // Each stays when it is done: the others still need its pieces.
    downloads.push(await actor.download(content, torrent, { directory, stay: true }));
    await context.trackerKnows(tracker, content.infoHash, { total: third + 1 });
  }
  await Promise.all(downloads.map((download) => download.verified()));
}

const FORMATS = /** @type {const} */ (['hybrid', 'v2']);

/** @type {Scenario[]} */
const transferScenarios = [libtorrent, qbittorrent].flatMap((client) =>
  FORMATS.flatMap((format) =>
    /** @type {const} */ (['single', 'multi']).flatMap((shape) => [
      {
        name: `${format}-shoal-from-${client.name}-${shape}`,
        shows: `shoal downloads a ${shape}-file ${format} torrent of libtorrent's that ${client.name} seeds`,
        needs: [client.name, 'libtorrent', 'opentracker', 'shoal'],
        run: (context) => transfer(context, shape, format, client, context.shoal),
      },
      {
        name: `${format}-${client.name}-from-shoal-${shape}`,
        shows: `${client.name} downloads a ${shape}-file ${format} torrent that shoal made and seeds`,
        needs: [client.name, 'opentracker', 'shoal'],
        run: (context) => transfer(context, shape, format, context.shoal, client),
      },
    ]),
  ),
);

/**
 * What a link names, and the torrent behind it.
 *
 * @type {readonly (readonly [string, Format, 'v1' | 'v2' | 'both'])[]}
 */
const LINKS = [
  ['v1', 'v1', 'v1'],
  ['v1-of-hybrid', 'hybrid', 'v1'],
  ['v2-of-hybrid', 'hybrid', 'v2'],
  ['hybrid', 'hybrid', 'both'],
  ['v2', 'v2', 'v2'],
];

/** @type {Scenario[]} */
const magnetScenarios = LINKS.flatMap(([label, format, link]) => [
  {
    name: `magnet-${label}-shoal-from-libtorrent`,
    shows: `shoal downloads by a ${label} magnet link what libtorrent alone seeds (--peer)`,
    needs: ['libtorrent', 'shoal'],
    run: (context) => magnet(context, 'multi', format, link, libtorrent, context.shoal),
  },
  {
    name: `magnet-${label}-libtorrent-from-shoal`,
    shows: `libtorrent downloads by a ${label} magnet link what shoal alone seeds`,
    needs: ['libtorrent', 'shoal'],
    run: (context) => magnet(context, 'multi', format, link, context.shoal, libtorrent),
  },
]);

/** @type {Scenario[]} */
const layerScenarios = FORMATS.flatMap((format) => {
  const link = format === 'v2' ? 'v2' : 'both';
  return [
    {
      name: `layers-${format}-shoal-from-libtorrent`,
      shows: `shoal gets by a ${format} magnet link from libtorrent: files of 512 and 513 pieces, and two that are alike`,
      needs: ['libtorrent', 'shoal'],
      run: (context) => magnet(context, 'layers', format, link, libtorrent, context.shoal),
    },
    {
      name: `layers-${format}-libtorrent-from-shoal`,
      shows: `libtorrent gets by a ${format} magnet link from shoal: files of 512 and 513 pieces, and two that are alike`,
      needs: ['libtorrent', 'shoal'],
      run: (context) => magnet(context, 'layers', format, link, context.shoal, libtorrent),
    },
  ];
});

/** @type {Scenario[]} */
export const v2Scenarios = [
  ...transferScenarios,
  ...magnetScenarios,
  ...layerScenarios,
  {
    name: 'magnet-v1-aria2-from-shoal',
    shows: 'aria2 downloads by a v1 magnet link what shoal alone seeds',
    needs: ['aria2', 'opentracker', 'shoal'],
    run: magnetToAria2,
  },
  ...FORMATS.map((format) => ({
    name: `three-way-${format}`,
    shows: `shoal, libtorrent and qbittorrent start with a third of a ${format} torrent each, and all finish`,
    needs: ['libtorrent', 'opentracker', 'qbittorrent', 'shoal'],
    run: (/** @type {Context} */ context) => threeWay(context, format),
  })),
];
