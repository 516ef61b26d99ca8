import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Metainfo, TorrentFile, TorrentInfo } from '../src/index.ts';
import {
  announceInfoHashes,
  FileLayout,
  magnetOf,
  parseInfo,
  parseMagnet,
  parseMetainfo,
  toHex,
} from '../src/index.ts';
import { readVectors } from './fixtures.ts';

interface ExpectedFile {
  readonly path: readonly string[];
  readonly length: number;
  readonly offset: number;
  readonly attr?: string;
  readonly symlink?: readonly string[];
}

interface ExpectedTreeFile {
  readonly path: readonly string[];
  readonly length: number;
  /** Null for a file without bytes. */
  readonly offset: number | null;
  readonly attr?: string;
  readonly symlink?: readonly string[];
  readonly pieces_root?: string;
  readonly piece_count?: number;
  readonly piece_layer?: readonly string[];
  readonly piece_layer_sha256?: string | null;
}

interface Expected {
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly info_hash_v1: string | null;
  readonly info_hash_v2: string | null;
  readonly info_length: number;
  readonly name: string;
  readonly piece_length: number;
  readonly piece_count: number;
  readonly private: boolean;
  readonly source: string | null;
  readonly comment: string | null;
  readonly created_by: string | null;
  readonly creation_date: number | null;
  readonly announce: string | null;
  readonly announce_list: readonly (readonly string[])[] | null;
  readonly url_list: readonly string[] | null;
  readonly httpseeds: readonly string[] | null;
  readonly nodes: readonly (readonly [string, number])[] | null;
  readonly collections: readonly string[] | null;
  readonly similar: readonly string[] | null;
  readonly multi_file: boolean;
  /** The v1 list; undefined for v2-only torrents. */
  readonly files?: readonly ExpectedFile[];
  /** The file tree; undefined for v1-only torrents. */
  readonly v2_files?: readonly ExpectedTreeFile[];
  readonly announce_info_hashes: readonly string[];
  readonly pieces_sha256: string;
  readonly first_piece_sha1: string;
  readonly last_piece_sha1: string;
  readonly total_length: number;
  readonly payload_length: number;
}

interface Vector {
  readonly id: string;
  readonly file: string;
  readonly expect: Expected;
  readonly magnet_libtorrent?: string;
}

const vectors = readVectors('metainfo') as readonly Vector[];

function read(file: string): Uint8Array {
  return readFileSync(new URL(`fixtures/torrents/${file}`, import.meta.url));
}

/** Tiers with neither blanks, nor empty or repeated URLs; `announce` where none is left (BEP 12). */
function expectedTrackers(expected: Expected): string[][] {
  const seen = new Set<string>();
  const tiers = (expected.announce_list ?? [])
    .map((tier) =>
      tier.map((url) => url.trim()).filter((url) => url !== '' && !seen.has(url) && seen.add(url)),
    )
    .filter((tier) => tier.length > 0);
  if (tiers.length > 0) return tiers;
  return expected.announce === null ? [] : [[expected.announce]];
}

function letters({ attributes }: TorrentFile): string {
  return [
    attributes.hidden ? 'h' : '',
    attributes.symlink === undefined ? '' : 'l',
    attributes.padding ? 'p' : '',
    attributes.executable ? 'x' : '',
  ].join('');
}

function checkInfo({ info }: Metainfo, expected: Expected): void {
  expect(info.infoHash === undefined ? null : toHex(info.infoHash)).toBe(expected.info_hash_v1);
  expect(info.infoHashV2 === undefined ? null : toHex(info.infoHashV2)).toBe(expected.info_hash_v2);
  expect(info.bytes.length).toBe(expected.info_length);
  expect(info.name).toBe(expected.name);
  expect(info.originalName).toBeUndefined();
  expect(info.pieceLength).toBe(expected.piece_length);
  expect(info.pieceCount).toBe(expected.piece_count);
  expect(info.private).toBe(expected.private);
  expect(info.source ?? null).toBe(expected.source);
  expect(info.multiFile).toBe(expected.multi_file);
  // The vectors leave out the padding that v2-only torrents imply.
  const isV2Only = expected.version === 'v2';
  expect(info.totalLength).toBe(
    isV2Only ? expected.piece_count * expected.piece_length : expected.total_length,
  );
  expect(info.length).toBe(expected.payload_length);
  expect(info.files.map(({ index }) => index)).toEqual(info.files.map((_, index) => index));
  if (isV2Only) {
    expect(info.pieceHashes).toBeUndefined();
    return;
  }
  checkList(info, expected);
}

/** The v1 half of a torrent. */
function checkList(info: TorrentInfo, expected: Expected): void {
  const pieces = info.pieceHashes!;
  expect(createHash('sha256').update(pieces).digest('hex')).toBe(expected.pieces_sha256);
  if (expected.piece_count > 0) {
    expect(toHex(pieces.subarray(0, 20))).toBe(expected.first_piece_sha1);
    expect(toHex(pieces.subarray(-20))).toBe(expected.last_piece_sha1);
  }
  const root = expected.multi_file ? [expected.name] : [];
  expect(
    info.files.map((file) => ({
      path: file.path,
      length: file.length,
      offset: file.offset,
      attr: letters(file),
      symlink: file.attributes.symlink,
    })),
  ).toEqual(
    (expected.files ?? []).map((file) => ({
      path: [...root, ...file.path].join('/'),
      length: file.length,
      offset: file.offset,
      attr: ['h', 'l', 'p', 'x'].filter((letter) => file.attr?.includes(letter)).join(''),
      symlink: file.symlink && [...root, ...file.symlink].join('/'),
    })),
  );
}

