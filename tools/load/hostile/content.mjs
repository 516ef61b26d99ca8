// @ts-check
/** What is downloaded under attack: one file, in a torrent that is public, so that peer exchange has a part in it. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '../../interop/lib/bencode.mjs';
import { writePseudoRandom, writeTorrent } from '../../interop/lib/content.mjs';

const PIECE_LENGTH = 256 * 1024;
/** Bytes compared at a time. */
const COMPARED = 1024 * 1024;

/**
 * @param {string} folder
 * @param {number} length bytes
 */
export function makeDownload(folder, length) {
  const directory = join(folder, 'seed');
  const name = 'content.bin';
  const path = join(directory, name);
  writePseudoRandom(path, 'shoal-load', length);
  const digests = [];
  for (const piece of slices(path, PIECE_LENGTH)) {
    digests.push(createHash('sha1').update(piece).digest());
  }
  const fields = { length, name, 'piece length': PIECE_LENGTH, pieces: Buffer.concat(digests) };
  const info = encode(fields);
  const infoHash = createHash('sha1').update(info).digest('hex');
  const torrent = join(folder, 'content.torrent');
  const pieceCount = digests.length;
  const content = {
    name,
    directory,
    files: [{ path: name, length }],
    length,
    pieceLength: PIECE_LENGTH,
    pieceCount,
    info,
    infoHash,
  };
  writeTorrent(content, undefined, torrent);
  return { ...content, torrent, path };
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {boolean} whether two files hold the same bytes
 */
export function sameContent(one, other) {
  const others = slices(other, COMPARED);
  for (const bytes of slices(one, COMPARED)) {
    const { value } = others.next();
    if (value === undefined || !bytes.equals(value)) return false;
  }
  return others.next().done === true;
}

/**
 * The bytes of a file, `length` at a time, each slice valid until the next: files may be larger than memory.
 *
 * @param {string} path
 * @param {number} length bytes
 * @returns {Generator<Buffer, void, undefined>}
 */
function* slices(path, length) {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    for (;;) {
      const read = readSync(file, buffer, 0, length, null);
      if (read === 0) return;
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}
