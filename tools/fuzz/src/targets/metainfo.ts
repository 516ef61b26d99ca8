import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { parse } from '../../../../packages/bencode/src/index.ts';
import {
  encodeMetainfo,
  fileColumns,
  FileLayout,
  MetainfoError,
  parseInfo,
  parseMetainfo,
  parseMetainfoAsync,
} from '../../../../packages/metainfo/src/index.ts';
import type { Metainfo } from '../../../../packages/metainfo/src/index.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed, typedLater } from '../typed.ts';
import { filesOf, vectorsOf } from '../vectors.ts';

const TORRENTS = 'packages/metainfo/test/fixtures/torrents';
const HOSTILE = 'packages/metainfo/test/fixtures/hostile.json';

export const TORRENT_TOKENS = [
  'info',
  'files',
  'length',
  'path',
  'path.utf-8',
  'name',
  'name.utf-8',
  'piece length',
  'pieces',
  'pieces root',
  'piece layers',
  'file tree',
  'meta version',
  'attr',
  'symlink path',
  'private',
  'announce',
  'announce-list',
  'url-list',
  'httpseeds',
  'nodes',
  'creation date',
  'collections',
  'similar',
  'encoding',
  '..',
  'pl',
];

/** Torrents of one kind by the names of the files; hostile ones are of all kinds. */
function seedsOf(kind: RegExp): () => Generator<Uint8Array> {
  return function* () {
    yield* filesOf(TORRENTS, '.torrent', 4_096);
    for (const bytes of vectorsOf(HOSTILE, 'torrent_hex')) {
      if (bytes.length <= 4_096 && kind.test(Buffer.from(bytes).toString('latin1'))) yield bytes;
    }
  };
}

const seeds = seedsOf(/./s);
const v2Seeds = seedsOf(/file tree/);
const common = {
  area: 'metainfo',
  shape: 'bencode',
  seeds,
  tokens: TORRENT_TOKENS,
  maxLength: 8_192,
} as const;

/** Names of all fields that hold data; layers and bytes are compared by what they give. */
function fieldsOf({ info, pieceLayers, ...others }: Metainfo): unknown {
  const { files, bytes, ...facts } = info;
  const layers = files.map((_, index) => pieceLayers.layerOf(index));
  return { ...others, facts, files: [...files], bytes: Buffer.from(bytes), layers };
}

/** Whatever is read of a torrent hangs together. */
function checkInfo({ info }: Metainfo): void {
  const { files, pieceLength, pieceCount, totalLength, length, pieceHashes } = info;
  let offset = 0;
  let payload = 0;
  for (const [index, file] of files.entries()) {
    must(file.index === index, 'a file has another index than its place');
    must(Number.isSafeInteger(file.length) && file.length >= 0, 'a file has no length');
    must(file.offset === offset, 'there is a gap between two files');
    offset += file.length;
    if (!file.attributes.padding) payload += file.length;
    must(file.piecesRoot === undefined || file.piecesRoot.length === 32, 'a root is no hash');
  }
  must(Number.isSafeInteger(totalLength) && offset === totalLength, 'the files do not add up');
  must(payload === length, 'the payload does not add up');
  must(pieceCount === Math.ceil(totalLength / pieceLength), 'another number of pieces');
  must(
    pieceHashes === undefined || pieceHashes.length === 20 * pieceCount,
    'another number of hashes',
  );
  must(info.infoHash !== undefined || info.infoHashV2 !== undefined, 'a torrent without a hash');
  must((info.infoHash === undefined) === (pieceHashes === undefined), 'v1 by half');
  if (info.infoHashV2 !== undefined) {
    must(pieceLength >= 16_384 && (pieceLength & (pieceLength - 1)) === 0, 'a v2 piece length');
  }
}

