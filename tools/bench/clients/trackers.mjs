// @ts-check
/** Programs that are trackers and nothing else. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { settings } from '../lib/settings.mjs';

const SCRIPT = join(import.meta.dirname, '../scripts/tracker-npm.mjs');
const MODULES = join(settings.peers, 'npm/node_modules');

/** Debian builds it with a white list. It makes `work` its root and becomes `nobody`. @type {import('./client.mjs').Client} */
export const opentracker = {
  name: 'opentracker',
  version: () => {
    const query = ['-W', '-f', '${Version}', 'opentracker'];
    const { status, stdout } = spawnSync('dpkg-query', query, { encoding: 'utf8' });
    if (status !== 0) throw new Error('the package opentracker is not installed');
    return `opentracker ${stdout.trim()}`;
  },
  tracker: ({ ip, port, work, infoHashes }) => {
    chmodSync(work, 0o755);
    return {
      command: [
        ...['opentracker', '-i', ip, '-p', `${port}`, '-P', `${port}`],
        ...['-d', work, '-w', basename(infoHashes)],
      ],
    };
  },
};

/** @type {import('./client.mjs').Client} */
export const bittorrentTracker = {
  name: 'bittorrent-tracker',
  version: () => {
    const manifest = readFileSync(join(MODULES, 'bittorrent-tracker/package.json'), 'utf8');
    return `bittorrent-tracker ${JSON.parse(manifest).version}, Node ${process.version}`;
  },
  tracker: ({ ip, port }) => ({
    command: [process.execPath, SCRIPT, MODULES, ip, `${port}`],
  }),
};
