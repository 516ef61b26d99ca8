import { attributesOf, HIDDEN_BIT, EXECUTABLE_BIT, LINK_BIT, PADDING_BIT } from '../attributes.ts';
import type { AttributeLetters } from '../attributes.ts';
import { ByteCursor } from '../byte-cursor.ts';
import { CarefulFiles } from '../careful-files.ts';
import { MetainfoError } from '../errors.ts';
import { textOfBytes } from '../fields.ts';
import type { FileList } from '../file-table.ts';
import { FileTable } from '../file-table.ts';
import { malformedTarget } from '../symlinks.ts';
import type { Steps } from '../steps.ts';
import type { TorrentFile } from '../types.ts';
import { FileTreeWalker } from './file-tree.ts';
import { readPlainTree } from './plain-tree.ts';
import type { TreeContext } from './tree-context.ts';
import { checkFileCount, gapBehind, paddingPath } from './tree-context.ts';

/** Files of a step. */
const FILES_PER_STEP = 1_024;

const PADDING: AttributeLetters = {
  padding: true,
  executable: false,
  hidden: false,
  symlink: false,
};

/** The only file of a tree (BEP 52: then the torrent is that file, and its name the path) and the padding behind it. */
export function readTreeFile(bytes: Uint8Array, context: TreeContext): FileList {
  const walker = new FileTreeWalker(bytes);
  walker.next();
  const { name, pieceLength } = context;
  const { length, bits, rootAt } = walker;
  const gap = gapBehind(length, pieceLength);
  const at = Uint32Array.of(rootAt, 0);
  const attributes = attributesOf(bits & (EXECUTABLE_BIT | HIDDEN_BIT));
  const file = { originalPath: undefined, piecesRoot: undefined };
  const files: TorrentFile[] = [{ ...file, index: 0, path: name, length, offset: 0, attributes }];
  if (gap > 0) {
    const path = paddingPath(name, gap);
    const padding = attributesOf(PADDING_BIT);
    files.push({ ...file, index: 1, path, length: gap, offset: length, attributes: padding });
  }
  const table = FileTable.of(files);
  table.setRoots({ bytes, at });
  return { table, totalLength: length + gap, length };
}

/** The files of a tree of several (BEP 52) and the padding behind them. */
export function* readTree(bytes: Uint8Array, context: TreeContext): Steps<FileList> {
  return (yield* readPlainTree(bytes, context)) ?? (yield* readTreeWithCare(bytes, context));
}

/** One pass over any tree within the limits, then what clashes is renamed and links are resolved. */
export function* readTreeWithCare(bytes: Uint8Array, context: TreeContext): Steps<FileList> {
  const { name, pieceLength, limits, rules } = context;
  const files = new CarefulFiles(name, limits, rules);
  const walker = new FileTreeWalker(bytes);
  const roots: number[] = [];
  let steps = 0;
  while (walker.next()) {
    const index = roots.length;
    if (walker.depth > limits.maxPathDepth) {
      throw new MetainfoError(
        'ERR_METAINFO_INVALID_PATH',
        `the path of file ${index} is deeper than the limit of ${limits.maxPathDepth} folders`,
      );
    }
    const path = Array.from({ length: walker.depth }, (_, depth) =>
      textOfBytes(bytes.subarray(walker.startOf(depth), walker.endOf(depth))),
    );
    const letters = lettersOf(walker.bits);
    const target = letters.symlink ? targetAt(bytes, walker.linkAt, index) : undefined;
    files.add({ path, length: walker.length, letters, target });
    roots.push(walker.rootAt);
    const gap = gapBehind(walker.length, pieceLength);
    if (gap > 0) {
      files.add({ path: ['.pad', String(gap)], length: gap, letters: PADDING, target: undefined });
      roots.push(0);
    }
    checkFileCount(roots.length, limits);
    if (++steps % FILES_PER_STEP === 0) yield;
  }
  const list = yield* files.finish();
  list.table.setRoots({ bytes, at: Uint32Array.from(roots) });
  return list;
}

/** The components of the symlink target that stands at an offset, which is 0 where there is none. */
function targetAt(bytes: Uint8Array, at: number, index: number): string[] | undefined {
  if (at === 0) return undefined;
  const cursor = new ByteCursor(bytes, at + 1);
  const target: string[] = [];
  while (!cursor.isEnd()) {
    if (!cursor.isString()) throw malformedTarget(index);
    const size = cursor.stringSize();
    target.push(textOfBytes(bytes.subarray(cursor.at, (cursor.at += size))));
  }
  return target;
}

function lettersOf(bits: number): AttributeLetters {
  return {
    padding: false,
    executable: (bits & EXECUTABLE_BIT) !== 0,
    hidden: (bits & HIDDEN_BIT) !== 0,
    symlink: (bits & LINK_BIT) !== 0,
  };
}
