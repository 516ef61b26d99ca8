// @ts-check
/** One seed, one leecher: shoal from each client, and each client from shoal. */
import { clients } from '../clients/index.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */

/**
 * @param {import('../lib/context.mjs').Context} context
 * @param {import('../lib/content.mjs').Shape} shape
 * @param {import('../clients/client.mjs').Client} seeder
 * @param {import('../clients/client.mjs').Client} leecher
 */
async function transfer(context, shape, seeder, leecher) {
  const content = context.content(shape);
  const tracker = await context.opentracker([content.infoHash]);
  const torrent = context.torrent(content, tracker.announce);
  const seed = await context.start(seeder, 'seed');
  await seed.seed(content, torrent);
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const leech = await context.start(leecher, 'leech');
  const download = await leech.download(content, torrent);
  await download.verified();
}

/** @type {Scenario[]} */
export const transferScenarios = clients.flatMap((client) =>
  /** @type {const} */ (['single', 'multi']).flatMap((shape) => [
    {
      name: `shoal-from-${client.name}-${shape}`,
      shows: `shoal downloads a ${shape}-file torrent that ${client.name} seeds`,
      needs: [client.name, 'opentracker', 'shoal'],
      run: (context) => transfer(context, shape, client, context.shoal),
    },
    {
      name: `${client.name}-from-shoal-${shape}`,
      shows: `${client.name} downloads a ${shape}-file torrent that shoal seeds`,
      needs: [client.name, 'opentracker', 'shoal'],
      run: (context) => transfer(context, shape, context.shoal, client),
    },
  ]),
);
