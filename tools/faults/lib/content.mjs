// @ts-check
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTorrent, fileColumns } from '@shoal/metainfo';
import { noise } from './random.mjs';

/**
 * @typedef {object} Spec
 * @property {string} name
 * @property {'v1' | 'hybrid' | 'v2'} format
 * @property {number} pieceLength bytes
 * @property {readonly (readonly [path: string, length: number])[]} files one with an empty path: a torrent of one file
 * @property {string} [seed] what the content is made from; default: the name
 */

/**
 * @typedef {object} Content
 * @property {string} name
 * @property {Uint8Array} bytes the .torrent file
 * @property {import('@shoal/metainfo').Metainfo} metainfo
 * @property {Uint8Array<ArrayBuffer>} space the whole piece space, padding included
 * @property {(piece: number) => Uint8Array} pieceOf its bytes, with the padding it ends with
 */

/**
 * Makes a torrent and its content, by way of a folder that is deleted again.
 *
 * @param {Spec} spec
 * @returns {Promise<Content>}
 */
export async function makeContent(spec) {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-faults-'));
  try {
    return await makeContentIn(folder, spec);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Makes a torrent and its content, which stays in a folder.
 *
 * @param {string} folder
 * @param {Spec} spec
 * @returns {Promise<Content>}
 */
export async function makeContentIn(folder, { name, format, pieceLength, files, seed = name }) {
  const top = join(folder, name);
  /** @type {Map<string, Uint8Array>} */
  const bytesOf = new Map();
  for (const [path, length] of files) {
    const bytes = noise(length, `${seed}/${path}`);
    const file = path === '' ? top : join(top, path);
    bytesOf.set(path === '' ? name : `${name}/${path}`, bytes);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  const { bytes, metainfo } = await createTorrent(top, { format, pieceLength });
  const { info } = metainfo;
  const space = new Uint8Array(info.totalLength);
  const columns = fileColumns(info);
  for (let file = 0; file < columns.size; file++) {
    if (columns.isPadding(file)) continue;
    space.set(bytesOf.get(columns.pathOf(file)) ?? [], columns.offsets[file]);
  }
  const pieceOf = (/** @type {number} */ piece) =>
    space.subarray(piece * pieceLength, (piece + 1) * pieceLength);
  return { name, bytes, metainfo, space, pieceOf };
}
