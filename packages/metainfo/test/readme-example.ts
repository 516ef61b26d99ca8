import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createTorrent,
  editTorrent,
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
  format: 'v1',
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

// The same as a hybrid torrent, the default: every file starts at a piece, and is named by the root of its hash tree.
const hybrid = await createTorrent(folder, { name: 'example', pieceLength: 16_384 });
const { files, infoHash, infoHashV2 } = hybrid.metainfo.info;
assert.deepEqual(
  files.map(({ path, length }) => [path, length]),
  [
    ['example/a.txt', 5],
    ['example/.pad/16379', 16_379],
    ['example/b.txt', 5],
    ['example/.pad/16379', 16_379],
  ],
);
assert.deepEqual([infoHash?.length, infoHashV2?.length], [20, 32]);

// Change it: the info-hash stays, unless something in the info dictionary is asked for.
const edited = editTorrent(bytes, {
  trackers: { clear: true, add: [['udp://tracker.example:6969']] },
  comment: 'moved',
});
assert.deepEqual(edited.metainfo.info.infoHash, metainfo.info.infoHash);
assert.equal(edited.metainfo.comment, 'moved');

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
