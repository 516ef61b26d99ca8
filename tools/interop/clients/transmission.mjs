// @ts-check
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { encode } from '../lib/bencode.mjs';
import { untilAnswers } from './client.mjs';
import { postJson } from '../lib/http.mjs';
import { Program, run } from '../lib/process.mjs';

/** Value of the `status` field: seeding. */
const SEEDING = 6;
/** Value of the `error` field: trouble of its own, not a tracker's. */
const LOCAL_ERROR = 3;

/**
 * @typedef {object} TorrentFields
 * @property {string} hashString
 * @property {number} status
 * @property {number} error
 * @property {string} errorString
 * @property {number} metadataPercentComplete 0 to 1
 * @property {number} percentDone
 * @property {number} leftUntilDone
 * @property {number} recheckProgress
 * @property {number} uploadedEver
 * @property {number} downloadedEver
 */

/** transmission-daemon, driven over its RPC. @type {import('./client.mjs').Client} */
export const transmission = {
  name: 'transmission',
  // Transmission 3.00 creates no zero-length files.
  skipsEmpty: true,
  finds: ['udp', 'pex', 'lsd', 'dht'],

  version: async () => {
    const options = { home: '/', log: '/dev/null', timeout: 20_000 };
    // It writes its version to stderr.
    return (await run(['sh', '-c', 'transmission-daemon --version 2>&1'], options)).trim();
  },

  start: async ({ ip, port, rpcPort, rpcIp, enter, home, log, discovery }) => {
    mkdirSync(home, { recursive: true });
    const settings = {
      'bind-address-ipv4': ip,
      'bind-address-ipv6': '::1',
      'peer-port': port,
      'rpc-enabled': true,
      'rpc-bind-address': rpcIp,
      'rpc-port': rpcPort,
      'rpc-authentication-required': false,
      'rpc-whitelist-enabled': false,
      'rpc-host-whitelist-enabled': false,
      'dht-enabled': discovery.dht !== undefined,
      'lpd-enabled': discovery.lsd ?? false,
      'pex-enabled': discovery.pex ?? false,
      'utp-enabled': false,
      'port-forwarding-enabled': false,
      encryption: 0, // plain text preferred
      'download-dir': home,
      'incomplete-dir-enabled': false,
      'rename-partial-files': false,
      preallocation: 1,
      'start-added-torrents': false,
      'download-queue-enabled': false,
      'seed-queue-enabled': false,
      'speed-limit-up-enabled': false,
      'speed-limit-down-enabled': false,
      'trash-original-torrent-files': false,
    };
    writeFileSync(join(home, 'settings.json'), JSON.stringify(settings));
    if (discovery.dht) {
      // As if it had been there before: nodes it remembers are asked every other second, those it is told of four times a minute.
      const nodes = discovery.dht.map(compact);
      writeFileSync(
        join(home, 'dht.dat'),
        encode({ id: randomBytes(20), nodes: Buffer.concat(nodes) }),
      );
    }
    const program = new Program([...enter, 'transmission-daemon', '-f', '-g', home, '--log-info'], {
      home,
      log,
    });

    let token = '';
    /**
     * @param {string} method
     * @param {Record<string, unknown>} [args]
     * @returns {Promise<Record<string, unknown>>}
     */
    const call = async (method, args = {}) => {
      if (program.ended) throw new Error(`transmission ${program.verdict}`);
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await postJson({
          host: rpcIp,
          port: rpcPort,
          path: '/transmission/rpc',
          headers: { 'x-transmission-session-id': token },
          body: { method, arguments: args },
        });
        if (answer.status === 409) {
          token = String(answer.headers['x-transmission-session-id']);
          continue;
        }
        const reply =
          /** @type {{ result?: string, arguments?: Record<string, unknown> } | undefined} */ (
            answer.json
          );
        if (reply?.result !== 'success') {
          throw new Error(`transmission ${method}: ${reply?.result ?? `status ${answer.status}`}`);
        }
        return reply.arguments ?? {};
      }
      throw new Error(`transmission ${method}: its session id was refused twice`);
    };
    /** @param {string} infoHash */
    const fieldsOf = async (infoHash) => {
      const { torrents } = await call('torrent-get', {
        ids: [infoHash],
        fields: [
          'hashString',
          'status',
          'error',
          'errorString',
          'metadataPercentComplete',
          'percentDone',
          'leftUntilDone',
          'recheckProgress',
          'uploadedEver',
          'downloadedEver',
        ],
      });
      const torrent = /** @type {TorrentFields[]} */ (torrents)[0];
      if (!torrent) throw new Error(`transmission does not know torrent ${infoHash}`);
      return torrent;
    };

    await untilAnswers(program, 'transmission', () => call('session-get'));

    return {
      add: async ({ torrent, directory, uploadLimit, downloadLimit }) => {
        mkdirSync(directory, { recursive: true });
        const added = await call('torrent-add', {
          ...(torrent.startsWith('magnet:')
            ? { filename: torrent }
            : { metainfo: readFileSync(torrent).toString('base64') }),
          'download-dir': directory,
          paused: false, // it verifies what is there, then starts
        });
        if (!added['torrent-added']) throw new Error('transmission did not add the torrent');
        const { hashString } = /** @type {{ hashString: string }} */ (added['torrent-added']);
        await call('torrent-set', {
          ids: [hashString],
          ...(uploadLimit
            ? { uploadLimited: true, uploadLimit: Math.ceil(uploadLimit / 1000) }
            : {}),
          ...(downloadLimit
            ? { downloadLimited: true, downloadLimit: Math.ceil(downloadLimit / 1000) }
            : {}),
        });
        return hashString.toLowerCase();
      },
      status: async (infoHash) => {
        const torrent = await fieldsOf(infoHash);
        if (torrent.error === LOCAL_ERROR) throw new Error(`transmission: ${torrent.errorString}`);
        return {
          complete:
            torrent.metadataPercentComplete === 1 &&
            torrent.leftUntilDone === 0 &&
            torrent.percentDone === 1 &&
            torrent.status === SEEDING,
          text: `${Math.round(torrent.percentDone * 100)} %, ${Math.round(torrent.metadataPercentComplete * 100)} % of the metadata, status ${torrent.status} ${torrent.errorString}`.trim(),
          uploaded: torrent.uploadedEver,
          downloaded: torrent.downloadedEver,
        };
      },
      stop: () => program.stop(),
      kill: () => program.kill(),
    };
  },
};

/** @param {import('./client.mjs').Address} address */
function compact({ ip, port }) {
  return Buffer.from([...ip.split('.').map(Number), port >> 8, port & 0xff]);
}
