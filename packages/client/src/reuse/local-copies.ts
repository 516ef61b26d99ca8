import type { FileLayout } from '@shoal/metainfo';
import { writeGuarded } from '../disk/guarded-write.ts';
import type { PieceWrite, TorrentStorage } from '../disk/storage.ts';
import { InconsistentHashesError } from '../errors.ts';
import { inSlices } from './in-slices.ts';
import { type Lender, mayHaveTwins } from './lender.ts';
import type { Borrower, LocalData } from './local-data.ts';
import { type ClaimsPicker, PieceClaims } from './piece-claims.ts';
import { type PieceSource, SharedFiles } from './shared-files.ts';

/** Bytes of pieces that a torrent copies at a time, and pieces: enough to keep reading, hashing and writing busy at once. */
const COPY_WINDOW = 16 * 1024 * 1024;
const MAX_COPIES = 4;

/** Bytes copied before it is another torrent's turn. */
const TURN_BYTES = 64 * 1024 * 1024;

export interface CopiesEvents {
  /** A piece was copied and verified; the picker knows. */
  copied(piece: number, bytes: number): void;
  /** Pieces are asked for no more, or may be asked for again. */
  changed(): void;
  /** It could not be written, or the torrent contradicts itself: the torrent must stop. */
  failed(error: Error): void;
}

/** What a torrent takes data from others with. */
export interface LocalMeans {
  readonly borrower: Borrower;
  readonly data: LocalData;
  readonly layout: FileLayout;
}

export interface LocalCopiesParts extends LocalMeans {
  readonly picker: ClaimsPicker;
  readonly storage: TorrentStorage;
  readonly events: CopiesEvents;
}

/**
 * Has pieces that are on this machine already copied rather than downloaded: those of equal files of the torrent, and those of
 * other torrents. What is copied takes the way of any piece: it is hashed before it is written, and what is wrong is left to the
 * peers. {@link PieceClaims} decides which pieces.
 */
export class LocalCopies {
  readonly #parts: LocalCopiesParts;
  readonly #files: SharedFiles;
  readonly #claims: PieceClaims;
  readonly #torrentsRead = new Set<Lender>();
  #copying = 0;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isPlanning = false;
  #planDue = false;
  #changeDue = false;
  /** Undefined while the torrent is not at work. */
  #atWork: AbortController | undefined;

  constructor(parts: LocalCopiesParts) {
    this.#parts = parts;
    const { borrower, layout, picker } = parts;
    this.#files = new SharedFiles({ info: borrower.metainfo.info, layout, self: borrower });
    this.#claims = new PieceClaims(picker, this.#files, () => this.#changeSoon());
  }

  /** Pieces being read or written. */
  get copying(): number {
    return this.#copying;
  }

