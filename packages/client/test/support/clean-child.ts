/**
 * A process of its own that uses clients and then says what is left of them; see `clean.test.ts`. Prints one line of JSON.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '../../src/index.ts';
import { makeTorrent, type TestTorrent } from '../disk/fixture.ts';
import { metainfoOf } from './metainfo.ts';

const { gc } = globalThis as { gc?: () => void };
const [mode, folder = '', tracker = '', ports = ''] = process.argv.slice(2);
const bind = '127.0.0.1';

async function seedOf(torrent: TestTorrent, name: string): Promise<string> {
  const directory = join(folder, name);
  for (const [index, { path }] of torrent.info.files.entries()) {
    await mkdir(join(directory, path, '..'), { recursive: true });
    await writeFile(join(directory, path), torrent.fileBytes(index));
  }
  return directory;
}

/** Two clients exchange a torrent over loopback and close; peers that never answer are about. */
async function handles(): Promise<unknown> {
  const torrent = makeTorrent(
    [
      { path: 'a/one', length: 3_000_000 },
      { path: 'a/two', length: 1_000_000 },
    ],
    65_536,
    5,
  );
  const metainfo = metainfoOf(torrent, { trackers: [[tracker]] });
  const directory = await seedOf(torrent, 'seed');
  const stubborn = ports.split(',').map((port) => ({ address: bind, port: Number(port) }));
  const seed = await Client.start({ bind, resumeDirectory: join(folder, 'resume-seed') });
  const seeding = await seed.add(metainfo, { directory, peers: stubborn });
  await seeding.checked();
  const leech = await Client.start({ bind, resumeDirectory: join(folder, 'resume-leech') });
  const leeching = await leech.add(metainfo, {
    directory: join(folder, 'leech'),
    peers: [...stubborn, { address: bind, port: seed.port }],
  });
  const watching = (async () => {
    for await (const _ of leeching.watch({ interval: 60_000 })) void 0;
  })();
  await leeching.completed();
  const reader = leeching.files[0]?.createReadStream();
  reader?.once('data', () => reader.destroy());
  await new Promise((resolve) => reader?.once('close', resolve));
  // One is closed while a check and a download are under way.
  await rm(join(folder, 'leech', 'a', 'one'));
  void leeching.verify().catch(() => undefined);
  const start = performance.now();
  await Promise.all([leech.close({ timeout: 1_000 }), seed.close({ timeout: 1_000 })]);
  const time = performance.now() - start;
  await watching;
  return { state: seeding.state, time, left: process.getActiveResourcesInfo() };
}

function memory(): { heap: number; buffers: number } {
  gc?.();
  gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

/** A torrent is added, downloaded and removed 200 times. */
async function cycles(): Promise<unknown> {
  const torrent = makeTorrent(
    [
      { path: 'b/one', length: 200_000 },
      { path: 'b/two', length: 50_000 },
    ],
    32_768,
    6,
  );
  const metainfo = metainfoOf(torrent, { trackers: [[tracker]] });
  const directory = await seedOf(torrent, 'seed');
  const seed = await Client.start({ bind });
  await (await seed.add(metainfo, { directory })).checked();
  const leech = await Client.start({ bind, resumeDirectory: join(folder, 'resume') });
  const measured: { heap: number; buffers: number }[] = [];
  const resources: number[] = [];
  for (let cycle = 1; cycle <= Number(process.env['CYCLES'] ?? 200); cycle += 1) {
    const target = join(folder, 'leech');
    const added = await leech.add(metainfo, {
      directory: target,
      peers: [{ address: bind, port: seed.port }],
    });
    await added.completed();
    await added.remove();
    await rm(target, { recursive: true });
    if (cycle % 50 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      measured.push(memory());
      resources.push(process.getActiveResourcesInfo().length);
    }
  }
  const torrents = leech.torrents.length;
  await Promise.all([seed.close(), leech.close()]);
  return { measured, resources, torrents, left: process.getActiveResourcesInfo() };
}

const result = mode === 'handles' ? await handles() : await cycles();
process.stdout.write(`${JSON.stringify(result)}\n`);
