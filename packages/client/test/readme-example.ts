import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@shoal/client';
import { createTorrent } from '@shoal/metainfo';

// Something to share, and a torrent of it.
const folder = await mkdtemp(join(tmpdir(), 'shoal-'));
const film = randomBytes(1_000_000);
await mkdir(join(folder, 'mine'));
await writeFile(join(folder, 'mine', 'film.bin'), film);
const { bytes } = await createTorrent(join(folder, 'mine', 'film.bin'));

// One client seeds it. Without `bind` it would listen on every address of the machine.
const seeder = await Client.start({ bind: '127.0.0.1' });
const seed = await seeder.add(bytes, { directory: join(folder, 'mine') });
await seed.checked();
assert.equal(seed.state, 'seeding');

// Another one downloads it. Usually trackers name the peers; here there is none.
const leecher = await Client.start({
  bind: '127.0.0.1',
  resumeDirectory: join(folder, 'resume'),
});
const download = await leecher.add(bytes, {
  directory: join(folder, 'downloads'),
  peers: [{ address: '127.0.0.1', port: seeder.port }],
});
download.on('warning', ({ message }) => process.stderr.write(`${message}\n`));

// A file can be read before it is complete: what the stream needs next comes first.
const [file] = download.files;
const chunks: Uint8Array[] = [];
for await (const chunk of file?.stream({ start: 900_000 }) ?? []) chunks.push(chunk);
assert.deepEqual(Buffer.concat(chunks), film.subarray(900_000));

for await (const { state, completedBytes, totalBytes, downloadRate } of download.watch()) {
  process.stdout.write(`${state}: ${completedBytes} of ${totalBytes} bytes, ${downloadRate} B/s\n`);
  if (state === 'seeding' || state === 'error') break;
}
await download.completed(); // rejects with what went wrong, if anything did
assert.deepEqual(await readFile(join(folder, 'downloads', 'film.bin')), film);

await leecher.close();
await seeder.close();
await rm(folder, { recursive: true });
