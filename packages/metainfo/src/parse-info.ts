import type { BencodeNode } from '@shoal/bencode';
import { BencodeError, parse } from '@shoal/bencode';
import { hash } from 'node:crypto';
import { MetainfoError } from './errors.ts';
import { safeIntegerOf, textField, textOf } from './fields.ts';
import { withFiles } from './file-table.ts';
import { toHex } from './hex.ts';
import type { MetainfoLimits } from './limits.ts';
import { DEFAULT_LIMITS, SHA1_LENGTH } from './limits.ts';
import type { NameRules, TargetPlatform } from './safe-path.ts';
import { rulesFor, safeComponent } from './safe-path.ts';
import type { TorrentInfo } from './types.ts';
import { readFileList, readSingleFile } from './v1-files.ts';
import { checkHybrid } from './v2/hybrid.ts';

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
export function readInfo(node: BencodeNode, { limits, rules }: ParseContext): TorrentInfo {
  const isHybrid = hasV2(node);
  const bytes = node.source();
  const infoHash = digest('sha1', bytes);
  const { name, originalName } = readName(node, infoHash, rules);
  const pieceLength = readPieceLength(node, limits);
  const fileList = node.get('files');
  const { table, totalLength, length } =
    fileList === undefined
      ? readSingleFile(node, name)
      : readFileList(fileList, name, limits, rules);
  const pieceCount = Math.ceil(totalLength / pieceLength);
  const pieceHashes = readPieces(node, pieceCount, limits);
  if (isHybrid) checkHybrid(node, table, pieceLength, limits);

  const info = {
    bytes,
    infoHash,
    infoHashV2: isHybrid ? digest('sha256', bytes) : undefined,
    name,
    originalName,
    pieceLength,
    pieceCount,
    pieceHashes,
    multiFile: fileList !== undefined,
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

/** Whether the torrent is hybrid; throws for versions that cannot be read (BEP 52). */
function hasV2(node: BencodeNode): boolean {
  const version = node.get('meta version');
  const hasTree = node.has('file tree');
  if (version === undefined && !hasTree) return false;
  if (safeIntegerOf(version) !== 2) {
    // Only version 2 has a meaning; without a file tree the key could be anybody's.
    if (!hasTree && version?.type !== 'integer') return false;
    throw new MetainfoError(
      'ERR_METAINFO_UNSUPPORTED_VERSION',
      'the torrent is of a version this software does not know',
    );
  }
  if (!hasTree) {
    throw new MetainfoError('ERR_METAINFO_INVALID_FILE_TREE', 'the torrent has no file tree');
  }
  if (!node.has('pieces') && !node.has('files') && !node.has('length')) {
    throw new MetainfoError(
      'ERR_METAINFO_V2_UNSUPPORTED',
      'this is a version 2 torrent without version 1 data, which is not supported yet',
    );
  }
  return true;
}

function readName(
  node: BencodeNode,
  infoHash: Uint8Array,
  rules: NameRules,
): Pick<TorrentInfo, 'name' | 'originalName'> {
  const preferred = textOf(node.get('name.utf-8'));
  const given = preferred === undefined || preferred === '' ? textOf(node.get('name')) : preferred;
  if (given === undefined) {
    throw new MetainfoError('ERR_METAINFO_INVALID_NAME', 'the torrent has no name');
  }
  // A name that says nothing must not become the download folder itself.
  const name = given === '' ? toHex(infoHash) : (safeComponent(given, rules) ?? toHex(infoHash));
  return { name, originalName: name === given ? undefined : given };
}

function readPieceLength(node: BencodeNode, limits: MetainfoLimits): number {
  const length = safeIntegerOf(node.get('piece length'));
  if (length === undefined || length <= 0 || length > limits.maxPieceLength) {
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_PIECE_LENGTH',
      `the piece length is missing, not positive or above the limit of ${limits.maxPieceLength} bytes`,
    );
  }
  return length;
}

function readPieces(node: BencodeNode, pieceCount: number, limits: MetainfoLimits): Uint8Array {
  const pieces = node.get('pieces');
  if (pieces?.type !== 'bytes') {
    throw new MetainfoError('ERR_METAINFO_INVALID_PIECES', 'the torrent has no piece hashes');
  }
  if (pieceCount > limits.maxPieces) {
    throw new MetainfoError(
      'ERR_METAINFO_TOO_MANY_PIECES',
      `the torrent claims ${pieceCount} pieces, more than the limit of ${limits.maxPieces}`,
    );
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
