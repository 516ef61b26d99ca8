// @ts-check
/** Content and its torrents: made once, the same on every machine, kept in memory. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encode } from '../../interop/lib/bencode.mjs';
import { writePseudoRandom } from '../../interop/lib/content.mjs';
import { seededRandom } from '../../interop/lib/random.mjs';
import { settings } from './settings.mjs';
import { KIB, MIB } from './size.mjs';

/** Content of each of the many small torrents, and their piece length. */
const TINY = 16 * KIB;

/**
 * @typedef {object} Content
 * @property {string} source the file whose bytes it is; over and over when it is shorter than the content
 * @property {string} directory the folder that holds the source
 * @property {string} name of the torrent
 * @property {number} length bytes
 * @property {number} pieceLength bytes
 * @property {number} pieceCount
 * @property {string} torrent path of the .torrent file
 * @property {string} infoHash lower-case hex
 * @property {string} pieces path of a file with the piece hashes
 * @property {number} fileCount 0: a single-file torrent
 */

/**
 * @param {number} length bytes
 * @returns {string} path of a file of so many random bytes
 */
export function sourceFile(length) {
  const path = join(settings.memory, 'source', `${length}`, 'data.bin');
  if (!existsSync(path) || statSync(path).size !== length) {
    mkdirSync(dirname(path), { recursive: true });
    writePseudoRandom(`${path}.part`, 'shoal-bench', length);
    renameSync(`${path}.part`, path);
  }
  return path;
}

/**
 * @param {string} source
 * @param {number} length bytes of the content
 * @param {number} pieceLength bytes
 * @returns {Buffer} SHA-1 of each piece
 */
function hashPieces(source, length, pieceLength) {
  const sourceLength = statSync(source).size;
  const fd = openSync(source, 'r');
  try {
    const buffer = Buffer.alloc(pieceLength);
    const digests = [];
    // A source that is repeated holds whole pieces only, so the hashes repeat too.
    for (let at = 0; at < Math.min(length, sourceLength); at += pieceLength) {
      const count = readSync(fd, buffer, 0, Math.min(pieceLength, length - at), at);
      digests.push(createHash('sha1').update(buffer.subarray(0, count)).digest());
    }
    const once = Buffer.concat(digests);
    return Buffer.alloc(Math.ceil(length / pieceLength) * 20, once);
  } finally {
    closeSync(fd);
  }
}

/**
 * The files of a content: equal parts.
 *
 * @param {Pick<Content, 'name' | 'length' | 'fileCount'>} content
 * @returns {{ path: string[], offset: number, length: number }[]} paths below the download folder
 */
export function filesOf({ name, length, fileCount }) {
  if (fileCount === 0) return [{ path: [name], offset: 0, length }];
  const part = Math.ceil(length / fileCount);
  return Array.from({ length: fileCount }, (_, index) => {
    const offset = Math.min(length, index * part);
    const folder = `folder-${`${Math.floor(index / 100)}`.padStart(4, '0')}`;
    const path = [name, folder, `file-${`${index}`.padStart(6, '0')}.bin`];
    return { path, offset, length: Math.min(part, length - offset) };
  });
}

/**
 * Makes a torrent of a file: v1, private.
 *
 * @param {string} source
 * @param {{ pieceLength: number, length?: number, fileCount?: number }} options `length`: of a longer content, a multiple of the source's
 * @returns {Content}
 */
export function makeContent(
  source,
  { pieceLength, length = statSync(source).size, fileCount = 0 },
) {
  const sourceLength = statSync(source).size;
  if (length !== sourceLength && sourceLength % pieceLength !== 0) {
    throw new Error(`${source} cannot be repeated in pieces of ${pieceLength} bytes`);
  }
  const folder = join(settings.memory, 'torrents');
  mkdirSync(folder, { recursive: true });
  const { mtimeMs } = statSync(source);
  const key = createHash('sha1')
    .update(JSON.stringify([source, mtimeMs, length, pieceLength, fileCount]))
    .digest('hex')
    .slice(0, 16);
  const base = join(folder, key);
  const name = fileCount === 0 && length === sourceLength ? basename(source) : 'content';
  if (!existsSync(`${base}.json`)) {
    const pieces = hashPieces(source, length, pieceLength);
    const files = filesOf({ name, length, fileCount }).map((file) => ({
      length: file.length,
      path: file.path.slice(1),
    }));
    const shape = fileCount === 0 ? { length } : { files };
    const info = encode({ ...shape, name, 'piece length': pieceLength, pieces, private: 1 });
    const infoHash = createHash('sha1').update(info).digest('hex');
    writeFileSync(`${base}.pieces`, pieces);
    writeFileSync(
      `${base}.torrent`,
      Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]),
    );
    writeFileSync(`${base}.json`, JSON.stringify({ infoHash }));
  }
  const { infoHash } = JSON.parse(readFileSync(`${base}.json`, 'utf8'));
  return {
    source,
    directory: dirname(source),
    name,
    length,
    pieceLength,
    pieceCount: Math.ceil(length / pieceLength),
    torrent: `${base}.torrent`,
    infoHash,
    pieces: `${base}.pieces`,
    fileCount,
  };
}

