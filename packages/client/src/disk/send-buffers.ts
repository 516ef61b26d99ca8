import { BLOCK_LENGTH, PIECE_HEADER_LENGTH } from '@shoal/peer-wire';

/**
 * Bytes of all send buffers together, by default: 128 batches of half a megabyte. Peers that do not read keep theirs until
 * they are dropped; the others then wait.
 */
export const DEFAULT_SEND_BUDGET = 64 * 1024 * 1024;

/** Blocks of 16 KiB, with their headers, that fit into a buffer of each class. */
const CLASS_BLOCKS = [2, 8, 32, 66] as const;
const CLASS_BYTES = CLASS_BLOCKS.map((blocks) => blocks * (PIECE_HEADER_LENGTH + BLOCK_LENGTH));

/** Buffers of each class kept for later. */
const MAX_FREE = 16;

interface Waiting {
  readonly length: number;
  readonly resolve: (buffer: Uint8Array) => void;
}

/**
 * Buffers in which blocks go out. Bounded: whoever asks for more than the budget holds waits until others have given
 * theirs back, in the order of asking.
 */
export class SendBuffers {
  readonly #budget: number;
  readonly #free = new Map<number, Uint8Array[]>();
  readonly #waiting: Waiting[] = [];
  #usedBytes = 0;

  constructor(budget: number = DEFAULT_SEND_BUDGET) {
    this.#budget = budget;
  }

  /** Bytes of buffers in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A buffer of at least `length` bytes, as soon as there is one. Its content is left over from earlier use. */
  acquire(length: number): Uint8Array | Promise<Uint8Array> {
    const size = sizeOf(length);
    if (this.#waiting.length === 0 && this.#fits(size)) return this.#take(size);
    return new Promise((resolve) => this.#waiting.push({ length: size, resolve }));
  }

  /** Gives a buffer back, once. */
  release(buffer: Uint8Array): void {
    this.#usedBytes -= buffer.length;
    if (CLASS_BYTES.includes(buffer.length)) {
      let free = this.#free.get(buffer.length);
      if (free === undefined) this.#free.set(buffer.length, (free = []));
      if (free.length < MAX_FREE) free.push(buffer);
    }
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next.length)) return;
      this.#waiting.shift();
      next.resolve(this.#take(next.length));
    }
  }

  /** One buffer is given in any case, however small the budget. */
  #fits(size: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + size <= this.#budget;
  }

  #take(size: number): Uint8Array {
    this.#usedBytes += size;
    return this.#free.get(size)?.pop() ?? new Uint8Array(size);
  }
}

function sizeOf(length: number): number {
  return CLASS_BYTES.find((bytes) => bytes >= length) ?? length;
}
