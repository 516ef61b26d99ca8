/**
 * One client downloads from another one, in a process of its own, over loopback: one JSON line. Runs against `dist`.
 *
 *   node bench/download.mjs [MiB] [folder, best on tmpfs]
 *
 * `cpuPerGiB` is user and system time of the downloading process, its workers included.
 */
import { fork } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTorrent } from '@shoal/metainfo';
import { Client } from '../dist/index.js';

const PIECE_LENGTH = 1_048_576;

const once = (child) => new Promise((resolve) => child.once('message', resolve));

/** Seeds what the parent names until it says otherwise. */
async function seed() {
  process.once('message', async ({ torrent, directory }) => {
    const client = await Client.start({ bind: '127.0.0.1' });
    await client.add(Buffer.from(torrent, 'base64'), { directory, check: 'trust' });
    process.send({ port: client.port });
    process.once('message', async () => {
      await client.close();
      process.disconnect();
    });
  });
}

async function download(mebibytes, base) {
  const folder = mkdtempSync(join(base, 'shoal-bench-'));
  const length = mebibytes * 1_048_576;
  const seeder = fork(fileURLToPath(import.meta.url), ['seed']);
  try {
    const mine = join(folder, 'mine');
    mkdirSync(mine);
    writeFileSync(join(mine, 'film.bin'), randomFillSync(Buffer.allocUnsafe(length)));
    const options = { format: 'v1', pieceLength: PIECE_LENGTH };
    const { bytes } = await createTorrent(join(mine, 'film.bin'), options);
    seeder.send({ torrent: Buffer.from(bytes).toString('base64'), directory: mine });
    const { port } = await once(seeder);
    const client = await Client.start({ bind: '127.0.0.1' });
    const cpu = process.cpuUsage();
    const start = performance.now();
    const torrent = await client.add(bytes, {
      directory: join(folder, 'downloads'),
      peers: [{ address: '127.0.0.1', port }],
    });
    await torrent.completed();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const result = {
      case: `download ${mebibytes} MiB over loopback`,
      gbPerSecond: Number((length / seconds / 1e9).toFixed(3)),
      cpuPerGiB: Number(((user + system) / 1e6 / (length / 2 ** 30)).toFixed(2)),
      wastedBytes: torrent.progress().wastedBytes,
    };
    console.log(JSON.stringify(result));
    await client.close();
  } finally {
    if (seeder.connected) seeder.send('stop');
    await new Promise((resolve) => seeder.once('exit', resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'seed') await seed();
else await download(Number(process.argv[2] ?? 512), process.argv[3] ?? tmpdir());
