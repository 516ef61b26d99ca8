import type { BencodeNode } from '@shoal/bencode';
import { MetainfoError } from '../errors.ts';
import { safeIntegerOf } from '../fields.ts';
import { SHA256_LENGTH } from '../limits.ts';
import { readLetters } from '../attributes.ts';

/** A file of a `file tree` (BEP 52). */
export interface TreeFile {
  /** Keys on the way to it, one character per byte. */
  readonly path: readonly string[];
  readonly length: number;
  /** 32 bytes; undefined for an empty file. */
  readonly piecesRoot: Uint8Array | undefined;
}

interface Level {
  readonly entries: Iterator<[string, BencodeNode]>;
  readonly size: number;
}

/** The key below which a file's properties stand. */
const FILE_KEY = '';

/**
 * Files of a file tree in its own order, which is that of their raw names. The depth is bounded by that of the bencode.
 * Throws ERR_METAINFO_INVALID_FILE_TREE.
 */
export function* walkFileTree(tree: BencodeNode): Generator<TreeFile, void, undefined> {
  if (tree.type !== 'dictionary' || tree.size === 0) throw invalid('the file tree is empty');
  const path: string[] = [];
  const levels: Level[] = [{ entries: tree.entries(), size: tree.size }];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const next = level.entries.next();
    if (next.done === true) {
      levels.pop();
      path.pop();
      continue;
    }
    const [name, node] = next.value;
    if (node.type !== 'dictionary') throw invalid('an entry of the file tree is not a dictionary');
    if (name !== FILE_KEY) {
      path.push(name);
      levels.push({ entries: node.entries(), size: node.size });
      continue;
    }
    if (levels.length === 1) throw invalid('the root of the file tree is a file');
    if (level.size > 1) throw invalid('an entry of the file tree is both a file and a folder');
    yield readFile(node, [...path]);
  }
}

function readFile(node: BencodeNode, path: readonly string[]): TreeFile {
  const letters = readLetters(node.get('attr'));
  if (letters.padding) throw invalid('the file tree holds a padding file');
  const given = node.get('length');
  const length = given === undefined && letters.symlink ? 0 : safeIntegerOf(given);
  if (length === undefined || length < 0) throw invalid('a file of the file tree has no length');
  const root = node.get('pieces root');
  if (length === 0) return { path, length, piecesRoot: undefined };
  if (root?.type !== 'bytes' || root.size !== SHA256_LENGTH) {
    throw invalid('a file of the file tree has no pieces root of 32 bytes');
  }
  const piecesRoot = root.asBytes();
  if (piecesRoot.every((byte) => byte === 0)) throw invalid('a pieces root is all zeros');
  return { path, length, piecesRoot };
}

function invalid(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_INVALID_FILE_TREE', message);
}
