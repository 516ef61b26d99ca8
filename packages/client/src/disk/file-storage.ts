import { resolve } from 'node:path';
import type { TorrentInfo } from '@shoal/metainfo';
import { DiskError } from '../errors.ts';
import { isRoot, makeRoot } from './download-root.ts';
import { checkFolder, leavesInFolder } from './check-folder.ts';
import { toDiskError } from './disk-error.ts';
import type { DiskLayout } from './disk-layout.ts';
import type { DiskPool } from './disk-pool.ts';
import type { FileCache } from './file-cache.ts';
import { allDone, readFully } from './file-io.ts';
import { FileStates } from './file-states.ts';
import type { FileStorageOptions } from './file-storage-options.ts';
import { assertStorable, layoutOf, layoutSteps } from './layout-of.ts';
import type { PartsFile } from './parts-file.ts';
import { PARTS_FILE, planReads, type ReadStep } from './read-plan.ts';
import { runInSlices } from '../slices.ts';
import { settleParts } from './settle-parts.ts';
import { StorageWork } from './storage-work.ts';
import type { BlockRead, PieceWrite, TorrentStorage } from './storage.ts';

export type { FileStorageOptions } from './file-storage-options.ts';

/**
 * A torrent's payload in files below a folder.
 *
 * Pieces are hashed and written by the pool; blocks are read on this thread with asynchronous `readv` straight into the
 * buffer that will be sent, the operating system's page cache being the read cache. Pieces that touch an unwanted file are
 * kept whole in `.<info-hash>.parts` in the same folder until all their files are wanted. Nothing is created before the first
 * piece is written or {@link prepare} is called; padding files never exist; symbolic links of the torrent (BEP 47) are not
 * created.
 */
export class FileStorage implements TorrentStorage, AsyncDisposable {
  readonly #info: TorrentInfo;
  readonly #directory: string;
  readonly #options: FileStorageOptions;
  #madeWork: StorageWork | undefined;
  /** What was begun and is not done. */
  readonly #active = new Set<Promise<unknown>>();
  #allWanted = true;
  #opened = false;
  #prepared = false;
  #opening: Promise<void> | undefined;
  #preparing: Promise<void> | undefined;
  /** Files being closed by {@link rest}. */
  #resting: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** Throws {@link DiskError} for a v2-only torrent without `hashes`. */
  constructor(info: TorrentInfo, directory: string, options: FileStorageOptions) {
    assertStorable(info, directory, options.hashes);
    this.#info = info;
    this.#directory = directory;
    this.#options = options;
    this.#allWanted = options.wanted?.includes(false) !== true;
  }

  /** What is needed to work on the files. A torrent that is only seeded may go without for weeks. */
  get #work(): StorageWork {
    const { pool, wanted, hashes } = this.#options;
    if (this.#madeWork === undefined) {
      const layout = layoutOf(this.#info, this.#directory, wanted, hashes);
      this.#madeWork = new StorageWork(this.#info, layout, pool);
    }
    return this.#madeWork;
  }

  /** Makes what {@link #work} gives without holding up the event loop, however many files there are. */
  async #makeWork(): Promise<void> {
    if (this.#madeWork !== undefined) return;
    const { pool, wanted, hashes } = this.#options;
    const layout = await runInSlices(layoutSteps(this.#info, this.#directory, wanted, hashes));
    this.#madeWork ??= new StorageWork(this.#info, layout, pool);
  }

  get #layout(): DiskLayout {
    return this.#work.layout;
  }

  get #storage(): number {
    return this.#work.id;
  }

