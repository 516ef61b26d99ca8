import { fileColumns, type TorrentInfo } from '@shoal/metainfo';
import { DiskLayout, type LayoutData } from './disk-layout.ts';
import type { DiskPool } from './disk-pool.ts';
import { DurableNames } from './durable-names.ts';
import type { FileSyncer } from './file-syncer.ts';
import { identityOf } from './layout-of.ts';
import { PartsFile } from './parts-file.ts';
import { PARTS_FILE } from './read-plan.ts';
import type { PieceWrite } from './storage.ts';

/** Bytes of the info-hash that the header of a parts file has room for; those of a SHA-256 one do as well. */
const PARTS_IDENTITY_BYTES = 20;

/** Files whose paths are told the syncer at once: some milliseconds of work. */
const SYNC_FILES = 8_192;

/** What a torrent's files are worked on with: made when there is first something to do with them. */
export class StorageWork {
  readonly layout: DiskLayout;
  /** Names the torrent in tasks for the pool. */
  readonly id: number;
  readonly parts: PartsFile;
  readonly slotWrites = new Set<Promise<PieceWrite>>();
  /** Files written to since they were last made durable; {@link PARTS_FILE} for the parts file. */
  #dirty = new Set<number>();
  readonly #names: DurableNames;
  #syncing: Promise<void> = Promise.resolve();
  #serial: Promise<void> = Promise.resolve();

  /** @param data the layout of the torrent, see `layoutOf` */
  constructor(info: TorrentInfo, data: LayoutData, pool: DiskPool) {
    const files = fileColumns(info);
    this.layout = new DiskLayout(data, (file) => files.pathOf(file));
    this.#names = new DurableNames(data.root, files.size);
    this.id = pool.register(data);
    const { pieceLength, pieceCount } = data;
    const infoHash = identityOf(info).subarray(0, PARTS_IDENTITY_BYTES);
    this.parts = new PartsFile(this.layout.partsPath, { infoHash, pieceLength, pieceCount });
  }

  /** Whether the first `length` bytes of `buffer` can be that piece. */
  isPiece(piece: number, buffer: ArrayBuffer, length: number): boolean {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.layout.data.pieceCount) return false;
    return length === this.layout.payloadLengthAt(piece) && buffer.byteLength >= length;
  }

  /** Whether a piece touches a file that is not wanted, so that it has to be kept aside. */
  touchesUnwanted(piece: number): boolean {
    return this.layout
      .spansOfPiece(piece)
      .some(({ file }) => !this.layout.isPadding(file) && !this.layout.isWanted(file));
  }

  /** One after the other, as they must not happen at the same time: slots being given out, the parts file being removed. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#serial.then(work);
    this.#serial = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** A piece was written: into its slot, where it has one (else -1), and into those of its files that are wanted. */
  markDirty(piece: number, slot: number): void {
    for (const { file } of this.layout.spansOfPiece(piece)) {
      if (this.layout.isPadding(file) || (slot >= 0 && !this.layout.isWanted(file))) continue;
      this.#dirty.add(file);
    }
    if (slot >= 0) this.#dirty.add(PARTS_FILE);
  }

  /** Slot numbers were written. */
  partsChanged(): void {
    this.#dirty.add(PARTS_FILE);
  }

  /** Something was written that is not durable yet. */
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Folders that were made, and whose names are not durable yet. */
  foldersMade(parents: readonly string[]): void {
    this.#names.foldersMade(parents);
  }

  /** Files may have been deleted by somebody: what is made anew has a new name. */
  forgetNames(): void {
    this.#names.forget();
  }

  /** The parts file is gone. */
  forgetParts(): void {
    this.#dirty.delete(PARTS_FILE);
    this.#names.partsGone();
  }

  /**
   * Makes everything written so far durable, and the names of new files. Rejects with a `DiskError`; what is not durable by then
   * stays to be done. Whoever asks while that is under way waits for it: it has taken what is to be done.
   */
  sync(syncer: FileSyncer): Promise<void> {
    const syncing = this.#syncing.then(() => this.#sync(syncer));
    this.#syncing = syncing.catch(() => undefined);
    return syncing;
  }

  async #sync(syncer: FileSyncer): Promise<void> {
    const files = [...this.#dirty];
    this.#dirty = new Set();
    let done = 0;
    try {
      while (done < files.length) {
        const from = done;
        const batch = files.slice(from, from + SYNC_FILES);
        const paths = batch.map((file) => this.#pathOf(file));
        await syncer.sync(paths, (count) => (done = from + count));
      }
    } finally {
      for (const file of files.slice(done)) this.#dirty.add(file);
    }
    // Without the name nobody would find the data again.
    try {
      await this.#names.sync(files, (file) => this.#pathOf(file), syncer);
    } catch (error) {
      for (const file of files) this.#dirty.add(file);
      throw error;
    }
  }

  #pathOf(file: number): string {
    return file === PARTS_FILE ? this.parts.path : this.layout.pathOf(file);
  }
}
