// @ts-check
/** Seeds torrents from their content: `node seeder.mjs FOLDER TORRENT…`. Prints its port, then runs until it is killed. */
import { readFile } from 'node:fs/promises';
import { Client } from '@shoal/client';

const [directory = '', ...torrents] = process.argv.slice(2);
const client = await Client.start({ bind: '127.0.0.1' });
for (const path of torrents) {
  const torrent = await client.add(await readFile(path), { directory, reuseLocalData: false });
  await torrent.checked();
  if (torrent.state !== 'seeding') throw new Error(`${path} is not whole in ${directory}`);
}
console.log(JSON.stringify({ port: client.port }));
