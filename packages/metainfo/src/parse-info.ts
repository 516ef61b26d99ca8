import type { BencodeNode } from '@shoal/bencode';
import { BencodeError, bytesFromKey, parse } from '@shoal/bencode';
import { hash } from 'node:crypto';
import { MetainfoError } from './errors.ts';
import { safeIntegerOf, textField, textOf, textOfBytes } from './fields.ts';
import type { FileList } from './file-table.ts';
import { withFiles } from './file-table.ts';
import { toHex } from './hex.ts';
import type { MetainfoLimits } from './limits.ts';
import { DEFAULT_LIMITS, SHA1_LENGTH } from './limits.ts';
import { BLOCK_LENGTH, isPowerOfTwo } from './merkle/geometry.ts';
import type { NameRules, TargetPlatform } from './safe-path.ts';
import { rulesFor, safeComponent } from './safe-path.ts';
import type { TorrentInfo } from './types.ts';
import { readFileList, readSingleFile } from './v1-files.ts';
import { checkHybrid } from './v2/hybrid.ts';
import { readTree, readTreeFile } from './v2/tree-files.ts';

/** The only `meta version` there is (BEP 52). */
const META_VERSION = 2;

/** Options of `parseMetainfo` and {@link parseInfo}. */
export interface ParseOptions {
  /** Limits that differ from {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<MetainfoLimits>;
  /** Whose rules file names follow. Default: the platform this runs on. */
  readonly platform?: TargetPlatform;
  /**
   * Set where the download folder is known to tell letter case apart: then files whose names differ by case only keep them.
   * Default false: the second one is renamed, as on a file system that ignores case both would be one file.
   */
  readonly caseSensitive?: boolean;
}

/** Options with all defaults filled in. */
export interface ParseContext {
  readonly limits: MetainfoLimits;
  readonly rules: NameRules;
}

export function contextOf(options: ParseOptions): ParseContext {
  return {
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    rules: rulesFor(options.platform ?? process.platform, options.caseSensitive),
  };
}

/** Read bencode as leniently as torrents in use need it; throws {@link MetainfoError}. */
export function parseBencode(bytes: Uint8Array, limits: MetainfoLimits): BencodeNode {
  const { maxLength, maxDepth, maxTokens } = limits;
  if (bytes.length > maxLength) {
    throw new MetainfoError(
      'ERR_METAINFO_TOO_LONG',
      `${bytes.length} bytes are more than the limit of ${maxLength} for a torrent`,
    );
  }
  try {
    return parse(bytes, { lenient: true, maxLength, maxDepth, maxTokens }).root;
  } catch (error) {
    throw bencodeError(error);
  }
}

function bencodeError(cause: unknown): unknown {
  if (!(cause instanceof BencodeError)) return cause;
  return new MetainfoError('ERR_METAINFO_BENCODE', `this is no torrent: ${cause.message}`, {
    cause,
  });
}

/**
 * Parse an info dictionary, as a magnet link's metadata brings it (BEP 9). The info-hash is computed over `bytes` as they
 * are; comparing it with the one asked for is the caller's part. The result refers to `bytes`.
 *
 * Throws {@link MetainfoError}.
 */
export function parseInfo(bytes: Uint8Array, options: ParseOptions = {}): TorrentInfo {
  const context = contextOf(options);
  const node = parseBencode(bytes, context.limits);
  if (node.type !== 'dictionary') {
    throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', 'the metadata is not a dictionary');
  }
  return readInfo(node, context);
}

/** Read an info dictionary in place. */
export function readInfo(node: BencodeNode, context: ParseContext): TorrentInfo {
  const { limits, rules } = context;
  const version = versionOf(node);
  if (version !== 'v1') checkCanonical(node, limits);
  const bytes = node.source();
  const infoHash = version === 'v2' ? undefined : digest('sha1', bytes);
  const infoHashV2 = version === 'v1' ? undefined : digest('sha256', bytes);
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
        ? readTree(tree.source(), treeContext)
        : readTreeFile(tree.source(), treeContext);
  } else if (list === undefined) files = readSingleFile(node, name);
  else files = readFileList(list, name, limits, rules);

  const { table, totalLength, length } = files;
  const pieceCount = Math.ceil(totalLength / pieceLength);
  checkPieceCount(pieceCount, limits);
  const pieceHashes = version === 'v2' ? undefined : readPieces(node, pieceCount);
  if (version === 'hybrid' && tree !== undefined) {
    table.setRoots(checkHybrid(node, tree.source(), table, pieceLength));
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

/** In one call: a hash object for each of thousands of torrents costs the garbage collector more than the hashing does. */
function digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash(algorithm, bytes, 'buffer'));
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

/** A v2 info-hash is that of canonical bencode (BEP 52): others decode and encode, and would arrive at another one. */
function checkCanonical(info: BencodeNode, limits: MetainfoLimits): void {
  const { maxLength, maxDepth, maxTokens } = limits;
  try {
    parse(info.source(), { maxLength, maxDepth, maxTokens });
  } catch (cause) {
    if (!(cause instanceof BencodeError)) throw cause;
    throw new MetainfoError(
      'ERR_METAINFO_BENCODE',
      `the info dictionary of a version 2 torrent must be canonical: ${cause.message}`,
      { cause },
    );
  }
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
