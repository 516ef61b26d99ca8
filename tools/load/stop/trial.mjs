// @ts-check
/** One SIGTERM: the command is started, told to end, and what it left is looked at. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cleanEnvironment } from '../../interop/lib/process.mjs';
import { Client } from '../lib/shoal.mjs';
import { startAttack, startDeadTrackers, startLeecher, startSilentPeer } from './around.mjs';

const COMMAND = join(import.meta.dirname, '../../../packages/cli/dist/bin.js');
/** Milliseconds in which the command must have ended. */
const PATIENCE = 5_000;
/** Milliseconds after which it is killed. */
const LIMIT = 15_000;
/** Bytes that may have to be downloaded again: pieces that were not whole, and what stood in sockets. */
const WINDOW = 8 * 2 ** 20;
const TERMINATED = 143;

/**
 * @typedef {object} Scenery
 * @property {import('./around.mjs').Content} content
 * @property {Uint8Array} torrent
 * @property {string} magnet
 * @property {Awaited<ReturnType<typeof import('./around.mjs').startSeeder>>} seeder
 * @property {string} folder
 * @property {string | undefined} stuckLibrary
 * @property {() => number} random
 *
 * @typedef {object} Result
 * @property {number} ms until it had ended
 * @property {string} end exit code or signal
 * @property {number} claimed bytes that the restart believes to have
 * @property {number} lost bytes that had come and are to be downloaded again
 * @property {number} wrong pieces that the restart believes to have, and that are not right
 * @property {string[]} problems
 */

/**
 * @param {import('./scenes.mjs').Scene} scene
 * @param {number} moment ms
 * @param {Scenery} scenery
 * @returns {Promise<Result>}
 */
export async function tryOnce(scene, moment, scenery) {
  const { content, torrent, magnet, seeder, folder, stuckLibrary, random } = scenery;
  const home = join(folder, 'home');
  const directory =
    scene.role === 'seed' || scene.role === 'check' ? content.directory : join(home, 'files');
  const resume = join(home, 'resume');
  const stuckWhen = join(home, 'stuck');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, 'files'), { recursive: true });
  const port = await freePort();
  const trackers = scene.deadTrackers ? await startDeadTrackers() : undefined;
  const silent = scene.silent ? await startSilentPeer() : undefined;
  const before = seeder.uploaded();
  const args = [
    ...(scene.role === 'magnet' ? ['download', magnet, '-o', directory] : []),
    ...(scene.role === 'download' ? ['download', content.torrent, '-o', directory] : []),
    ...(scene.role === 'seed' ? ['seed', content.torrent, '--data', directory] : []),
    ...(scene.role === 'check' ? ['seed', content.torrent, '--data', directory, '--check'] : []),
    ...['--bind', '127.79.0.1', '--port', `${port}`, '--resume-dir', resume, '--no-lsd', '--json'],
    ...(scene.seeder ? ['--peer', seeder.endpoint] : []),
    ...(silent === undefined ? [] : ['--peer', silent.endpoint]),
    ...(trackers?.urls.flatMap((url) => ['--tracker', url]) ?? []),
  ];
  const log = join(folder, 'shoal.log');
  const output = openSync(log, 'w');
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: home,
    stdio: ['ignore', output, output],
    env: {
      ...cleanEnvironment(home),
      ...(scene.stuckDisk && stuckLibrary !== undefined
        ? { LD_PRELOAD: stuckLibrary, STUCK_BELOW: directory, STUCK_WHEN: stuckWhen }
        : {}),
    },
  });
  closeSync(output);
  /** @type {Promise<{ end: string, at: number }>} */
  const exited = new Promise((resolve) =>
    child.once('exit', (code, signal) =>
      resolve({ end: signal ?? `${code}`, at: performance.now() }),
    ),
  );
  const attack = scene.attacked ? startAttack(content, port, random) : undefined;
  const leecher = scene.leecher ? await startLeecher(torrent, home, port) : undefined;
  await pause(moment);
  if (scene.stuckDisk) {
    writeFileSync(stuckWhen, '');
    await pause(300); // for a write to hang
  }
  const told = performance.now();
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const { end, at } = await exited;
  clearTimeout(killer);
  attack?.close();
  silent?.close();
  trackers?.close();
  await leecher?.close();

  const problems = [];
  const ms = Math.round(at - told);
  if (ms > PATIENCE) problems.push(`it took ${ms} ms to end`);
  // Before the command listens to signals the system ends it; a shell sees 143 either way. What was done is done.
  const isDone = end === '0' && scene.role !== 'seed' && scene.role !== 'check';
  if (!isDone && end !== `${TERMINATED}` && end !== 'SIGTERM') {
    problems.push(`it ended with ${end}: ${readFileSync(log, 'utf8').slice(-300)}`);
  }
  const got = seeder.uploaded() - before;
  const { claimed, wrong } = await lookAt(scenery, directory, resume, scene.role === 'magnet');
  if (wrong > 0) problems.push(`${wrong} pieces that are not right are believed to be`);
  const lost = scene.role === 'download' ? Math.max(0, Math.min(got, content.length) - claimed) : 0;
  if (!scene.stuckDisk && lost > WINDOW) problems.push(`${lost} bytes are to be downloaded again`);
  return { ms, end, claimed, lost, wrong, problems };
}

/**
 * What a restart believes to have, and how much of that is wrong.
 *
 * @param {Scenery} scenery
 * @param {string} directory
 * @param {string} resume
 * @param {boolean} isMagnet
 */
async function lookAt({ content, torrent, magnet }, directory, resume, isMagnet) {
  const client = await Client.start({ bind: '127.79.0.1', dht: false, resumeDirectory: resume });
  try {
    // A torrent may have been a magnet link's: where the metadata was not known yet, there is nothing to believe.
    const added = await client.add(isMagnet ? magnet : torrent, { directory, trackers: [] });
    if (!added.hasMetadata()) {
      const late = AbortSignal.timeout(1_500);
      const known = await added.metadata({ signal: late }).catch(() => undefined);
      if (known === undefined) return { claimed: 0, wrong: 0 };
    }
    await added.checked();
    const have = added.swarm?.picker.have;
    let claimed = 0;
    let wrong = 0;
    for (let piece = 0; piece < content.pieceCount; piece += 1) {
      // A torrent that is whole may have no swarm.
      if (have !== undefined && !have.get(piece)) continue;
      const length = Math.min(content.pieceLength, content.length - piece * content.pieceLength);
      claimed += length;
      const at = piece * content.pieceLength;
      const is = bytesOf(join(directory, content.name), at, length);
      if (!is.equals(bytesOf(content.path, at, length))) wrong += 1;
    }
    return { claimed, wrong };
  } finally {
    await client.close({ timeout: 0 });
  }
}

/** @param {string} path @param {number} at @param {number} length */
function bytesOf(path, at, length) {
  const bytes = Buffer.alloc(length);
  if (!existsSync(path) || statSync(path).size < at + length) return bytes.subarray(0, 0);
  const fd = openSync(path, 'r');
  readSync(fd, bytes, 0, length, at);
  closeSync(fd);
  return bytes;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.79.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
