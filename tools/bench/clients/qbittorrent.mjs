// @ts-check
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine } from './client.mjs';

const TOUCH = join(import.meta.dirname, '../scripts/touch-done.sh');

/**
 * @param {import('./client.mjs').Task} task
 * @param {{ torrents: string[], options?: string[] }} what
 * @returns {import('./client.mjs').Command}
 */
function run({ work, directory, ip, port, done }, { torrents, options = [] }) {
  const folder = join(work, 'qBittorrent/config');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'qBittorrent.conf'),
    `[LegalNotice]
Accepted=true
[AutoRun]
enabled=true
program=${TOUCH}
[BitTorrent]
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\BTProtocol=TCP
Session\\Encryption=2
Session\\Port=${port}
Session\\InterfaceAddress=${ip}
Session\\DefaultSavePath=${directory}
Session\\QueueingSystemEnabled=false
Session\\Preallocation=false
[Network]
PortForwardingEnabled=false
[Preferences]
WebUI\\Enabled=true
WebUI\\Address=127.0.0.1
WebUI\\Port=${port + 1000}
WebUI\\UseUPnP=false
`,
  );
  return {
    command: [
      ...['qbittorrent-nox', `--profile=${work}`, `--save-path=${directory}`],
      ...['--skip-dialog=true', ...options, ...torrents],
    ],
    env: { DONE: done, QT_QPA_PLATFORM: 'offscreen' },
  };
}

/** @type {import('./client.mjs').Client} */
export const qbittorrent = {
  name: 'qbittorrent',
  version: () => firstLine(['qbittorrent-nox', '--version']),
  startup: () => ({ command: ['qbittorrent-nox', '--version'] }),
  leech: (task) => run(task, { torrents: [task.torrent] }),
  seed: (task) => run(task, { torrents: [task.torrent], options: ['--skip-hash-check'] }),
  verify: (task) => run(task, { torrents: [task.torrent] }),
  idle: (task) =>
    run(task, {
      torrents: readdirSync(task.torrent).map((name) => join(task.torrent, name)),
      options: ['--skip-hash-check'],
    }),
};
