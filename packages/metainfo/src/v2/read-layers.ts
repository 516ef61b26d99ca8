import type { BencodeNode } from '@shoal/bencode';
import { ByteCursor } from '../byte-cursor.ts';
import { MetainfoError } from '../errors.ts';
import { tableOf } from '../file-table.ts';
import { SHA256_LENGTH } from '../limits.ts';
import { treeGeometry } from '../merkle/geometry.ts';
import { checkPieceLayer, rootOfLayer, sameBytes } from '../merkle/layers.ts';
import type { Steps } from '../steps.ts';
import type { TorrentInfo } from '../types.ts';
import { PieceLayers } from './piece-layers.ts';
import { RootIndex } from './root-index.ts';

/** Hashes and files of a step together; a power of two. */
const HASHES_PER_STEP = 1_024;

/** Entries of a step that does not hash. */
const ENTRIES_PER_STEP = 8_192;

/**
 * Read the `piece layers` of a torrent (BEP 52): a dictionary that has, for each file of more than one piece, the hashes of
 * these pieces below its pieces root. Every layer is checked, so that a wrong one is found here and not after a download.
 *
 * Throws ERR_METAINFO_MISSING_PIECE_LAYERS where a file has none and ERR_METAINFO_INVALID_PIECE_LAYERS where one is wrong or
 * belongs to no file.
 */
export function* readPieceLayers(
  node: BencodeNode | undefined,
  info: TorrentInfo,
): Steps<PieceLayers> {
  const table = tableOf(info);
  const { roots, lengths, size } = table;
  if (info.infoHashV2 === undefined || roots === undefined) return PieceLayers.unknown(info);
  const { pieceLength } = info;
  const layers = yield* entriesOf(node);
  const index = yield* indexOf(layers);
  const used = new Uint8Array(layers.keys.length);
  let unused = layers.keys.length;
  let work = 0;
  const at = new Uint32Array(size);
  for (let file = 0; file < size; file++) {
    const rootAt = roots.at[file] ?? 0;
    if (rootAt === 0) continue;
    const length = lengths[file] ?? 0;
    const entry = index.find(roots.bytes, rootAt);
    if (entry === undefined) {
      if (length <= pieceLength) continue;
      throw new MetainfoError(
        'ERR_METAINFO_MISSING_PIECE_LAYERS',
        `the torrent has no piece hashes of file ${file}`,
      );
    }
    const start = layers.values[entry] ?? 0;
    const count = Math.ceil(length / pieceLength);
    const isWhole = layers.sizes[entry] === count * SHA256_LENGTH;
    // A root that several files share has one layer, and they have as many pieces each.
    if (used[entry] === 0 && isWhole) {
      const root = roots.bytes.subarray(rootAt, rootAt + SHA256_LENGTH);
      const layer = layers.bytes.subarray(start, start + count * SHA256_LENGTH);
      if (!(yield* checkLayer(root, layer, length, pieceLength))) throw wrongLayer(file);
      used[entry] = 1;
      unused--;
      work += count;
    } else if (!isWhole) throw wrongLayer(file);
    if (length > pieceLength) at[file] = start;
    if (++work < HASHES_PER_STEP) continue;
    work = 0;
    yield;
  }
  if (unused > 0) throw invalid('there are some of no file');
  return PieceLayers.of(info, { bytes: layers.bytes, at });
}

/** {@link checkPieceLayer} in steps, for one of the right length: the tops of parts of a long layer are a layer, too. */
function* checkLayer(
  root: Uint8Array,
  layer: Uint8Array,
  fileLength: number,
  pieceLength: number,
): Steps<boolean> {
  const partLength = HASHES_PER_STEP * SHA256_LENGTH;
  if (layer.length <= partLength) return checkPieceLayer(root, layer, fileLength, pieceLength);
  const { pieceLayer, height } = treeGeometry(fileLength, pieceLength);
  const top = pieceLayer + Math.log2(HASHES_PER_STEP);
  const tops = new Uint8Array(Math.ceil(layer.length / partLength) * SHA256_LENGTH);
  for (let part = 0; part * partLength < layer.length; part++) {
    const hashes = layer.subarray(part * partLength, (part + 1) * partLength);
    tops.set(rootOfLayer(hashes, pieceLayer, top), part * SHA256_LENGTH);
    yield;
  }
  return sameBytes(rootOfLayer(tops, top, height), root);
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

function* entriesOf(node: BencodeNode | undefined): Steps<LayerEntries> {
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
    if (entry % ENTRIES_PER_STEP === ENTRIES_PER_STEP - 1) yield;
  }
  return { bytes, keys, values, sizes };
}

function* indexOf({ bytes, keys }: LayerEntries): Steps<RootIndex> {
  const index = new RootIndex(bytes, keys);
  for (let entry = 0; entry < keys.length; entry++) {
    index.add(entry);
    if (entry % ENTRIES_PER_STEP === ENTRIES_PER_STEP - 1) yield;
  }
  return index;
}

function wrongLayer(file: number): MetainfoError {
  return invalid(`those of file ${file} do not match its pieces root`);
}

function invalid(message: string): MetainfoError {
  return new MetainfoError(
    'ERR_METAINFO_INVALID_PIECE_LAYERS',
    `the piece hashes of the torrent are not valid: ${message}`,
  );
}
