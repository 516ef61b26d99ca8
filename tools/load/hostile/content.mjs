// @ts-check
/** What is downloaded under attack: one file, in a torrent that is public, so that peer exchange has a part in it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '../../interop/lib/bencode.mjs';
import { writePseudoRandom, writeTorrent } from '../../interop/lib/content.mjs';

const PIECE_LENGTH = 256 * 1024;

/**
 * @param {string} folder
 * @param {number} length bytes
 */
export function makeDownload(folder, length) {
  const directory = join(folder, 'seed');
  const name = 'content.bin';
  const path = join(directory, name);
  writePseudoRandom(path, 'shoal-load', length);
  const bytes = readFileSync(path);
  const digests = [];
  for (let at = 0; at < length; at += PIECE_LENGTH) {
    digests.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + PIECE_LENGTH))
        .digest(),
    );
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