/**
 * Many torrents of 16 KiB each.
 *
 * @param {number} count
 * @returns {{ content: string, torrents: string, hashes: string }} folder of the files, folder of the .torrent files, file with the info-hashes
 */
export function makeTinyTorrents(count) {
  const folder = join(settings.memory, `tiny-${count}`);
  const content = join(folder, 'content');
  const torrents = join(folder, 'torrents');
  const hashes = join(folder, 'hashes');
  if (!existsSync(hashes)) {
    mkdirSync(content, { recursive: true });
    mkdirSync(torrents, { recursive: true });
    const random = seededRandom(1);
    const list = [];
    for (let index = 0; index < count; index++) {
      const name = `f${`${index}`.padStart(6, '0')}.bin`;
      const data = Buffer.alloc(TINY);
      for (let at = 0; at < TINY; at += 4) data.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
      const pieces = createHash('sha1').update(data).digest();
      const info = encode({ length: TINY, name, 'piece length': TINY, pieces, private: 1 });
      writeFileSync(join(content, name), data);
      writeFileSync(
        join(torrents, name.replace('.bin', '.torrent')),
        Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]),
      );
      list.push(`${createHash('sha1').update(info).digest('hex')}\n`);
    }
    writeFileSync(hashes, list.join(''));
  }
  return { content, torrents, hashes };
}

/**
 * A .torrent file without content, to parse.
 *
 * @param {{ files: number, pieces: number, pieceLength: number }} shape
 * @returns {string} its path
 */
export function makeMetainfo({ files, pieces, pieceLength }) {
  const path = join(settings.memory, 'torrents', `metainfo-${files}-${pieces}.torrent`);
  if (!existsSync(path)) {
    const each = Math.floor((pieces * pieceLength) / files);
    const list = Array.from({ length: files }, (_, index) => ({
      length: each,
      path: [`dir${Math.floor(index / 500)}`, `sub${index % 50}`, `file-${index}.dat`],
    }));
    const hashes = Buffer.alloc(Math.ceil((each * files) / pieceLength) * 20);
    const random = seededRandom(2);
    for (let at = 0; at < hashes.length; at += 4) {
      hashes.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
    }
    const shape = files === 1 ? { length: each } : { files: list };
    const info = { ...shape, name: 'bench', 'piece length': pieceLength, pieces: hashes };
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, encode({ announce: 'http://10.99.0.1:6969/announce', info }));
  }
  return path;
}

/**
 * Compares a download with its source byte for byte.
 *
 * @param {Content} content
 * @param {string} directory that holds the download
 */
export function compareDownload(content, directory) {
  const sourceLength = statSync(content.source).size;
  const wanted = Buffer.alloc(MIB);
  const found = Buffer.alloc(MIB);
  const source = openSync(content.source, 'r');
  try {
    for (const { path, offset, length } of filesOf(content)) {
      const file = join(directory, ...path);
      if (!existsSync(file)) throw new Error(`${path.join('/')} is missing`);
      if (statSync(file).size !== length) throw new Error(`${path.join('/')} has the wrong size`);
      const fd = openSync(file, 'r');
      try {
        for (let at = 0; at < length;) {
          const from = (offset + at) % sourceLength;
          const want = Math.min(MIB, length - at, sourceLength - from);
          const count = readSync(source, wanted, 0, want, from);
          if (count <= 0 || readSync(fd, found, 0, count, at) !== count)
            throw new Error(`${path.join('/')} cannot be read at byte ${at}`);
          if (wanted.compare(found, 0, count, 0, count) !== 0)
            throw new Error(`${path.join('/')} is wrong near byte ${at}`);
          at += count;
        }
      } finally {
        closeSync(fd);
      }
    }
  } finally {
    closeSync(source);
  }
}

/** @type {Map<string, Buffer>} */
const roots = new Map();

/**
 * @param {string} path of a file that is not empty
 * @returns {Buffer} the root of its SHA-256 tree (BEP 52)
 */
export function piecesRootOf(path) {
  const known = roots.get(path);
  if (known) return known;
  const sha256 = (/** @type {Buffer[]} */ ...parts) =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const fd = openSync(path, 'r');
  let nodes = [];
  try {
    const block = Buffer.alloc(TINY);
    for (let read = readSync(fd, block); read > 0; read = readSync(fd, block)) {
      nodes.push(sha256(block.subarray(0, read)));
    }
  } finally {
    closeSync(fd);
  }
  for (let padding = Buffer.alloc(32); nodes.length > 1; padding = sha256(padding, padding)) {
    const above = [];
    for (let at = 0; at < nodes.length; at += 2) {
      above.push(sha256(nodes[at] ?? padding, nodes[at + 1] ?? padding));
    }
    nodes = above;
  }
  const root = nodes[0] ?? Buffer.alloc(32);
  roots.set(path, root);
  return root;
}
