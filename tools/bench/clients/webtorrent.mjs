// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../lib/settings.mjs';
import { firstLine } from './client.mjs';

const SCRIPT = join(import.meta.dirname, '../scripts/webtorrent-client.mjs');

/**
 * @param {string} name
 * @param {string} folder below the folder of the peers
 * @param {string} node
 * @returns {import('./client.mjs').Client}
 */
function webtorrentFrom(name, folder, node) {
  const root = join(settings.peers, folder, 'node_modules/webtorrent');
  /** @param {string} mode @param {import('./client.mjs').Task} task */
  const run = (mode, { torrent, directory, ip, port, done }) => ({
    command: [node, SCRIPT, root, mode, torrent, directory, ip, `${port}`, done],
  });
  return {
    name,
    version: () => {
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
      return `webtorrent ${version}, Node ${firstLine([node, '--version'])}`;
    },
    startup: () => ({ command: [node, SCRIPT, root, 'version'] }),
    leech: (task) => run('leech', task),
    seed: (task) => run('seed', task),
    verify: (task) => run('verify', task),
    idle: (task) => run('idle', task),
  };
}

const NODE24 = join(settings.peers, 'node24/node_modules/node/bin/node');

export const webtorrent2 = webtorrentFrom('webtorrent2', 'wt2', process.execPath);
/** Needs Node 24. */
export const webtorrent3 = webtorrentFrom('webtorrent3', 'wt3', NODE24);
