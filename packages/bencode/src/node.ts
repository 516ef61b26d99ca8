import { BencodeError } from './errors.ts';
import { isUtf8 } from 'node:buffer';
import type { Tape } from './tape.ts';
import {
  BYTE_0,
  BYTE_9,
  BYTE_DICTIONARY,
  BYTE_INTEGER,
  BYTE_LIST,
  contentStart,
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
  /** The value of the document. */
  readonly root: BencodeNode;

  /** @internal */
  constructor(bytes: Uint8Array, tape: Tape) {
    this.bytes = bytes;
    this.end = tape.end;
    const { words } = tape;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.root = new BencodeNode({ bytes, words, text }, 0);
  }
}

/** What all nodes of a document share. */
interface Source {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** The same bytes once more: making a Buffer for every string costs more than the string. */
  readonly text: Buffer;
}

/** One value at its place in the source. */
export class BencodeNode {
  readonly #source: Source;
  readonly #token: number;
  /** Offset of the first byte of the value in the source. */
  readonly start: number;

  /** @internal */
  constructor(source: Source, token: number) {
    this.#source = source;
    this.#token = token;
    this.start = source.words[2 * token] ?? 0;
  }

  /** Which of the four kinds the value is. */
  get type(): BencodeType {
    switch (this.#source.bytes[this.start]) {
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
    const word = this.#source.words[2 * this.#token + 1] ?? 0;
    return this.#isContainer() ? (this.#source.words[2 * word] ?? 0) + 1 : word;
  }

  /** The value as it stands in the source; a view, not a copy. */
  source(): Uint8Array {
    return this.#source.bytes.subarray(this.start, this.end);
  }

  /** Items of a list, pairs of a dictionary (repeated keys included), bytes of a byte string; 0 for an integer. */
  get size(): number {
    const word = this.#source.words[2 * this.#token + 1] ?? 0;
    if (this.#isContainer()) return this.#source.words[2 * word + 1] ?? 0;
    if (this.#source.bytes[this.start] === BYTE_INTEGER) return 0;
    return word - contentStart(this.#source.bytes, this.start);
  }

  /** The integer, exact: a `number` while |n| < 2^53, a `bigint` beyond. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  asInteger(): number | bigint {
    this.#expect('integer');
    return readInteger(this.#source.bytes, this.start, this.end);
  }

  /** The content of a byte string; a view, not a copy. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  asBytes(): Uint8Array {
    this.#expect('bytes');
    return this.#source.bytes.subarray(contentStart(this.#source.bytes, this.start), this.end);
  }

  /**
   * The content of a byte string as text, or undefined where it is not well-formed UTF-8. A byte order mark is kept. Throws
   * ERR_BENCODE_WRONG_TYPE where the value is no byte string.
   */
  asText(): string | undefined {
    this.#expect('bytes');
    return textAt(this.#source, this.start, this.end);
  }

  /**
   * The items of a list of byte strings, each as {@link asText} gives it, without a node for every one; undefined where one is
   * of another type or is not well-formed UTF-8. Throws ERR_BENCODE_WRONG_TYPE where the value is no list.
   */
  asTexts(): string[] | undefined {
    this.#expect('list');
    const { bytes, words } = this.#source;
    const end = words[2 * this.#token + 1] ?? 0;
    const texts: string[] = [];
    for (let token = this.#token + 1; token < end; token++) {
      const start = words[2 * token] ?? 0;
      const byte = bytes[start] ?? 0;
      if (byte < BYTE_0 || byte > BYTE_9) return undefined;
      const text = textAt(this.#source, start, words[2 * token + 1] ?? 0);
      if (text === undefined) return undefined;
      texts.push(text);
    }
    return texts;
  }

  /** The value of a key, the first one where the key is repeated; undefined where there is none or this is no dictionary. */
  get(key: string): BencodeNode | undefined {
    if (this.#source.bytes[this.start] !== BYTE_DICTIONARY) return undefined;
    const end = this.#source.words[2 * this.#token + 1] ?? 0;
    for (
      let token = this.#token + 1;
      token < end;
      token = skip(this.#source.bytes, this.#source.words, token + 1)
    ) {
      if (this.#keyIs(token, key)) return new BencodeNode(this.#source, token + 1);
    }
    return undefined;
  }

  /** Whether {@link get} would give a value. */
  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Pairs of a dictionary in the order of the source, repeated keys included. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  entries(): IterableIterator<[key: string, value: BencodeNode]> {
    this.#expect('dictionary');
    return new EntryIterator(this.#source, this.#token);
  }

  /** Items of a list. Throws ERR_BENCODE_WRONG_TYPE otherwise. */
  items(): IterableIterator<BencodeNode> {
    this.#expect('list');
    return new ItemIterator(this.#source, this.#token);
  }

  /** The value with all it contains; byte strings are views of the source. Without recursion. */
  toValue(): BencodeValue {
    return materialise(this.#source.bytes, this.#source.words, this.#token);
  }

  #isContainer(): boolean {
    const byte = this.#source.bytes[this.start];
    return byte === BYTE_LIST || byte === BYTE_DICTIONARY;
  }

  #keyIs(token: number, key: string): boolean {
    const bytes = this.#source.bytes;
    const start = contentStart(bytes, this.#source.words[2 * token] ?? 0);
    if ((this.#source.words[2 * token + 1] ?? 0) - start !== key.length) return false;
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

/** The text of the byte string that stands from `start` to `end`; undefined where it is not well-formed UTF-8. */
function textAt({ bytes, text }: Source, start: number, end: number): string | undefined {
  const content = contentStart(bytes, start);
  for (let at = content; at < end; at++) {
    if ((bytes[at] ?? 0) < 0x80) continue;
    return isUtf8(text.subarray(content, end)) ? text.toString('utf8', content, end) : undefined;
  }
  return text.toString('latin1', content, end);
}

const NAMES: Record<BencodeType, string> = {
  integer: 'an integer',
  bytes: 'a byte string',
  list: 'a list',
  dictionary: 'a dictionary',
};

/** Iterators are written by hand, as a generator costs several times as much per item. */
class ItemIterator implements IterableIterator<BencodeNode> {
  readonly #source: Source;
  readonly #end: number;
  #token: number;

  constructor(source: Source, list: number) {
    this.#source = source;
    this.#end = source.words[2 * list + 1] ?? 0;
    this.#token = list + 1;
  }

  next(): IteratorResult<BencodeNode> {
    const token = this.#token;
    if (token >= this.#end) return { done: true, value: undefined };
    this.#token = skip(this.#source.bytes, this.#source.words, token);
    return { done: false, value: new BencodeNode(this.#source, token) };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

class EntryIterator implements IterableIterator<[key: string, value: BencodeNode]> {
  readonly #source: Source;
  readonly #end: number;
  #token: number;

  constructor(source: Source, dictionary: number) {
    this.#source = source;
    this.#end = source.words[2 * dictionary + 1] ?? 0;
    this.#token = dictionary + 1;
  }

  next(): IteratorResult<[key: string, value: BencodeNode]> {
    const token = this.#token;
    if (token >= this.#end) return { done: true, value: undefined };
    const { bytes, words, text } = this.#source;
    this.#token = skip(bytes, words, token + 1);
    const start = contentStart(bytes, words[2 * token] ?? 0);
    const key = text.toString('latin1', start, words[2 * token + 1] ?? 0);
    return { done: false, value: [key, new BencodeNode(this.#source, token + 1)] };
  }

  [Symbol.iterator](): this {
    return this;
  }
}
