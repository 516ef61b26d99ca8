// @ts-check
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { firstLine } from './client.mjs';

/**
 * transmission-daemon; takes up the torrents that lie in its session folder.
 *
 * @param {import('./client.mjs').Task} task
 * @param {boolean} [all] the torrent is a folder of them
 * @returns {import('./client.mjs').Command}
 */
function run({ work, directory, ip, port, done, torrent }, all = false) {
  mkdirSync(join(work, 'resume'), { recursive: true });
  const torrents = join(work, 'torrents');
  cpSync(torrent, all ? torrents : join(torrents, basename(torrent)), { recursive: true });
  const script = join(work, 'done.sh');
  writeFileSync(script, `#!/bin/sh\n: > '${done}'\n`, { mode: 0o755 });
  const options = {
    'download-dir': directory,
    'incomplete-dir-enabled': false,
    'peer-port': port,
    'bind-address-ipv4': ip,
    'port-forwarding-enabled': false,
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    encryption: 0,
    'rpc-enabled': true,
    'rpc-port': port + 1000,
    'rpc-bind-address': '127.0.0.1',
    'rpc-whitelist-enabled': false,
    'rpc-authentication-required': false,
    preallocation: 1, // sparse
    'start-added-torrents': true,
    'download-queue-enabled': false,
    'seed-queue-enabled': false,
    'peer-limit-global': 2000,
    'peer-limit-per-torrent': 200,
    umask: 18,
    'script-torrent-done-enabled': true,
    'script-torrent-done-filename': script,
    'speed-limit-up-enabled': false,
    'speed-limit-down-enabled': false,
    'upload-slots-per-torrent': 50,
  };
  writeFileSync(join(work, 'settings.json'), JSON.stringify(options));
  return { command: ['transmission-daemon', '-f', '-g', work, '--log-error'] };
}

/** @type {import('./client.mjs').Client} */
export const transmission = {
  name: 'transmission',
  version: () => firstLine(['transmission-daemon', '--version']),
  startup: () => ({ command: ['transmission-daemon', '--version'] }),
  show: (file) => ({ command: ['transmission-show', file] }),
  leech: (task) => run(task),
  seed: (task) => run(task),
  verify: (task) => run(task),
  idle: (task) => run(task, true),
  create: ({ file, out, pieceLength }) => ({
    command: ['transmission-create', '-s', `${pieceLength / 1024}`, '-o', out, file],
  }),
};
