/**
 * Bytes of memory for pieces on their way from peers to the disk, by default: 32 partial pieces of 4 MiB fit. How much of it
 * may wait for the disk has a bound of its own, {@link DEFAULT_WRITE_BACKLOG}.
 */
export const DEFAULT_PIECE_BUDGET = 128 * 1024 * 1024;

/**
 * Buffers of each length that are always given, beyond the budget if need be: one to be filled while the other is hashed.
 * Without them a torrent with pieces larger than the budget could not be downloaded.
 */
export const MIN_BUFFERS_PER_LENGTH = 2;

/** Bytes of unused buffers that stay at hand when no piece is under way. */
export const IDLE_FREE_BYTES = 16 * 1024 * 1024;

/**
 * Bytes of complete pieces that may wait for the disk, or be on their way through it, before no further piece is begun: one
 * peer can be faster than the disk, and whatever piles up then is cold in every cache by the time it is hashed. Measured
 * together with writing from one thread, against a bound by the budget alone: an eighth less CPU, half the peak memory, no slower.
 */
export const DEFAULT_WRITE_BACKLOG = 16 * 1024 * 1024;

export interface PieceBuffersOptions {
  /** Bytes of all buffers, in use or at hand. Default {@link DEFAULT_PIECE_BUDGET}. */
  readonly budget?: number;
  /** Bytes of buffers handed to the disk from which on none is given out. Default {@link DEFAULT_WRITE_BACKLOG}. */
  readonly writeBacklog?: number;
}

interface SizeClass {
  readonly free: ArrayBuffer[];
  used: number;
}

/**
 * The memory for pieces being downloaded, shared by all torrents. Buffers are used again and again: fresh memory has to be
 * zeroed and backed by the system, which costs about as much as hashing it. What they hold is left over from earlier use.
 */
export class PieceBuffers {
  readonly #budget: number;
  readonly #writeBacklog: number;
  readonly #classes = new Map<number, SizeClass>();
  #usedBytes = 0;
  #writingBytes = 0;
  #writing = 0;
  #freeBytes = 0;
  #refusals = 0;
  /** Who asked in vain, in that order, and how to tell them to ask again. */
  readonly #waiting = new Map<object, () => void>();

  constructor(options: PieceBuffersOptions = {}) {
    this.#budget = options.budget ?? DEFAULT_PIECE_BUDGET;
    this.#writeBacklog = options.writeBacklog ?? DEFAULT_WRITE_BACKLOG;
  }

  /** Bytes of buffers that were acquired and not yet released. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes of buffers at hand. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** How often a buffer was asked for in vain. */
  get refusals(): number {
    return this.#refusals;
  }

  /**
   * The disk is behind: no buffer is given out before it has handed some back. Two pieces it may always have, one to work on
   * and the next, however long they are.
   */
  get diskIsBehind(): boolean {
    return this.#writing >= MIN_BUFFERS_PER_LENGTH && this.#writingBytes >= this.#writeBacklog;
  }

  /** A buffer of exactly `length` bytes, at least 1; undefined while the budget is used up or the disk is behind. */
  acquire(length: number): ArrayBuffer | undefined {
    if (this.diskIsBehind) return undefined;
    let sizeClass = this.#classes.get(length);
    const inReserve = (sizeClass?.used ?? 0) < MIN_BUFFERS_PER_LENGTH;
    if (this.#usedBytes + length > this.#budget && !inReserve) {
      this.#refusals++;
      return undefined;
    }
    if (sizeClass === undefined) this.#classes.set(length, (sizeClass = { free: [], used: 0 }));
    sizeClass.used++;
    this.#usedBytes += length;
    const pooled = sizeClass.free.pop();
    if (pooled !== undefined) {
      this.#freeBytes -= length;
      return pooled;
    }
    this.#dropFree(this.#budget - this.#usedBytes);
    return new ArrayBuffer(length);
  }

  /** An acquired buffer of so many bytes goes to the disk with a complete piece; {@link returned} follows. */
  writing(length: number): void {
    this.#writing++;
    this.#writingBytes += length;
  }

  /** A buffer of so many bytes came back from the storage; it is to be released, or goes on being used. */
  returned(length: number): void {
    this.#writing--;
    this.#writingBytes -= length;
  }

  /** Gives a buffer back after {@link writing}: the one that came back from the storage. Throws as {@link release} does. */
  written(buffer: ArrayBuffer): void {
    this.returned(buffer.byteLength);
    this.release(buffer);
  }

  /** Asked in vain: has `retry` called once, in turn, when a buffer has come back from the disk. */
  wait(who: object, retry: () => void): void {
    this.#waiting.set(who, retry);
  }

  /** Gives up a place in the line. */
  forget(who: object): void {
    this.#waiting.delete(who);
  }

  /** Lets those who asked in vain try again; who fails once more is last in the line. */
  serveWaiting(): void {
    if (this.#waiting.size === 0 || this.diskIsBehind) return;
    const line = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const retry of line) retry();
  }

  /**
   * Gives a buffer back: the one that was acquired, or the one of the same length that came back from a storage. Throws a
   * `RangeError` for a buffer that cannot have come from here, a detached one among them.
   */
  release(buffer: ArrayBuffer): void {
    const length = buffer.byteLength;
    const sizeClass = this.#classes.get(length);
    if (sizeClass === undefined || sizeClass.used === 0) {
      throw new RangeError(`A buffer of ${length} bytes was released that was never acquired`);
    }
    sizeClass.used--;
    this.#usedBytes -= length;
    sizeClass.free.push(buffer);
    this.#freeBytes += length;
    this.#dropFree(this.#usedBytes === 0 ? IDLE_FREE_BYTES : this.#budget - this.#usedBytes);
  }

  /** Lets go of all buffers at hand. */
  trim(): void {
    this.#dropFree(0);
  }

  /** Lets go of buffers at hand until they hold at most `limit` bytes; lengths that came up first go first. */
  #dropFree(limit: number): void {
    if (this.#freeBytes <= limit) return;
    for (const [length, { free, used }] of this.#classes) {
      while (free.length > 0 && this.#freeBytes > limit) {
        free.pop();
        this.#freeBytes -= length;
      }
      if (free.length === 0 && used === 0) this.#classes.delete(length);
      if (this.#freeBytes <= limit) return;
    }
  }
}
