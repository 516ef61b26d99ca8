// @ts-check
/** All that is around the subject: a tracker, other clients that come and go, and hostile peers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../interop/lib/random.mjs';
import { attacks, Budget, Hostile } from '../lib/attacks.mjs';
import { serve } from '../lib/rpc.mjs';
import { Client, createTorrent, magnetOf, parseMetainfo, TrackerServer } from '../lib/shoal.mjs';

/** @typedef {import('../../../packages/client/src/index.ts').Client} Shoal */
/** @typedef {import('../../../packages/client/src/index.ts').AnyTorrent} AnyTorrent */

/** Seconds between announces, so that there are some in an hour. */
const ANNOUNCE_INTERVAL = 120;
/** Bytes per second that one client here sends. */
const UPLOAD_RATE = 700_000;
/** Bytes per second of all attackers. */
const ATTACK_RATE = 200_000;
/** Clients that stay. */
const RESIDENTS = 3;
/** Addresses that other clients come from in turn. */
const GUEST_ADDRESSES = 60;
const LIAR_ADDRESSES = 200;
const ATTACKER_ADDRESSES = 40;

/** @typedef {{ client: Shoal, address: string, keys: Set<string> }} Member */

const tracker = new TrackerServer({ interval: ANNOUNCE_INTERVAL, minInterval: 10 });
/** @type {Member[]} */
const members = [];
/** Torrents here by director's name, then by address. @type {Map<string, Map<string, AnyTorrent>>} */
const torrents = new Map();
const budget = new Budget(ATTACK_RATE);
let random = seededRandom(1);
let guests = 0;
let liars = 0;
let attackers = 0;
/** Where a newcomer enters the DHT. @type {{ address: string, port: number }[]} */
const bootstrap = [];
let attacked = 0;

/** @param {string} address */
async function join_(address) {
  const client = await Client.start({
    bind: address,
    dht: { bootstrap: [...bootstrap] },
    diskWorkers: 1,
    maxUploadRate: UPLOAD_RATE,
    maxDownloadRate: 2 * UPLOAD_RATE,
  });
  const member = { client, address, keys: new Set() };
  members.push(member);
  return member;
}

/**
 * @param {string} role
 * @returns {Promise<Member>}
 */
async function newcomer(role) {
  const address =
    role === 'liar'
      ? `127.78.0.${1 + (liars++ % LIAR_ADDRESSES)}`
      : `127.77.3.${1 + (guests++ % GUEST_ADDRESSES)}`;
  const free = members.every((each) => each.address !== address);
  return free ? join_(address) : newcomer(role);
}

/** @param {string} key @param {Member} member @param {AnyTorrent} torrent */
function remember(key, member, torrent) {
  torrent.on('error', (error) => console.log(`${key} at ${member.address}: ${error.message}`));
  const of = torrents.get(key) ?? new Map();
  of.set(member.address, torrent);
  torrents.set(key, of);
  member.keys.add(key);
}

/** @param {Member} member */
const endpointOf = ({ client, address }) => ({ address, port: client.port });

