import type { BencodeNode } from '@shoal/bencode';
import { ByteCursor } from '../byte-cursor.ts';
import { MetainfoError } from '../errors.ts';
import { tableOf } from '../file-table.ts';
import { SHA256_LENGTH } from '../limits.ts';
import { checkPieceLayer } from '../merkle/layers.ts';
import type { TorrentInfo } from '../types.ts';
import { PieceLayers } from './piece-layers.ts';
import { RootIndex } from './root-index.ts';

/**
 * Read the `piece layers` of a torrent (BEP 52): a dictionary that has, for each file of more than one piece, the hashes of
 * these pieces below its pieces root. Every layer is checked, so that a wrong one is found here and not after a download.
 *
 * Throws ERR_METAINFO_MISSING_PIECE_LAYERS where a file has none and ERR_METAINFO_INVALID_PIECE_LAYERS where one is wrong or
 * belongs to no file.
 */
export function readPieceLayers(node: BencodeNode | undefined, info: TorrentInfo): PieceLayers {
  if (info.infoHashV2 === undefined) return PieceLayers.unknown(info);
  const table = tableOf(info);
  const { pieceLength } = info;
  const { lengths, size } = table;
  const layers = entriesOf(node);
  const index = new RootIndex(layers.bytes, layers.keys);
  const used = new Uint8Array(layers.keys.length);
  let unused = layers.keys.length;
  const at = new Uint32Array(size);
  for (let file = 0; file < size; file++) {
    const length = lengths[file] ?? 0;
    const root = table.piecesRootOf(file);
    if (root === undefined) continue;
    const entry = index.find(root);
    if (entry === undefined) {
      if (length <= pieceLength) continue;
      throw new MetainfoError(
        'ERR_METAINFO_MISSING_PIECE_LAYERS',
        `the torrent has no piece hashes of file ${file}`,
      );
    }
    const start = layers.values[entry] ?? 0;
    const layer = layers.bytes.subarray(start, start + (layers.sizes[entry] ?? 0));
    // A root that several files share has one layer, and pieces of one number.
    const isKnown =
      used[entry] === 1 && layer.length === Math.ceil(length / pieceLength) * SHA256_LENGTH;
    if (!isKnown && !checkPieceLayer(root, layer, length, pieceLength)) {
      throw invalid(`those of file ${file} do not match its pieces root`);
    }
    if (used[entry] === 0) unused--;
    used[entry] = 1;
    if (length > pieceLength) at[file] = start;
  }
  if (unused > 0) throw invalid('there are some of no file');
  return PieceLayers.of(info, { bytes: layers.bytes, at });
}

/** Entries of a dictionary of byte strings, as they stand in its bytes. */
interface LayerEntries {
  readonly bytes: Uint8Array;
  /** First byte of each key, which has 32. */
  readonly keys: Uint32Array;
  /** First byte of each value. */
  readonly values: Uint32Array;
  /** Bytes of each value. */
  readonly sizes: Uint32Array;
}

function entriesOf(node: BencodeNode | undefined): LayerEntries {
  if (node !== undefined && node.type !== 'dictionary') throw invalid('they are no dictionary');
  const bytes = node?.source() ?? new Uint8Array();
  const count = node?.size ?? 0;
  const keys = new Uint32Array(count);
  const values = new Uint32Array(count);
  const sizes = new Uint32Array(count);
  const cursor = new ByteCursor(bytes, 1);
  for (let entry = 0; entry < count; entry++) {
    const size = cursor.stringSize();
    if (size !== SHA256_LENGTH) throw invalid('a key is no pieces root');
    keys[entry] = cursor.at;
    cursor.at += size;
    if (!cursor.isString()) throw invalid('a value is no byte string');
    const length = cursor.stringSize();
    values[entry] = cursor.at;
    sizes[entry] = length;
    cursor.at += length;
  }
  return { bytes, keys, values, sizes };
}

function invalid(message: string): MetainfoError {
  return new MetainfoError(
    'ERR_METAINFO_INVALID_PIECE_LAYERS',
    `the piece hashes of the torrent are not valid: ${message}`,
  );
}
