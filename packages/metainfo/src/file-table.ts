import { attributeBits, attributesOf, EXECUTABLE_BIT, PADDING_BIT } from './attributes.ts';
import { SHA256_LENGTH } from './limits.ts';
import type { PathSource } from './path-text.ts';
import type { FileAttributes, TorrentFile, TorrentInfo } from './types.ts';

/** What {@link TorrentInfo.files} says in numbers, by file index, for those who would look at every file. Do not write to it. */
export interface FileColumns {
  /** Number of files, padding included. */
  readonly size: number;
  /** Bytes of each file. */
  readonly lengths: Float64Array;
  /** First byte of each file in the piece space. */
  readonly offsets: Float64Array;
  /** Whether a file only aligns the next one (BEP 47); false for an index that no file has. */
  isPadding(index: number): boolean;
  /** Whether a file is created with execute permission (BEP 47); false for an index that no file has. */
  isExecutable(index: number): boolean;
  /** {@link TorrentFile.attributes}: objects that files share; those of a plain file for an index that no file has. */
  attributesOf(index: number): FileAttributes;
  /** {@link TorrentFile.path}: a string that is made for each call; empty for an index that no file has. */
  pathOf(index: number): string;
  /**
   * The paths of the files from `from` up to, but without, `to` (default: all) in one string, `\n` between two of them, which no
   * path holds; that of padding, which never stands on disk, is left empty. Ten thousand take about a millisecond.
   */
  joinPaths(from?: number, to?: number): string;
  /** {@link TorrentFile.piecesRoot}: a view that is made for each call; undefined for an index that no file has. */
  piecesRootOf(index: number): Uint8Array | undefined;
  /** Put the 32 bytes of {@link piecesRootOf} to `at` of `into`, without a view for them; false where there are none. */
  copyPiecesRoot(index: number, into: Uint8Array, at: number): boolean;
}

/**
 * The files of a torrent as a torrent of 100,000 of them should be gone through: no object is made for any file where this
 * package has parsed the torrent.
 */
export function fileColumns(info: Pick<TorrentInfo, 'files'>): FileColumns {
  return tableOf(info);
}

/** Files of a torrent as they are put together. */
export type MutableFile = { -readonly [Key in keyof TorrentFile]: TorrentFile[Key] };

/** One number for each file. */
interface Columns {
  /** Bytes of each file. */
  readonly lengths: Float64Array;
  /** First byte of each file in the piece space. */
  readonly offsets: Float64Array;
  /** Attributes of each file, see `attributes.ts`. */
  readonly bits: Uint8Array;
}

/** Pieces roots by file: where each stands in some bytes, 0 for a file that has none. */
export interface RootColumn {
  readonly bytes: Uint8Array;
  readonly at: Uint32Array;
}

/** Makes the objects of a table. */
type MakeFiles = (table: FileTable) => readonly TorrentFile[];

/**
 * The files of a torrent as columns, one number for each file: 17 bytes where an object with its strings takes two hundred.
 * The objects are made when somebody asks for them; where they were there first, the columns are, since three typed arrays
 * take more than the one file of a small torrent.
 */
export class FileTable implements FileColumns {
  /** Number of files. */
  readonly size: number;
  #columns: Columns | undefined;
  #files: readonly TorrentFile[] | undefined;
  #make: MakeFiles | undefined;
  #paths: PathSource | undefined;
  #roots: RootColumn | undefined;

  private constructor(
    size: number,
    columns: Columns | undefined,
    files: readonly TorrentFile[] | undefined,
    make: MakeFiles | undefined,
    paths: PathSource | undefined,
    roots: RootColumn | undefined,
  ) {
    this.size = size;
    this.#columns = columns;
    this.#files = files;
    this.#make = make;
    this.#paths = paths;
    this.#roots = roots;
  }

  static of(files: readonly TorrentFile[]): FileTable {
    return new FileTable(files.length, undefined, files, undefined, undefined, undefined);
  }

  /** All columns have one length. `make` is called once at most, when the objects are first asked for. */
  static ofColumns(
    columns: Columns,
    make: MakeFiles,
    paths: PathSource,
    roots?: RootColumn,
  ): FileTable {
    return new FileTable(columns.lengths.length, columns, undefined, make, paths, roots);
  }

  /** Bytes of each file. */
  get lengths(): Float64Array {
    return this.#allColumns.lengths;
  }

  /** First byte of each file in the piece space. */
  get offsets(): Float64Array {
    return this.#allColumns.offsets;
  }

