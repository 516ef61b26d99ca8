// @ts-check
/**
 * Magnet links, and one way each to find the peer that has the content: shoal from each client, and each client from shoal.
 * Everybody has a machine of its own in a local network; every other way is switched off.
 */
import { clients } from '../clients/index.mjs';
import { libtorrent } from '../clients/libtorrent.mjs';
import { startDht } from '../lib/dht.mjs';
import { udpUrl } from '../lib/trackers.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {import('../lib/content.mjs').Content} Content */
/** @typedef {import('../lib/trackers.mjs').Tracker} Tracker */
/** @typedef {import('../clients/client.mjs').Client} Client */

/** Bytes per second of one who shall not have much in the end. */
const SLOW = 20_000;

/**
 * @param {Content} content
 * @param {Record<string, string>} [parameters] of the link
 */
export function magnetOf({ infoHash, name }, parameters = {}) {
  const more = Object.entries({ dn: name, ...parameters }).map(
    ([key, value]) => `&${key}=${encodeURIComponent(value)}`,
  );
  return `magnet:?xt=urn:btih:${infoHash}${more.join('')}`;
}

/**
 * The tracker of the link: it and nobody else knows the seed.
 *
 * @param {(tracker: Tracker) => string} urlOf
 * @param {(context: Context, infoHashes: string[]) => Promise<Tracker>} start
 * @returns {Way['run']}
 */
const byTracker = (urlOf, start) => async (context, seeder, leecher) => {
  const content = context.openContent('sought');
  const tracker = await start(context, [content.infoHash]);
  const seed = await context.start(seeder, 'seed', { discovery: {} });
  await seed.seed(content, context.torrent(content, urlOf(tracker)));
  await context.trackerKnows(tracker, content.infoHash, { complete: 1 });
  const leech = await context.start(leecher, 'leech', { discovery: {} });
  await (await leech.download(content, magnetOf(content, { tr: urlOf(tracker) }))).verified();
};

/**
 * The leecher knows one peer, which has next to nothing, and is connected to the seed. Most clients cannot be told of a peer: there it
 * is the peer who dials.
 *
 * @type {Way['run']}
 */
async function byExchange(context, seeder, leecher) {
  const content = context.openContent('sought');
  const torrent = context.torrent(content);
  const discovery = { pex: true };
  const seed = await context.start(seeder, 'seed', { discovery });
  await seed.seed(content, torrent);
  const toBeTold = leecher === context.shoal;
  const leech = await context.start(leecher, 'leech', { discovery });
  const known = await context.start(toBeTold ? libtorrent : context.shoal, 'known', { discovery });
  const [partial, download] = await Promise.all([
    known.download(content, torrent, {
      peers: [seed.address, ...(toBeTold ? [] : [leech.address])],
      downloadLimit: SLOW,
    }),
    leech.download(content, magnetOf(content), toBeTold ? { peers: [known.address] } : {}),
  ]);
  await download.verified();
  const { complete } = await known.session.status(partial.infoHash);
  if (complete) throw new Error('the peer between them has all of the content');
}

/**
 * The leecher comes first: not every seed dials those who announce themselves, and nobody announces again for minutes.
 *
 * @type {Way['run']}
 */
async function byLocalDiscovery(context, seeder, leecher) {
  const content = context.openContent('sought');
  const leech = await context.start(leecher, 'leech', { discovery: { lsd: true } });
  const download = await leech.download(content, magnetOf(content));
  const seed = await context.start(seeder, 'seed', { discovery: { lsd: true } });
  await seed.seed(content, context.torrent(content));
  await download.verified();
}

/** @type {Way['run']} */
async function byDht(context, seeder, leecher) {
  const content = context.openContent('sought');
  const dht = await startDht(context);
  const seed = await context.start(seeder, 'seed', { discovery: { dht: dht.nodes } });
  await seed.seed(content, context.torrent(content));
  await dht.knows(content.infoHash, seed.address);
  const leech = await context.start(leecher, 'leech', { discovery: { dht: dht.nodes } });
  await (await leech.download(content, magnetOf(content))).verified();
}

/**
 * The content is on a web server alone, and shoal alone knows of it; a client has the metadata, or gets both from shoal.
 *
 * @param {boolean} ranges
 * @returns {Way['run']}
 */
