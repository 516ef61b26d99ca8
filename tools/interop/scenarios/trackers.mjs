// @ts-check
/** Shoal against opentracker and against its own tracker; other clients against shoal's tracker. */
import { aria2 } from '../clients/aria2.mjs';
import { libtorrent } from '../clients/libtorrent.mjs';
import { qbittorrent } from '../clients/qbittorrent.mjs';
import { transmission } from '../clients/transmission.mjs';
import { announcedPeers, scrape } from '../lib/probe.mjs';
import { udpUrl } from '../lib/trackers.mjs';
import { waitFor } from '../lib/wait.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {import('../lib/trackers.mjs').Tracker} Tracker */

/**
 * Shoal seeds and downloads through a tracker, which is asked at each step what it was told:
 * the seed's very address, the completed download, and nobody after `stopped`.
 *
 * @param {Context} context
 * @param {(infoHashes: string[]) => Promise<Tracker>} startTracker
 * @param {(tracker: Tracker) => string} [announceUrl]
 */
async function shoalThrough(context, startTracker, announceUrl = ({ announce }) => announce) {
  const content = context.content('multi');
  const tracker = await startTracker([content.infoHash]);
  const torrent = context.torrent(content, announceUrl(tracker));

  const seed = await context.start(context.shoal, 'seed');
  await seed.seed(content, torrent);
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const peers = await announcedPeers(tracker, content.infoHash);
  const expected = `${seed.address.ip}:${seed.address.port}`;
  if (peers.join() !== expected) {
    throw new Error(
      `the tracker hands out ${peers.join(', ') || 'nobody'}; the seed listens on ${expected}`,
    );
  }

  const leech = await context.start(context.shoal, 'leech');
  const download = await leech.download(content, torrent);
  await download.verified();
  const { downloaded } = await waitFor(
    'the tracker counts the completed download',
    20_000,
    async () => {
      const numbers = await scrape(tracker, content.infoHash);
      return numbers.downloaded >= 1 && numbers;
    },
  );
  if (downloaded !== 1)
    throw new Error(`the tracker counts ${downloaded} completed downloads, not 1`);

  const willing = await Promise.all([leech.session.stop(), seed.session.stop()]);
  if (willing.includes(false)) throw new Error('one did not end within 10 s of being asked to');
  await waitFor('the tracker is told that both have stopped', 20_000, async () => {
    const numbers = await scrape(tracker, content.infoHash);
    return numbers.complete + numbers.incomplete === 0;
  });
}

/**
 * Two instances of a client find each other through shoal's tracker, and one of them finds shoal there.
 *
 * @param {Context} context
 * @param {import('../clients/client.mjs').Client} client
 * @param {((tracker: Tracker) => string)} [urlOf] default: HTTP
 */
async function throughShoal(context, client, urlOf = ({ announce }) => announce) {
  const options = { udpTrackers: urlOf === udpUrl };
  const fromClient = context.content('multi');
  const fromShoal = context.content('single');
  const contents = [fromClient, fromShoal];
  const tracker = await context.shoalTracker(contents.map(({ infoHash }) => infoHash));
  const torrents = contents.map((content) => context.torrent(content, urlOf(tracker)));
  const [clientTorrent = '', shoalTorrent = ''] = torrents;

  const seed = await context.start(client, 'seed', options);
  await seed.seed(fromClient, clientTorrent);
  await context.trackerKnows(tracker, fromClient.infoHash, { complete: 1 });
  const own = await context.start(context.shoal, 'shoal-seed', options);
  await own.seed(fromShoal, shoalTorrent);
  await context.trackerKnows(tracker, fromShoal.infoHash, { complete: 1 });

  const leech = await context.start(client, 'leech', options);
  const downloads = [
    await leech.download(fromClient, clientTorrent),
    await leech.download(fromShoal, shoalTorrent),
  ];
  for (const download of downloads) await download.verified();

  await waitFor(
    'the tracker counts two seeds and one completed download of each',
    30_000,
    async () => {
      const counts = await Promise.all(contents.map(({ infoHash }) => scrape(tracker, infoHash)));
      return counts.every(({ complete, downloaded }) => complete === 2 && downloaded === 1);
    },
  );
}

/** @type {Scenario[]} */
export const trackerScenarios = [
  {
    name: 'tracker-opentracker',
    shows:
      'shoal announces to opentracker: the right address, completed, stopped; its peers come from there',
    needs: ['opentracker', 'shoal'],
    run: (context) => shoalThrough(context, (hashes) => context.opentracker(hashes)),
  },
  {
    name: 'tracker-opentracker-udp',
    shows: 'the same over UDP',
    needs: ['opentracker', 'shoal'],
    run: (context) => shoalThrough(context, (hashes) => context.opentracker(hashes), udpUrl),
  },
  {
    name: 'tracker-shoal',
    shows: 'the same through shoal tracker',
    needs: ['shoal'],
    run: (context) => shoalThrough(context, (hashes) => context.shoalTracker(hashes)),
  },
  {
    name: 'tracker-shoal-udp',
    shows: 'the same over UDP',
    needs: ['shoal'],
    run: (context) => shoalThrough(context, (hashes) => context.shoalTracker(hashes), udpUrl),
  },
  ...[transmission, aria2].map((client) => ({
    name: `tracker-shoal-${client.name}`,
    shows: `two ${client.name} find each other, and a shoal seed, through shoal tracker`,
    needs: [client.name, 'shoal'],
    run: (/** @type {Context} */ context) => throughShoal(context, client),
  })),
  ...[transmission, aria2, libtorrent, qbittorrent].map((client) => ({
    name: `tracker-shoal-udp-${client.name}`,
    shows: `two ${client.name} find each other, and a shoal seed, through shoal tracker over UDP alone`,
    needs: [client.name, 'shoal'],
    run: (/** @type {Context} */ context) => throughShoal(context, client, udpUrl),
  })),
];
