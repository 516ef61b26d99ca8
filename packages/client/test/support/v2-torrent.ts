import { type BencodeInput, encode, keyFromBytes } from '@shoal/bencode';
import {
  hashBlocks,
  parseMetainfo,
  rootOfLayer,
  type TorrentInfo,
  treeGeometry,
} from '@shoal/metainfo';
import { noise, type ParsedTorrent, sha1, withContent } from '../disk/fixture.ts';

export interface V2Spec {
  /** Below the torrent's name, components joined with `/`; in the order of the raw bytes. */
  readonly path: string;
  readonly length: number;
}

export interface V2Options {
  /** With a version 1 part, too. */
  readonly hybrid?: boolean;
  readonly seed?: number;
  /** Change a file's bytes before anything is hashed. */
  readonly change?: (bytes: Uint8Array, index: number) => unknown;
  /** Change what the SHA-1 hashes are made of, so that the two parts contradict each other. */
  readonly spoilV1?: (content: Uint8Array) => void;
}

/** A torrent with SHA-256 hashes, as the parser gives it, and its content. */
export type V2Torrent = ParsedTorrent;

interface Tree {
  [name: string]: Tree | { readonly [key: string]: BencodeInput };
}

/** A v2-only or hybrid torrent (BEP 52), made by hand. A single spec makes a single-file torrent. */
export function makeV2Torrent(
  specs: readonly V2Spec[],
  pieceLength: number,
  { hybrid = false, seed = 1, change, spoilV1 }: V2Options = {},
): V2Torrent {
  const name = specs.length === 1 ? (specs[0]?.path ?? 'one') : 'set';
  const isSingle = specs.length === 1;
  const tree: Tree = {};
  const layers = new Map<string, Uint8Array>();
  const v1: BencodeInput[] = [];
  const parts: Uint8Array[] = [];
  for (const [index, { path, length }] of specs.entries()) {
    const bytes = noise(length, seed * 1000 + index);
    change?.(bytes, index);
    parts.push(bytes);
    const properties =
      length === 0 ? { length } : { length, ...hashesOf(bytes, pieceLength, layers) };
    plant(tree, path.split('/'), properties);
    v1.push({ length, path: path.split('/') });
    const pad = (pieceLength - (length % pieceLength)) % pieceLength;
    // The last piece of a hybrid of one file is short.
    if (pad === 0 || (isSingle && hybrid)) continue;
    parts.push(new Uint8Array(pad));
    v1.push({ attr: 'p', length: pad, path: ['.pad', String(pad)] });
  }
  // No Buffer: slices of it are no copies.
  const content = new Uint8Array(Buffer.concat(parts));
  const hashed = content.slice();
  spoilV1?.(hashed);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pieceLength) {
    pieces.push(sha1(hashed.subarray(at, at + pieceLength)));
  }
  const info: Record<string, BencodeInput> = {
    'file tree': tree,
    'meta version': 2,
    name,
    'piece length': pieceLength,
  };
  if (hybrid) {
    info['pieces'] = Buffer.concat(pieces);
    if (isSingle) info['length'] = specs[0]?.length ?? 0;
    else info['files'] = v1;
  }
  const metainfo = parseMetainfo(encode({ info, 'piece layers': layers }));
  return { ...withContent(content, metainfo.info), metainfo };
}

/** The same torrent as somebody sees it who knows only one of its hashes. */
export function oneSideOf(info: TorrentInfo, side: 'v1' | 'v2'): TorrentInfo {
  const { files } = info;
  return side === 'v1'
    ? { ...info, files, infoHashV2: undefined }
    : { ...info, files, infoHash: undefined };
}

function hashesOf(
  bytes: Uint8Array,
  pieceLength: number,
  layers: Map<string, Uint8Array>,
): { 'pieces root': Uint8Array } {
  const { height, pieceLayer, pieceCount } = treeGeometry(bytes.length, pieceLength);
  const root = rootOfLayer(hashBlocks(bytes), 0, height);
  if (pieceCount > 1) {
    const layer = Array.from({ length: pieceCount }, (_, piece) => {
      const part = bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength);
      return rootOfLayer(hashBlocks(part), 0, pieceLayer);
    });
    layers.set(keyFromBytes(root), Buffer.concat(layer));
  }
  return { 'pieces root': root };
}

function plant(tree: Tree, path: string[], properties: { [key: string]: BencodeInput }): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) tree[name] = { '': properties };
  else plant((tree[name] ??= {}) as Tree, rest, properties);
}
