// @ts-check
// files-shoal.mjs PACKAGES CONTENT TORRENT DESTINATION RESUME: takes a folder of many files through all that Shoal's packages do
// with a hybrid torrent of it, and prints the longest stall of the event loop in each stage, in ms, as JSON.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { StallMonitor } from './stall-monitor.mjs';

/** For the garbage of one stage to be collected, and for a stall at its end to be seen, in ms. */
const PAUSE = 50;
/** Bytes: most files are one piece, some are three. */
const PIECE_LENGTH = 16_384;

const [packages, content = '', torrent = '', destination = '', resumeDirectory = ''] =
  process.argv.slice(2);
const { createTorrent, fileColumns, parseMetainfoAsync } = await import(
  `${packages}/metainfo/dist/index.js`
);
const { Client } = await import(`${packages}/client/dist/index.js`);

/** @type {Record<string, number>} */
const stalls = {};
const monitor = new StallMonitor();

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
async function stage(name, work) {
  await setTimeout(PAUSE);
  monitor.take();
  const result = await work();
  await setTimeout(PAUSE);
  stalls[name] = monitor.take();
  return result;
}

const start = () => Client.start({ bind: '127.0.0.1', resumeDirectory });
const read = () => parseMetainfoAsync(readFileSync(torrent));
const directory = dirname(content);

const { bytes } = await stage('create', () =>
  createTorrent(content, { format: 'hybrid', pieceLength: PIECE_LENGTH, creationDate: null }),
);
writeFileSync(torrent, bytes);
const metainfo = await stage('parse', () => parseMetainfoAsync(bytes));
if (fileColumns(metainfo.info).size === 0) throw new Error('there are no files');

let client = await start();
const checked = await stage('check', async () => {
  const added = await client.add(metainfo, { directory, check: 'force' });
  await added.checked();
  return added;
});
if (checked.state !== 'seeding') throw new Error(`the content is ${checked.state}`);
await stage('close', () => client.close());

client = await start();
const known = await read();
await stage('resume', async () => {
  const added = await client.add(known, { directory });
  await added.checked();
});
await client.close();

const seeder = new Worker(new URL('files-seeder.mjs', import.meta.url), {
  workerData: { packages, torrent, directory },
});
const port = await new Promise((resolve) => seeder.once('message', resolve));
client = await start();
const wanted = await read();
const added = await stage('add', async () => {
  const download = await client.add(wanted, { directory: destination, paused: true });
  await download.checked();
  return download;
});
await stage('download', async () => {
  const figures = (async () => {
    for await (const { state } of added.watch({ interval: 100 })) if (state === 'seeding') return;
  })();
  await added.resume();
  added.addPeer({ address: '127.0.0.1', port });
  await Promise.all([added.completed(), figures]);
});
await stage('save', () => client.close());
await seeder.terminate();
rmSync(destination, { recursive: true, force: true });
console.log(JSON.stringify(stalls));
