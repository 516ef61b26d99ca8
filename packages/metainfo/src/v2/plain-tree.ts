import { attributesOf, LINK_BIT, PADDING_BIT } from '../attributes.ts';
import type { FileList } from '../file-table.ts';
import { FileTable } from '../file-table.ts';
import { MAX_COMPONENT_LENGTH } from '../limits.ts';
import { HASH_START, NameHashes, nextHash, nextOtherHash, SEPARATOR } from '../name-hashes.ts';
import type { PathSource } from '../path-text.ts';
import { PathText } from '../path-text.ts';
import { isDeviceName, isDotOrSpace, plainCharacters } from '../safe-path.ts';
import type { Steps } from '../steps.ts';
import type { TorrentFile } from '../types.ts';
import { GrowingColumns, resized } from './columns.ts';
import { FileTreeWalker } from './file-tree.ts';
import type { TreeContext } from './tree-context.ts';
import { checkFileCount, gapBehind, paddingPath } from './tree-context.ts';

/** Files of a step. */
const FILES_PER_STEP = 4_096;

/** Bytes of a tree for each of its files, about: what a {@link NameHashes} starts with, which grows. */
const BYTES_PER_FILE = 96;

const MIN_FOLDERS = 16;

/**
 * Read a file tree of which there is nothing to say, as `plain-files.ts` does a list: every name is safe as it is and in
 * ASCII, no two clash, no file is a symlink, no path is too deep or too long. Undefined means that the tree has to be read with
 * care, not that it is wrong. Throws ERR_METAINFO_INVALID_FILE_TREE or ERR_METAINFO_TOO_MANY_FILES.
 *
 * @param bytes the tree as it stands in the torrent, known to be canonical; the table refers to them
 */
export function* readPlainTree(
  bytes: Uint8Array,
  context: TreeContext,
): Steps<FileList | undefined> {
  const reader = new PlainTreeReader(bytes, context);
  for (let files = 1; reader.walker.next(); files++) {
    if (!reader.add()) return undefined;
    if (files % FILES_PER_STEP === 0) yield;
  }
  return reader.finish();
}

class PlainTreeReader {
  readonly walker: FileTreeWalker;
  readonly #bytes: Uint8Array;
  readonly #context: TreeContext;
  /** For each byte what it is folded to, or 0 where it is not plain. */
  readonly #plain: Uint8Array;
  /** Bytes a path may have below the torrent's name, a slash before each component included. */
  readonly #room: number;
  readonly #names: NameHashes;
  readonly #columns = new GrowingColumns();
  readonly #folders = new Folders();
  /** Of the folders around the file: number, bytes of the path, and the two halves of its hash. The first is the torrent's. */
  readonly #ids: Uint32Array;
  readonly #sizes: Uint32Array;
  readonly #lows: Int32Array;
  readonly #highs: Int32Array;
  #offset = 0;
  #length = 0;

  constructor(bytes: Uint8Array, context: TreeContext) {
    const { name, limits, rules } = context;
    this.walker = new FileTreeWalker(bytes);
    this.#bytes = bytes;
    this.#context = context;
    this.#plain = plainCharacters(rules);
    this.#room = limits.maxPathLength - Buffer.byteLength(name);
    this.#names = new NameHashes(Math.ceil(bytes.length / BYTES_PER_FILE));
    const levels = limits.maxPathDepth + 1;
    this.#ids = new Uint32Array(levels);
    this.#sizes = new Uint32Array(levels);
    this.#lows = new Int32Array(levels).fill(HASH_START);
    this.#highs = new Int32Array(levels).fill(HASH_START);
  }

