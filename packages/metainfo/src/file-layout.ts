import { MetainfoError } from './errors.ts';
import type { FileTable } from './file-table.ts';
import { tableOf } from './file-table.ts';
import type { TorrentInfo } from './types.ts';

/** A run of bytes in one file, part of a range of the piece space. */
export interface FileSpan {
  /** Index of the file in {@link TorrentInfo.files}. */
  readonly fileIndex: number;
  /** First byte in the file. */
  readonly fileOffset: number;
  /** Bytes, at least 1. */
  readonly length: number;
  /** First byte within the range that was asked for. */
  readonly at: number;
}

/** What a layout has to know of a torrent. */
export type LayoutInfo = Pick<TorrentInfo, 'files' | 'pieceLength' | 'totalLength' | 'pieceCount'>;

/**
 * Where files and pieces lie in the piece space (BEP 3): all files, padding included, one after the other, cut into pieces
 * of equal length. Built in linear time; look-ups take logarithmic time. Offsets outside the piece space throw
 * ERR_METAINFO_OUT_OF_RANGE.
 */
export class FileLayout {
  /** Bytes of each file. */
  readonly #lengths: Float64Array;
  /** First byte of each file in the piece space. */
  readonly #offsets: Float64Array;
  /** Indices of the files that hold bytes, in order. */
  readonly #filled: Uint32Array;
  readonly #pieceLength: number;
  readonly #totalLength: number;
  readonly #pieceCount: number;
  readonly #table: FileTable;
  /** For each filled file the last one up to it that is no padding, counted from 1, or 0; made when it is first needed. */
  #payload: Uint32Array | undefined;

  constructor(info: LayoutInfo) {
    const table = tableOf(info);
    const { lengths, offsets } = table;
    this.#table = table;
    this.#lengths = lengths;
    this.#offsets = offsets;
    this.#pieceLength = info.pieceLength;
    this.#totalLength = info.totalLength;
    this.#pieceCount = info.pieceCount;
    const filled = new Uint32Array(lengths.length);
    let count = 0;
    for (let index = 0; index < lengths.length; index++) {
      if ((lengths[index] ?? 0) > 0) filled[count++] = index;
    }
    this.#filled = count === filled.length ? filled : filled.slice(0, count);
  }

  /** The files a range of the piece space lies in, in order; empty files have no span, padding files have. */
  spans(offset: number, length: number): FileSpan[] {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.#totalLength)) {
      throw outOfRange(`bytes ${offset} to ${offset + length}`, `${this.#totalLength} bytes`);
    }
    const spans: FileSpan[] = [];
    if (length === 0) return spans;
    let at = 0;
    for (let slot = this.#slotAt(offset); at < length && slot < this.#filled.length; slot++) {
      const fileIndex = this.#filled[slot] ?? 0;
      const fileOffset = offset + at - (this.#offsets[fileIndex] ?? 0);
      const take = Math.min((this.#lengths[fileIndex] ?? 0) - fileOffset, length - at);
      spans.push({ fileIndex, fileOffset, length: take, at });
      at += take;
    }
    return spans;
  }

  /** Bytes of a piece; only the last one may have fewer than the others. */
  pieceLengthAt(piece: number): number {
    if (!(piece >= 0 && piece < this.#pieceCount)) {
      throw outOfRange(`piece ${piece}`, `${this.#pieceCount} pieces`);
    }
    return Math.min(this.#pieceLength, this.#totalLength - piece * this.#pieceLength);
  }

  /**
   * Bytes of a piece before the padding at its end: all that is worth asking peers for. {@link pieceLengthAt} where no padding
   * ends the piece, 0 for a piece of padding only (which v2 torrents never have).
   */
  payloadLengthAt(piece: number): number {
    const length = this.pieceLengthAt(piece);
    const start = piece * this.#pieceLength;
    this.#payload ??= this.#findPayload();
    const last = this.#payload[this.#slotAt(start + length - 1)] ?? 0;
    if (last === 0) return 0;
    const index = this.#filled[last - 1] ?? 0;
    const end = (this.#offsets[index] ?? 0) + (this.#lengths[index] ?? 0);
    return Math.max(0, Math.min(length, end - start));
  }

  /** The first and last piece a file has bytes in; undefined for an empty file. */
  piecesOf(fileIndex: number): { readonly first: number; readonly last: number } | undefined {
    const length = this.#lengths[fileIndex];
    const offset = this.#offsets[fileIndex];
    if (length === undefined || offset === undefined) {
      throw outOfRange(`file ${fileIndex}`, `${this.#lengths.length} files`);
    }
    if (length === 0) return undefined;
    return {
      first: Math.floor(offset / this.#pieceLength),
      last: Math.floor((offset + length - 1) / this.#pieceLength),
    };
  }

  /** The file that holds the byte at an offset of the piece space. */
  fileAt(offset: number): number {
    if (!(offset >= 0 && offset < this.#totalLength)) {
      throw outOfRange(`byte ${offset}`, `${this.#totalLength} bytes`);
    }
    return this.#filled[this.#slotAt(offset)] ?? 0;
  }

  #findPayload(): Uint32Array {
    const payload = new Uint32Array(this.#filled.length);
    let last = 0;
    for (let slot = 0; slot < payload.length; slot++) {
      if (!this.#table.isPadding(this.#filled[slot] ?? 0)) last = slot + 1;
      payload[slot] = last;
    }
    return payload;
  }

  /** The last filled file that starts at or before an offset. */
  #slotAt(offset: number): number {
    let low = 0;
    let high = this.#filled.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#offsets[this.#filled[middle] ?? 0] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function outOfRange(what: string, size: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_OUT_OF_RANGE', `${what} of a torrent of ${size}`);
}
