import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Metainfo, TorrentFile } from '../src/index.ts';
import { parseInfo, parseMetainfo, toHex } from '../src/index.ts';
import { readVectors } from './fixtures.ts';

interface ExpectedFile {
  readonly path: readonly string[];
  readonly length: number;
  readonly offset: number;
  readonly attr?: string;
  readonly symlink?: readonly string[];
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
  readonly files: readonly ExpectedFile[];
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
  expect(info.infoHash && toHex(info.infoHash)).toBe(expected.info_hash_v1);
  expect(info.infoHashV2 === undefined ? null : toHex(info.infoHashV2)).toBe(expected.info_hash_v2);
  expect(info.bytes.length).toBe(expected.info_length);
  expect(info.name).toBe(expected.name);
  expect(info.originalName).toBeUndefined();
  expect(info.pieceLength).toBe(expected.piece_length);
  expect(info.pieceCount).toBe(expected.piece_count);
  expect(info.private).toBe(expected.private);
  expect(info.source ?? null).toBe(expected.source);
  expect(info.multiFile).toBe(expected.multi_file);
  expect(info.totalLength).toBe(expected.total_length);
  expect(info.length).toBe(expected.payload_length);
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
    expected.files.map((file) => ({
      path: [...root, ...file.path].join('/'),
      length: file.length,
      offset: file.offset,
      attr: ['h', 'l', 'p', 'x'].filter((letter) => file.attr?.includes(letter)).join(''),
      symlink: file.symlink && [...root, ...file.symlink].join('/'),
    })),
  );
  expect(info.files.map(({ index }) => index)).toEqual(info.files.map((_, index) => index));
}

describe('torrents of other tools', () => {
  it.each(
    vectors
      .filter(({ expect: { version } }) => version !== 'v2')
      .map((vector) => [vector.id, vector] as const),
  )('%s', (_, { file, expect: expected }) => {
    const metainfo = parseMetainfo(read(file), { platform: 'linux' });
    checkInfo(metainfo, expected);
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

  it.each(
    vectors.filter(({ expect: { version } }) => version === 'v2').map(({ id, file }) => [id, file]),
  )('%s is recognised as version 2 and refused', (_, file) => {
    const bytes = read(file);
    expect(() => parseMetainfo(bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_METAINFO_V2_UNSUPPORTED' }) as Error,
    );
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
