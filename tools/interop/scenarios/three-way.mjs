// @ts-check
/** Three clients with a third of the pieces each: no one can finish without the two others. */
import { join } from 'node:path';
import { aria2 } from '../clients/aria2.mjs';
import { clients } from '../clients/index.mjs';
import { libtorrent } from '../clients/libtorrent.mjs';
import { qbittorrent } from '../clients/qbittorrent.mjs';
import { transmission } from '../clients/transmission.mjs';
import { writePartialCopy } from '../lib/content.mjs';
import { udpUrl } from '../lib/trackers.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */

/**
 * @param {Context} context
 * @param {import('../clients/client.mjs').Client} client
 * @param {import('../clients/client.mjs').Client} other
 * @param {(tracker: import('../lib/trackers.mjs').Tracker) => string} [announceUrl]
 */
async function threeWay(context, client, other, announceUrl = ({ announce }) => announce) {
  const content = context.content('multi');
  const tracker = await context.opentracker([content.infoHash]);
  const announce = announceUrl(tracker);
  const torrent = context.torrent(content, announce);
  const parts = [context.shoal, client, other];
  const downloads = [];
  for (const [third, part] of parts.entries()) {
    const directory = join(context.folder, `third-${third}`);
    writePartialCopy(content, directory, (piece) => piece % 3 === third);
    const actor = await context.start(part, `third-${third}-${part.name}`, {
      udpTrackers: announce.startsWith('udp:'),
    });
    // Each stays when it is done: the others still need its pieces.
    downloads.push(await actor.download(content, torrent, { directory, stay: true }));
    await context.trackerKnows(tracker, content.infoHash, { total: third + 1 });
  }
  await Promise.all(downloads.map((download) => download.verified()));
}

/** @type {Scenario[]} */
const overTcp = clients.flatMap((client, at) => {
  const other = clients[(at + 1) % clients.length];
  if (!other) return [];
  return [
    {
      name: `three-way-${client.name}`,
      shows: `shoal, ${client.name} and ${other.name} start with a third of the pieces each, and all finish`,
      needs: [client.name, other.name, 'opentracker', 'shoal'],
      run: (/** @type {Context} */ context) => threeWay(context, client, other),
    },
  ];
});

/** @type {Scenario[]} */
const overUdp = [transmission, aria2, qbittorrent].map((client) => ({
  name: `three-way-udp-${client.name}`,
  shows: `the same with shoal, libtorrent and ${client.name}, who meet by a tracker over UDP`,
  needs: [client.name, 'libtorrent', 'opentracker', 'shoal'],
  run: (context) => threeWay(context, libtorrent, client, udpUrl),
}));

/** @type {Scenario[]} */
export const threeWayScenarios = [...overTcp, ...overUdp];
