// @ts-check
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCALHOST, untilAnswers } from './client.mjs';
import { postJson } from '../lib/http.mjs';
import { Program, run } from '../lib/process.mjs';
import { waitFor } from '../lib/wait.mjs';

/**
 * @typedef {object} TellStatus
 * @property {string} status
 * @property {string} [infoHash]
 * @property {string} [seeder]
 * @property {string} completedLength
 * @property {string} totalLength
 * @property {string} uploadLength
 * @property {string} [errorMessage]
 * @property {string[]} [followedBy] of a magnet link: the download that its metadata led to
 */

/** aria2c, driven over its JSON-RPC. @type {import('./client.mjs').Client} */
export const aria2 = {
  name: 'aria2',
  leaves: /\.aria2$/, // its control files
  finds: ['udp', 'pex', 'lsd', 'dht'],

  version: async () => {
    const text = await run(['aria2c', '--version'], {
      home: '/',
      log: '/dev/null',
      timeout: 20_000,
    });
    return text.split('\n')[0]?.trim() ?? '';
  },

  start: async ({ ip, port, rpcPort, rpcIp, enter, home, log, udpTrackers, discovery }) => {
    mkdirSync(home, { recursive: true });
    const program = new Program(
      [
        ...enter,
        'aria2c',
        '--no-conf',
        '--enable-rpc',
        `--rpc-listen-port=${rpcPort}`,
        `--rpc-listen-all=${rpcIp !== LOCALHOST}`,
        '--rpc-save-upload-metadata=false',
        // Without a DHT node it has no socket for trackers over UDP. A node that is told of no other one finds nobody.
        `--enable-dht=${udpTrackers || discovery.dht !== undefined}`,
        '--enable-dht6=false',
        `--dht-listen-port=${port}`,
        `--dht-file-path=${join(home, 'dht.dat')}`,
        ...(discovery.dht ?? [])
          .slice(0, 1)
          .map((node) => `--dht-entry-point=${node.ip}:${node.port}`),
        `--bt-enable-lpd=${discovery.lsd ?? false}`,
        `--enable-peer-exchange=${discovery.pex ?? false}`,
        '--disable-ipv6=true',
        '--async-dns=false',
        '--no-netrc',
        `--interface=${ip}`,
        `--listen-port=${port}`,
        '--file-allocation=none',
        '--max-concurrent-downloads=50',
        '--bt-max-peers=0',
        '--auto-save-interval=1',
        `--dir=${home}`,
        '--console-log-level=notice',
        '--summary-interval=0',
        '--show-console-readout=false',
        '--enable-color=false',
      ],
      { home, log },
    );

    /**
     * @param {string} method
     * @param {...unknown} params
     * @returns {Promise<unknown>}
     */
    const call = async (method, ...params) => {
      if (program.ended) throw new Error(`aria2 ${program.verdict}`);
      const answer = await postJson({
        host: rpcIp,
        port: rpcPort,
        path: '/jsonrpc',
        body: { jsonrpc: '2.0', id: 1, method: `aria2.${method}`, params },
      });
      const reply = /** @type {{ result?: unknown, error?: { message: string } } | undefined} */ (
        answer.json
      );
      if (reply?.error || !reply) {
        throw new Error(`aria2 ${method}: ${reply?.error?.message ?? `status ${answer.status}`}`);
      }
      return reply.result;
    };
    /** @param {string} gid */
    const tellStatus = async (gid) => {
      const told = /** @type {TellStatus} */ (await call('tellStatus', gid));
      const next = told.followedBy?.[0];
      return next ? /** @type {TellStatus} */ (await call('tellStatus', next)) : told;
    };
    /** @type {Map<string, string>} */
    const gids = new Map();

    await untilAnswers(program, 'aria2', () => call('getVersion'));

    return {
      add: async ({ torrent, directory, uploadLimit, downloadLimit }) => {
        mkdirSync(directory, { recursive: true });
        const options = {
          dir: directory,
          'check-integrity': 'true', // hash what is there, and go on from it
          'bt-hash-check-seed': 'true',
          'seed-ratio': '0.0', // seed until told otherwise
          ...(uploadLimit ? { 'max-upload-limit': `${uploadLimit}` } : {}),
          ...(downloadLimit ? { 'max-download-limit': `${downloadLimit}` } : {}),
        };
        const gid = String(
          torrent.startsWith('magnet:')
            ? await call('addUri', [torrent], options)
            : await call('addTorrent', readFileSync(torrent).toString('base64'), [], options),
        );
        const infoHash = await waitFor('aria2 names the info-hash', 30_000, async () => {
          const { infoHash: named, status, errorMessage } = await tellStatus(gid);
          if (status === 'error') throw new Error(`aria2: ${errorMessage}`);
          return named;
        });
        gids.set(infoHash.toLowerCase(), gid);
        return infoHash.toLowerCase();
      },
      status: async (infoHash) => {
        const torrent = await tellStatus(gids.get(infoHash) ?? '');
        if (torrent.status === 'error') throw new Error(`aria2: ${torrent.errorMessage}`);
        return {
          complete: torrent.seeder === 'true' && torrent.completedLength === torrent.totalLength,
          text: `${torrent.completedLength} of ${torrent.totalLength} bytes, ${torrent.status}`,
          uploaded: Number(torrent.uploadLength),
        };
      },
      stop: () => program.stop({ signal: 'SIGINT' }),
      kill: () => program.kill(),
    };
  },
};