export const metainfoTargets: readonly Target[] = [
  {
    ...common,
    name: 'metainfo-parse',
    property: 'any bytes: a torrent whose figures hang together, or a MetainfoError',
    run(input) {
      const result = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in result) return result.code;
      checkInfo(result.value);
      const { info } = result.value;
      return `${info.infoHash === undefined ? '' : 'v1'}${info.infoHashV2 === undefined ? '' : 'v2'}`;
    },
  },
  {
    ...common,
    name: 'metainfo-info',
    property: 'an info dictionary alone, as peers send it, reads as it does inside its torrent',
    run(input) {
      const whole = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in whole) {
        const alone = typed(MetainfoError, () => parseInfo(input));
        return 'code' in alone ? `${whole.code} ${alone.code}` : 'info';
      }
      const { info } = whole.value;
      // What is irregular around it does not count for it.
      const alone = typed(MetainfoError, () => parseInfo(Uint8Array.from(info.bytes)));
      must('value' in alone, () => `alone it is refused: ${'code' in alone ? alone.code : ''}`);
      const { files, bytes, ...facts } = alone.value;
      const { files: otherFiles, bytes: otherBytes, ...otherFacts } = info;
      must(isDeepStrictEqual(facts, otherFacts), 'alone it says something else');
      must(isDeepStrictEqual([...files], [...otherFiles]), 'alone it has other files');
      must(Buffer.compare(bytes, otherBytes) === 0, 'alone it has other bytes');
      return 'same';
    },
  },
  {
    ...common,
    name: 'metainfo-info-hash',
    property:
      'the info-hashes are those of the very bytes of the info dictionary, canonical or not',
    run(input) {
      const result = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in result) return result.code;
      const node = parse(input, { lenient: true, maxTokens: 5_000_000 }).root.get('info');
      const bytes = node?.source() ?? new Uint8Array();
      const { info } = result.value;
      for (const [algorithm, hash] of [
        ['sha1', info.infoHash],
        ['sha256', info.infoHashV2],
      ] as const) {
        if (hash === undefined) continue;
        const digest = createHash(algorithm).update(bytes).digest();
        must(Buffer.compare(digest, hash) === 0, `another ${algorithm}`);
      }
      return 'hashed';
    },
  },
  {
    ...common,
    name: 'metainfo-async',
    property: 'read in slices, a torrent is the same, and so is the error',
    async run(input) {
      const now = typed(MetainfoError, () => parseMetainfo(input));
      const later = await typedLater(MetainfoError, () => parseMetainfoAsync(input));
      if ('code' in now || 'code' in later) {
        must(isDeepStrictEqual(now, later), 'the one is refused, or for another reason');
        return 'code' in now ? now.code : '';
      }
      must(isDeepStrictEqual(fieldsOf(now.value), fieldsOf(later.value)), 'they differ');
      return 'same';
    },
  },
  {
    ...common,
    name: 'metainfo-write-again',
    property:
      'written anew and read again, a torrent has the same hashes, files, trackers and layers',
    run(input) {
      const result = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in result) return result.code;
      const before = result.value;
      const again = typed(MetainfoError, () =>
        parseMetainfo(new Uint8Array(encodeMetainfo(before))),
      );
      must(
        'value' in again,
        () => `what was written is refused: ${'code' in again ? again.code : ''}`,
      );
      const { collections, similar, ...others } = again.value;
      // BEP 38 outside of the info dictionary is left out.
      const expected = { ...before, collections, similar };
      must(
        isDeepStrictEqual(fieldsOf({ ...others, collections, similar }), fieldsOf(expected)),
        'another torrent',
      );
      return 'same';
    },
  },
  {
    ...common,
    name: 'metainfo-bounds',
    property:
      'lists from outside never exceed their limits, texts are cut, dates and ports are in range',
    run(input) {
      const limits = {
        maxTrackers: 3,
        maxWebSeeds: 2,
        maxNodes: 2,
        maxSimilar: 2,
        maxUrlLength: 64,
        maxTextLength: 32,
        maxFiles: 6,
        maxPathDepth: 3,
        maxPathLength: 80,
        maxPieces: 64,
      };
      const result = typed(MetainfoError, () => parseMetainfo(input, { limits }));
      if ('code' in result) return result.code;
      const { info, trackers, webSeeds, httpSeeds, nodes, comment, createdBy, creationDate } =
        result.value;
      const { collections, similar } = result.value;
      const urls = [...trackers.flat(), ...webSeeds, ...httpSeeds, ...collections];
      must(trackers.flat().length <= 3 && trackers.every((tier) => tier.length > 0), 'trackers');
      must(new Set(trackers.flat()).size === trackers.flat().length, 'a tracker twice');
      must(webSeeds.length <= 2 && httpSeeds.length <= 2 && nodes.length <= 2, 'seeds or nodes');
      must(collections.length <= 2 && similar.length <= 2, 'similar ones');
      must(
        similar.every((hash) => hash.length === 20),
        'a hash of another length',
      );
      must(
        urls.every((url) => url !== '' && Buffer.byteLength(url) <= 64),
        'a URL is too long',
      );
      must(
        nodes.every(({ port }) => port >= 1 && port <= 65_535),
        'a port',
      );
      // A character that is cut in half becomes one of three bytes.
      for (const text of [comment, createdBy, info.source]) {
        must(text === undefined || text.length <= 32, 'a text is too long');
      }
      must(
        creationDate === undefined || !Number.isNaN(new Date(creationDate * 1000).getTime()),
        'a date',
      );
      must(info.files.length <= 6 && info.pieceCount <= 64, 'files or pieces');
      for (const { path, attributes } of info.files) {
        // Of a single file the name is all of the path, and a component may have 255 bytes.
        if (!attributes.padding && info.multiFile)
          must(Buffer.byteLength(path) <= 80 + 8, 'a path is too long');
      }
      return 'read';
    },
  },
  {
    ...common,
    name: 'metainfo-columns',
    property: 'the columns of a torrent say what its file objects say',
    run(input) {
      const result = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in result) return result.code;
      // Columns first: objects are made of them, and not the other way round.
      const { info } = result.value;
      const columns = fileColumns(info);
      const joined = columns.joinPaths().split('\n');
      const paths = Array.from({ length: columns.size }, (_, index) => columns.pathOf(index));
      const lengths = [...columns.lengths];
      const offsets = [...columns.offsets];
      must(columns.size === info.files.length, 'another number of files');
      for (const [index, file] of info.files.entries()) {
        const { attributes } = file;
        must(lengths[index] === file.length && offsets[index] === file.offset, 'another place');
        must(paths[index] === file.path, 'another path');
        must(joined[index] === (attributes.padding ? '' : file.path), 'another joined path');
        must(columns.isPadding(index) === attributes.padding, 'padding');
        must(columns.isExecutable(index) === attributes.executable, 'executable');
        must(isDeepStrictEqual(columns.attributesOf(index), attributes), 'attributes');
        must(isDeepStrictEqual(columns.piecesRootOf(index), file.piecesRoot), 'another root');
      }
      return info.files.length > 1 ? 'many' : 'one';
    },
  },
  {
    ...common,
    name: 'metainfo-layout',
    property: 'pieces and files cover each other exactly, whichever is asked',
    run(input) {
      const result = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in result) return result.code;
      const { info } = result.value;
      const layout = new FileLayout(info);
      const { totalLength, pieceCount } = info;
      const pieces = Array.from({ length: Math.min(pieceCount, 64) }, (_, piece) =>
        piece < 32 ? piece : pieceCount - 1 - (piece - 32),
      );
      for (const piece of pieces) {
        const length = layout.pieceLengthAt(piece);
        must(length >= 1 && length <= info.pieceLength, 'a piece has no length');
        const payload = layout.payloadLengthAt(piece);
        must(payload >= 0 && payload <= length, 'more payload than bytes');
        const start = piece * info.pieceLength;
        let at = 0;
        for (const span of layout.spans(start, length)) {
          const file = info.files[span.fileIndex];
          must(file !== undefined && span.at === at && span.length > 0, 'a gap in a piece');
          must(span.fileOffset + span.length <= file.length, 'a span beyond its file');
          must(file.offset + span.fileOffset === start + at, 'a span of elsewhere');
          must(layout.fileAt(start + at) === span.fileIndex, 'fileAt and spans do not agree');
          const range = layout.piecesOf(span.fileIndex);
          must(
            range !== undefined && range.first <= piece && range.last >= piece,
            'piecesOf and spans do not agree',
          );
          at += span.length;
        }
        must(at === length, 'a piece is not covered');
      }
      for (const wrong of [-1, totalLength, Number.NaN]) {
        must('code' in typed(MetainfoError, () => layout.fileAt(wrong)), 'a byte out of range');
      }
      return 'covered';
    },
  },
  {
    ...common,
    name: 'metainfo-v2-layers',
    property: 'piece layers that are accepted lead to the roots of their files',
    seeds: v2Seeds,
    run(input) {
      const result = typed(MetainfoError, () => parseMetainfo(input));
      if ('code' in result) return result.code;
      const { info, pieceLayers } = result.value;
      if (info.infoHashV2 === undefined) return 'v1';
      for (const [index, { length, piecesRoot }] of info.files.entries()) {
        if (piecesRoot === undefined) continue;
        const layer = pieceLayers.layerOf(index);
        if (length <= info.pieceLength) continue;
        must(layer?.length === 32 * Math.ceil(length / info.pieceLength), 'a layer is missing');
        must(
          Buffer.compare(plainRoot(layer, length, info.pieceLength), piecesRoot) === 0,
          'another root',
        );
      }
      return 'proven';
    },
  },
];

/** The root of a file by BEP 52, in the plainest way: layers filled up to a power of two, one after the other. */
function plainRoot(layer: Uint8Array, length: number, pieceLength: number): Uint8Array {
  const sha = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
  let pad: Uint8Array = new Uint8Array(32);
  for (let blocks = pieceLength / 16_384; blocks > 1; blocks /= 2)
    pad = sha(Buffer.concat([pad, pad]));
  let hashes: Uint8Array[] = [];
  for (let at = 0; at < layer.length; at += 32) hashes.push(layer.subarray(at, at + 32));
  must(hashes.length === Math.ceil(length / pieceLength), 'a layer of another length');
  while (hashes.length > 1) {
    if (hashes.length % 2 === 1 || (hashes.length & (hashes.length - 1)) !== 0) hashes.push(pad);
    if ((hashes.length & (hashes.length - 1)) !== 0) continue;
    const above: Uint8Array[] = [];
    for (let at = 0; at < hashes.length; at += 2) {
      above.push(sha(Buffer.concat([hashes[at] ?? pad, hashes[at + 1] ?? pad])));
    }
    pad = sha(Buffer.concat([pad, pad]));
    hashes = above;
  }
  return hashes[0] ?? pad;
}
