import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createTorrent,
  FileLayout,
  infoHashHex,
  magnetOf,
  parseMagnet,
  parseMetainfo,
} from '@shoal/metainfo';

const folder = await mkdtemp(join(tmpdir(), 'shoal-example-'));
await writeFile(join(folder, 'a.txt'), 'hello');
await writeFile(join(folder, 'b.txt'), 'world');

// Make a torrent of a folder, and read it again.
const { bytes } = await createTorrent(folder, {
  name: 'example',
  trackers: [['http://tracker.example/announce']],
});
const metainfo = parseMetainfo(bytes);
assert.deepEqual(
  metainfo.info.files.map(({ path, length, offset }) => [path, length, offset]),
  [
    ['example/a.txt', 5, 0],
    ['example/b.txt', 5, 5],
  ],
);

// Which files does a range of the piece space lie in?
const layout = new FileLayout(metainfo.info);
assert.deepEqual(layout.spans(3, 4), [
  { fileIndex: 0, fileOffset: 3, length: 2, at: 0 },
  { fileIndex: 1, fileOffset: 0, length: 2, at: 2 },
]);

// Magnet links.
const link = parseMagnet(magnetOf(metainfo));
assert.equal(infoHashHex(link), infoHashHex(metainfo.info));
assert.deepEqual(link.trackers, ['http://tracker.example/announce']);

await rm(folder, { recursive: true });
