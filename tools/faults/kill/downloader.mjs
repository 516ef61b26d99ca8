// @ts-check
/**
 * Downloads by the library: `node downloader.mjs JSON`. Prints what it counts as there after the check, and ends when all is complete.
 */
import { readFile } from 'node:fs/promises';
import { Client, clientDefaults } from '@shoal/client';

/**
 * @typedef {object} Order
 * @property {readonly string[]} torrents paths
 * @property {string} directory
 * @property {string} resumeDirectory
 * @property {number} port of the seeder
 * @property {number} rate bytes per second
 * @property {readonly number[]} [select]
 * @property {number} [selectAllAt] the share of the pieces from which on all files are wanted
 * @property {number} [pieceBufferBudget]
 * @property {boolean} [preallocate]
 */

/** @type {Order} */
const order = JSON.parse(process.argv[2] ?? '');
// At every tick, which is each second: so that kills meet savings.
/** @type {{ resumeSaveInterval: number }} */ (clientDefaults).resumeSaveInterval = 100;

const client = await Client.start({
  bind: '127.0.0.1',
  resumeDirectory: order.resumeDirectory,
  maxDownloadRate: order.rate,
  ...(order.pieceBufferBudget === undefined ? {} : { pieceBufferBudget: order.pieceBufferBudget }),
});
process.on('SIGTERM', () => void client.close().then(() => process.exit(143)));

/** @type {import('@shoal/client').Torrent[]} */
const torrents = [];
for (const path of order.torrents) {
  const torrent = await client.add(await readFile(path), {
    directory: order.directory,
    peers: [{ address: '127.0.0.1', port: order.port }],
    preallocate: order.preallocate ?? false,
    ...(order.select === undefined ? {} : { select: order.select }),
  });
  torrents.push(torrent);
}
const has = [];
for (const torrent of torrents) {
  await torrent.checked();
  const { lender } = /** @type {{ lender?: { has(piece: number): boolean } }} */ (
    /** @type {unknown} */ (torrent)
  );
  const pieces = Array.from({ length: torrent.info.pieceCount }, (_, piece) => piece);
  has.push(pieces.filter((piece) => lender?.has(piece) === true));
}
console.log(JSON.stringify({ has }));
for (const torrent of torrents) {
  const { selectAllAt } = order;
  if (selectAllAt === undefined) continue;
  const all = torrent.info.files.map(({ index }) => index);
  const isDue = () => torrent.progress().pieces.have >= selectAllAt * torrent.info.pieceCount;
  if (isDue()) torrent.select(all);
  else {
    torrent.on('piece', () => {
      if (isDue()) torrent.select(all);
    });
  }
}
const isWhole = () =>
  torrents.every((torrent) => {
    const { have, total } = torrent.progress().pieces;
    // What a selection that grows is for has yet to come.
    return torrent.state === 'seeding' && (order.selectAllAt === undefined || have === total);
  });
while (!isWhole()) {
  const failed = torrents.find(({ state }) => state === 'error');
  if (failed !== undefined) throw failed.error ?? new Error('failed');
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const downloaded = torrents.reduce((sum, each) => sum + each.progress().downloadedBytes, 0);
console.log(JSON.stringify({ complete: true, downloaded }));
await client.close();
