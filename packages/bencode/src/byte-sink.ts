/** Bytes of the first chunk; most of what is encoded is a message that fits. */
const FIRST_CHUNK = 256;
/** Byte strings of so many bytes are referred to and copied once, at the end: piece hashes are half of many a torrent. */
const MIN_REFERRED = 64 * 1024;

/**
 * Takes bytes and gives them as one array. They are kept in chunks, none of which is ever copied into a larger one, so that
 * writing n bytes takes linear time and 2n bytes of memory.
 */
export class ByteSink {
  readonly #full: Uint8Array[] = [];
  /** Bytes of the full chunks. */
  #fullLength = 0;
  #chunk = Buffer.allocUnsafeSlow(FIRST_CHUNK);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#chunk[this.#length++] = value;
  }

  /** Text known to be ASCII. */
  ascii(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#chunk.write(text, this.#length, 'latin1');
  }

  /** A byte string of UTF-8. Lone surrogates become U+FFFD. */
  text(text: string): void {
    const length = Buffer.byteLength(text, 'utf8');
    this.ascii(`${length}:`);
    this.#reserve(length);
    this.#length += this.#chunk.write(text, this.#length, 'utf8');
  }

  /** A byte string with one byte per character; false where a character needs more. */
  latin1(text: string): boolean {
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
    this.ascii(`${text.length}:`);
    this.ascii(text);
    return true;
  }

  /** Bytes as they are. They may be looked at until {@link finish} has returned. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length >= MIN_REFERRED) {
      this.#close();
      this.#push(bytes);
      return;
    }
    this.#reserve(bytes.length);
    this.#chunk.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All that was written, in memory of its own; the sink is spent. */
  finish(): Uint8Array {
    const all = new Uint8Array(this.#fullLength + this.#length);
    let at = 0;
    for (const part of this.#full) {
      all.set(part, at);
      at += part.length;
    }
    all.set(this.#chunk.subarray(0, this.#length), at);
    return all;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#chunk.length) return;
    this.#close();
    // As much as there is already: few chunks, and what is left of the last one is memory that nobody has touched.
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(count, FIRST_CHUNK, this.#fullLength));
  }

  /** End the chunk where it stands; what is written next goes behind it. */
  #close(): void {
    if (this.#length === 0) return;
    this.#push(this.#chunk.subarray(0, this.#length));
    this.#chunk = this.#chunk.subarray(this.#length);
    this.#length = 0;
  }

  #push(part: Uint8Array): void {
    this.#full.push(part);
    this.#fullLength += part.length;
  }
}