  /** The torrent is at work. What it misses is looked for. */
  start(): void {
    if (this.#atWork !== undefined) return;
    const { data, borrower, picker } = this.#parts;
    this.#atWork = new AbortController();
    data.borrows(borrower, () => this.wake());
    if (picker.wantedLeft > 0) this.#plan();
  }

  /** Gives everything back that is not being copied. */
  stop(): void {
    const { data, borrower } = this.#parts;
    this.#atWork?.abort();
    this.#atWork = undefined;
    this.#isPlanning = this.#planDue = false;
    data.ends(borrower);
    this.#claims.giveUp();
  }

  /** Resolves when nothing is copied any more. To be called after {@link stop}. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Something has changed: what is wanted, what others have, what is known of hashes. It looks again, soon. */
  wake(): void {
    if (this.#atWork === undefined || this.#planDue || this.#parts.picker.wantedLeft === 0) return;
    this.#planDue = true;
    if (!this.#isPlanning) queueMicrotask(() => this.#planAgain());
  }

  /** A piece came from peers. */
  verified(piece: number): void {
    if (this.#atWork === undefined) return;
    inSlices(this.#claims.verified(piece), () => this.#copySoon(), this.#atWork.signal);
  }

  /** Pieces `first` to `last`, both included, are needed soon. */
  hurry(first: number, last: number): void {
    this.#claims.hurry(first, last);
  }

  /** Once a second. */
  tick(): void {
    if (this.#atWork === undefined) return;
    this.#claims.tick();
    this.#copySoon();
  }

  #planAgain(): void {
    if (this.#atWork === undefined || !this.#planDue || this.#isPlanning) return;
    this.#planDue = false;
    this.#plan();
  }

  /** Finds the files anew, and decides about their pieces. */
  #plan(): void {
    const signal = this.#atWork?.signal;
    if (signal === undefined) return;
    this.#isPlanning = true;
    this.#parts.data.findTwins(this.#parts.borrower, signal, (twins) => {
      this.#files.twins = twins;
      inSlices(this.#claims.reconsider(), () => this.#planned(), signal);
    });
  }

  #planned(): void {
    this.#isPlanning = false;
    this.#copySoon();
    if (this.#planDue) queueMicrotask(() => this.#planAgain());
  }

  /** Has peers asked for what is to be asked of them now, once for all changes made at the same time. */
  #changeSoon(): void {
    if (this.#changeDue) return;
    this.#changeDue = true;
    queueMicrotask(() => {
      this.#changeDue = false;
      if (this.#atWork !== undefined) this.#parts.events.changed();
    });
  }

  #copySoon(): void {
    if (this.#isRunning || this.#claims.queued === 0) return;
    this.#isRunning = true;
    this.#running = this.#run().finally(() => {
      this.#isRunning = false;
      for (const lender of this.#torrentsRead) lender.returned();
      this.#torrentsRead.clear();
      // The torrent may have been stopped and started again meanwhile.
      if (this.#atWork !== undefined) this.#copySoon();
    });
  }

  /** Copies all there is, in turns with other torrents. Never rejects. */
  async #run(): Promise<void> {
    const { data, borrower, events } = this.#parts;
    const { pieceLength } = borrower.metainfo.info;
    const lanes = Math.max(1, Math.min(MAX_COPIES, Math.floor(COPY_WINDOW / pieceLength)));
    while (this.#atWork !== undefined && this.#claims.queued > 0) {
      const { signal } = this.#atWork;
      try {
        await data.turns.run(async () => {
          const turn = { left: TURN_BYTES };
          await Promise.all(Array.from({ length: lanes }, () => this.#copyInLane(turn)));
        }, signal);
      } catch (error) {
        if (signal.aborted) continue;
        events.failed(error as Error);
        return;
      }
    }
  }

  /** Copies one piece after the other, all through one buffer. */
  async #copyInLane(turn: { left: number }): Promise<void> {
    const { pieceLength } = this.#parts.borrower.metainfo.info;
    let buffer: ArrayBuffer | undefined;
    while (turn.left > 0 && this.#atWork !== undefined) {
      const piece = this.#claims.next();
      if (piece === undefined) return;
      const source = this.#files.find(piece);
      if (source === undefined) {
        this.#claims.unread(piece);
        continue;
      }
      buffer ??= new ArrayBuffer(pieceLength);
      turn.left -= source.bytes;
      this.#copying++;
      buffer = await this.#copy(piece, source, buffer);
      this.#copying--;
    }
  }

  /** Gives the buffer back. Never rejects. */
  async #copy(piece: number, source: PieceSource, buffer: ArrayBuffer): Promise<ArrayBuffer> {
    const { storage, picker } = this.#parts;
    const length = picker.pieceLengthAt(piece);
    const target = new Uint8Array(buffer, 0, length);
    // Padding between files.
    if (source.bytes < length) target.fill(0);
    if (!(await this.#read(target, source))) {
      this.#claims.unread(piece);
      return buffer;
    }
    const result = await writeGuarded(storage, piece, buffer, length, false);
    this.#settle(piece, source, length, result);
    return result.buffer;
  }

  async #read(target: Uint8Array, { parts }: PieceSource): Promise<boolean> {
    for (const { twin, reads } of parts) {
      const { lender } = twin;
      try {
        if (lender !== this.#parts.borrower) this.#torrentsRead.add(lender);
        await lender.readBlocks(target, reads);
      } catch {
        // Its files are gone, or it was removed: that is its own affair, and there are peers.
        this.#files.isBroken(twin);
        return false;
      }
    }
    return true;
  }

  #settle(piece: number, source: PieceSource, length: number, result: PieceWrite): void {
    const { picker, events } = this.#parts;
    switch (result.outcome) {
      case 'written':
        picker.pieceVerified(piece);
        events.copied(piece, length);
        return;
      case 'corrupt':
        this.#files.wasWrong(source);
        this.#claims.refuse(piece);
        return;
      case 'inconsistent':
        this.#claims.giveBack(piece);
        events.failed(new InconsistentHashesError(piece));
        return;
      case 'failed':
        this.#claims.giveBack(piece);
        events.failed(result.error ?? new Error('Writing failed'));
    }
  }
}

/** Undefined where nothing is to be had elsewhere, or is not to. */
export function localMeans({
  borrower,
  host,
  layout,
}: {
  readonly borrower: Borrower | undefined;
  readonly host: { readonly localData: LocalData | undefined };
  readonly layout: () => FileLayout;
}): LocalMeans | undefined {
  const data = host.localData;
  if (borrower === undefined || data === undefined) return undefined;
  return mayHaveTwins(borrower.metainfo) ? { borrower, data, layout: layout() } : undefined;
}

/** Undefined where nothing is to be had from this machine. */
export function openCopies(
  means: LocalMeans | undefined,
  storage: TorrentStorage,
  picker: ClaimsPicker,
  events: CopiesEvents,
): LocalCopies | undefined {
  return means && new LocalCopies({ ...means, storage, picker, events });
}
