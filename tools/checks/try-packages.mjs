// Run by packages.mjs in a project that has nothing but the published libraries: loads every entry point the way its kind
// of project does (`module`: import, `commonjs`: require), and uses them: a torrent is created, announced to a tracker,
// seeded and downloaded, and the copy compared.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [type, ...entries] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const load = async (name) => (type === 'module' ? await import(name) : require(name));

for (const name of entries) {
  assert(Object.keys(await load(name)).length > 0, `${name} exports nothing`);
}

const { decode, encode } = await load('@shoal/bencode');
const { createTorrent } = await load('@shoal/metainfo');
const { HttpTrackerClient, TrackerServer } = await load('@shoal/tracker');
const { Client } = await load('@shoal/client');

assert.deepEqual(decode(encode({ key: 7 })), new Map([['key', 7]]));

// Which version of the library asks is in its package.json only.
const { version } = JSON.parse(
  readFileSync(join(here, 'node_modules/@shoal/tracker/package.json'), 'utf8'),
);
const web = createServer((request, response) => {
  assert.equal(request.headers['user-agent'], `Shoal/${version}`);
  response.end('d8:intervali1800e5:peers0:e');
}).listen(0, '127.0.0.1');
await once(web, 'listening');
const asking = new HttpTrackerClient();
const me = { infoHash: randomBytes(20), peerId: randomBytes(20), port: 6881 };
const figures = { uploaded: 0, downloaded: 0, left: 1 };
await asking.announce(`http://127.0.0.1:${web.address().port}/announce`, { ...me, ...figures });
await asking.close();
web.close();

const tracker = new TrackerServer();
const { port } = await tracker.listen({ port: 0, address: '127.0.0.1' });
const [source, target] = ['source', 'target'].map((name) => join(here, name));
for (const folder of [source, target]) mkdirSync(folder);
const content = randomBytes(1_000_000);
writeFileSync(join(source, 'content.bin'), content);
const { bytes } = await createTorrent(join(source, 'content.bin'), {
  trackers: [[`http://127.0.0.1:${port}/announce`]],
});

const seeder = await Client.start({ port: 0, bind: '127.0.0.1' });
await (await seeder.add(bytes, { directory: source })).completed();
const leecher = await Client.start({ port: 0, bind: '127.0.0.1' });
const peers = [{ address: '127.0.0.1', port: seeder.port }];
await (await leecher.add(bytes, { directory: target, peers })).completed();
await Promise.all([leecher.close(), seeder.close()]);
await tracker.close();
assert(content.equals(readFileSync(join(target, 'content.bin'))), 'the copy differs');

console.log(`${type}: ${entries.length} entry points load, and a torrent was downloaded`);
