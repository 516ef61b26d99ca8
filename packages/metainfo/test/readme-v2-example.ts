import assert from 'node:assert/strict';
import { encode, keyFromBytes } from '@shoal/bencode';
import {
  announceInfoHashes,
  FileLayout,
  hashPiece,
  magnetOf,
  parseMetainfoAsync,
  rootOfLayer,
} from '@shoal/metainfo';

// Two files, of two pieces and of one: their hash trees, and a torrent of version 2 alone.
const pieceLength = 16_384;
const film = new Uint8Array(20_000).fill(1);
const notes = new Uint8Array(500).fill(2);
const layer = Buffer.concat([
  hashPiece(film.subarray(0, pieceLength), 0),
  hashPiece(film.subarray(pieceLength), 0),
]);
const filmRoot = rootOfLayer(layer, 0, 1);
const notesRoot = hashPiece(notes, 0);
const bytes = encode({
  info: {
    'file tree': {
      film: { '': { length: film.length, 'pieces root': filmRoot } },
      notes: { '': { length: notes.length, 'pieces root': notesRoot } },
    },
    'meta version': 2,
    name: 'example',
    'piece length': pieceLength,
  },
  'piece layers': new Map([[keyFromBytes(filmRoot), layer]]),
});

// In slices of some milliseconds, as a torrent may have 100,000 files. There is parseMetainfo as well.
const metainfo = await parseMetainfoAsync(bytes);
const { info, pieceLayers } = metainfo;
assert.equal(info.infoHash, undefined);
assert.equal(info.infoHashV2?.length, 32);

// Every file starts at a piece: what lies between them is padding, as in version 1.
assert.deepEqual(
  info.files.map(({ path, offset, length, attributes }) => [
    path,
    offset,
    length,
    attributes.padding,
  ]),
  [
    ['example/film', 0, 20_000, false],
    ['example/.pad/12768', 20_000, 12_768, true],
    ['example/notes', 32_768, 500, false],
    ['example/.pad/15884', 33_268, 15_884, true],
  ],
);
const layout = new FileLayout(info);
assert.deepEqual(
  [0, 1, 2].map((piece) => layout.payloadLengthAt(piece)),
  [16_384, 3_616, 500],
);

// What each piece is compared with: from the layer of its file, or the root of a file of one piece.
assert.deepEqual(Buffer.from(pieceLayers.pieceHash(1) ?? []), layer.subarray(32));
assert.deepEqual(pieceLayers.pieceHash(2), notesRoot);
assert.deepEqual(info.files[2]?.piecesRoot, notesRoot);

// The hash that trackers, the DHT and handshakes have room for, and the whole one.
assert.deepEqual(announceInfoHashes(info), [info.infoHashV2.subarray(0, 20)]);
assert.match(magnetOf(metainfo), /^magnet:\?xt=urn:btmh:1220[0-9a-f]{64}&/);
