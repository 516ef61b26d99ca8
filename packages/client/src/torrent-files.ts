import type { TorrentInfo } from '@shoal/metainfo';
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
  /** Undefined until the first check is over. */
  readonly swarm: () => Swarm | undefined;
  readonly storage: () => TorrentStorage | undefined;
  /** Somebody wants a file more, or less. */
  readonly prioritiesChanged: () => void;
}

/** The files of a torrent as an embedder sees them, and the streams that read them while they come. */
export class TorrentFiles implements FileOwner {
  readonly info: TorrentInfo;
  readonly handles: readonly TorrentFileHandle[];
  readonly #options: TorrentFilesOptions;
  readonly #waiters = new PieceWaiters();
  readonly #windows = new StreamWindows();
  #closed = false;

  constructor(options: TorrentFilesOptions) {
    this.#options = options;
    this.info = options.info;
    this.handles = options.info.files.map((file) => new TorrentFileHandle(this, file));
  }

  verifiedBytes(fileIndex: number): number {
    return this.#options.selection.progress.of(fileIndex);
  }

  filePriority(fileIndex: number): Priority {
    return this.#options.selection.priorityOf(fileIndex);
  }

  setFilePriority(fileIndex: number, priority: Priority): void {
    this.#options.selection.setPriority(fileIndex, priority);
    this.#options.prioritiesChanged();
  }

  async pieceReady(piece: number, signal: AbortSignal): Promise<void> {
    if (this.#closed) throw torrentClosedError();
    if (this.#options.swarm()?.picker.have.get(piece) === true) return;
    await this.#waiters.wait(piece, signal);
  }

  async readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    const storage = this.#options.storage();
    if (this.#closed || storage === undefined) throw torrentClosedError();
    await storage.readBlocks(target, reads);
  }

  setWindow(stream: object, window: PieceWindow | undefined): void {
    this.#windows.move(stream, window);
    const swarm = this.#options.swarm();
    if (swarm !== undefined) this.#focus(swarm);
  }

  /** A piece was verified. */
  arrived(piece: number): void {
    this.#waiters.arrived(piece);
  }

  /** Which pieces are there is known anew. */
  measured(swarm: Swarm): void {
    for (const piece of this.#waiters.pieces) {
      if (swarm.picker.have.get(piece)) this.#waiters.arrived(piece);
    }
    // Streams may have been opened before the first check was over.
    this.#focus(swarm);
  }

  /** Streams that wait end with this error. */
  fail(error: Error): void {
    this.#waiters.fail(error);
  }

  close(): void {
    this.#closed = true;
    this.#waiters.fail(torrentClosedError());
  }

  #focus(swarm: Swarm): void {
    const { current } = this.#windows;
    if (current === undefined) swarm.picker.clearDeadlineWindow();
    else swarm.picker.setDeadlineWindow(current.first, current.last);
    swarm.refill();
  }
}