serve(
  {
    start: async ({ seed }) => {
      random = seededRandom(seed);
      const { port } = await tracker.listen({ port: 0, address: '127.77.2.1', udp: true });
      for (let index = 0; index < RESIDENTS; index += 1) {
        const member = await join_(`127.77.1.${index + 1}`);
        bootstrap.push(endpointOf(member));
      }
      return { trackerPort: port, bootstrap };
    },
    /** Makes a torrent that nobody has seen yet, and lets clients here seed it. */
    offer: async ({ key, content, format, file, trackers, seeds, guests: wanted, liar }) => {
      const { bytes } = await createTorrent(join(content.directory, content.name), {
        format,
        source: key,
        pieceLength: content.pieceLength,
        workers: 1,
        creationDate: null,
      });
      writeFileSync(file, bytes);
      const metainfo = parseMetainfo(bytes);
      const chosen = members
        .slice(0, RESIDENTS)
        .sort(() => random() - 0.5)
        .slice(0, seeds);
      for (let index = 0; index < wanted; index += 1) chosen.push(await newcomer('guest'));
      for (const member of chosen) {
        const options = {
          directory: content.directory,
          check: /** @type {const} */ ('trust'),
          trackers,
        };
        remember(key, member, await member.client.add(bytes, options));
      }
      if (liar !== undefined) {
        const member = await newcomer('liar');
        const options = { directory: liar, check: /** @type {const} */ ('trust'), trackers };
        remember(key, member, await member.client.add(bytes, options));
      }
      return {
        magnet: magnetOf(metainfo),
        infoHash: Buffer.from(
          metainfo.info.infoHash ?? (metainfo.info.infoHashV2 ?? Buffer.alloc(0)).subarray(0, 20),
        ).toString('hex'),
        pieceCount: metainfo.info.pieceCount,
        peers: chosen.map(endpointOf),
      };
    },
    /** A client that is new, or one of the residents, downloads a torrent; it stays as a seed when told so. */
    fetch: async ({ key, file, magnet, directory, trackers, peers, timeout, from }) => {
      mkdirSync(directory, { recursive: true });
      const member = members[from] ?? (await newcomer('guest'));
      const torrent = await member.client.add(magnet ?? readFileSync(file), {
        directory,
        trackers,
        peers,
      });
      remember(key, member, torrent);
      const late = new AbortController();
      const timer = setTimeout(
        () => late.abort(new Error(`a leecher was not done in ${timeout} ms`)),
        timeout,
      );
      try {
        await torrent.completed({ signal: late.signal });
      } catch (error) {
        const { completedBytes, totalBytes, peers: connected } = torrent.progress();
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${reason}: ${completedBytes} of ${totalBytes} bytes, ${connected} peers`, {
          cause: error,
        });
      } finally {
        clearTimeout(timer);
      }
      return { address: member.address };
    },
    /** The torrent's seeds go away for a time. */
    pause: async ({ key }) => {
      for (const torrent of torrents.get(key)?.values() ?? []) await torrent.pause();
    },
    resume: async ({ key }) => {
      for (const torrent of torrents.get(key)?.values() ?? []) await torrent.resume();
    },
    /** Nobody here has the torrent any more; guests that have nothing else leave. */
    drop: async ({ key }) => {
      await Promise.all(
        [...(torrents.get(key)?.values() ?? [])].map((torrent) => torrent.remove()),
      );
      torrents.delete(key);
      for (const member of [...members]) {
        member.keys.delete(key);
        if (members.indexOf(member) < RESIDENTS || member.keys.size > 0) continue;
        members.splice(members.indexOf(member), 1);
        await member.client.close();
      }
    },
    /** Resolves when all these attackers have gone. */
    attack: async ({ target, count }) => {
      const names = Object.keys(attacks);
      const all = Array.from({ length: count }, () => {
        const name = names[Math.floor(random() * names.length)] ?? '';
        const attack = attacks[name] ?? (() => {});
        attacked += 1;
        const means = {
          target: { ...target, infoHash: Buffer.from(target.infoHash, 'hex') },
          from: `127.66.0.${1 + (attackers++ % ATTACKER_ADDRESSES)}`,
          budget,
          random,
        };
        return new Hostile(means, attack).over;
      });
      await Promise.all(all);
    },
    figures: () => {
      const { user, system } = process.cpuUsage();
      return {
        cpu: Math.round((user + system) / 1e4) / 100,
        rss: process.memoryUsage.rss(),
        members: members.length,
        torrents: torrents.size,
        announces: tracker.counts.announces,
        attacked,
      };
    },
    close: async () => {
      await Promise.all([
        ...members.map(({ client }) => client.close({ timeout: 500 })),
        tracker.close(),
      ]);
    },
  },
  () => process.exit(1),
);
process.on('unhandledRejection', (reason) => console.log('unhandled rejection', reason));