  /** Take in the file the walker is at; false where it is not plain. */
  add(): boolean {
    const { depth, shared, length, bits, rootAt } = this.walker;
    const { pieceLength, limits } = this.#context;
    if ((bits & LINK_BIT) !== 0 || depth > limits.maxPathDepth) return false;
    for (let level = shared; level < depth - 1; level++) {
      if (!this.#addName(level, false)) return false;
      const start = this.walker.startOf(level);
      const size = this.walker.endOf(level) - start;
      this.#ids[level + 1] = this.#folders.add(this.#ids[level] ?? 0, start, size);
    }
    const last = depth - 1;
    if (!this.#addName(last, true)) return false;
    const start = this.walker.startOf(last);
    const columns = this.#columns;
    const index = this.#put(length, bits);
    columns.roots[index] = rootAt;
    columns.names[index] = start;
    columns.nameSizes[index] = this.walker.endOf(last) - start;
    columns.folders[index] = this.#ids[last] ?? 0;
    this.#length += length;
    const gap = gapBehind(length, pieceLength);
    if (gap > 0) this.#put(gap, PADDING_BIT);
    checkFileCount(columns.size, limits);
    return this.#offset <= Number.MAX_SAFE_INTEGER;
  }

  finish(): FileList {
    const columns = this.#columns;
    columns.trim();
    const folders = this.#folders;
    const { name } = this.#context;
    const bytes = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    const { lengths, offsets, bits, names, nameSizes } = columns;
    let prefixes: readonly string[] | undefined;
    const prefixOf = (index: number): string => {
      prefixes ??= folders.paths(bytes, `${name}/`);
      return prefixes[columns.folders[index] ?? 0] ?? '';
    };
    const paths: PathSource = {
      at: (index) => {
        const at = names[index] ?? 0;
        if (at === 0) return paddingPath(name, lengths[index] ?? 0);
        return prefixOf(index) + bytes.toString('latin1', at, at + (nameSizes[index] ?? 0));
      },
      join: (_table, from, to) => {
        const text = new PathText();
        let prefix = '';
        let prefixBytes = Buffer.alloc(0);
        for (let index = from; index < to; index++) {
          const at = names[index] ?? 0;
          if (at !== 0) {
            // Files of one folder follow each other.
            if (prefixOf(index) !== prefix) {
              prefix = prefixOf(index);
              prefixBytes = Buffer.from(prefix);
            }
            text.put(prefixBytes, 0, prefixBytes.length);
            text.put(bytes, at, at + (nameSizes[index] ?? 0));
          }
          text.endLine();
        }
        return text.finish();
      },
    };
    const make = (table: FileTable): TorrentFile[] => {
      return Array.from(lengths, (length, index) => {
        return {
          index,
          path: paths.at(index),
          originalPath: undefined,
          length,
          offset: offsets[index] ?? 0,
          piecesRoot: table.piecesRootOf(index),
          attributes: attributesOf(bits[index] ?? 0),
        };
      });
    };
    const roots = { bytes: this.#bytes, at: columns.roots };
    return {
      table: FileTable.ofColumns({ lengths, offsets, bits }, make, paths, roots),
      totalLength: this.#offset,
      length: this.#length,
    };
  }

  /** Put an entry behind the others; its index. */
  #put(length: number, bits: number): number {
    const index = this.#columns.add();
    this.#columns.lengths[index] = length;
    this.#columns.offsets[index] = this.#offset;
    this.#columns.bits[index] = bits;
    this.#offset += length;
    return index;
  }

  /** Go over a component; false where it is not plain or may clash with another one. */
  #addName(level: number, isFile: boolean): boolean {
    const bytes = this.#bytes;
    const plain = this.#plain;
    const start = this.walker.startOf(level);
    const end = this.walker.endOf(level);
    const size = (this.#sizes[level] ?? 0) + end - start + 1;
    if (end - start > MAX_COMPONENT_LENGTH || size > this.#room) return false;
    let low = this.#lows[level] ?? 0;
    let high = this.#highs[level] ?? 0;
    for (let at = start; at < end; at++) {
      const code = plain[bytes[at] ?? 0] ?? 0;
      if (code === 0) return false;
      low = nextHash(low, code);
      high = nextOtherHash(high, code);
    }
    if (isDotOrSpace(bytes[end - 1] ?? 0)) return false;
    if (this.#context.rules.windows) {
      const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
      if (isDeviceName(name.toString('latin1'))) return false;
    }
    if (!this.#names.add(low, high, isFile)) return false;
    if (isFile) return true;
    this.#sizes[level + 1] = size;
    this.#lows[level + 1] = nextHash(low, SEPARATOR);
    this.#highs[level + 1] = nextOtherHash(high, SEPARATOR);
    return true;
  }
}

/** The folders of a tree, numbered in its order from 1 on; 0 is the torrent's own. */
class Folders {
  #size = 1;
  #parents = new Uint32Array(MIN_FOLDERS);
  #starts = new Uint32Array(MIN_FOLDERS);
  #sizes = new Uint32Array(MIN_FOLDERS);

  add(parent: number, start: number, size: number): number {
    if (this.#size === this.#parents.length) {
      const capacity = 2 * this.#size;
      this.#parents = resized(this.#parents, new Uint32Array(capacity));
      this.#starts = resized(this.#starts, new Uint32Array(capacity));
      this.#sizes = resized(this.#sizes, new Uint32Array(capacity));
    }
    this.#parents[this.#size] = parent;
    this.#starts[this.#size] = start;
    this.#sizes[this.#size] = size;
    return this.#size++;
  }

  /** Paths of all folders by number, with a slash at their ends. */
  paths(bytes: Buffer, root: string): string[] {
    const paths = [root];
    for (let folder = 1; folder < this.#size; folder++) {
      const start = this.#starts[folder] ?? 0;
      const name = bytes.toString('latin1', start, start + (this.#sizes[folder] ?? 0));
      paths.push(`${paths[this.#parents[folder] ?? 0] ?? root}${name}/`);
    }
    return paths;
  }
}
