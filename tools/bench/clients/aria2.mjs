// @ts-check
import { join } from 'node:path';
import { firstLine } from './client.mjs';

const TOUCH = join(import.meta.dirname, '../scripts/touch-done.sh');

/** @param {import('./client.mjs').Task} task @param {readonly string[]} more @returns {import('./client.mjs').Command} */
const run = ({ ip, port, done, directory, torrent }, more) => ({
  command: [
    'aria2c',
    '--no-conf',
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--disable-ipv6=true',
    `--interface=${ip}`,
    `--listen-port=${port}`,
    '--bt-max-peers=0', // no limit
    '--file-allocation=none',
    '--summary-interval=0',
    '--console-log-level=error',
    '--download-result=hide',
    '--show-console-readout=false',
    ...more,
    `--dir=${directory}`,
    torrent,
  ],
  env: { DONE: done },
});

/** @type {import('./client.mjs').Client} */
export const aria2 = {
  name: 'aria2',
  version: () => firstLine(['aria2c', '--version']),
  startup: () => ({ command: ['aria2c', '--version'] }),
  show: (file) => ({ command: ['aria2c', '--no-conf=true', '--show-files=true', file] }),
  leech: (task) => run(task, ['--seed-time=0', `--on-bt-download-complete=${TOUCH}`]),
  seed: (task) => run(task, ['--seed-ratio=0.0', '--bt-seed-unverified=true']),
  verify: (task) =>
    run(task, ['--seed-ratio=0.0', '--check-integrity=true', '--bt-hash-check-seed=true']),
};
