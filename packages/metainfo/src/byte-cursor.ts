const BYTE_COLON = 0x3a;
const BYTE_DICTIONARY = 0x64;
const BYTE_END = 0x65;
const BYTE_INTEGER = 0x69;
const BYTE_LIST = 0x6c;
const BYTE_0 = 0x30;
const BYTE_9 = 0x39;

/** What {@link ByteCursor.integer} gives where there is none. */
export const NO_INTEGER = -1;

/**
 * A place in bencode that is known to be well-formed, for reading what a hundred thousand files have without a node for each
 * value. Still it ends with any bytes: behind the last one, there are only values of no type.
 */
export class ByteCursor {
  readonly bytes: Uint8Array;
  /** The next byte to read. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  isString(): boolean {
    const byte = this.bytes[this.at] ?? 0;
    return byte >= BYTE_0 && byte <= BYTE_9;
  }

  isDictionary(): boolean {
    return this.bytes[this.at] === BYTE_DICTIONARY;
  }

  isList(): boolean {
    return this.bytes[this.at] === BYTE_LIST;
  }

  /** At the end of a container, or of the bytes. */
  isEnd(): boolean {
    const byte = this.bytes[this.at];
    return byte === BYTE_END || byte === undefined;
  }

  /** Bytes of the string at the cursor, which goes to the first of them. */
  stringSize(): number {
    const bytes = this.bytes;
    let size = 0;
    for (let byte = bytes[this.at++]; byte !== BYTE_COLON; byte = bytes[this.at++]) {
      if (byte === undefined) return 0;
      size = size * 10 + (byte - BYTE_0);
    }
    return size;
  }

  /** The integer at the cursor, which goes behind it; {@link NO_INTEGER} where it is none, negative or 2^53 and more. */
  integer(): number {
    const bytes = this.bytes;
    if (bytes[this.at] !== BYTE_INTEGER) {
      this.skip();
      return NO_INTEGER;
    }
    let value = 0;
    let isExact = true;
    for (let byte = bytes[++this.at] ?? BYTE_END; byte !== BYTE_END;) {
      if (byte < BYTE_0) isExact = false;
      value = value * 10 + (byte - BYTE_0);
      if (value > Number.MAX_SAFE_INTEGER) isExact = false;
      byte = bytes[++this.at] ?? BYTE_END;
    }
    this.at++;
    return isExact ? value : NO_INTEGER;
  }

  /** Go past a value of any type, without recursion. */
  skip(): void {
    const bytes = this.bytes;
    let depth = 0;
    do {
      const byte = bytes[this.at];
      if (byte === undefined) return;
      if (byte >= BYTE_0 && byte <= BYTE_9) {
        const size = this.stringSize();
        this.at += size;
      } else if (byte === BYTE_INTEGER) {
        const end = bytes.indexOf(BYTE_END, this.at);
        this.at = end < 0 ? bytes.length : end + 1;
      } else {
        this.at++;
        depth += byte === BYTE_END ? -1 : 1;
      }
    } while (depth > 0);
  }

  /** Whether the bytes from `start` on are those of `key`. */
  isKey(start: number, size: number, key: Uint8Array): boolean {
    if (size !== key.length) return false;
    for (let at = 0; at < size; at++) if (this.bytes[start + at] !== key[at]) return false;
    return true;
  }
}
