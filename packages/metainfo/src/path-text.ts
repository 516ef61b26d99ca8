import type { FileTable } from './file-table.ts';

/** Makes the paths of a table without its objects. */
export interface PathSource {
  /** The path of a file that is there. */
  at(index: number): string;
  /** See `FileColumns.joinPaths`; the range is within the table. */
  join(table: FileTable, from: number, to: number): string;
}

const LINE_FEED = 0x0a;

/** Bytes to begin with. */
const MIN_CAPACITY = 65_536;

/** A long text that is put together of pieces of bytes: many times faster than of strings. */
export class PathText {
  #bytes = Buffer.allocUnsafe(MIN_CAPACITY);
  #length = 0;

  /** Puts bytes from `start` to `end` behind the others. */
  put(bytes: Uint8Array, start: number, end: number): void {
    this.#makeRoom(end - start);
    const text = this.#bytes;
    let length = this.#length;
    for (let at = start; at < end; at++) text[length++] = bytes[at] ?? 0;
    this.#length = length;
  }

  putByte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#length++] = byte;
  }

  /** What follows stands on a line of its own. */
  endLine(): void {
    this.putByte(LINE_FEED);
  }

  /** All of it, as UTF-8, without the end of the last line. */
  finish(): string {
    return this.#bytes.toString('utf8', 0, Math.max(0, this.#length - 1));
  }

  #makeRoom(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length + count);
  }
}
