// @ts-check
/**
 * Downloads by a magnet link while everybody lies: peers, trackers, web seeds, nodes of the DHT, the local network. Each must end whole,
 * and shoal's memory must stay about where it is without them.
 */
import { clearInterval, setInterval } from 'node:timers';
import { randomBytes } from 'node:crypto';
import { libtorrent } from '../clients/libtorrent.mjs';
import {
  dhtJunk,
  flood,
  floodLsd,
  startForgingTracker,
  startPoisonousNode,
} from '../hostile/datagrams.mjs';
import { PEER_KINDS, startCallers, startHostilePeers } from '../hostile/peers.mjs';
import { startLyingServer } from '../hostile/web.mjs';
import { ownAddresses } from '../lib/lan.mjs';
import { udpUrl } from '../lib/trackers.mjs';
import { waitFor } from '../lib/wait.mjs';
import { magnetOf } from './discovery.mjs';

/** @typedef {import('./index.mjs').Scenario} Scenario */
/** @typedef {import('../lib/context.mjs').Context} Context */
/** @typedef {import('../lib/context.mjs').Actor} Actor */
/** @typedef {import('../clients/client.mjs').Address} Address */

/** Bytes per second: the download takes 5 s, all of them under attack. */
const RATE = 3_000_000;
/** Bytes. */
const MAX_MEMORY = 200 << 20;
/** ms */
const SAMPLE_INTERVAL = 100;

/**
 * Watches how much memory a program takes.
 *
 * @param {Context} context
 * @param {() => Promise<number> | number} sample bytes
 * @returns {Promise<() => void>} ends it, and throws where it was too much
 */
async function watchMemory(context, sample) {
  let most = 0;
  const look = async () => {
    most = Math.max(most, await sample());
  };
  const timer = setInterval(() => void look().catch(() => {}), SAMPLE_INTERVAL);
  await context.onEnd(async () => clearInterval(timer));
  return () => {
    clearInterval(timer);
    context.facts['MiB'] = Math.round(most / (1 << 20));
    if (most > MAX_MEMORY) throw new Error(`it took ${context.facts['MiB']} MiB of memory`);
  };
}

/**
 * @typedef {object} Attack
 * @property {Record<string, string>} [link] parameters of the magnet link
 * @property {readonly Address[]} [peers] that shoal is told of, besides the seed
 * @property {readonly string[]} [more] options of shoal
 * @property {() => boolean} [hasBegun] the seed comes only then
 * @property {() => Record<string, unknown>} facts what was done to shoal; each must be something
 *
 * @param {Context} context
 * @param {(parts: { seed: Actor, leech: Actor, infoHash: string, metadataSize: number }) => Promise<Attack>} begin
 * @param {import('../clients/client.mjs').Discovery} [discovery]
 */
async function downloadUnder(context, begin, discovery = {}) {
  const content = context.openContent('sought');
  const seed = await context.start(libtorrent, 'seed', { discovery: {} });
  const leech = await context.start(context.shoal, 'leech', { discovery });
  const { infoHash } = content;
  const attack = await begin({ seed, leech, infoHash, metadataSize: content.info.length });
  const { link = {}, peers = [], more = [], hasBegun } = attack;
  if (!hasBegun) await seed.seed(content, context.torrent(content));
  const download = await leech.download(content, magnetOf(content, link), {
    peers: [...peers, ...(hasBegun ? [] : [seed.address])],
    downloadLimit: RATE,
    localWebSeeds: true,
    more,
  });
  const enough = await watchMemory(context, async () => {
    const { memory = 0 } = await leech.session.status(infoHash);
    return memory;
  });
  if (hasBegun) {
    await waitFor('all attack', context.patience, hasBegun);
    await seed.seed(content, context.torrent(content), { peers: [leech.address] });
  }
  await download.verified();
  enough();
  for (const [name, value] of Object.entries(attack.facts())) {
    context.facts[name] = typeof value === 'number' ? value : JSON.stringify(value);
    if (!value) throw new Error(`nobody was hostile: ${name} is 0`);
  }
}

/** @param {Context} context */
async function peers(context) {
  await downloadUnder(
    context,
    async ({ leech, infoHash, metadataSize }) => {
      const liars = await startHostilePeers({
        ips: ownAddresses(PEER_KINDS),
        port: context.ownPlace().port,
        infoHash,
        metadataSize,
        victim: leech.address.ip,
      });
      await context.onEnd(() => liars.end());
      const callers = startCallers({ from: ownAddresses(20), to: leech.address, infoHash });
      await context.onEnd(async () => callers.end());
      return {
        peers: liars.addresses,
        hasBegun: () => Object.keys(liars.met).length === PEER_KINDS,
        facts: () => ({ met: Object.keys(liars.met).length, calls: callers.calls }),
      };
    },
    { pex: true },
  );
}

