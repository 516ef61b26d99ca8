// @ts-check
/** Test content and its torrents: the same bytes, and so the same info-hashes, on every run. */
import { createCipheriv, createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  openSync,
  closeSync,
  readSync,
  writeSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { encode } from './bencode.mjs';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * @typedef {object} ContentFile
 * @property {string} path relative to the folder that holds the content, parts joined with `/`; starts with the torrent's name
 * @property {number} length bytes
 *
 * @typedef {object} Content one torrent's payload on disk and its info dictionary
 * @property {string} name the torrent's name: the top file or folder
 * @property {string} directory the folder that holds the top file or folder
 * @property {ContentFile[]} files in torrent order
 * @property {number} length bytes in all
 * @property {number} pieceLength bytes
 * @property {number} pieceCount
 * @property {Buffer} info the encoded info dictionary
 * @property {Record<string, import('./bencode.mjs').Bencode>} [fields] the info dictionary, without `private`
 * @property {string} infoHash lower-case hex
 * @property {string[]} [infoHashes] of a v2 or hybrid torrent: those by which clients may call it, 40 digits each
 * @property {boolean} [aligned] each file begins with a piece of its own; `pieceCount` and `length` count the padding
 */

/**
 * What a shape of content holds. `path` without a name: a single-file torrent.
 * @type {Record<'single' | 'multi' | 'sought' | 'large', { name: string, pieceLength: number, files: readonly (readonly [string, number])[] }>}
 */
const SHAPES = {
  // an odd tail, so that the last piece and its last block are short
  single: { name: 'single.bin', pieceLength: 256 * KIB, files: [['', 32 * MIB + 12_345]] },
  multi: {
    name: 'multi café',
    pieceLength: 256 * KIB,
    files: [
      ['a/b/c/deep.bin', 3 * MIB + 1],
      ['a/empty.dat', 0],
      ['a/one-byte', 1],
      ['big.bin', 14 * MIB + 777],
      ['exact.bin', 1 * MIB],
      ['small/1.txt', 1_000],
      ['small/2.txt', 20_000],
      ['small/3.txt', 300_000],
      ['Ünïcode 東京 ☂/naïve файл.bin', 2 * MIB + 99],
    ],
  },
  // Many pieces: the info dictionary takes two messages of the metadata exchange. A part of an empty one tells nothing.
  sought: {
    name: 'sought',
    pieceLength: 16 * KIB,
    files: [
      ['first.bin', 5 * MIB + 1_234],
      ['in a folder/añother & one.bin', 9 * MIB + 567],
      ['one-byte', 1],
    ],
  },
  large: { name: 'large.bin', pieceLength: 256 * KIB, files: [['', 200 * MIB + 4_321]] },
};

/** @typedef {keyof typeof SHAPES} Shape */

/**
 * Writes `length` repeatable bytes, a different stream for each `label`.
 *
 * @param {string} path
 * @param {string} label
 * @param {number} length
 */
export function writePseudoRandom(path, label, length) {
  mkdirSync(dirname(path), { recursive: true });
  const key = createHash('sha256').update(label).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(Math.min(length, MIB));
  const fd = openSync(path, 'w');
  try {
    for (let done = 0; done < length;) {
      const chunk = cipher.update(zeros.subarray(0, Math.min(zeros.length, length - done)));
      writeSync(fd, chunk);
      done += chunk.length;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Generates the content of a shape below `directory` and hashes it.
 *
 * @param {Shape} shape
 * @param {string} directory
 * @returns {Content}
 */
export function makeContent(shape, directory) {
  const { name, pieceLength, files: described } = SHAPES[shape];
  const files = described.map(([path, length]) => ({
    path: path === '' ? name : `${name}/${path}`,
    length,
  }));
  for (const file of files) {
    writePseudoRandom(join(directory, file.path), `shoal-interop/${file.path}`, file.length);
  }

  const length = files.reduce((sum, file) => sum + file.length, 0);
  const content = {
    name,
    directory,
    files,
    length,
    pieceLength,
    pieceCount: Math.ceil(length / pieceLength),
  };
  /** @type {Buffer[]} */
  const digests = [];
  for (let piece = 0; piece < content.pieceCount; piece++) {
    digests.push(createHash('sha1').update(readPiece(content, piece)).digest());
  }
  const single = files.length === 1 && files[0]?.path === name;
  const fields = {
    name,
    'piece length': pieceLength,
    pieces: Buffer.concat(digests),
    ...(single
      ? { length }
      : { files: files.map((f) => ({ length: f.length, path: f.path.split('/').slice(1) })) }),
  };
  // private: the clients must keep to the tracker even where a switch was forgotten
  return { ...content, fields, ...named({ ...fields, private: 1 }) };
}

/**
 * The same content in a torrent that is not private, and that nobody else has.
 *
 * @param {Content} content
 * @param {string} source what tells it from others of the same content
 * @returns {Content}
 */
export function openTorrentOf(content, source) {
  return { ...content, ...named({ ...content.fields, source }) };
}

/** @param {Record<string, import('./bencode.mjs').Bencode>} fields */
function named(fields) {
  const info = encode(fields);
  return { info, infoHash: createHash('sha1').update(info).digest('hex') };
}

/**
 * @param {Content} content
 * @param {string | undefined} announce
 * @param {string} path of the .torrent file
 */
export function writeTorrent(content, announce, path) {
  // The info dictionary goes in as the very bytes that were hashed.
  const head = encode(announce === undefined ? {} : { announce }).subarray(0, -1);
  writeFileSync(path, Buffer.concat([head, Buffer.from('4:info'), content.info, Buffer.from('e')]));
}

/**
 * @param {Pick<Content, 'files' | 'pieceLength' | 'length' | 'aligned'>} content
 * @param {number} piece
 * @returns {{ path: string, fileOffset: number, length: number, at: number }[]} `at`: offset in the piece
 */
function spansOf(content, piece) {
  const from = piece * content.pieceLength;
  const to = Math.min(from + content.pieceLength, content.length);
  const spans = [];
  let start = 0;
  for (const file of content.files) {
    const a = Math.max(from, start);
    const b = Math.min(to, start + file.length);
    if (a < b) spans.push({ path: file.path, fileOffset: a - start, length: b - a, at: a - from });
    start += file.length;
    if (content.aligned) start = Math.ceil(start / content.pieceLength) * content.pieceLength;
  }
  return spans;
}

/**
 * @param {Pick<Content, 'files' | 'pieceLength' | 'length' | 'directory'>} content
 * @param {number} piece
 */
function readPiece(content, piece) {
  const from = piece * content.pieceLength;
  const bytes = Buffer.alloc(Math.min(content.pieceLength, content.length - from));
  for (const span of spansOf(content, piece)) {
    const fd = openSync(join(content.directory, span.path), 'r');
    try {
      readSync(fd, bytes, span.at, span.length, span.fileOffset);
    } finally {
      closeSync(fd);
    }
  }
  return bytes;
}

/**
 * Copies the content with full-size files in which only the pieces that `keep` names are right; the others are zeros.
 *
 * @param {Content} content
 * @param {string} directory
 * @param {(piece: number) => boolean} keep
 */
export function writePartialCopy(content, directory, keep) {
  copyContent(content, directory);
  const zeros = Buffer.alloc(content.pieceLength);
  for (let piece = 0; piece < content.pieceCount; piece++) {
    if (keep(piece)) continue;
    for (const span of spansOf(content, piece)) {
      const fd = openSync(join(directory, span.path), 'r+');
      try {
        writeSync(fd, zeros, 0, span.length, span.fileOffset);
      } finally {
        closeSync(fd);
      }
    }
  }
}

/**
 * @param {Content} content
 * @param {string} directory
 */
export function copyContent(content, directory) {
  mkdirSync(directory, { recursive: true });
  cpSync(join(content.directory, content.name), join(directory, content.name), { recursive: true });
}
