// @ts-check
// A thread that seeds a torrent; tells its port.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { packages, torrent, directory } = workerData;
const { parseMetainfoAsync } = await import(`${packages}/metainfo/dist/index.js`);
const { Client } = await import(`${packages}/client/dist/index.js`);
const client = await Client.start({ bind: '127.0.0.1' });
const metainfo = await parseMetainfoAsync(readFileSync(torrent));
await (await client.add(metainfo, { directory, check: 'trust' })).checked();
parentPort?.postMessage(client.port);