  isPadding(index: number): boolean {
    return ((this.#allColumns.bits[index] ?? 0) & PADDING_BIT) !== 0;
  }

  isExecutable(index: number): boolean {
    return ((this.#allColumns.bits[index] ?? 0) & EXECUTABLE_BIT) !== 0;
  }

  attributesOf(index: number): FileAttributes {
    const attributes = this.#files?.[index]?.attributes;
    return attributes ?? attributesOf(this.#columns?.bits[index] ?? 0);
  }

  pathOf(index: number): string {
    if (this.#paths === undefined) return this.files[index]?.path ?? '';
    return index >= 0 && index < this.size ? this.#paths.at(index) : '';
  }

  joinPaths(from = 0, to: number = this.size): string {
    const end = Math.min(to, this.size);
    if (this.#paths !== undefined) return this.#paths.join(this, from, end);
    const files = this.files.slice(from, end);
    return files.map(({ path, attributes }) => (attributes.padding ? '' : path)).join('\n');
  }

  piecesRootOf(index: number): Uint8Array | undefined {
    if (this.#roots === undefined) return this.#files?.[index]?.piecesRoot;
    const at = this.#roots.at[index] ?? 0;
    return at === 0 ? undefined : this.#roots.bytes.subarray(at, at + SHA256_LENGTH);
  }

  copyPiecesRoot(index: number, into: Uint8Array, at: number): boolean {
    const from = this.#roots?.at[index] ?? 0;
    if (this.#roots === undefined || from === 0) {
      const root = this.piecesRootOf(index);
      if (root !== undefined) into.set(root, at);
      return root !== undefined;
    }
    const { bytes } = this.#roots;
    for (let offset = 0; offset < SHA256_LENGTH; offset++) {
      into[at + offset] = bytes[from + offset] ?? 0;
    }
    return true;
  }

  /** Where the roots stand, for those who would look at all of them; undefined where only the objects have them, if any. */
  get roots(): RootColumn | undefined {
    return this.#roots;
  }

  /** Give the files of a list the roots that a file tree has for them. */
  setRoots(roots: RootColumn): void {
    this.#roots = roots;
    if (this.#files === undefined) return;
    // They were made along with this table, and nobody has seen them yet.
    for (const file of this.#files as readonly MutableFile[]) {
      file.piecesRoot = this.piecesRootOf(file.index);
    }
  }

  /** One object for each file; the same array every time. */
  get files(): readonly TorrentFile[] {
    this.#files ??= this.#make?.(this) ?? [];
    // What it refers to is no longer needed.
    this.#make = this.#paths = undefined;
    return this.#files;
  }

  get #allColumns(): Columns {
    this.#columns ??= columnsOf(this.files);
    return this.#columns;
  }
}

function columnsOf(files: readonly TorrentFile[]): Columns {
  const lengths = new Float64Array(files.length);
  const offsets = new Float64Array(files.length);
  const bits = new Uint8Array(files.length);
  for (const [index, file] of files.entries()) {
    lengths[index] = file.length;
    offsets[index] = file.offset;
    bits[index] = attributeBits(file.attributes);
  }
  return { lengths, offsets, bits };
}

/** The files of a torrent and their sums. */
export interface FileList {
  readonly table: FileTable;
  readonly totalLength: number;
  /** Without padding. */
  readonly length: number;
}

/** Where an info dictionary keeps its table: a property of its own, so that it is found through proxies and heirs as well. */
const TABLE = Symbol('file table');

interface WithTable {
  readonly [TABLE]?: FileTable;
}

/**
 * One getter for all torrents: one in each object literal would give every torrent a shape of its own, more than a kilobyte,
 * and reading any of its fields would be a look-up by name.
 */
const FILES: PropertyDescriptor & ThisType<WithTable> = {
  get(): readonly TorrentFile[] {
    return this[TABLE]?.files ?? [];
  },
  enumerable: true,
  configurable: true,
};

/** Completes an info dictionary with its files, which are made of `table` when somebody asks for them. */
export function withFiles(info: Omit<TorrentInfo, 'files'>, table: FileTable): TorrentInfo {
  Object.defineProperty(info, TABLE, { value: table });
  return Object.defineProperty(info, 'files', FILES) as TorrentInfo;
}

/** The files of an info dictionary as a table; without making their objects where this package has parsed it. */
export function tableOf(info: Pick<TorrentInfo, 'files'> & WithTable): FileTable {
  return info[TABLE] ?? FileTable.of(info.files);
}
