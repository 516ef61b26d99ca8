import { copyBytes } from './bytes.ts';

/** First allocation for a gathered message, in bytes: enough for most extended messages. */
const FIRST_LENGTH = 4_096;

/**
 * Collects the body of one message that straddles chunks. Memory follows what has really arrived, doubling as needed: a
 * peer that announces a megabyte and sends a byte costs 4 KiB. Total copying stays linear in the body's length.
 */
export class MessageGatherer {
  readonly id: number;
  readonly #length: number;
  #bytes: Uint8Array;
  #received = 0;

  constructor(id: number, length: number) {
    this.id = id;
    this.#length = length;
    this.#bytes = new Uint8Array(Math.min(length, FIRST_LENGTH));
  }

  get isComplete(): boolean {
    return this.#received === this.#length;
  }

  /** The bytes so far; all of them once {@link isComplete}. */
  get body(): Uint8Array {
    return this.#bytes.subarray(0, this.#received);
  }

  /** Takes what belongs to this body from `chunk` between `at` and `end`; gives the place after it. */
  take(chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(this.#length - this.#received, end - at);
    const needed = this.#received + taken;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(
        Math.min(this.#length, Math.max(needed, this.#bytes.length * 2)),
      );
      grown.set(this.body);
      this.#bytes = grown;
    }
    copyBytes(this.#bytes, this.#received, chunk, at, taken);
    this.#received = needed;
    return at + taken;
  }
}