/** @param {Context} context */
async function trackers(context) {
  await downloadUnder(context, async ({ leech }) => {
    const http = await startLyingServer({ ...context.ownPlace(), kinds: 'trackers' });
    await context.onEnd(() => http.end());
    const udp = await startForgingTracker({ ...context.ownPlace(), others: ownAddresses(3) });
    await context.onEnd(async () => udp.end());
    // Whoever does not see the question guesses: the port from which shoal asks, and the transaction.
    const guesses = await flood(ownAddresses(5), 30, () => {
      const [to] = udp.askers();
      return to && { to: { ip: leech.address.ip, port: to.port }, bytes: guess() };
    });
    await context.onEnd(async () => guesses.end());
    return {
      more: [udp.url, ...http.urls].flatMap((url) => ['--tracker', url]),
      facts: () => ({
        'asked over UDP': udp.asked,
        'asked over HTTP': Object.keys(http.asked).length,
        guesses: guesses.sent,
      }),
    };
  });
}

/** An answer of a tracker to somebody else. */
function guess() {
  const bytes = randomBytes(20 + 6 * 100);
  bytes.writeUInt32BE(Math.random() < 0.5 ? 0 : 1);
  return bytes;
}

/** @param {Context} context */
async function webSeeds(context) {
  await downloadUnder(context, async () => {
    const server = await startLyingServer({ ...context.ownPlace(), kinds: 'seeds' });
    await context.onEnd(() => server.end());
    return {
      more: server.urls.flatMap((url) => ['--web-seed', url]),
      facts: () => ({ asked: Object.keys(server.asked).length }),
    };
  });
}

/** @param {Context} context */
async function datagrams(context) {
  const [own = '', other = '', ...from] = ownAddresses(10);
  const node = { ip: own, port: context.ownPlace().port };
  await downloadUnder(
    context,
    async ({ leech, infoHash }) => {
      const poison = await startPoisonousNode({ ...node, other, victim: leech.address.ip });
      await context.onEnd(async () => poison.end());
      const junk = await flood(from, 30, (at) => ({
        to: leech.address,
        bytes: dhtJunk(at, infoHash),
      }));
      await context.onEnd(async () => junk.end());
      const local = await floodLsd(from, infoHash);
      await context.onEnd(async () => local.end());
      return {
        facts: () => ({ asked: poison.asked, 'to the DHT': junk.sent, 'LSD messages': local.sent }),
      };
    },
    { dht: [node], lsd: true },
  );
}

/**
 * shoal's tracker, flooded by those who do not have a connection id, or ask without end: others find each other there all the same.
 *
 * @param {Context} context
 */
async function udpServer(context) {
  const content = context.openContent('sought');
  const tracker = await context.shoalTracker([content.infoHash], { lan: true });
  const enough = await watchMemory(context, () => tracker.program.memory);
  const from = ownAddresses(20);
  const attack = await flood(from, 50, (at) => ({ to: tracker, bytes: request(at, content) }));
  await context.onEnd(async () => attack.end());
  const seed = await context.start(libtorrent, 'seed', { discovery: {} });
  await seed.seed(content, context.torrent(content, udpUrl(tracker)));
  const leech = await context.start(context.shoal, 'leech', { discovery: {} });
  const link = magnetOf(content, { tr: udpUrl(tracker) });
  await (await leech.download(content, link, { downloadLimit: RATE })).verified();
  enough();
  context.facts['requests'] = attack.sent;
}

/** A request to a tracker over UDP, of one kind or another. @param {number} at @param {import('../lib/content.mjs').Content} content */
function request(at, { infoHash }) {
  const bytes = randomBytes([16, 98, 36 + 20 * 70, 1 + (at % 1_400)][at % 4] ?? 16);
  if (at % 4 === 0)
    bytes.set(Buffer.from('00000417271019800000000000000000', 'hex').subarray(0, 12));
  if (at % 4 === 1) bytes.writeUInt32BE(1, 8);
  if (at % 4 === 1) bytes.set(Buffer.from(infoHash, 'hex'), 16);
  if (at % 4 === 2) bytes.writeUInt32BE(2, 8);
  return bytes;
}

/** @type {[name: string, shows: string, run: (context: Context) => Promise<void>][]} */
const ATTACKS = [
  ['peers', 'peers that lie about metadata, flood with messages, addresses and connections', peers],
  [
    'trackers',
    'trackers that send bombs, too much or nothing, and forged answers over UDP',
    trackers,
  ],
  ['web-seeds', 'web seeds that send too little, too much, something else or nothing', webSeeds],
  ['datagrams', 'floods and forged answers of the DHT and of local discovery', datagrams],
  ['udp-server', "floods of shoal's tracker, with forged connection ids", udpServer],
];

/** @type {Scenario[]} */
export const hostileScenarios = ATTACKS.map(([name, shows, run]) => ({
  name: `hostile-${name}`,
  shows: `shoal downloads by a magnet link, in bounded memory, under ${shows}`,
  needs: ['libtorrent', 'shoal'],
  run,
}));
