import { attributeBits, PADDING_BIT } from './attributes.ts';
import type { TorrentFile, TorrentInfo } from './types.ts';

/**
 * The files of a torrent as columns, one number for each file: 17 bytes where an object with its strings takes two hundred.
 * The objects are made when somebody asks for them.
 */
export class FileTable {
  /** Bytes of each file. */
  readonly lengths: Float64Array;
  /** First byte of each file in the piece space. */
  readonly offsets: Float64Array;
  /** Attributes of each file, see `attributes.ts`. */
  readonly bits: Uint8Array;
  #files: readonly TorrentFile[] | undefined;
  #make: (() => readonly TorrentFile[]) | undefined;

  /** All columns have one length. `make` is called once at most, when the objects are first asked for. */
  constructor(
    lengths: Float64Array,
    offsets: Float64Array,
    bits: Uint8Array,
    make: () => readonly TorrentFile[],
  ) {
    this.lengths = lengths;
    this.offsets = offsets;
    this.bits = bits;
    this.#make = make;
  }

  static of(files: readonly TorrentFile[]): FileTable {
    const lengths = new Float64Array(files.length);
    const offsets = new Float64Array(files.length);
    const bits = new Uint8Array(files.length);
    for (const [index, file] of files.entries()) {
      lengths[index] = file.length;
      offsets[index] = file.offset;
      bits[index] = attributeBits(file.attributes);
    }
    return new FileTable(lengths, offsets, bits, () => files);
  }

  /** Number of files. */
  get size(): number {
    return this.lengths.length;
  }

  isPadding(index: number): boolean {
    return ((this.bits[index] ?? 0) & PADDING_BIT) !== 0;
  }

  /** One object for each file; the same array every time. */
  get files(): readonly TorrentFile[] {
    this.#files ??= this.#make?.() ?? [];
    // What it refers to is no longer needed.
    this.#make = undefined;
    return this.#files;
  }
}

/** The files of a torrent and their sums. */
export interface FileList {
  readonly table: FileTable;
  readonly totalLength: number;
  /** Without padding. */
  readonly length: number;
}

const tables = new WeakMap<object, FileTable>();

/** Remember the table an info dictionary's files come from. */
export function keepTable(info: TorrentInfo, table: FileTable): void {
  tables.set(info, table);
}

/** The files of an info dictionary as a table; without making their objects where this package has parsed it. */
export function tableOf(info: Pick<TorrentInfo, 'files'>): FileTable {
  return tables.get(info) ?? FileTable.of(info.files);
}
