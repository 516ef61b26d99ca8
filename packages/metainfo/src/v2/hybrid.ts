import type { BencodeNode } from '@shoal/bencode';
import { BencodeError, keyFromBytes, parse } from '@shoal/bencode';
import { MetainfoError } from '../errors.ts';
import type { FileTable } from '../file-table.ts';
import type { MetainfoLimits } from '../limits.ts';
import { walkFileTree } from './file-tree.ts';

/** Bytes of the smallest piece BEP 52 allows: one block. */
const MIN_PIECE_LENGTH = 16_384;

/**
 * Check that the two halves of a hybrid torrent describe the same files (BEP 52, "Upgrade path"): the same paths, lengths
 * and order, with padding so that every file starts at a piece. Else two groups of peers would share one torrent and
 * download different things.
 *
 * Throws ERR_METAINFO_HYBRID_MISMATCH, ERR_METAINFO_INVALID_FILE_TREE, ERR_METAINFO_INVALID_PIECE_LENGTH or
 * ERR_METAINFO_BENCODE, as BEP 52 wants canonical bencode.
 */
export function checkHybrid(
  info: BencodeNode,
  files: FileTable,
  pieceLength: number,
  limits: MetainfoLimits,
): void {
  checkCanonical(info, limits);
  if (pieceLength < MIN_PIECE_LENGTH || !Number.isInteger(Math.log2(pieceLength))) {
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_PIECE_LENGTH',
      'the piece length of a version 2 torrent is a power of two from 16 KiB on',
    );
  }
  const tree = info.get('file tree');
  if (tree === undefined) throw mismatch('there is no file tree');
  const paths = pathsOf(info);
  let index = 0;
  for (const { path, length } of walkFileTree(tree)) {
    while (files.isPadding(index)) {
      index++;
      paths.next();
    }
    const { value: rawPath } = paths.next();
    if (index >= files.size || rawPath === undefined) {
      throw mismatch('the file tree has more files');
    }
    if (files.lengths[index] !== length) throw mismatch(`the lengths of file ${index} differ`);
    if (!samePath(rawPath, path)) throw mismatch(`the paths of file ${index} differ`);
    if (length > 0 && (files.offsets[index] ?? 0) % pieceLength !== 0) {
      throw mismatch(`file ${index} does not start at a piece`);
    }
    index++;
  }
  for (; index < files.size; index++) {
    if (!files.isPadding(index)) throw mismatch('the file list has more files');
  }
}

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

/** Raw paths of the v1 list, one character per byte. */
function* pathsOf(info: BencodeNode): Generator<readonly string[], undefined, undefined> {
  const list = info.get('files');
  if (list?.type !== 'list') {
    const name = info.get('name');
    yield name?.type === 'bytes' ? [keyFromBytes(name.asBytes())] : [];
    return undefined;
  }
  for (const entry of list.items()) {
    const path = entry.get('path');
    const parts: string[] = [];
    if (path?.type === 'list') {
      for (const part of path.items()) {
        if (part.type === 'bytes') parts.push(keyFromBytes(part.asBytes()));
      }
    }
    yield parts;
  }
  return undefined;
}

function samePath(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((part, depth) => part === right[depth]);
}

function mismatch(message: string): MetainfoError {
  return new MetainfoError(
    'ERR_METAINFO_HYBRID_MISMATCH',
    `the version 1 and version 2 parts of the torrent do not match: ${message}`,
  );
}