const byWebSeed = (ranges) => async (context, seeder, leecher) => {
  const content = context.openContent('sought');
  const { url } = await context.nginx(content.directory, ranges, { lan: true });
  const torrent = context.torrent(content);
  const client = seeder === context.shoal ? leecher : seeder;
  const link = magnetOf(content, client === seeder ? { ws: url } : {});
  const other = await context.start(client, client.name, { discovery: {} });
  const theirs = await other.download(content, client === seeder ? torrent : link, { stay: true });
  const own = await context.start(context.shoal, 'shoal', { discovery: {} });
  const ours = await own.download(content, client === seeder ? link : torrent, {
    peers: [other.address],
    stay: true,
    ...(client === seeder ? { localWebSeeds: true } : { more: ['--web-seed', url] }),
  });
  await ours.verified();
  await theirs.verified();
};

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {string} from what is shown when shoal downloads; CLIENT stands for the client's name
 * @property {string} to what is shown when the client downloads
 * @property {'udp' | 'pex' | 'lsd' | 'dht'} [kind] what a client must know for it
 * @property {string[]} needs programs
 * @property {(context: Context, seeder: Client, leecher: Client) => Promise<void>} run
 */

/** @param {string} by */
const found = (by) => ({
  from: `shoal downloads by a magnet link what CLIENT seeds, found by ${by} alone`,
  to: `CLIENT downloads by a magnet link what shoal seeds, found by ${by} alone`,
});

/** @type {Way[]} */
const WAYS = [
  {
    name: 'http',
    ...found('an HTTP tracker'),
    needs: ['opentracker'],
    run: byTracker(
      ({ announce }) => announce,
      (context, hashes) => context.opentracker(hashes, { lan: true }),
    ),
  },
  {
    name: 'udp',
    ...found('opentracker over UDP'),
    kind: 'udp',
    needs: ['opentracker'],
    run: byTracker(udpUrl, (context, hashes) => context.opentracker(hashes, { lan: true })),
  },
  {
    name: 'udp-shoal',
    ...found('shoal tracker over UDP'),
    kind: 'udp',
    needs: [],
    run: byTracker(udpUrl, (context, hashes) => context.shoalTracker(hashes, { lan: true })),
  },
  {
    name: 'pex',
    ...found('PEX with one peer'),
    kind: 'pex',
    needs: ['libtorrent'],
    run: byExchange,
  },
  { name: 'lsd', ...found('local discovery'), kind: 'lsd', needs: [], run: byLocalDiscovery },
  {
    name: 'dht',
    ...found('the DHT'),
    kind: 'dht',
    needs: ['libtorrent', 'transmission'],
    run: byDht,
  },
  ...[true, false].map((ranges) => ({
    name: ranges ? 'web' : 'web-whole',
    from: `shoal downloads by a magnet link, metadata from CLIENT, content from nginx alone${ranges ? '' : ', which has ranges switched off'}`,
    to: `CLIENT downloads by a magnet link what shoal has from nginx alone${ranges ? '' : ', which has ranges switched off'}`,
    needs: ['nginx'],
    run: byWebSeed(ranges),
  })),
];

/** What does not work, see README.md. */
const LEFT_OUT = new Set(['dht-magnet-rtorrent-from-shoal']);

/**
 * Two shoals on machines that have IPv6 alone.
 *
 * @param {'lsd' | 'dht'} way
 * @returns {Scenario['run']}
 */
const byIpv6 = (way) => async (context) => {
  const content = context.openContent('sought');
  const seed = await context.start(context.shoal, 'seed', {
    ipv6: true,
    // Whoever is first knows no node.
    discovery: way === 'lsd' ? { lsd: true } : { dht: [{ ip: '::1', port: 9 }] },
  });
  await seed.seed(content, context.torrent(content));
  const leech = await context.start(context.shoal, 'leech', {
    ipv6: true,
    discovery: way === 'lsd' ? { lsd: true } : { dht: [seed.address] },
  });
  await (await leech.download(content, magnetOf(content))).verified();
};

/** @type {Scenario[]} */
const ipv6Scenarios = /** @type {const} */ (['lsd', 'dht']).map((way) => ({
  name: `${way}-magnet-ipv6`,
  shows: `shoal downloads by a magnet link what shoal seeds, found by ${way === 'lsd' ? 'local discovery' : 'the DHT'} over IPv6 alone`,
  needs: ['shoal'],
  run: byIpv6(way),
}));

/** @type {Scenario[]} */
const clientScenarios = WAYS.flatMap(({ name, from, to, kind, needs, run }) =>
  clients
    .filter(({ finds }) => kind === undefined || finds.includes(kind))
    .flatMap((client) => [
      {
        name: `${name}-magnet-shoal-from-${client.name}`,
        shows: from.replace('CLIENT', client.name),
        needs: [...new Set([client.name, 'shoal', ...needs])],
        run: (/** @type {Context} */ context) => run(context, client, context.shoal),
      },
      {
        name: `${name}-magnet-${client.name}-from-shoal`,
        shows: to.replace('CLIENT', client.name),
        needs: [...new Set([client.name, 'shoal', ...needs])],
        run: (/** @type {Context} */ context) => run(context, context.shoal, client),
      },
    ])
    .filter((scenario) => !LEFT_OUT.has(scenario.name)),
);

/** @type {Scenario[]} */
export const discoveryScenarios = [...clientScenarios, ...ipv6Scenarios];
