import { type FileColumns, fileColumns, type TorrentInfo } from '@shoal/metainfo';
import type { BlockRead, TorrentStorage } from './disk/storage.ts';
import { torrentClosedError } from './errors.ts';
import { type FileOwner, TorrentFileHandle } from './file-handle.ts';
import type { Priority } from './file-priorities.ts';
import type { FileSelection } from './file-selection.ts';
import { PieceWaiters } from './piece/piece-waiters.ts';
import { type PieceWindow, StreamWindows } from './stream/stream-windows.ts';
import type { Swarm } from './swarm.ts';

export interface TorrentFilesOptions {
  readonly info: TorrentInfo;
  readonly selection: FileSelection;
  /** Asked for when it is there: files are made before it. */
  readonly life: () => FilesLife;
}

/** What the files need of the torrent's life. */
export interface FilesLife {
  readonly keeper: {
    /** Whether a piece is verified. */
    has(piece: number): boolean;
  };
  /** Undefined while nothing is fetched. */
  readonly swarm: Swarm | undefined;
  readonly storage: TorrentStorage | undefined;
  /** Somebody wants a file more, or less. */
  selectionChanged(): void;
}

/** The files of a torrent as an embedder sees them, and the streams that read them while they come. */
export class TorrentFiles implements FileOwner {
  readonly info: TorrentInfo;
  readonly #options: TorrentFilesOptions;
  readonly #columns: FileColumns;
  #handles: readonly TorrentFileHandle[] | undefined;
  /** Nobody may ever read a file through this client. */
  #waiters: PieceWaiters | undefined;
  #windows: StreamWindows | undefined;
  #closed = false;

  constructor(options: TorrentFilesOptions) {
    this.#options = options;
    this.info = options.info;
    this.#columns = fileColumns(options.info);
  }

  get handles(): readonly TorrentFileHandle[] {
    this.#handles ??= Array.from({ length: this.#columns.size }, (_, index) => this.#make(index));
    return this.#handles;
  }

  /** The handle of one file, without those of all others; undefined where there is no such file. */
  handleOf(fileIndex: number): TorrentFileHandle | undefined {
    if (this.#handles !== undefined) return this.#handles[fileIndex];
    return fileIndex in this.#columns.lengths ? this.#make(fileIndex) : undefined;
  }

  verifiedBytes(fileIndex: number): number {
    return this.#options.selection.progress.of(fileIndex);
  }

  filePriority(fileIndex: number): Priority {
    return this.#options.selection.priorityOf(fileIndex);
  }

  setFilePriority(fileIndex: number, priority: Priority): void {
    this.#options.selection.setPriority(fileIndex, priority);
    this.#options.life().selectionChanged();
  }

  async pieceReady(piece: number, signal: AbortSignal): Promise<void> {
    if (this.#closed) throw torrentClosedError();
    if (this.#options.life().keeper.has(piece)) return;
    this.#waiters ??= new PieceWaiters();
    await this.#waiters.wait(piece, signal);
  }

  async readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    const { storage } = this.#options.life();
    if (this.#closed || storage === undefined) throw torrentClosedError();
    await storage.readBlocks(target, reads);
  }

  setWindow(stream: object, window: PieceWindow | undefined): void {
    this.#windows ??= new StreamWindows();
    this.#windows.move(stream, window);
    this.focus();
  }

  /** A piece was verified. */
  arrived(piece: number): void {
    this.#waiters?.arrived(piece);
  }

  /** Which pieces are there is known anew. */
  measured(): void {
    for (const piece of this.#waiters?.pieces ?? []) {
      if (this.#options.life().keeper.has(piece)) this.arrived(piece);
    }
  }

  /** Has what the streams need next fetched first. They may have been opened before there was a swarm. */
  focus(): void {
    const { swarm } = this.#options.life();
    if (swarm === undefined || this.#windows === undefined) return;
    const { current } = this.#windows;
    if (current === undefined) swarm.setWindow(0, -1);
    else swarm.setWindow(current.first, current.last);
  }

  /** Streams that wait end with this error. */
  fail(error: Error): void {
    this.#waiters?.fail(error);
  }

  close(): void {
    this.#closed = true;
    this.fail(torrentClosedError());
  }

  #make(index: number): TorrentFileHandle {
    const { lengths, offsets } = this.#columns;
    return new TorrentFileHandle(this, {
      index,
      path: this.#columns.pathOf(index),
      length: lengths[index] ?? 0,
      offset: offsets[index] ?? 0,
      padding: this.#columns.isPadding(index),
    });
  }
}
