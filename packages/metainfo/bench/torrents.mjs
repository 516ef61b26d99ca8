// Torrents of many files for the benchmarks, of every version. Their hashes are of nothing.
import { createHash } from 'node:crypto';

export const PIECE_LENGTH = 65_536;

/** Bencode of plain values and Buffers; all that a torrent needs. Members of objects must be in the order of their names. */
export function bencode(value) {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  const members = Object.entries(value).map(([key, member]) => bencode(key) + bencode(member));
  return `d${members.join('')}e`;
}

/** Names and lengths: 200,000 pieces for 100,000 files, and hardly a file that ends with one. */
function* entries(fileCount) {
  for (let index = 0; index < fileCount; index++) {
    const digits = (value) => String(value).padStart(6, '0');
    yield {
      length: 2 * PIECE_LENGTH - (index % 2 === 0 ? 1 : 20_000),
      path: [
        `folder-${digits(Math.floor(index / 100))}`,
        `file-${digits(index)}-with-a-longer-name.bin`,
      ],
    };
  }
}

const sha256 = (text) => createHash('sha256').update(text, 'latin1').digest('latin1');

/** The file tree of the entries, with the layers of their pieces. */
function treeOf(fileCount) {
  const tree = {};
  const layers = {};
  for (const { length, path } of entries(fileCount)) {
    const [folder, name] = path;
    const layer = sha256(name) + sha256(folder + name);
    const root = sha256(layer);
    layers[root] = layer;
    (tree[folder] ??= {})[name] = { '': { length, 'pieces root': root } };
  }
  const sorted = Object.entries(layers).sort(([left], [right]) => (left < right ? -1 : 1));
  return { tree, layers: Object.fromEntries(sorted) };
}

/** Bytes of a torrent of version 'v2' or 'hybrid'. */
export function v2Torrent(fileCount, version) {
  const { tree, layers } = treeOf(fileCount);
  const files = [];
  let total = 0;
  for (const { length, path } of entries(fileCount)) {
    const gap = (PIECE_LENGTH - (length % PIECE_LENGTH)) % PIECE_LENGTH;
    files.push({ length, path }, { attr: 'p', length: gap, path: ['.pad', String(gap)] });
    total += length + gap;
  }
  const pieces = 'h'.repeat((20 * total) / PIECE_LENGTH);
  const isHybrid = version === 'hybrid';
  const info = {
    'file tree': tree,
    ...(isHybrid ? { files } : {}),
    'meta version': 2,
    name: 'bench',
    'piece length': PIECE_LENGTH,
    ...(isHybrid ? { pieces } : {}),
  };
  return Buffer.from(bencode({ info, 'piece layers': layers }), 'latin1');
}