/** The v2 half of a torrent: files without padding, with their places and hashes. */
function checkTree({ info, pieceLayers }: Metainfo, expected: Expected): void {
  const root = expected.multi_file ? [expected.name] : [];
  const files = info.files.filter(({ attributes }) => !attributes.padding);
  const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && toHex(bytes);
  expect(
    files.map((file) => {
      const layer = pieceLayers.layerOf(file.index);
      return {
        path: file.path,
        length: file.length,
        offset: file.length === 0 ? null : file.offset,
        attr: letters(file),
        symlink: file.attributes.symlink,
        root: hex(file.piecesRoot),
        layer: layer && hashOf(layer),
      };
    }),
  ).toEqual(
    expected.v2_files?.map((file) => ({
      path: [...root, ...file.path].join('/'),
      length: file.length,
      offset: file.offset,
      attr: ['h', 'l', 'x'].filter((letter) => file.attr?.includes(letter)).join(''),
      symlink: file.symlink && [...root, ...file.symlink].join('/'),
      root: file.pieces_root,
      layer: file.piece_layer_sha256 ?? undefined,
    })),
  );
  const layout = new FileLayout(info);
  for (const [at, file] of files.entries()) {
    const wanted = expected.v2_files?.[at];
    const pieces = layout.piecesOf(file.index);
    if (pieces === undefined) continue;
    const count = pieces.last - pieces.first + 1;
    expect(count).toBe(wanted?.piece_count);
    const hashes = wanted?.piece_layer ?? (count === 1 ? [wanted?.pieces_root] : undefined);
    for (let piece = 0; piece < count; piece++) {
      const hash = hex(pieceLayers.pieceHash(pieces.first + piece));
      if (hashes === undefined) expect(hash).toHaveLength(64);
      else expect(hash).toBe(hashes[piece]);
      const payload = Math.min(info.pieceLength, file.length - piece * info.pieceLength);
      expect(layout.payloadLengthAt(pieces.first + piece)).toBe(payload);
    }
  }
  // Padding as libtorrent names it, each up to a piece.
  if (expected.version !== 'v2') return;
  for (const file of info.files.filter(({ attributes }) => attributes.padding)) {
    expect(file.path).toBe(`${info.name}/.pad/${file.length}`);
    expect((file.offset + file.length) % info.pieceLength).toBe(0);
    expect(file.length).toBeLessThan(info.pieceLength);
  }
}

describe('torrents of other tools', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    const { file, expect: expected } = vector;
    const metainfo = parseMetainfo(read(file), { platform: 'linux' });
    checkInfo(metainfo, expected);
    if (expected.version === 'v1') {
      expect(metainfo.info.files.every(({ piecesRoot }) => piecesRoot === undefined)).toBe(true);
    } else checkTree(metainfo, expected);
    expect(announceInfoHashes(metainfo.info).map(toHex)).toEqual(expected.announce_info_hashes);
    if (vector.magnet_libtorrent !== undefined) {
      const link = parseMagnet(vector.magnet_libtorrent);
      const own = parseMagnet(magnetOf(metainfo));
      expect(own.infoHash).toEqual(link.infoHash);
      expect(own.infoHashV2).toEqual(link.infoHashV2);
    }
    expect(metainfo.trackers).toEqual(expectedTrackers(expected));
    expect(metainfo.webSeeds).toEqual((expected.url_list ?? []).filter((url) => url !== ''));
    expect(metainfo.httpSeeds).toEqual(expected.httpseeds ?? []);
    expect(metainfo.nodes).toEqual((expected.nodes ?? []).map(([host, port]) => ({ host, port })));
    expect(metainfo.comment ?? null).toBe(expected.comment);
    expect(metainfo.createdBy ?? null).toBe(expected.created_by);
    expect(metainfo.creationDate ?? null).toBe(expected.creation_date);
    expect(metainfo.collections).toEqual(expected.collections ?? []);
    expect(metainfo.similar.map(toHex)).toEqual(expected.similar ?? []);
    expect(parseInfo(metainfo.info.bytes, { platform: 'linux' })).toEqual(metainfo.info);
  });
});

describe('info dictionaries that are not canonical', () => {
  const cases = readVectors('infohash-original-bytes') as readonly {
    id: string;
    torrent_hex: string;
    info_hash_v1: string;
  }[];
  it.each(cases.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    const { info } = parseMetainfo(Buffer.from(vector.torrent_hex, 'hex'));
    expect(toHex(info.infoHash!)).toBe(vector.info_hash_v1);
    expect(toHex(parseInfo(info.bytes).infoHash!)).toBe(vector.info_hash_v1);
  });
});