  get #parts(): PartsFile {
    return this.#work.parts;
  }

  get #pool(): DiskPool {
    return this.#options.pool;
  }

  get #files(): FileCache {
    return this.#options.files;
  }

  /** Whether a piece is kept in the parts file rather than, or as well as, in its files. Known once {@link fileStates} was awaited. */
  isKeptAside(piece: number): boolean {
    return this.#parts.slots.has(piece);
  }

  writePiece(
    piece: number,
    buffer: ArrayBuffer,
    length: number,
    wantBlockHashes: boolean,
  ): Promise<PieceWrite> {
    const simple =
      this.#prepared &&
      this.#closed === undefined &&
      this.#work.isPiece(piece, buffer, length) &&
      !this.#needsSlot(piece);
    const write = simple
      ? this.#write(piece, buffer, length, wantBlockHashes, -1)
      : this.#writeWithCare(piece, buffer, length, wantBlockHashes);
    return this.#track(write);
  }

  async readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    this.#assertOpen();
    await this.#track(this.#read(target, reads));
  }

  async checkPieces(
    pieces: readonly number[],
    onPiece: (piece: number, whole: boolean) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#assertOpen();
    signal?.throwIfAborted();
    await this.#track(this.#check(pieces, onPiece, signal));
  }

  async hashLeaves(piece: number, count: number): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    return await this.#track(this.#hashLeaves(piece, count));
  }

  async setWanted(wanted: readonly boolean[]): Promise<void> {
    this.#assertOpen();
    // Nothing is at work that would have to know, and data set aside in an earlier run comes back with the first write.
    if (this.#opening === undefined && this.#allWanted && !wanted.includes(false)) return;
    await this.#track(this.#want(wanted));
  }

  /** Creates the download folder, empty files, and whatever preallocation asks for. Done by the first write otherwise. */
  async prepare(): Promise<void> {
    this.#assertOpen();
    await this.#track(this.#prepareAnew());
  }

  async sync(): Promise<void> {
    this.#assertOpen();
    if (this.#madeWork === undefined) return;
    await this.#track(this.#work.sync(this.#options.syncer));
  }

  async fileStates(): Promise<FileStates> {
    this.#assertOpen();
    return await this.#track(this.#stat());
  }

  rest(): void {
    const work = this.#madeWork;
    if (work === undefined || this.#closed !== undefined) return;
    // What is wanted is kept in the layout, and data kept aside in the list of it.
    const isPlain =
      this.#allWanted && this.#options.wanted === undefined && work.parts.slots.size === 0;
    if (!isPlain || this.#active.size > 0 || work.isDirty) return;
    this.#madeWork = undefined;
    this.#opened = this.#prepared = false;
    this.#opening = this.#preparing = undefined;
    this.#resting = Promise.all([
      this.#resting,
      this.#pool.unregister(work.id),
      this.#files.drop(this),
    ]).then(
      () => undefined,
      () => undefined,
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    await this.#resting;
    while (this.#active.size > 0) await Promise.allSettled(this.#active);
    const work = this.#madeWork;
    if (work === undefined) return;
    await this.#pool.unregister(work.id);
    await this.#files.drop(this);
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError(resolve(this.#directory));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#active.add(work);
    const done = () => void this.#active.delete(work);
    work.then(done, done);
    return work;
  }

  async #stat(): Promise<FileStates> {
    await this.#open();
    const numbers = await this.#pool.run({ kind: 'stat', storage: this.#storage });
    return new FileStates(new Float64Array(numbers ?? []));
  }

  #open(): Promise<void> {
    this.#opening ??= this.#openOnce().then(
      () => void (this.#opened = true),
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #openOnce(): Promise<void> {
    await this.#makeWork();
    await this.#parts.load();
  }

  /** As the first time, where the folder is not the one of then: its drive may have been away. */
  async #prepareAnew(): Promise<void> {
    if (this.#prepared) {
      await this.#closeFiles();
      if (!(await isRoot(this.#layout.data))) {
        this.#prepared = false;
        this.#preparing = undefined;
        this.#work.forgetNames();
      }
    }
    await this.#prepareOnce();
  }

  #prepareOnce(): Promise<void> {
    this.#preparing ??= this.#prepare().then(
      () => void (this.#prepared = true),
      (error: unknown) => {
        this.#preparing = undefined;
        throw error;
      },
    );
    return this.#preparing;
  }

  async #prepare(): Promise<void> {
    await this.#makeWork();
    await makeRoot(this.#work);
    await this.#open();
    await this.#prepareFiles();
    await this.#settle();
  }

  async #prepareFiles(): Promise<void> {
    const allocate = this.#options.preallocate === 'full';
    await this.#pool.run({ kind: 'prepare', storage: this.#storage, allocate });
  }

  async #write(
    piece: number,
    buffer: ArrayBuffer,
    length: number,
    wantBlockHashes: boolean,
    slot: number,
  ): Promise<PieceWrite> {
    const storage = this.#storage;
    const result = await this.#pool.write({
      storage,
      piece,
      buffer,
      length,
      wantBlockHashes,
      slot,
    });
    // A write that failed may have been done in part.
    if (result.outcome !== 'corrupt') this.#work.markDirty(piece, slot);
    return result;
  }

  /** A write that has to wait for something first, or needs a slot. */
  async #writeWithCare(
    piece: number,
    buffer: ArrayBuffer,
    length: number,
    wantBlockHashes: boolean,
  ): Promise<PieceWrite> {
    try {
      this.#assertOpen();
      await this.#makeWork();
      if (!this.#work.isPiece(piece, buffer, length)) {
        throw new RangeError(`No such piece: ${piece} with ${length} bytes`);
      }
      await this.#prepareOnce();
      if (!this.#needsSlot(piece)) {
        return await this.#write(piece, buffer, length, wantBlockHashes, -1);
      }
      const slot = await this.#work.exclusively(async () => {
        await this.#parts.ensure();
        return this.#parts.reserve(piece);
      });
      const write = this.#write(piece, buffer, length, wantBlockHashes, slot);
      this.#work.slotWrites.add(write);
      const result = await write;
      this.#work.slotWrites.delete(write);
      if (result.outcome === 'written') this.#parts.fill(piece, slot);
      else this.#parts.giveBack(piece, slot);
      return result;
    } catch (error) {
      const failure = toDiskError(error, 'write to', this.#layout.data.root);
      return { outcome: 'failed', buffer, blockHashes: undefined, error: failure };
    }
  }

  #needsSlot(piece: number): boolean {
    return !this.#allWanted && this.#work.touchesUnwanted(piece);
  }

  async #read(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    if (!this.#opened) await this.#open();
    const steps = planReads(this.#layout, this.#parts.slots, target, reads);
    const [only] = steps;
    if (steps.length === 1 && only !== undefined) await this.#readStep(only);
    else await allDone(steps.map((step) => this.#readStep(step)));
  }

  async #readStep(step: ReadStep): Promise<void> {
    const path = step.file === PARTS_FILE ? this.#parts.path : this.#layout.pathOf(step.file);
    const file = await this.#files.acquire(this, step.file, path);
    try {
      await readFully(file.fd, path, step);
    } finally {
      this.#files.release(file);
    }
  }

  async #check(
    pieces: readonly number[],
    onPiece: (piece: number, whole: boolean) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#open();
    // Whatever was open may have been deleted or replaced since: look at what stands in the folder now.
    await this.#closeFiles();
    this.#work.forgetNames();
    await checkFolder(this.#work, this.#pool, pieces, onPiece, signal);
  }

  async #hashLeaves(piece: number, count: number): Promise<Uint8Array | undefined> {
    await this.#open();
    return await leavesInFolder(this.#work, this.#pool, piece, count);
  }

  async #want(wanted: readonly boolean[]): Promise<void> {
    await this.#open();
    const flags = this.#layout.data.wanted;
    for (let file = 0; file < flags.length; file++) flags[file] = wanted[file] === false ? 0 : 1;
    this.#noteWanted();
    if (this.#prepared) await this.#prepareFiles();
    // They may have been written by what was wanted before.
    await Promise.allSettled(this.#work.slotWrites);
    await this.#settle();
  }

  #noteWanted(): void {
    this.#allWanted = this.#layout.data.wanted.every((flag) => flag === 1);
  }

  /** Moves data of files that are wanted by now out of the parts file. */
  async #settle(): Promise<void> {
    await this.#work.exclusively(async () => {
      await settleParts(this.#work, this.#pool, this.#options.syncer);
      if (!this.#parts.isIdle) return;
      await this.#closeFiles();
      await this.#parts.remove();
      this.#work.forgetParts();
    });
  }

  /** They are opened anew when they are needed. */
  async #closeFiles(): Promise<void> {
    await this.#pool.closeFiles(this.#storage);
    await this.#files.drop(this);
  }
}

function closedError(path: string): DiskError {
  return new DiskError('ERR_DISK_CLOSED', `The storage in "${path}" is closed`, { path });
}
