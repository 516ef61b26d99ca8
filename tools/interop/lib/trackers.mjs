// @ts-check
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startShoalTracker } from '../clients/shoal.mjs';
import { Program } from './process.mjs';
import { waitFor } from './wait.mjs';

/**
 * @typedef {object} TrackerOptions
 * @property {string} ip
 * @property {number} port
 * @property {string} home
 * @property {string} log
 * @property {string[]} infoHashes hex; what a tracker with a white list must know
 *
 * @typedef {object} Tracker
 * @property {string} ip
 * @property {number} port
 * @property {string} announce URL
 * @property {Program} program
 */

/**
 * Debian builds opentracker with a white list. It makes `home` its root and becomes `nobody`.
 *
 * @param {TrackerOptions} options
 * @returns {Promise<Tracker>}
 */
export function startOpentracker({ ip, port, home, log, infoHashes }) {
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o755);
  writeFileSync(join(home, 'white.list'), infoHashes.map((hash) => `${hash}\n`).join(''));
  const program = new Program(
    ['opentracker', '-i', ip, '-p', `${port}`, '-P', `${port}`, '-d', home, '-w', 'white.list'],
    { home, log },
  );
  return listening('opentracker', program, ip, port);
}

/**
 * Where opentracker, which serves both at one port, is announced to over UDP.
 *
 * @param {Tracker} tracker
 */
export function udpUrl({ ip, port }) {
  return `udp://${ip}:${port}/announce`;
}

/**
 * @param {TrackerOptions} options
 * @returns {Promise<Tracker>}
 */
export function startOwnTracker({ ip, port, home, log }) {
  return listening('shoal tracker', startShoalTracker({ ip, port, home, log }), ip, port);
}

/**
 * Waits until a program that has been started accepts connections.
 *
 * @param {string} what
 * @param {Program} program
 * @param {string} ip
 * @param {number} port
 * @returns {Promise<Tracker>} for a tracker; others have no announce URL
 */
export async function listening(what, program, ip, port) {
  try {
    await waitFor(`${what} listens`, 30_000, () => {
      if (program.ended) throw new Error(`${what} ${program.verdict}`);
      return accepts(ip, port);
    });
  } catch (error) {
    await program.kill();
    throw error;
  }
  return { ip, port, announce: `http://${ip}:${port}/announce`, program };
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
