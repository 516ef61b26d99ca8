import { MetainfoError } from '../errors.ts';
import { CreateError } from './errors.ts';

/** Bytes at the beginning; doubled as needed. */
const FIRST_LENGTH = 64 * 1024;

/**
 * Bencode written piece by piece: `encode` of @shoal/bencode takes a whole value at once, which for a hundred thousand files
 * would hold up the event loop. The order of keys and the ends of containers are the caller's.
 */
export class BencodeWriter {
  readonly #maxLength: number;
  #buffer = Buffer.allocUnsafe(FIRST_LENGTH);
  #length = 0;

  /** Throws ERR_METAINFO_CREATE_LIMIT once there are more bytes. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** ASCII as it is, e.g. `d` or `4:infod`. */
  raw(ascii: string): void {
    this.#reserve(ascii.length);
    this.#length += this.#buffer.write(ascii, this.#length, 'latin1');
  }

  /** A text, as a byte string of its UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.raw(`${length}:`);
    this.#reserve(length);
    this.#length += this.#buffer.write(value, this.#length);
  }

  integer(value: number): void {
    this.raw(`i${value}e`);
  }

  list(texts: readonly string[]): void {
    this.raw('l');
    for (const value of texts) this.text(value);
    this.raw('e');
  }

  bytes(value: Uint8Array): void {
    this.raw(`${value.length}:`);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** A byte string that is written later; where it begins. Until then it is of `filler`. */
  room(length: number, filler: number): number {
    this.raw(`${length}:`);
    this.#reserve(length);
    const at = this.#length;
    this.#length += length;
    this.#buffer.fill(filler, at, this.#length);
    return at;
  }

  /** All that was written; later writes may change it. */
  finish(): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#buffer;
    return new Uint8Array(buffer, byteOffset, this.#length);
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed > this.#maxLength) throw tooLong(needed, this.#maxLength);
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** A torrent of more bytes than are read. */
export function tooLong(length: number, maxLength: number): CreateError {
  const cause = new MetainfoError(
    'ERR_METAINFO_TOO_LONG',
    `${length} bytes are more than the limit of ${maxLength} for a torrent`,
  );
  return new CreateError(
    'ERR_METAINFO_CREATE_LIMIT',
    `The torrent would be one that cannot be read (${cause.message}): choose larger pieces`,
    { cause },
  );
}
