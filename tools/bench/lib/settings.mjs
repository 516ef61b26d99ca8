// @ts-check
/** Folders and limits of the rig; each can be set in the environment (README.md lists them). */
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** @param {string} name @param {string} fallback */
const text = (name, fallback) => process.env[`SHOAL_BENCH_${name}`] || fallback;

/** @param {string} name @param {number} fallback */
function number(name, fallback) {
  const value = Number(text(name, `${fallback}`));
  if (!(value >= 0)) throw new Error(`SHOAL_BENCH_${name} is not a number`);
  return value;
}

function memoryFolder() {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm/shoal-bench';
  } catch {
    return join(home, 'memory');
  }
}

/** Built helpers, logs, results. */
const home = resolve(text('HOME', join(tmpdir(), 'shoal-bench')));

export const settings = {
  home,
  /** Sources, and destinations in memory: a tmpfs. */
  memory: resolve(text('TMPFS', memoryFolder())),
  /** Destinations on a real disk. */
  disk: resolve(text('DISK', join(home, 'disk'))),
  /** What `setup.mjs` installs from npm: wt2, wt3, npm, node24. */
  peers: resolve(text('PEERS', join(home, 'peers'))),
  /** Held (flock) while something is measured. */
  lock: resolve(text('LOCK', join(tmpdir(), 'shoal-bench.lock'))),
  /** The one that has python3-libtorrent. */
  python: text('PYTHON', '/usr/bin/python3'),
  /** Cores that other processes may use before a run counts as disturbed. */
  noise: number('NOISE', 0.25),
  /** Seconds to wait for a quiet machine before a run. */
  quietWait: number('QUIET_WAIT', 60),
  /** Times that a disturbed run is tried; the least disturbed one counts. */
  tries: Math.max(1, number('TRIES', 3)),
  /** MiB touched before each download. */
  prefault: number('PREFAULT_MIB', 2304),
};

/** The workspace's root. */
export const WORKSPACE = resolve(import.meta.dirname, '../../..');

/** Where the client under test listens, inside the namespace. Below the ports that the system hands out by itself. */
export const CLIENT_IP = '10.99.0.2';
export const CLIENT_PORT = 7000;
/** The namespace's own range for outgoing connections. */
export const EPHEMERAL_PORTS = '10000 65000';
