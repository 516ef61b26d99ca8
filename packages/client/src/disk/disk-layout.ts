/** {@link LayoutData.flags}: an alignment file (BEP 47): zeros that never exist on disk. */
export const FLAG_PADDING = 1;
/** {@link LayoutData.flags}: created with execute permission. */
export const FLAG_EXECUTABLE = 2;

import { BLOCK_LENGTH, treeHeight } from '@shoal/metainfo';

/** Between two paths in {@link LayoutData.paths}; no path holds one. */
export const PATH_END = '\n';

/** SHA-256 piece hashes (BEP 52) as far as they are known. Shared memory: the main thread adds to it, workers only read it. */
export interface SharedHashes {
  /** 32 bytes for each piece. */
  readonly hashes: Uint8Array;
  /** 1 for each piece whose hash is known; set after the hash itself, and to be read with `Atomics`. */
  readonly known: Uint8Array;
}

/** All a disk worker has to know of a torrent. Plain data that can be sent to a thread. */
export interface LayoutData {
  /** The download folder, absolute. */
  readonly root: string;
  /**
   * Which folder that is: its device and inode, or zeros until that is known. Shared memory: the main thread sets it when it begins to
   * write, and workers make nothing in another one.
   */
  readonly rootId: BigUint64Array;
  /**
   * Path of each file below {@link root}, components joined with `/`, made safe by the metainfo parser; a line
   * feed between two, and nothing for padding. As one string: to send a hundred thousand to a thread takes the sender tens of milliseconds.
   */
  readonly paths: string;
  /** Name of the file in {@link root} that keeps pieces of unwanted files. */
  readonly partsName: string;
  /** Bytes of each file. */
  readonly lengths: Float64Array;
  readonly flags: Uint8Array;
  /** 1 for each file that is wanted. Shared memory: the main thread changes it, workers only read it. */
  readonly wanted: Uint8Array;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Bytes of each piece before the padding it ends with, see `payloadLengthsOf`; undefined where that is all of each. */
  readonly payload: Int32Array | undefined;
  /** SHA-1 of each piece with its padding, 20 bytes each; undefined for a v2-only torrent. */
  readonly hashes: Uint8Array | undefined;
  /** Undefined for a v1-only torrent. */
  readonly v2: SharedHashes | undefined;
}

/** The path of each file, by index. */
export function pathsOf(data: LayoutData): string[] {
  return data.paths.split(PATH_END);
}

/** A stretch of one file. */
export interface DiskSpan {
  readonly file: number;
  /** Bytes from the start of the file. */
  readonly fileOffset: number;
  readonly length: number;
  /** Offset within the range that was asked for. */
  readonly at: number;
}

/** Where the bytes of the piece space lie. */
export class DiskLayout {
  readonly data: LayoutData;
  readonly totalLength: number;
  readonly #offsets: Float64Array;
  readonly #pathBelow: (file: number) => string;

  /** @param pathBelow gives the path of a file below the root; default: from {@link pathsOf}, a string for each file */
  constructor(data: LayoutData, pathBelow?: (file: number) => string) {
    this.data = data;
    let paths: readonly string[] | undefined;
    this.#pathBelow = pathBelow ?? ((file) => (paths ??= pathsOf(data))[file] ?? '');
    const { lengths } = data;
    const offsets = new Float64Array(lengths.length);
    let offset = 0;
    // By index: with an iterator a hundred thousand files take five times as long.
    for (let file = 0; file < lengths.length; file++) {
      offsets[file] = offset;
      offset += lengths[file] ?? 0;
    }
    this.#offsets = offsets;
    this.totalLength = offset;
  }

  get fileCount(): number {
    return this.data.lengths.length;
  }

  lengthOf(file: number): number {
    return this.data.lengths[file] ?? 0;
  }

  isPadding(file: number): boolean {
    return ((this.data.flags[file] ?? 0) & FLAG_PADDING) !== 0;
  }

  isExecutable(file: number): boolean {
    return ((this.data.flags[file] ?? 0) & FLAG_EXECUTABLE) !== 0;
  }

  isWanted(file: number): boolean {
    return this.data.wanted[file] === 1;
  }

  pathOf(file: number): string {
    return `${this.data.root}/${this.#pathBelow(file)}`;
  }

  get partsPath(): string {
    return `${this.data.root}/${this.data.partsName}`;
  }

  /** Bytes of a piece, with its padding; only the last one may be shorter. */
  pieceLengthAt(piece: number): number {
    const { pieceLength } = this.data;
    return Math.min(pieceLength, this.totalLength - piece * pieceLength);
  }

  /** The stretches of files that make up `[offset, offset + length)` of the piece space, in order; empty files left out. */
  spans(offset: number, length: number): DiskSpan[] {
    const spans: DiskSpan[] = [];
    let at = 0;
    for (let file = this.#fileAt(offset); at < length && file < this.fileCount; file++) {
      const fileOffset = offset + at - (this.#offsets[file] ?? 0);
      const taken = Math.min(this.lengthOf(file) - fileOffset, length - at);
      if (taken <= 0) continue;
      spans.push({ file, fileOffset, length: taken, at });
      at += taken;
    }
    return spans;
  }

  /** The stretches of files that make up a piece, without the padding it ends with. */
  spansOfPiece(piece: number): DiskSpan[] {
    return this.spans(piece * this.data.pieceLength, this.payloadLengthAt(piece));
  }

  /** Bytes of a piece before the padding it ends with: those that come from peers and stand on disk. */
  payloadLengthAt(piece: number): number {
    return this.data.payload?.[piece] ?? this.pieceLengthAt(piece);
  }

  /**
   * Layer of a piece's hash in the tree of its file (BEP 52): the only piece of a file is padded just to a power of two of
   * blocks. For torrents with SHA-256 hashes, where a piece belongs to one file.
   */
  hashLayerOf(piece: number): number {
    const { pieceLength } = this.data;
    const length = this.lengthOf(this.#fileAt(piece * pieceLength));
    return treeHeight(Math.ceil(Math.min(length, pieceLength) / BLOCK_LENGTH));
  }

  /** The last file that starts at or before `offset`. */
  #fileAt(offset: number): number {
    let low = 0;
    let high = this.#offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
