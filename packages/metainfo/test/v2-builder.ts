import type { BencodeInput } from '@shoal/bencode';
import { encode, keyFromBytes } from '@shoal/bencode';
import { createHash } from 'node:crypto';
import { hashBlocks, rootOfLayer, treeGeometry } from '../src/index.ts';

export interface BuiltFile {
  /** Components below the torrent's name; of a single file its name. */
  readonly path: readonly string[];
  readonly data: Uint8Array;
  readonly attr?: string;
}

export interface BuildOptions {
  readonly pieceLength?: number;
  /** Add a v1 list; its padding ends behind the last file, or before it. */
  readonly hybrid?: 'tail padding' | 'no tail padding';
  readonly name?: string;
  /** Change what is encoded. */
  readonly change?: (torrent: TorrentParts) => void;
}

/** A torrent before it is encoded. */
export interface TorrentParts {
  readonly info: Record<string, BencodeInput | undefined>;
  readonly layers: Map<string, BencodeInput>;
  readonly outer: Record<string, BencodeInput | undefined>;
}

type Tree = Map<string, BencodeInput>;

/** Bytes in the order of torrents: component by component, as raw bytes. */
export function inTreeOrder<T extends { readonly path: readonly string[] }>(files: T[]): T[] {
  return files.sort((left, right) => {
    for (let depth = 0; ; depth++) {
      const a = left.path[depth];
      const b = right.path[depth];
      if (a === undefined || b === undefined)
        return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
      const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
      if (order !== 0) return order;
    }
  });
}

/** The root of some bytes, and the layer of their pieces where they have several (BEP 52). */
export function treeOfData(
  data: Uint8Array,
  pieceLength: number,
): { root: Uint8Array; layer: Uint8Array | undefined } {
  const { pieceLayer, height, pieceCount } = treeGeometry(data.length, pieceLength);
  const layer = new Uint8Array(32 * pieceCount);
  for (let piece = 0; piece < pieceCount; piece++) {
    const bytes = data.subarray(piece * pieceLength, (piece + 1) * pieceLength);
    layer.set(rootOfLayer(hashBlocks(bytes), 0, pieceLayer), 32 * piece);
  }
  const root = rootOfLayer(layer, pieceLayer, height);
  return { root, layer: pieceCount > 1 ? layer : undefined };
}

/** A v2 or hybrid torrent of these files, which must be in tree order. One file with one component is a single-file torrent. */
export function buildV2(files: readonly BuiltFile[], options: BuildOptions = {}): Uint8Array {
  const { pieceLength = 16_384, hybrid, name = 'root', change } = options;
  const tree: Tree = new Map();
  const layers = new Map<string, BencodeInput>();
  const list: BencodeInput[] = [];
  const parts: Uint8Array[] = [];
  const isSingle = files.length === 1 && files[0]?.path.length === 1;
  for (const [index, { path, data, attr }] of files.entries()) {
    let folder = tree;
    for (const component of path) {
      const key = keyFromBytes(Buffer.from(component));
      const below = (folder.get(key) as Tree | undefined) ?? new Map<string, BencodeInput>();
      folder.set(key, below);
      folder = below;
    }
    const hashes = data.length === 0 ? undefined : treeOfData(data, pieceLength);
    folder.set('', { attr, length: data.length, 'pieces root': hashes?.root });
    if (hashes?.layer !== undefined) layers.set(keyFromBytes(hashes.root), hashes.layer);
    parts.push(data);
    list.push({ attr, length: data.length, path: [...path] });
    const gap = (pieceLength - (data.length % pieceLength)) % pieceLength;
    const isTail = files.slice(index + 1).every((file) => file.data.length === 0);
    if (gap === 0 || isSingle || (isTail && hybrid === 'no tail padding')) continue;
    parts.push(new Uint8Array(gap));
    list.push({ attr: 'p', length: gap, path: ['.pad', String(gap)] });
  }
  const info: Record<string, BencodeInput | undefined> = {
    'file tree': tree,
    'meta version': 2,
    name: isSingle ? files[0]?.path[0] : name,
    'piece length': pieceLength,
  };
  if (hybrid !== undefined) {
    const bytes = Buffer.concat(parts);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += pieceLength) {
      const piece = bytes.subarray(at, at + pieceLength);
      pieces.push(createHash('sha1').update(piece).digest());
    }
    info['pieces'] = Buffer.concat(pieces);
    if (isSingle) info['length'] = bytes.length;
    else info['files'] = list;
  }
  const outer = {};
  change?.({ info, layers, outer });
  return encode({ info, 'piece layers': layers, ...outer });
}
