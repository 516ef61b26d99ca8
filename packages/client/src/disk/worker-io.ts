import { toDiskError } from './disk-error.ts';
import { WRITE_CHUNK_BYTES } from './disk-limits.ts';
import { encodePartsEntry, partsEntryOffset, partsSlotOffset } from './parts-format.ts';
import { WRITE_FLAGS, type DiskFs } from './safe-open.ts';
import { PARTS_FILE, type WorkerFiles, type WorkerStorage } from './worker-files.ts';

/** Reading and writing stretches of a torrent's files from a worker. Every method throws {@link DiskError}. */
export class WorkerIo {
  readonly #fs: DiskFs;
  readonly #files: WorkerFiles;

  constructor(fs: DiskFs, files: WorkerFiles) {
    this.#fs = fs;
    this.#files = files;
  }

  /** Writes a piece: into its slot, where it has one, and into those of its files that are wanted (without slot: all). */
  writePiece(storage: WorkerStorage, piece: number, bytes: Uint8Array, slot: number): void {
    const { layout } = storage;
    for (const { file, fileOffset, at, length } of layout.spansOfPiece(piece)) {
      if (layout.isPadding(file) || (slot >= 0 && !layout.isWanted(file))) continue;
      this.write(storage, file, bytes.subarray(at, at + length), fileOffset);
    }
    if (slot < 0) return;
    this.write(storage, PARTS_FILE, bytes, this.#slotOffset(storage, slot));
    this.writeSlotEntry(storage, piece, slot);
  }

  writeSlotEntry(storage: WorkerStorage, piece: number, slot: number | undefined): void {
    this.write(storage, PARTS_FILE, encodePartsEntry(slot), partsEntryOffset(piece));
  }

  write(storage: WorkerStorage, file: number, bytes: Uint8Array, offset: number): void {
    const fd = this.#files.forWriting(storage, file);
    let done = 0;
    try {
      while (done < bytes.length) {
        const length = Math.min(bytes.length - done, WRITE_CHUNK_BYTES);
        const count = this.#fs.writeSync(fd, bytes, done, length, offset + done);
        if (count === 0) throw new Error('the system wrote nothing');
        done += count;
      }
    } catch (error) {
      throw toDiskError(error, 'write', this.#path(storage, file));
    }
  }

  /** Fills `target` from a file; false where the file is missing or too short. */
  read(storage: WorkerStorage, file: number, target: Uint8Array, offset: number): boolean {
    const fd = this.#files.forReading(storage, file);
    if (fd === undefined) return false;
    let done = 0;
    try {
      while (done < target.length) {
        const count = this.#fs.readSync(fd, target, done, target.length - done, offset + done);
        if (count === 0) return false;
        done += count;
      }
    } catch (error) {
      throw toDiskError(error, 'read', this.#path(storage, file));
    }
    return true;
  }

  /** Fills `target` from `offset` of the piece space; false where a file is missing or too short. */
  readRange(storage: WorkerStorage, target: Uint8Array, offset: number): boolean {
    for (const span of storage.layout.spans(offset, target.length)) {
      const view = target.subarray(span.at, span.at + span.length);
      if (storage.layout.isPadding(span.file)) view.fill(0);
      else if (!this.read(storage, span.file, view, span.fileOffset)) return false;
    }
    return true;
  }

  /** Fills `target` from `begin` of the piece in a slot; false where the parts file is missing or too short. */
  readSlot(storage: WorkerStorage, slot: number, target: Uint8Array, begin: number): boolean {
    return this.read(storage, PARTS_FILE, target, this.#slotOffset(storage, slot) + begin);
  }

  /** Bytes of a file, -1 where it does not exist. */
  sizeOf(storage: WorkerStorage, file: number): number {
    const fd = this.#files.forReading(storage, file);
    if (fd === undefined) return -1;
    try {
      return this.#fs.fstatSync(fd).size;
    } catch (error) {
      throw toDiskError(error, 'read', this.#path(storage, file));
    }
  }

  /** Creates a file where it is missing and lengthens it to `length`; never shortens it. */
  ensureLength(storage: WorkerStorage, file: number, length: number): void {
    const fd = this.#files.forWriting(storage, file);
    try {
      if (this.#fs.fstatSync(fd).size < length) this.#fs.ftruncateSync(fd, length);
    } catch (error) {
      throw toDiskError(error, 'allocate', this.#path(storage, file));
    }
  }

  /** Makes a file durable that is there. */
  sync(path: string): void {
    try {
      const fd = this.#fs.openSync(path, WRITE_FLAGS);
      try {
        this.#fs.fdatasyncSync(fd);
      } finally {
        this.#fs.closeSync(fd);
      }
    } catch (error) {
      throw toDiskError(error, 'make durable', path);
    }
  }

  /** Size and mtime of a file as two numbers, -1 and 0 where it does not exist. */
  stat(storage: WorkerStorage, file: number, into: Float64Array): void {
    into[file * 2] = -1;
    into[file * 2 + 1] = 0;
    if (storage.layout.isPadding(file)) return;
    const path = storage.layout.pathOf(file);
    let stats;
    try {
      stats = this.#fs.statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      const failure = toDiskError(error, 'look at', path);
      if (failure.code === 'ERR_DISK_WRONG_TYPE') return;
      throw failure;
    }
    if (stats?.isFile() !== true) return;
    into[file * 2] = stats.size;
    into[file * 2 + 1] = stats.mtimeMs;
  }

  #slotOffset({ layout }: WorkerStorage, slot: number): number {
    return partsSlotOffset(layout.data.pieceCount, layout.data.pieceLength, slot);
  }

  #path({ layout }: WorkerStorage, file: number): string {
    return file === PARTS_FILE ? layout.partsPath : layout.pathOf(file);
  }
}
