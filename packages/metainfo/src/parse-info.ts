import type { BencodeNode } from '@shoal/bencode';
import { bytesFromKey } from '@shoal/bencode';
import { createHash, hash } from 'node:crypto';
import { MetainfoError } from './errors.ts';
import { safeIntegerOf, textField, textOf, textOfBytes } from './fields.ts';
import type { FileList } from './file-table.ts';
import { withFiles } from './file-table.ts';
import { toHex } from './hex.ts';
import type { MetainfoLimits } from './limits.ts';
import { SHA1_LENGTH } from './limits.ts';
import { BLOCK_LENGTH, isPowerOfTwo } from './merkle/geometry.ts';
import type {
  BencodeSource,
  ParseAsyncOptions,
  ParseContext,
  ParseOptions,
} from './parse-context.ts';
import { checkCanonical, contextOf, parseBencode } from './parse-context.ts';
import type { NameRules } from './safe-path.ts';
import { safeComponent } from './safe-path.ts';
import type { Steps } from './steps.ts';
import { runInSlices, runNow } from './steps.ts';
import type { TorrentInfo } from './types.ts';
import { readFileList, readSingleFile } from './v1-files.ts';
import { checkHybrid } from './v2/hybrid.ts';
import { readTree, readTreeFile } from './v2/tree-files.ts';

/** Bytes of an info dictionary that are hashed in one step: one to three milliseconds. */
const HASH_STEP = 1024 * 1024;

/** The only `meta version` there is (BEP 52). */
const META_VERSION = 2;

/**
 * Parse an info dictionary, as a magnet link's metadata brings it (BEP 9). The info-hash is computed over `bytes` as they
 * are; comparing it with the one asked for is the caller's part. The result refers to `bytes`.
 *
 * Throws {@link MetainfoError}.
 */
export function parseInfo(bytes: Uint8Array, options: ParseOptions = {}): TorrentInfo {
  return runNow(infoSteps(bytes, options));
}

/**
 * {@link parseInfo} without keeping the thread for long, whatever the size of the torrent. Rejects with {@link MetainfoError},
 * or with the reason of the signal when that is aborted.
 */
export function parseInfoAsync(
  bytes: Uint8Array,
  options: ParseAsyncOptions = {},
): Promise<TorrentInfo> {
  return runInSlices(infoSteps(bytes, options), options.signal);
}

function* infoSteps(bytes: Uint8Array, options: ParseOptions): Steps<TorrentInfo> {
  const context = contextOf(options);
  const source = yield* parseBencode(bytes, context.limits);
  if (source.root.type !== 'dictionary') {
    throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', 'the metadata is not a dictionary');
  }
  return yield* readInfo(source.root, source, context);
}

/** Read an info dictionary in place. */
export function* readInfo(
  node: BencodeNode,
  source: BencodeSource,
  context: ParseContext,
): Steps<TorrentInfo> {
  const { limits, rules } = context;
  const version = versionOf(node);
  if (version !== 'v1') yield* checkCanonical(node, source, limits);
  const bytes = node.source();
  const infoHash = version === 'v2' ? undefined : yield* digest('sha1', bytes);
  const infoHashV2 = version === 'v1' ? undefined : yield* digest('sha256', bytes);
  const pieceLength = readPieceLength(node, version, limits);
  const tree = version === 'v1' ? undefined : node.get('file tree');
  const onlyFile = version === 'v2' && tree !== undefined ? onlyFileOf(tree) : undefined;
  const { name, originalName } = readName(node, onlyFile, infoHash ?? infoHashV2, rules);

  const list = node.get('files');
  let files: FileList;
  if (tree !== undefined && version === 'v2') {
    const treeContext = { name, pieceLength, limits, rules };
    files =
      onlyFile === undefined
        ? yield* readTree(tree.source(), treeContext)
        : readTreeFile(tree.source(), treeContext);
  } else if (list === undefined) files = readSingleFile(node, name);
  else files = yield* readFileList(list, name, limits, rules);

  const { table, totalLength, length } = files;
  const pieceCount = Math.ceil(totalLength / pieceLength);
  checkPieceCount(pieceCount, limits);
  const pieceHashes = version === 'v2' ? undefined : readPieces(node, pieceCount);
  if (version === 'hybrid' && tree !== undefined) {
    table.setRoots(yield* checkHybrid(node, tree.source(), table, pieceLength));
  }

  const info = {
    bytes,
    infoHash,
    infoHashV2,
    name,
    originalName,
    pieceLength,
    pieceCount,
    pieceHashes,
    multiFile: version === 'v2' ? onlyFile === undefined : list !== undefined,
    totalLength,
    length,
    private: isPrivate(node.get('private')),
    source: textField(node, 'source', limits.maxTextLength),
  };
  return withFiles(info, table);
}

