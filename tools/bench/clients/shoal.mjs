// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { settings, WORKSPACE } from '../lib/settings.mjs';
import { firstLine } from './client.mjs';

const MONITOR = join(import.meta.dirname, '../scripts/delay-monitor.mjs');
const FILES = join(import.meta.dirname, '../scripts/files-shoal.mjs');
const STALLS = join(import.meta.dirname, '../scripts/stall-report.mjs');
const METAINFO = join(import.meta.dirname, '../scripts/metainfo-shoal.mjs');

/**
 * @param {string} name
 * @param {string} bin path of the command's script: of this workspace, or of another build to compare with
 * @param {string} [node]
 * @returns {import('./client.mjs').Client}
 */
export function shoalFrom(name, bin, node = process.execPath) {
  const command = [node, bin];
  const packages = join(bin, '../../..');
  /** @param {import('./client.mjs').Task} task */
  const listen = ({ ip, port }) => [
    ...['--bind', ip, '--port', `${port}`, '--quiet'],
    // Nobody is to be found but who is named.
    ...['--no-dht', '--no-lsd', '--no-pex'],
  ];
  /** @param {import('./client.mjs').Task} task */
  const download = (task) => [
    ...['download', task.torrent, '--output', task.directory],
    ...listen(task),
  ];
  /** @param {import('./client.mjs').CreateTask} task @param {string} format */
  const create = ({ file, out, pieceLength }, format) => ({
    command: [
      ...[...command, 'create', file, '-o', out],
      ...['--piece-length', `${pieceLength}`, format, '--quiet'],
    ],
  });
  return {
    name,
    version: () => {
      if (!existsSync(bin)) throw new Error(`not built: there is no ${bin}`);
      const nodeVersion = firstLine([node, '--version']);
      return `shoal ${firstLine([...command, '--version'])}, Node ${nodeVersion}`;
    },
    startup: () => ({ command: [...command, '--version'] }),
    show: (file) => ({ command: [...command, 'info', file] }),
    leech: (task) => ({ command: [...command, ...download(task)] }),
    watched: (task, report) => ({
      command: [node, '--import', MONITOR, bin, ...download(task)],
      env: { SHOAL_BENCH_DELAY_REPORT: report },
    }),
    seed: (task) => ({
      command: [
        ...[...command, 'seed', task.torrent, '--data', task.directory, '--no-check'],
        ...listen(task),
      ],
    }),
    verify: (task) => ({
      command: [
        ...[...command, 'seed', task.torrent, '--data', task.directory, '--check'],
        ...listen(task),
      ],
    }),
    idle: (task) => ({
      command: [
        ...[...command, 'seed', task.torrent, '--data', task.directory, '--no-check'],
        ...listen(task),
      ],
    }),
    create: (task) => create(task, '--v1'),
    createHybrid: (task) => create(task, '--hybrid'),
    createV2: (task) => create(task, '--v2'),
    files: ({ content, torrent, destination, resume, report }) => {
      /** @param {...string} args */
      const watched = (...args) => ({
        command: [node, '--import', STALLS, bin, ...args],
        env: { SHOAL_BENCH_STALL_REPORT: report },
      });
      return {
        stages: { command: [node, FILES, packages, content, torrent, destination, resume] },
        commands: {
          info: watched('info', torrent),
          tree: watched('info', '--tree', torrent),
          list: watched('download', '--list-files', torrent),
          verify: watched('verify', torrent, content),
        },
      };
    },
    metainfo: (file, seconds) => ({
      command: [node, METAINFO, packages, file, `${seconds}`],
    }),
  };
}

const BIN = join(WORKSPACE, 'packages/cli/dist/bin.js');
const NODE24 = join(settings.peers, 'node24/node_modules/node/bin/node');

export const shoal = shoalFrom('shoal', BIN);
/** The same on Node 24. */
export const shoalNode24 = shoalFrom('shoal-node24', BIN, NODE24);
