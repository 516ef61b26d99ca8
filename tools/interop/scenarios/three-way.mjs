// @ts-check
/** Three clients with a third of the pieces each: no one can finish without the two others. */
import { join } from 'node:path';
import { clients } from '../clients/index.mjs';
import { writePartialCopy } from '../lib/content.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */

/**
 * @param {import('../lib/context.mjs').Context} context
 * @param {import('../clients/client.mjs').Client} client
 * @param {import('../clients/client.mjs').Client} other
 */
async function threeWay(context, client, other) {
  const content = context.content('multi');
  const tracker = await context.opentracker([content.infoHash]);
  const torrent = context.torrent(content, tracker.announce);
  const parts = [context.shoal, client, other];
  const downloads = [];
  for (const [third, part] of parts.entries()) {
    const directory = join(context.folder, `third-${third}`);
    writePartialCopy(content, directory, (piece) => piece % 3 === third);
    const actor = await context.start(part, `third-${third}-${part.name}`);
    // Each stays when it is done: the others still need its pieces.
    downloads.push(await actor.download(content, torrent, { directory, stay: true }));
    await context.trackerKnows(tracker, content.infoHash, { total: third + 1 });
  }
  await Promise.all(downloads.map((download) => download.verified()));
}

/** @type {Scenario[]} */
export const threeWayScenarios = clients.flatMap((client, at) => {
  const other = clients[(at + 1) % clients.length];
  if (!other) return [];
  return [
    {
      name: `three-way-${client.name}`,
      shows: `shoal, ${client.name} and ${other.name} start with a third of the pieces each, and all finish`,
      needs: [client.name, other.name, 'opentracker', 'shoal'],
      run: (context) => threeWay(context, client, other),
    },
  ];
});
