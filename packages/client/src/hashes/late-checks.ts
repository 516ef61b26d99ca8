import type { Bitfield } from '@shoal/peer-wire';
import type { CheckQueue } from '../check-queue.ts';
import type { TorrentStorage } from '../disk/storage.ts';
import type { PieceState } from '../piece/piece-picker.ts';

/** Bytes of pieces read in one turn, so that other torrents' checks get theirs, and the disk threads write in between. */
const TURN_BYTES = 16 * 1024 * 1024;

/** What comes of it. */
export interface LateCheckEvents {
  /** A piece is on disk and right that nobody knew to be there. */
  found(piece: number): void;
  /** A piece that may have been on disk is not, or is damaged. */
  missing(piece: number): void;
  /** A piece that counted as verified is damaged. */
  lost(piece: number): void;
  /** All that were read together have been told of. */
  looked(): void;
  /** The files cannot be read, or the torrent contradicts itself. */
  failed(error: Error): void;
}

export interface LateCheckParts {
  readonly storage: Pick<TorrentStorage, 'checkPieces'>;
  /** Whose turn it is to read. */
  readonly turns: CheckQueue;
  /** Bytes. */
  readonly pieceLength: number;
  readonly stateOf: (piece: number) => PieceState;
  /** Pieces whose data may be on disk, but could not be verified when that was looked at; changed here. */
  readonly unverified: Bitfield | undefined;
  readonly events: LateCheckEvents;
}

/**
 * Looks at data on disk once it is known what its SHA-256 must be (BEP 52), of a torrent that was added without piece layers:
 * - of a v2-only one, pieces that nothing could verify when the files were checked, and which need not be downloaded again;
 * - of a hybrid one, pieces that were verified by SHA-1 alone, which may contradict the other hash.
 *
 * Memory: 4 bytes for each piece that waits.
 */
export class LateChecks {
  readonly #parts: LateCheckParts;
  /** Pieces to be read, those from `#next` on. */
  #queue: number[] = [];
  #next = 0;
  /** Pieces that were on their way to the disk, verified by SHA-1 perhaps. */
  readonly #onTheirWay = new Set<number>();
  #running: Promise<void> | undefined;
  /** Undefined until something is read: most torrents never do, and an abort costs more than the rest of their stop. */
  #stopping: AbortController | undefined;
  #stopped = false;

  constructor(parts: LateCheckParts) {
    this.#parts = parts;
  }

  /** Pieces that wait to be read. */
  get pending(): number {
    return this.#queue.length - this.#next;
  }

  /** The hash of a piece became known. True where its data is to be looked at first: nobody is to download it meanwhile. */
  learned(piece: number): boolean {
    const { stateOf, unverified } = this.#parts;
    const state = stateOf(piece);
    if (state === 'have') this.#queue.push(piece);
    else if (state === 'verifying') this.#onTheirWay.add(piece);
    else if (state === 'missing' && unverified?.get(piece) === true) {
      unverified.clear(piece);
      this.#queue.push(piece);
      return true;
    }
    return false;
  }

  /** A piece was verified and written. */
  verified(piece: number): void {
    if (!this.#onTheirWay.delete(piece)) return;
    this.#queue.push(piece);
    this.run();
  }

  /** Goes through what waits, in the background. */
  run(): void {
    if (this.#running !== undefined || this.#stopped || this.pending === 0) return;
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#running = this.#work(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#parts.events.failed(error as Error);
    });
    void this.#running.then(() => {
      this.#running = undefined;
      // It was started again while it was being stopped.
      if (signal.aborted) this.run();
    });
  }

  /** Goes on after {@link stop}. */
  start(): void {
    this.#stopped = false;
    this.run();
  }

  /** What has not been read waits until {@link start}. */
  stop(): void {
    this.#stopped = true;
    this.#stopping?.abort();
  }

  /** Resolves when nothing is being read any more. To be called after {@link stop}. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { storage, turns, pieceLength } = this.#parts;
    const most = Math.max(1, Math.floor(TURN_BYTES / pieceLength));
    while (this.pending > 0) {
      const batch = this.#queue.slice(this.#next, this.#next + most);
      const left = new Set(batch);
      try {
        const onPiece = (piece: number, whole: boolean): void => {
          left.delete(piece);
          this.#settle(piece, whole);
        };
        await turns.run(() => storage.checkPieces(batch, onPiece, signal), signal);
        this.#advance(batch.length);
      } catch (error) {
        // What was looked at is not looked at again.
        this.#queue = [...left, ...this.#queue.slice(this.#next + batch.length)];
        this.#next = 0;
        throw error;
      } finally {
        this.#parts.events.looked();
      }
    }
  }

  #advance(count: number): void {
    this.#next += count;
    if (this.pending > 0) return;
    this.#queue = [];
    this.#next = 0;
  }

  #settle(piece: number, whole: boolean): void {
    const { stateOf, events } = this.#parts;
    if (stateOf(piece) === 'have') {
      if (!whole) events.lost(piece);
    } else if (whole) events.found(piece);
    else events.missing(piece);
  }
}