/** In one call where it is short: a hash object for each of thousands of torrents costs more than the hashing does. */
function* digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Steps<Uint8Array> {
  if (bytes.length <= HASH_STEP) return new Uint8Array(hash(algorithm, bytes, 'buffer'));
  const digester = createHash(algorithm);
  for (let at = 0; at < bytes.length; at += HASH_STEP) {
    digester.update(bytes.subarray(at, at + HASH_STEP));
    yield;
  }
  return new Uint8Array(digester.digest());
}

/** Which of the two formats a torrent has: a hybrid has both. */
type Version = 'v1' | 'v2' | 'hybrid';

/** The version of a torrent; throws for those that cannot be read. Looked at before all else, as BEP 52 asks. */
function versionOf(node: BencodeNode): Version {
  const version = node.get('meta version');
  const hasTree = node.has('file tree');
  if (version === undefined && !hasTree) return 'v1';
  if (safeIntegerOf(version) !== META_VERSION) {
    // Only version 2 has a meaning; without a file tree the key could be anybody's.
    if (!hasTree && version?.type !== 'integer') return 'v1';
    throw new MetainfoError(
      'ERR_METAINFO_UNSUPPORTED_VERSION',
      'the torrent is of a version this software does not know',
    );
  }
  if (!hasTree) {
    throw new MetainfoError('ERR_METAINFO_INVALID_FILE_TREE', 'the torrent has no file tree');
  }
  return node.has('pieces') || node.has('files') || node.has('length') ? 'hybrid' : 'v2';
}

/** The name of the only file of a tree; undefined where it has more, or folders (BEP 52, "Interpreting paths"). */
function onlyFileOf(tree: BencodeNode): string | undefined {
  if (tree.type !== 'dictionary' || tree.size !== 1) return undefined;
  const [[key, entry] = []] = tree.entries();
  return key === undefined || key === '' || entry?.has('') !== true
    ? undefined
    : textOfBytes(bytesFromKey(key));
}

/** `onlyFile` is the name of the file that a v2-only torrent is: what stands on disk, whatever the torrent's name is. */
function readName(
  node: BencodeNode,
  onlyFile: string | undefined,
  infoHash: Uint8Array | undefined,
  rules: NameRules,
): Pick<TorrentInfo, 'name' | 'originalName'> {
  const preferred = textOf(node.get('name.utf-8'));
  const given = preferred === undefined || preferred === '' ? textOf(node.get('name')) : preferred;
  if (given === undefined) {
    throw new MetainfoError('ERR_METAINFO_INVALID_NAME', 'the torrent has no name');
  }
  const wanted = onlyFile ?? given;
  // A name that says nothing must not become the download folder itself.
  const safe = wanted === '' ? undefined : safeComponent(wanted, rules);
  const name = safe ?? toHex(infoHash ?? new Uint8Array());
  return { name, originalName: name === given ? undefined : given };
}

function readPieceLength(node: BencodeNode, version: Version, limits: MetainfoLimits): number {
  const length = safeIntegerOf(node.get('piece length'));
  if (length === undefined || length <= 0 || length > limits.maxPieceLength) {
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_PIECE_LENGTH',
      `the piece length is missing, not positive or above the limit of ${limits.maxPieceLength} bytes`,
    );
  }
  if (version !== 'v1' && (length < BLOCK_LENGTH || !isPowerOfTwo(length))) {
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_PIECE_LENGTH',
      'the piece length of a version 2 torrent is a power of two from 16 KiB on',
    );
  }
  return length;
}

function checkPieceCount(pieceCount: number, limits: MetainfoLimits): void {
  if (pieceCount <= limits.maxPieces) return;
  throw new MetainfoError(
    'ERR_METAINFO_TOO_MANY_PIECES',
    `the torrent claims ${pieceCount} pieces, more than the limit of ${limits.maxPieces}`,
  );
}

function readPieces(node: BencodeNode, pieceCount: number): Uint8Array {
  const pieces = node.get('pieces');
  if (pieces?.type !== 'bytes') {
    throw new MetainfoError('ERR_METAINFO_INVALID_PIECES', 'the torrent has no piece hashes');
  }
  if (pieces.size !== pieceCount * SHA1_LENGTH) {
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_PIECES',
      `${pieceCount} pieces need ${pieceCount * SHA1_LENGTH} bytes of hashes, the torrent has ${pieces.size}`,
    );
  }
  return pieces.asBytes();
}

/** BEP 27. Any value but 0 counts: taking a private torrent for a public one is the error that cannot be undone. */
function isPrivate(node: BencodeNode | undefined): boolean {
  if (node === undefined) return false;
  return node.type !== 'integer' || node.asInteger() !== 0;
}
