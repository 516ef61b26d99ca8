// @ts-check
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { untilAnswers } from './client.mjs';
import { http } from '../lib/http.mjs';
import { Program, run } from '../lib/process.mjs';
import { waitFor } from '../lib/wait.mjs';

/**
 * @typedef {object} TorrentFields
 * @property {string} hash
 * @property {string} infohash_v1
 * @property {string} infohash_v2
 * @property {string} name
 * @property {number} progress
 * @property {string} state
 * @property {number} amount_left
 * @property {number} uploaded
 * @property {number} downloaded
 */

/** qbittorrent-nox, driven over its Web API. @type {import('./client.mjs').Client} */
export const qbittorrent = {
  name: 'qbittorrent',
  finds: ['udp', 'pex', 'lsd', 'dht'],

  version: async () => {
    const text = await run(['qbittorrent-nox', '--version'], {
      home: '/tmp',
      log: '/dev/null',
      timeout: 20_000,
    });
    return text.trim();
  },

  start: async ({ ip, port, rpcPort, rpcIp, enter, home, log, discovery }) => {
    const config = join(home, 'qBittorrent', 'config');
    mkdirSync(config, { recursive: true });
    writeFileSync(
      join(config, 'qBittorrent.conf'),
      [
        '[LegalNotice]',
        'Accepted=true',
        '[BitTorrent]',
        `Session\\DHTEnabled=${discovery.dht !== undefined}`,
        `Session\\LSDEnabled=${discovery.lsd ?? false}`,
        `Session\\PeXEnabled=${discovery.pex ?? false}`,
        'Session\\BTProtocol=TCP',
        'Session\\Encryption=2', // off
        `Session\\Port=${port}`,
        `Session\\InterfaceAddress=${ip}`,
        'Session\\QueueingSystemEnabled=false',
        'Session\\Preallocation=false',
        'Session\\MaxActiveCheckingTorrents=20', // instead of one
        'Session\\RefreshInterval=200', // ms between updates of what it tells, instead of 1500
        `Session\\DefaultSavePath=${home}`,
        '[Network]',
        'PortForwardingEnabled=false',
        '[Preferences]',
        'General\\Locale=en',
        'WebUI\\Enabled=true',
        `WebUI\\Address=${rpcIp}`,
        `WebUI\\Port=${rpcPort}`,
        'WebUI\\UseUPnP=false',
        'WebUI\\LocalHostAuth=false',
        'WebUI\\AuthSubnetWhitelistEnabled=true',
        'WebUI\\AuthSubnetWhitelist=10.0.0.0/8',
        'WebUI\\CSRFProtection=false',
        'WebUI\\HostHeaderValidation=false',
        '',
      ].join('\n'),
    );
    const program = new Program([...enter, 'qbittorrent-nox', `--profile=${home}`], {
      home,
      log,
    });

    /**
     * @param {string} path
     * @param {{ fields: Record<string, string>, torrent?: string }} [form]
     * @returns {Promise<string>}
     */
    const call = async (path, form) => {
      if (program.ended) throw new Error(`qbittorrent ${program.verdict}`);
      const boundary = 'shoal-interop-boundary';
      const parts = [];
      if (form) {
        for (const [name, value] of Object.entries(form.fields)) {
          parts.push(
            `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
          );
        }
        if (form.torrent) {
          parts.push(
            `--${boundary}\r\ncontent-disposition: form-data; name="torrents"; filename="${basename(form.torrent)}"\r\n` +
              'content-type: application/x-bittorrent\r\n\r\n',
            readFileSync(form.torrent),
            '\r\n',
          );
        }
        parts.push(`--${boundary}--\r\n`);
      }
      const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const answer = await http({
        host: rpcIp,
        port: rpcPort,
        path: `/api/v2/${path}`,
        ...(form
          ? {
              method: 'POST',
              headers: {
                'content-type': `multipart/form-data; boundary=${boundary}`,
                'content-length': `${body.length}`,
              },
              body,
            }
          : {}),
      });
      const text = answer.body.toString();
      if (answer.status !== 200 || text === 'Fails.') {
        throw new Error(`qbittorrent ${path}: status ${answer.status} ${text.slice(0, 200)}`);
      }
      return text;
    };
    /** @param {string} infoHash */
    const fieldsOf = async (infoHash) => {
      const list = /** @type {TorrentFields[]} */ (JSON.parse(await call('torrents/info')));
      return list.find((torrent) => torrent.hash === infoHash);
    };

    await untilAnswers(program, 'qbittorrent', () => call('app/version'));

    const [node] = discovery.dht ?? [];
    if (node) {
      // It takes nodes to enter by from torrents alone, and only once its DHT is at work. What is announced before is not announced again
      // for a quarter of an hour.
      let tries = 0;
      await waitFor(
        'qbittorrent enters the DHT',
        30_000,
        async () => {
          const hash = createHash('sha1').update(`${ip} ${tries++}`).digest('hex');
          const urls = `magnet:?xt=urn:btih:${hash}&dht=${node.ip}:${node.port}`;
          await call('torrents/add', { fields: { urls } });
          const info = /** @type {{ dht_nodes: number }} */ (
            JSON.parse(await call('transfer/info'))
          );
          return info.dht_nodes > 0;
        },
        1_000,
      );
    }

    return {
      add: async ({ torrent, directory, uploadLimit, downloadLimit }) => {
        mkdirSync(directory, { recursive: true });
        const isMagnet = torrent.startsWith('magnet:');
        /** @type {string[]} */
        const known = /** @type {TorrentFields[]} */ (JSON.parse(await call('torrents/info'))).map(
          (t) => t.hash,
        );
        await call('torrents/add', {
          ...(isMagnet ? {} : { torrent }),
          fields: {
            ...(isMagnet ? { urls: torrent } : {}),
            savepath: directory,
            autoTMM: 'false',
            contentLayout: 'Original',
            skip_checking: 'false',
            ...(uploadLimit ? { upLimit: `${uploadLimit}` } : {}),
            ...(downloadLimit ? { dlLimit: `${downloadLimit}` } : {}),
          },
        });
        // The Web API does not answer with the hash: it is the one entry that was not there before.
        return waitFor('qbittorrent lists the torrent', 30_000, async () => {
          const list = /** @type {TorrentFields[]} */ (JSON.parse(await call('torrents/info')));
          return list.find((t) => !known.includes(t.hash))?.hash;
        });
      },
      status: async (infoHash) => {
        const torrent = await fieldsOf(infoHash);
        if (!torrent) throw new Error(`qbittorrent does not know torrent ${infoHash}`);
        if (['error', 'missingFiles'].includes(torrent.state)) {
          throw new Error(`qbittorrent: state ${torrent.state}`);
        }
        return {
          complete:
            torrent.amount_left === 0 &&
            /UP$|^uploading$/.test(torrent.state) &&
            torrent.state !== 'checkingUP',
          text: `${Math.round(torrent.progress * 100)} %, ${torrent.state}`,
          uploaded: torrent.uploaded,
          downloaded: torrent.downloaded,
        };
      },
      infoHashes: async (infoHash) => {
        const torrent = await fieldsOf(infoHash);
        return { v1: torrent?.infohash_v1 ?? '', v2: torrent?.infohash_v2 ?? '' };
      },
      stop: () => program.stop(),
      kill: () => program.kill(),
    };
  },
};
