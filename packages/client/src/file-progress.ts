import type { FileLayout, TorrentInfo } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';

/** How much of each file is verified, kept up to date piece by piece. */
export class FileProgress {
  readonly #info: TorrentInfo;
  readonly #layout: FileLayout;
  /** Verified bytes by file index. */
  readonly #done: Float64Array;
  #wanted: readonly boolean[];
  #total = 0;
  #completed = 0;

  constructor(info: TorrentInfo, layout: FileLayout, have: Bitfield, wanted: readonly boolean[]) {
    this.#info = info;
    this.#layout = layout;
    this.#done = new Float64Array(info.files.length);
    this.#wanted = wanted;
    this.setWanted(wanted);
    if (have.isFull) this.#fill();
    else have.forEachSet((piece) => this.add(piece));
  }

  /** Payload bytes of the wanted files. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Of those, bytes of verified pieces. */
  get completedBytes(): number {
    return this.#completed;
  }

  /** Verified bytes of one file. */
  of(fileIndex: number): number {
    return this.#done[fileIndex] ?? 0;
  }

  setWanted(wanted: readonly boolean[]): void {
    this.#wanted = wanted;
    this.#total = 0;
    this.#completed = 0;
    for (const { index, length, attributes } of this.#info.files) {
      if (attributes.padding || wanted[index] !== true) continue;
      this.#total += length;
      this.#completed += this.of(index);
    }
  }

  #fill(): void {
    for (const { index, length } of this.#info.files) this.#done[index] = length;
    this.setWanted(this.#wanted);
  }

  /** A piece was verified. */
  add(piece: number): void {
    const offset = piece * this.#info.pieceLength;
    for (const { fileIndex, length } of this.#layout.spans(
      offset,
      this.#layout.pieceLengthAt(piece),
    )) {
      this.#done[fileIndex] = this.of(fileIndex) + length;
      const padding = this.#info.files[fileIndex]?.attributes.padding ?? false;
      if (!padding && this.#wanted[fileIndex] === true) this.#completed += length;
    }
  }
}
