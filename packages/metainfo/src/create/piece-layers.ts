import { DEFAULT_LIMITS, SHA256_LENGTH } from '../limits.ts';
import { treeGeometry } from '../merkle/geometry.ts';
import { joinUp, makePairHasher } from '../merkle/pair-hasher.ts';
import type { PairHasher } from '../merkle/pair-hasher.ts';
import { BencodeWriter } from './bencode-writer.ts';
import type { InfoDraft } from './info-writer.ts';
import type { Pauses } from './pauses.ts';
import type { PieceSpace } from './piece-space.ts';
import { sortByKey } from './sort.ts';

/** Layers that are joined at once: 2^12 hashes take about 1 ms. */
const LAYERS_AT_ONCE = 12;
const SLICE_LENGTH = 2 ** LAYERS_AT_ONCE * SHA256_LENGTH;

/** Bytes of the key and value of a file's piece layer, without its hashes. */
const LAYER_OVERHEAD = 48;

/** Bytes that the piece layers of a piece space take at most: files that are alike share one. */
export function pieceLayersLength({ files, pieceLength }: PieceSpace): number {
  let length = 0;
  for (const file of files) {
    if (file.length <= pieceLength) continue;
    length += LAYER_OVERHEAD + Math.ceil(file.length / pieceLength) * SHA256_LENGTH;
  }
  return length;
}

/**
 * Puts the root of each file into the info dictionary, and gives the bencode of `piece layers` (BEP 52). `hashes` are those of
 * all pieces, 32 bytes each.
 */
export async function putRoots(
  draft: InfoDraft,
  space: PieceSpace,
  hashes: Uint8Array,
  pauses: Pauses,
): Promise<Uint8Array> {
  const { files, offsets, pieceLength } = space;
  let hasher: PairHasher | undefined;
  const layers: { key: string; root: Uint8Array; layer: Uint8Array }[] = [];
  for (const [index, { length }] of files.entries()) {
    if (length === 0) continue;
    const { pieceCount, pieceLayer, height } = treeGeometry(length, pieceLength);
    const from = ((offsets[index] ?? 0) / pieceLength) * SHA256_LENGTH;
    const layer = hashes.subarray(from, from + pieceCount * SHA256_LENGTH);
    let root = layer;
    if (pieceCount > 1) {
      hasher ??= makePairHasher(2 ** LAYERS_AT_ONCE);
      root = await rootInSlices(hasher, layer, pieceLayer, height, pauses);
    }
    draft.bytes.set(root, draft.rootsAt[index]);
    if (pieceCount > 1) layers.push({ key: Buffer.from(root).toString('latin1'), root, layer });
    if (pauses.due) await pauses.take();
  }
  const out = new BencodeWriter(DEFAULT_LIMITS.maxLength);
  out.raw('d');
  let last = '';
  for (const { key, root, layer } of await sortByKey(layers, pauses)) {
    // Files that are alike have one layer.
    if (key === last) continue;
    last = key;
    out.bytes(root);
    out.bytes(layer);
    if (pauses.due) await pauses.take();
  }
  out.raw('e');
  return out.finish();
}

/** The root at layer `height` above any number of hashes of `layer`. */
async function rootInSlices(
  hasher: PairHasher,
  hashes: Uint8Array,
  layer: number,
  height: number,
  pauses: Pauses,
): Promise<Uint8Array> {
  let below = hashes;
  for (let at = layer; at < height;) {
    const top = Math.min(at + LAYERS_AT_ONCE, height);
    const above = new Uint8Array(Math.ceil(below.length / SLICE_LENGTH) * SHA256_LENGTH);
    for (let from = 0, to = 0; from < below.length; from += SLICE_LENGTH, to += SHA256_LENGTH) {
      const slice = below.subarray(from, from + SLICE_LENGTH);
      hasher.nodes.set(slice);
      above.set(joinUp(hasher, slice.length / SHA256_LENGTH, at, top), to);
      if (pauses.due) await pauses.take();
    }
    below = above;
    at = top;
  }
  return below;
}
