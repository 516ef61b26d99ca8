/** Bytes a new sink has room for. */
const INITIAL_CAPACITY = 256;

/** A buffer that grows by doubling, so that appending costs linear time. */
export class ByteSink {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** Text known to be ASCII. */
  ascii(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  /** A byte string of UTF-8. Lone surrogates become U+FFFD. */
  text(text: string): void {
    const length = Buffer.byteLength(text, 'utf8');
    this.ascii(`${length}:`);
    this.#reserve(length);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  /** A byte string with one byte per character; false where a character needs more. */
  latin1(text: string): boolean {
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
    this.ascii(`${text.length}:`);
    this.ascii(text);
    return true;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All that was written, in memory of its own; the sink is spent. */
  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.#length).slice();
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
