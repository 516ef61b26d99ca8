// @ts-check
/** What the harness itself says on the wire: a scrape, an announce, a handshake. */
import { connect } from 'node:net';
import { asDictionary, decode } from './bencode.mjs';
import { LAN_GATEWAY, LAN_GATEWAY6 } from './lan.mjs';
import { http } from './http.mjs';

/** The harness's own address, so that no client takes it for one of the peers under test. */
const OWN_ADDRESS = '10.99.0.250';

/** From where an address is asked: machines in the local network know no way to the other one. @param {string} ip */
const from = (ip) => {
  if (ip.includes(':')) return LAN_GATEWAY6;
  return ip.startsWith('10.99.') ? OWN_ADDRESS : LAN_GATEWAY;
};

/** @typedef {{ ip: string, port: number }} Address */

/** @param {string} infoHash hex */
const escaped = (infoHash) => infoHash.replace(/../g, '%$&');

/**
 * @param {Address} tracker
 * @param {string} infoHash hex
 * @returns {Promise<{ complete: number, incomplete: number, downloaded: number }>} zeros when the tracker does not know it
 */
export async function scrape(tracker, infoHash) {
  const answer = await http({
    host: tracker.ip,
    port: tracker.port,
    path: `/scrape?info_hash=${escaped(infoHash)}`,
    from: from(tracker.ip),
  });
  if (answer.status !== 200) throw new Error(`scrape: status ${answer.status}`);
  const files = asDictionary(asDictionary(decode(answer.body).value)['files']);
  const entry = files[Buffer.from(infoHash, 'hex').toString('latin1')];
  const numbers = entry === undefined ? {} : asDictionary(entry);
  return {
    complete: Number(numbers['complete'] ?? 0),
    incomplete: Number(numbers['incomplete'] ?? 0),
    downloaded: Number(numbers['downloaded'] ?? 0),
  };
}

/**
 * Announces as a leecher that accepts no connection, and takes it back.
 *
 * @param {Address} tracker
 * @param {string} infoHash hex
 * @returns {Promise<string[]>} the other peers as `ip:port`
 */
export async function announcedPeers(tracker, infoHash) {
  const path = (/** @type {string} */ event) =>
    `/announce?info_hash=${escaped(infoHash)}&peer_id=-XX0000-interopprobe&port=1` +
    `&uploaded=0&downloaded=0&left=1&compact=1&numwant=50&event=${event}`;
  const where = { host: tracker.ip, port: tracker.port, from: OWN_ADDRESS };
  const answer = await http({ ...where, path: path('started') });
  await http({ ...where, path: path('stopped') });
  const reply = asDictionary(decode(answer.body).value);
  const failure = reply['failure reason'];
  if (failure !== undefined) throw new Error(`announce refused: ${String(failure)}`);
  const compact = reply['peers'];
  if (!Buffer.isBuffer(compact) || compact.length % 6 !== 0) {
    throw new Error('announce: no compact peer list in the answer');
  }
  const peers = [];
  for (let at = 0; at < compact.length; at += 6) {
    peers.push(`${compact.subarray(at, at + 4).join('.')}:${compact.readUInt16BE(at + 4)}`);
  }
  return peers.filter((peer) => peer !== `${OWN_ADDRESS}:1`);
}

/**
 * Does a peer answer the handshake of this torrent?
 *
 * @param {Address} peer
 * @param {string} infoHash hex
 * @returns {Promise<boolean>}
 */
export function answersHandshake(peer, infoHash) {
  return new Promise((resolve) => {
    const socket = connect({ host: peer.ip, port: peer.port, localAddress: from(peer.ip) });
    let got = Buffer.alloc(0);
    const finish = (/** @type {boolean} */ verdict) => {
      socket.destroy();
      resolve(verdict);
    };
    socket.setTimeout(3_000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('connect', () => {
      socket.write(
        Buffer.concat([
          Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1'),
          Buffer.from(infoHash, 'hex'),
          Buffer.from('-XX0000-interopprobe'),
        ]),
      );
    });
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= 68) finish(got.toString('hex', 28, 48) === infoHash);
    });
  });
}
