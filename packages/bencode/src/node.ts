import { BencodeError } from './errors.ts';
import { isUtf8 } from 'node:buffer';
import type { Tape } from './tape.ts';
import {
  BYTE_DICTIONARY,
  BYTE_INTEGER,
  BYTE_LIST,
  contentStart,
  latin1,
  readInteger,
  skip,
} from './content.ts';
import type { BencodeValue } from './types.ts';
import { materialise } from './materialise.ts';

/** The four kinds of bencode. */
export type BencodeType = 'integer' | 'bytes' | 'list' | 'dictionary';

/**
 * A parsed piece of bencode. The values of the document stay in the source until they are asked for; a node is only a
 * place in it.
 */
export class BencodeDocument {
  /** The source. */
  readonly bytes: Uint8Array;
  /** Offset behind the root value; less than `bytes.length` where trailing bytes were let through. */
  readonly end: number;
  readonly root: BencodeNode;

  /** @internal */
  constructor(bytes: Uint8Array, tape: Tape) {
    this.bytes = bytes;
    this.end = tape.end;
    this.root = new BencodeNode(bytes, tape.words, 0);
  }
}

/** One value at its place in the source. */
export class BencodeNode {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #token: number;
  /** Offset of the first byte of the value in the source. */
  readonly start: number;

  /** @internal */
  constructor(bytes: Uint8Array, words: Uint32Array, token: number) {
    this.#bytes = bytes;
    this.#words = words;
    this.#token = token;
    this.start = words[2 * token] ?? 0;
  }

  get type(): BencodeType {
    switch (this.#bytes[this.start]) {
      case BYTE_INTEGER:
        return 'integer';
      case BYTE_LIST:
        return 'list';
      case BYTE_DICTIONARY:
        return 'dictionary';
      default:
        return 'bytes';
    }
  }

  /** Offset behind the last byte of the value in the source. */
  get end(): number {
    const word = this.#words[2 * this.#token + 1] ?? 0;
    return this.#isContainer() ? (this.#words[2 * word] ?? 0) + 1 : word;
  }

  /** The value as it stands in the source; a view, not a copy. */
  source(): Uint8Array {
    return this.#bytes.subarray(this.start, this.end);
  }

  /** Items of a list, pairs of a dictionary (repeated keys included), bytes of a byte string; 0 for an integer. */
  get size(): number {
    const word = this.#words[2 * this.#token + 1] ?? 0;
    if (this.#isContainer()) return this.#words[2 * word + 1] ?? 0;
    if (this.#bytes[this.start] === BYTE_INTEGER) return 0;
    return word - contentStart(this.#bytes, this.start);
  }

  /** The integer, exact: a `number` while |n| < 2^53, a `bigint` beyond. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  asInteger(): number | bigint {
    this.#expect('integer');
    return readInteger(this.#bytes, this.start, this.end);
  }

  /** The content of a byte string; a view, not a copy. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  asBytes(): Uint8Array {
    this.#expect('bytes');
    return this.#bytes.subarray(contentStart(this.#bytes, this.start), this.end);
  }

  /**
   * The content of a byte string as text, or undefined where it is not well-formed UTF-8. A byte order mark is kept. Throws
   * ERR_BENCODE_WRONG_TYPE where the value is no byte string.
   */
  asText(): string | undefined {
    this.#expect('bytes');
    const bytes = this.#bytes;
    const start = contentStart(bytes, this.start);
    const end = this.end;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    for (let at = start; at < end; at++) {
      if ((bytes[at] ?? 0) >= 0x80) return isUtf8(view) ? view.toString('utf8') : undefined;
    }
    return view.toString('latin1');
  }

  /** The value of a key, the first one where the key is repeated; undefined where there is none or this is no dictionary. */
  get(key: string): BencodeNode | undefined {
    if (this.#bytes[this.start] !== BYTE_DICTIONARY) return undefined;
    const end = this.#words[2 * this.#token + 1] ?? 0;
    for (
      let token = this.#token + 1;
      token < end;
      token = skip(this.#bytes, this.#words, token + 1)
    ) {
      if (this.#keyIs(token, key)) return new BencodeNode(this.#bytes, this.#words, token + 1);
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Pairs of a dictionary in the order of the source, repeated keys included. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  entries(): IterableIterator<[key: string, value: BencodeNode]> {
    this.#expect('dictionary');
    const bytes = this.#bytes;
    const words = this.#words;
    return children(bytes, words, this.#token, true, (token) => {
      const start = contentStart(bytes, words[2 * token] ?? 0);
      const key = latin1(bytes, start, words[2 * token + 1] ?? 0);
      return [key, new BencodeNode(bytes, words, token + 1)];
    });
  }

  /** Items of a list. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  items(): IterableIterator<BencodeNode> {
    this.#expect('list');
    const bytes = this.#bytes;
    const words = this.#words;
    return children(
      bytes,
      words,
      this.#token,
      false,
      (token) => new BencodeNode(bytes, words, token),
    );
  }

  /** The value with all it contains; byte strings are views of the source. Without recursion. */
  toValue(): BencodeValue {
    return materialise(this.#bytes, this.#words, this.#token);
  }

  #isContainer(): boolean {
    const byte = this.#bytes[this.start];
    return byte === BYTE_LIST || byte === BYTE_DICTIONARY;
  }

  #keyIs(token: number, key: string): boolean {
    const bytes = this.#bytes;
    const start = contentStart(bytes, this.#words[2 * token] ?? 0);
    if ((this.#words[2 * token + 1] ?? 0) - start !== key.length) return false;
    for (let at = 0; at < key.length; at++) {
      if (bytes[start + at] !== key.charCodeAt(at)) return false;
    }
    return true;
  }

  #expect(type: BencodeType): void {
    const actual = this.type;
    if (actual === type) return;
    throw new BencodeError(
      'ERR_BENCODE_WRONG_TYPE',
      `expected ${NAMES[type]}, found ${NAMES[actual]}`,
      this.start,
    );
  }
}

const NAMES: Record<BencodeType, string> = {
  integer: 'an integer',
  bytes: 'a byte string',
  list: 'a list',
  dictionary: 'a dictionary',
};

/** Walk the children of a container; a hand-written iterator, as a generator costs several times as much per item. */
function children<T>(
  bytes: Uint8Array,
  words: Uint32Array,
  container: number,
  pairs: boolean,
  make: (token: number) => T,
): IterableIterator<T> {
  const end = words[2 * container + 1] ?? 0;
  let token = container + 1;
  return {
    next(): IteratorResult<T> {
      if (token >= end) return { done: true, value: undefined };
      const value = make(token);
      token = skip(bytes, words, pairs ? token + 1 : token);
      return { done: false, value };
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}
