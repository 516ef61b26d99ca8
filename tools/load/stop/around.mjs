// @ts-check
/** Who is around the command that is told to end: a seeder, a leecher, attackers, and what never answers. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { attacks, Budget, Hostile } from '../lib/attacks.mjs';
import { Client } from '../lib/shoal.mjs';

/** Bytes per second that the seeder sends: the download lasts some seconds. */
const SEED_RATE = 6_000_000;
/** Hostile connections at a time. */
const ATTACKERS = 40;
const ATTACK_RATE = 500_000;

/** @typedef {ReturnType<typeof import('../hostile/content.mjs').makeDownload>} Content */

/** @param {Content} content @param {import('node:buffer').Buffer | Uint8Array} torrent */
export async function startSeeder({ directory }, torrent) {
  const client = await Client.start({ bind: '127.79.0.2', dht: false, maxUploadRate: SEED_RATE });
  const seed = await client.add(torrent, { directory, check: 'trust' });
  return {
    endpoint: `127.79.0.2:${client.port}`,
    uploaded: () => seed.progress().uploadedBytes,
    close: () => client.close({ timeout: 0 }),
  };
}

/**
 * @param {Uint8Array} torrent
 * @param {string} folder
 * @param {number} port of the command
 */
export async function startLeecher(torrent, folder, port) {
  const directory = join(folder, 'leecher');
  mkdirSync(directory, { recursive: true });
  const client = await Client.start({ bind: '127.79.0.3', dht: false, maxDownloadRate: SEED_RATE });
  await client.add(torrent, { directory, peers: [{ address: '127.79.0.1', port }] });
  return { close: () => client.close({ timeout: 0 }) };
}

/** Trackers that hear everything and say nothing. */
export async function startDeadTrackers() {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise((resolve) => server.listen(0, '127.79.0.8', () => resolve(undefined)));
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.79.0.8', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    urls: [
      `http://127.79.0.8:${port}/announce`,
      `udp://127.79.0.8:${socket.address().port}/announce`,
      'http://127.79.0.8:9/announce',
    ],
    close: () => {
      server.close();
      socket.close();
    },
  };
}

/** A peer that takes connections and never says a word. */
export async function startSilentPeer() {
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.79.0.7', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    endpoint: `127.79.0.7:${port}`,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/**
 * @param {Content} content
 * @param {number} port of the command
 * @param {() => number} random
 */
export function startAttack({ infoHash, pieceCount, pieceLength }, port, random) {
  const budget = new Budget(ATTACK_RATE);
  const names = Object.keys(attacks);
  const target = {
    address: '127.79.0.1',
    port,
    infoHash: Buffer.from(infoHash, 'hex'),
    pieceCount,
    pieceLength,
  };
  let running = true;
  /** @type {Set<Hostile>} */
  const open = new Set();
  const attacker = async (/** @type {number} */ index) => {
    while (running) {
      const attack = attacks[names[(index + Math.floor(random() * 3)) % names.length] ?? ''];
      if (attack === undefined) return;
      const hostile = new Hostile(
        { target, from: `127.79.1.${1 + (index % 200)}`, budget, random },
        attack,
      );
      open.add(hostile);
      await hostile.over;
      open.delete(hostile);
      await new Promise((resolve) => setTimeout(resolve, 30 + 200 * random()));
    }
  };
  for (let index = 0; index < ATTACKERS; index += 1) void attacker(index);
  return {
    close: () => {
      running = false;
      for (const hostile of open) hostile.end();
    },
  };
}
