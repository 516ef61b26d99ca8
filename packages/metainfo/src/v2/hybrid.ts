import type { BencodeNode } from '@shoal/bencode';
import { ByteCursor } from '../byte-cursor.ts';
import { MetainfoError } from '../errors.ts';
import type { FileTable, RootColumn } from '../file-table.ts';
import type { Steps } from '../steps.ts';
import { FileTreeWalker } from './file-tree.ts';
import { gapBehind } from './tree-context.ts';

/** Files of a step. */
const FILES_PER_STEP = 4_096;

const KEY_PATH = Buffer.from('path');
const KEY_OTHER_PATH = Buffer.from('path.utf-8');

/**
 * Check that the two halves of a hybrid torrent describe the same files (BEP 52, "Upgrade path"): the same paths, lengths
 * and order, empty files included, with padding so that every file starts where the tree has it. Behind the last file there
 * may be padding up to the end of its piece, or none. Else two groups of peers would share one torrent and download different
 * things.
 *
 * @returns the pieces roots of the files of the list
 *
 * Throws ERR_METAINFO_HYBRID_MISMATCH or ERR_METAINFO_INVALID_FILE_TREE.
 */
export function* checkHybrid(
  info: BencodeNode,
  tree: Uint8Array,
  files: FileTable,
  pieceLength: number,
): Steps<RootColumn> {
  const walker = new FileTreeWalker(tree);
  const paths = new ListPaths(info);
  const { lengths, offsets, size } = files;
  const at = new Uint32Array(size);
  let index = 0;
  let steps = 0;
  let offset = 0;
  let end = 0;
  while (walker.next()) {
    for (; files.isPadding(index); index++) paths.next();
    if (index >= size) throw mismatch('the file tree has more files');
    if (lengths[index] !== walker.length) throw mismatch(`the lengths of file ${index} differ`);
    if (!paths.nextIs(walker)) throw mismatch(`the paths of file ${index} differ`);
    if (walker.length > 0) {
      if (offsets[index] !== offset) {
        throw mismatch(`file ${index} does not start at the same piece in both`);
      }
      end = offset + walker.length;
      offset = end + gapBehind(walker.length, pieceLength);
    }
    at[index++] = walker.rootAt;
    if (++steps % FILES_PER_STEP === 0) yield;
  }
  for (; index < size; index++) {
    if (!files.isPadding(index)) throw mismatch('the file list has more files');
  }
  const total = size === 0 ? 0 : (offsets[size - 1] ?? 0) + (lengths[size - 1] ?? 0);
  if (total !== end && total !== offset) {
    throw mismatch('the padding behind the last file does not end with a piece');
  }
  return { bytes: tree, at };
}

/** Paths of a v1 list in its order, as they stand there; of a torrent without a list, its name. */
class ListPaths {
  readonly #cursor: ByteCursor;
  readonly #isList: boolean;

  constructor(info: BencodeNode) {
    const list = info.get('files');
    this.#isList = list !== undefined;
    const name = info.get('name.utf-8');
    const isName = name?.type === 'bytes' && name.size > 0;
    const node = list ?? (isName ? name : info.get('name'));
    this.#cursor = new ByteCursor(node?.source() ?? new Uint8Array(), this.#isList ? 1 : 0);
  }

  /** Where the path of the next file stands, the one that is read where there are two; the cursor goes behind the file. */
  next(): number {
    const cursor = this.#cursor;
    let path = 0;
    let isPreferred = false;
    if (!cursor.isDictionary()) return path;
    cursor.at++;
    while (!cursor.isEnd()) {
      const size = cursor.stringSize();
      const key = cursor.at;
      cursor.at += size;
      if (cursor.isKey(key, size, KEY_OTHER_PATH) && this.#isPath()) {
        path = cursor.at + 1;
        isPreferred = true;
      } else if (!isPreferred && cursor.isKey(key, size, KEY_PATH)) {
        path = cursor.at + 1;
      }
      cursor.skip();
    }
    cursor.at++;
    return path;
  }

  /** Whether the next file has the path of the one a walker is at. */
  nextIs(walker: FileTreeWalker): boolean {
    const at = this.#isList ? this.next() : 0;
    const path = new ByteCursor(this.#cursor.bytes, at);
    for (let depth = 0; depth < walker.depth; depth++) {
      if (!path.isString()) return false;
      const size = path.stringSize();
      const start = walker.startOf(depth);
      if (size !== walker.endOf(depth) - start) return false;
      for (let offset = 0; offset < size; offset++) {
        if (path.bytes[path.at + offset] !== walker.bytes[start + offset]) return false;
      }
      path.at += size;
    }
    return path.isEnd();
  }

  /** Whether there is a list of names, at least one, at the cursor. */
  #isPath(): boolean {
    const cursor = new ByteCursor(this.#cursor.bytes, this.#cursor.at);
    if (!cursor.isList()) return false;
    cursor.at++;
    if (cursor.isEnd()) return false;
    while (cursor.isString()) cursor.skip();
    return cursor.isEnd();
  }
}

function mismatch(message: string): MetainfoError {
  return new MetainfoError(
    'ERR_METAINFO_HYBRID_MISMATCH',
    `the version 1 and version 2 parts of the torrent do not match: ${message}`,
  );
}
