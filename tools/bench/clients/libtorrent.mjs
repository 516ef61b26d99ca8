// @ts-check
import { join } from 'node:path';
import { settings } from '../lib/settings.mjs';
import { firstLine } from './client.mjs';

const SCRIPTS = join(import.meta.dirname, '../scripts');

/**
 * libtorrent-rasterbar through its Python binding.
 *
 * @param {string} name
 * @param {'default' | 'fast'} preset see `scripts/libtorrent_client.py`
 * @returns {import('./client.mjs').Client}
 */
function libtorrentWith(name, preset) {
  const { python } = settings;
  const say = ['-c', 'import libtorrent as l; print("libtorrent", l.__version__)'];
  /** @param {string} mode @param {import('./client.mjs').Task} task */
  const run = (mode, { torrent, directory, ip, port, done }) => ({
    command: [
      ...[python, join(SCRIPTS, 'libtorrent_client.py'), mode, torrent, directory],
      ...[ip, `${port}`, done, preset],
    ],
  });
  /** @param {import('./client.mjs').CreateTask} task @param {string} format */
  const create = ({ file, out, pieceLength }, format) => ({
    command: [python, join(SCRIPTS, 'libtorrent_create.py'), file, out, `${pieceLength}`, format],
  });
  return {
    name,
    version: () => {
      const text = firstLine([python, ...say]);
      if (!text.startsWith('libtorrent ')) throw new Error('python3-libtorrent is not installed');
      return text;
    },
    startup: () => ({ command: [python, ...say] }),
    leech: (task) => run('leech', task),
    seed: (task) => run('seed', task),
    verify: (task) => run('verify', task),
    idle: (task) => run('idle', task),
    create: (task) => create(task, 'v1'),
    createHybrid: (task) => create(task, 'hybrid'),
    createV2: (task) => create(task, 'v2'),
    metainfo: (file, seconds) => ({
      command: [python, join(SCRIPTS, 'metainfo_libtorrent.py'), file, `${seconds}`],
    }),
  };
}

export const libtorrent = libtorrentWith('libtorrent', 'default');
export const libtorrentFast = libtorrentWith('libtorrent-fast', 'fast');
