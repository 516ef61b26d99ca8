/** {@link LayoutData.flags}: an alignment file (BEP 47): zeros that never exist on disk. */
export const FLAG_PADDING = 1;
/** {@link LayoutData.flags}: created with execute permission. */
export const FLAG_EXECUTABLE = 2;

/** All a disk worker has to know of a torrent. Plain data that can be sent to a thread. */
export interface LayoutData {
  /** The download folder, absolute. */
  readonly root: string;
  /** Path of each file below {@link root}, components joined with `/`, made safe by the metainfo parser. */
  readonly paths: readonly string[];
  /** Name of the file in {@link root} that keeps pieces of unwanted files. */
  readonly partsName: string;
  /** Bytes of each file. */
  readonly lengths: Float64Array;
  readonly flags: Uint8Array;
  /** 1 for each file that is wanted. Shared memory: the main thread changes it, workers only read it. */
  readonly wanted: Uint8Array;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** SHA-1 of each piece, 20 bytes each. */
  readonly hashes: Uint8Array;
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

  constructor(data: LayoutData) {
    this.data = data;
    this.#offsets = new Float64Array(data.lengths.length);
    let offset = 0;
    for (const [index, length] of data.lengths.entries()) {
      this.#offsets[index] = offset;
      offset += length;
    }
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
    return `${this.data.root}/${this.data.paths[file] ?? ''}`;
  }

  get partsPath(): string {
    return `${this.data.root}/${this.data.partsName}`;
  }

  /** Bytes of a piece; only the last one may be shorter. */
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

  spansOfPiece(piece: number): DiskSpan[] {
    return this.spans(piece * this.data.pieceLength, this.pieceLengthAt(piece));
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
