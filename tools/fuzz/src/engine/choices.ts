const ZERO_TO_NINE = '0123456789';

/**
 * Decisions read from the bytes of an input, for targets that need something built: so mutation and coverage work on structures
 * as they do on bytes. Where the input ends, all further decisions are 0, and texts and lists are empty.
 */
export class Choices {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isSpent(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get left(): number {
    return Math.max(0, this.#bytes.length - this.#at);
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  bool(): boolean {
    return (this.byte() & 1) === 1;
  }

  /** One of `chances` times true. */
  oneIn(chances: number): boolean {
    return this.byte() % chances === 1;
  }

  /** 0 to `limit` - 1, of as many bytes as that takes. */
  below(limit: number): number {
    if (limit <= 1) return 0;
    if (limit <= 0x100) return this.byte() % limit;
    if (limit <= 0x1_0000) return ((this.byte() << 8) | this.byte()) % limit;
    return this.uint32() % limit;
  }

  /** A number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  uint32(): number {
    return ((this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()) >>> 0;
  }

  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
  }

  /** An unsigned 32-bit number, mostly a small or an extreme one. */
  number32(): number {
    switch (this.byte() & 7) {
      case 0:
      case 1:
      case 2:
        return this.byte();
      case 3:
        return 0xffff_ffff - this.byte();
      case 4:
        return 2 ** (this.byte() & 31);
      case 5:
        return (2 ** (this.byte() & 31) + 0xffff_ffff) >>> 0;
      case 6:
        return (this.byte() << 8) | this.byte();
      default:
        return this.uint32();
    }
  }

  /** An integer of bencode: small, at the edges of 32, 53 and 64 bits, or longer than any of them. */
  integer(): number | bigint {
    const kind = this.byte();
    const edge = [31n, 32n, 53n, 62n, 63n, 64n, 200n, 0n][kind & 7] ?? 0n;
    const sign = (kind & 0x80) === 0 ? 1n : -1n;
    const off = BigInt(this.byte()) - 128n;
    const value = (kind & 0x40) === 0 ? sign * BigInt(this.byte()) : sign * 2n ** edge + off;
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : value;
  }

  /** So many bytes; fewer at the end. */
  bytes(length: number): Uint8Array {
    const taken = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  /** So many bytes, zeros where the input has ended. */
  exactly(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    taken.set(this.bytes(length));
    return taken;
  }

  /** Up to `most` bytes. */
  blob(most: number): Uint8Array {
    return this.bytes(this.between(0, most));
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** Up to `most` characters: ASCII, or any UTF-16 units. */
  text(most: number): string {
    const length = this.below(most + 1);
    const wide = this.oneIn(4);
    let text = '';
    for (let count = 0; count < length && !this.isSpent; count++) {
      text += String.fromCharCode(wide ? (this.byte() << 8) | this.byte() : this.byte());
    }
    return text;
  }

  /** Up to `most` characters of an alphabet. */
  word(alphabet: string, most: number): string {
    const length = this.below(most + 1);
    let text = '';
    for (let count = 0; count < length && !this.isSpent; count++) {
      text += alphabet[this.below(alphabet.length)] ?? '';
    }
    return text;
  }

  digits(most: number): string {
    return this.word(ZERO_TO_NINE, most);
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** Up to `most` things. */
  list<T>(most: number, make: (index: number) => T): T[] {
    const length = this.below(most + 1);
    const items: T[] = [];
    for (let index = 0; index < length && !this.isSpent; index++) items.push(make(index));
    return items;
  }
}
