// @ts-check
/** One download, with attackers or without. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../bench/lib/child.mjs';
import { sameContent } from './content.mjs';

/**
 * @typedef {object} Download
 * @property {number} seconds from the start of the command to its end
 * @property {number} cpu seconds of the command
 * @property {number} peak MiB of resident memory
 * @property {number} anonymous MiB of memory that is no file's
 *
 * @typedef {object} Attack
 * @property {Record<string, { tried: number, connected: number }>} counts
 * @property {number} mostOpen
 * @property {number} meanOpen
 * @property {number} sent bytes
 * @property {number} cpu seconds
 */

const COMMAND = join(import.meta.dirname, '../../../packages/cli/dist/bin.js');
/** Seconds. */
const PATIENCE = 180;

/**
 * @param {object} scene
 * @param {ReturnType<typeof import('./content.mjs').makeDownload>} scene.content
 * @param {{ ip: string, port: number }} scene.seeder
 * @param {{ ip: string, port: number }} scene.own
 * @param {string} scene.folder
 * @param {readonly string[]} scene.more options of the command
 * @param {readonly string[]} [nodeOptions] of the process that runs it
 * @returns {Promise<Download>}
 */
export async function download({ content, seeder, own, folder, more }, nodeOptions = []) {
  const directory = join(folder, 'download');
  const memory = join(folder, 'resume');
  // Nothing is remembered of the download before: it would count as lost with its drive.
  for (const old of [directory, memory]) rmSync(old, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const child = new Child(
    [
      process.execPath,
      ...nodeOptions,
      COMMAND,
      'download',
      content.torrent,
      ...['-o', directory, '--resume-dir', memory, '--bind', own.ip, '--port', `${own.port}`],
      ...['--peer', `${seeder.ip}:${seeder.port}`, '--no-dht', '--no-lsd', '--json', ...more],
    ],
    { home: folder, log: join(folder, 'shoal.log') },
  );
  const done = await child.wait(PATIENCE);
  if (!done) await child.stop();
  if (child.ended?.code !== 0) {
    throw new Error(
      done ? `shoal ${child.verdict}: ${child.tail()}` : `shoal was not done in ${PATIENCE} s`,
    );
  }
  const seconds = child.ended.at - child.started;
  if (!sameContent(join(directory, content.name), content.path)) {
    throw new Error('what was downloaded differs from what was seeded');
  }
  rmSync(directory, { recursive: true, force: true });
  return { seconds, cpu: child.ended.cpu, peak: child.peak, anonymous: child.anonymous };
}
