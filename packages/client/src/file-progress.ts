import type { FileColumns, FileLayout, TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';

/** Whether a file is wanted, by its index. */
export type WantedFiles = (fileIndex: number) => boolean;

/** How much of each file is verified, kept up to date piece by piece. */
export class FileProgress {
  readonly #pieceLength: number;
  readonly #files: FileColumns;
  readonly #layout: () => FileLayout;
  /** Verified bytes by file index, or of all files alike. */
  #done: Float64Array | 'nothing' | 'all';
  #wanted: WantedFiles;
  #total = 0;
  #completed = 0;

  constructor(
    info: TorrentInfo,
    layout: () => FileLayout,
    have: Bitfield | 'nothing' | 'all',
    wanted: WantedFiles,
  ) {
    this.#pieceLength = info.pieceLength;
    this.#files = fileColumns(info);
    this.#layout = layout;
    this.#wanted = wanted;
    if (typeof have === 'string') this.#done = have;
    else if (have.isFull) this.#done = 'all';
    else this.#done = have.isEmpty ? 'nothing' : this.#bytesIn(have);
    this.setWanted(wanted);
  }

  /** Payload bytes of the wanted files. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Of those, bytes of verified pieces. */
  get completedBytes(): number {
    return this.#completed;
  }

  /** Every piece of the wanted files is verified. */
  get isComplete(): boolean {
    return this.#completed === this.#total;
  }

  /** Verified bytes of one file. */
  of(fileIndex: number): number {
    if (this.#done === 'nothing') return 0;
    if (this.#done === 'all') return this.#files.lengths[fileIndex] ?? 0;
    return this.#done[fileIndex] ?? 0;
  }

  setWanted(wanted: WantedFiles): void {
    this.#wanted = wanted;
    this.#total = 0;
    this.#completed = 0;
    for (let index = 0; index < this.#files.size; index += 1) {
      if (this.#files.isPadding(index) || !wanted(index)) continue;
      this.#total += this.#files.lengths[index] ?? 0;
      this.#completed += this.of(index);
    }
  }

  /** One file has become wanted, or is not wanted any more. */
  changeWanted(fileIndex: number, isWanted: boolean): void {
    if (this.#files.isPadding(fileIndex)) return;
    const sign = isWanted ? 1 : -1;
    this.#total += sign * (this.#files.lengths[fileIndex] ?? 0);
    this.#completed += sign * this.of(fileIndex);
  }

  /** A piece was verified. */
  add(piece: number): void {
    this.#count(piece, 1);
  }

  /** A piece that was verified is damaged. */
  remove(piece: number): void {
    this.#count(piece, -1);
  }

  #count(piece: number, by: 1 | -1): void {
    const done = this.#counted();
    const layout = this.#layout();
    const offset = piece * this.#pieceLength;
    for (const { fileIndex, length } of layout.spans(offset, layout.pieceLengthAt(piece))) {
      done[fileIndex] = (done[fileIndex] ?? 0) + by * length;
      if (this.#files.isPadding(fileIndex) || !this.#wanted(fileIndex)) continue;
      this.#completed += by * length;
    }
  }

  /** Of each file, its bytes in some pieces. Without an object for any of them. */
  #bytesIn(have: Bitfield): Float64Array {
    const { size, lengths, offsets } = this.#files;
    const pieceLength = this.#pieceLength;
    const done = new Float64Array(size);
    for (let index = 0; index < size; index += 1) {
      const offset = offsets[index] ?? 0;
      const end = offset + (lengths[index] ?? 0);
      let bytes = 0;
      for (let start = offset; start < end;) {
        const piece = Math.floor(start / pieceLength);
        const next = Math.min(end, (piece + 1) * pieceLength);
        if (have.get(piece)) bytes += next - start;
        start = next;
      }
      done[index] = bytes;
    }
    return done;
  }

  /** The bytes of each file by itself. */
  #counted(): Float64Array {
    if (typeof this.#done !== 'string') return this.#done;
    const { size, lengths } = this.#files;
    const done = this.#done === 'all' ? lengths.slice() : new Float64Array(size);
    this.#done = done;
    return done;
  }
}
