import {
  BYTE_0,
  BYTE_9,
  BYTE_COLON,
  BYTE_DICTIONARY,
  BYTE_END,
  BYTE_INTEGER,
  BYTE_LIST,
  BYTE_MINUS,
  contentStart,
  latin1,
  skip,
} from './content.ts';
import { BencodeError } from './errors.ts';
import {
  ABSOLUTE_MAX_LENGTH,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_INTEGER_LENGTH,
  DEFAULT_MAX_LENGTH,
  DEFAULT_MAX_TOKENS,
} from './limits.ts';
import type { DecodeOptions, IrregularityKind } from './types.ts';

/**
 * The result of scanning: two 32-bit words for each token, in the order of the source.
 *
 * | token | word 0 | word 1 |
 * |---|---|---|
 * | integer, byte string | offset of its first byte | offset behind its last byte |
 * | list, dictionary | offset of its first byte | index of its end token |
 * | end of a container | offset of the `e` | items of the list, pairs of the dictionary |
 *
 * The kind of a token is the source byte at its offset, so it needs no word of its own.
 */
export interface Tape {
  readonly words: Uint32Array;
  /** Tokens written; `words` may be longer. */
  readonly count: number;
  /** Offset behind the root value. */
  readonly end: number;
}

/** Stands for the byte behind the last one. */
const END_OF_INPUT = -1;

/**
 * Tokens a new tape has room for at least, and at most before it is known how many are needed: 16 MiB, of which only what is
 * written to becomes memory. A tape that must grow is there twice while it does.
 */
const MIN_CAPACITY = 32;
const MAX_INITIAL_CAPACITY = 1 << 21;

/** A container that is not closed yet. */
interface Frame {
  readonly token: number;
  readonly isDictionary: boolean;
  /** Items or pairs so far. */
  size: number;
  /** Token of the key read last, or -1. */
  lastKey: number;
  /** Keys seen, kept from the first key out of order on. */
  seen: Set<string> | undefined;
}

/**
 * Scan one value into a tape: one pass over the bytes, no recursion.
 *
 * @param prefix whether bytes behind the value are none of our business
 */
export function scan(bytes: Uint8Array, options: DecodeOptions, prefix: boolean): Tape {
  const scanner = scannerOf(bytes, options);
  scanner.run(Infinity);
  return scanner.finish(prefix);
}

/**
 * The same with a pause behind every `tokensPerStep` tokens. Throws {@link BencodeError} from any step.
 */
export function* scanSteps(
  bytes: Uint8Array,
  options: DecodeOptions,
  tokensPerStep: number,
): Generator<undefined, Tape, undefined> {
  const scanner = scannerOf(bytes, options);
  while (!scanner.run(tokensPerStep)) yield;
  return scanner.finish(false);
}

function scannerOf(bytes: Uint8Array, options: DecodeOptions): Scanner {
  const length = bytes.length;
  const maxLength = Math.min(options.maxLength ?? DEFAULT_MAX_LENGTH, ABSOLUTE_MAX_LENGTH);
  if (length > maxLength) {
    throw new BencodeError(
      'ERR_BENCODE_TOO_LONG',
      `the input has ${length} bytes, more than the limit of ${maxLength}`,
    );
  }
  return new Scanner(bytes, options);
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #lenient: boolean;
  readonly #onIrregularity: DecodeOptions['onIrregularity'];
  readonly #maxDepth: number;
  readonly #maxTokens: number;
  readonly #maxIntegerLength: number;
  #words: Uint32Array;
  #capacity: number;
  #count = 0;
  /** Where the next run goes on. */
  #at = 0;
  #needsKey = false;
  readonly #stack: Frame[] = [];

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    this.#bytes = bytes;
    this.#lenient = options.lenient ?? false;
    this.#onIrregularity = options.onIrregularity;
    this.#maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
    this.#maxTokens = options.maxTokens ?? DEFAULT_MAX_TOKENS;
    this.#maxIntegerLength = options.maxIntegerLength ?? DEFAULT_MAX_INTEGER_LENGTH;
    const guess = Math.max(MIN_CAPACITY, Math.min(bytes.length >>> 3, MAX_INITIAL_CAPACITY));
    this.#capacity = Math.max(1, Math.min(guess, this.#maxTokens));
    this.#words = new Uint32Array(2 * this.#capacity);
  }

  /** Scan about so many tokens more; true when the value is complete. */
  run(tokens: number): boolean {
    const bytes = this.#bytes;
    const stack = this.#stack;
    const pause = this.#count + tokens;
    let frame = stack.at(-1);
    let needsKey = this.#needsKey;
    let at = this.#at;

    do {
      const byte = bytes[at] ?? END_OF_INPUT;
      if (byte >= BYTE_0 && byte <= BYTE_9) {
        const token = this.#count;
        const start = at;
        at = this.#string(at, byte);
        this.#append(start, at);
        if (frame !== undefined) {
          if (needsKey) {
            this.#checkKey(frame, token);
            frame.size++;
            needsKey = false;
          } else if (frame.isDictionary) needsKey = true;
          else frame.size++;
        }
        continue;
      }
      if (byte === BYTE_END && frame !== undefined) {
        if (frame.isDictionary && !needsKey) {
          throw new BencodeError(
            'ERR_BENCODE_MISSING_VALUE',
            'a dictionary ends behind a key that has no value',
            at,
          );
        }
        this.#words[2 * frame.token + 1] = this.#count;
        this.#append(at++, frame.size);
        stack.pop();
        frame = stack.at(-1);
        needsKey = frame?.isDictionary ?? false;
        continue;
      }
      if (needsKey && byte !== END_OF_INPUT) {
        const isValue = byte === BYTE_INTEGER || byte === BYTE_LIST || byte === BYTE_DICTIONARY;
        throw new BencodeError(
          isValue ? 'ERR_BENCODE_KEY_NOT_BYTES' : 'ERR_BENCODE_UNEXPECTED_BYTE',
          isValue ? 'a dictionary key is not a byte string' : 'expected a dictionary key or "e"',
          at,
        );
      }
      if (byte === BYTE_INTEGER) {
        const start = at;
        at = this.#integer(at);
        this.#append(start, at);
        if (frame !== undefined) {
          if (frame.isDictionary) needsKey = true;
          else frame.size++;
        }
      } else if (byte === BYTE_LIST || byte === BYTE_DICTIONARY) {
        if (stack.length >= this.#maxDepth) {
          throw new BencodeError(
            'ERR_BENCODE_TOO_DEEP',
            `nested deeper than the limit of ${this.#maxDepth}`,
            at,
          );
        }
        if (frame !== undefined && !frame.isDictionary) frame.size++;
        const isDictionary = byte === BYTE_DICTIONARY;
        frame = { token: this.#count, isDictionary, size: 0, lastKey: -1, seen: undefined };
        stack.push(frame);
        needsKey = isDictionary;
        this.#append(at++, 0);
      } else if (byte === END_OF_INPUT) {
        throw truncated(at);
      } else {
        throw new BencodeError(
          'ERR_BENCODE_UNEXPECTED_BYTE',
          `no value starts with ${show(byte)}`,
          at,
        );
      }
    } while (frame !== undefined && this.#count < pause);

    this.#at = at;
    this.#needsKey = needsKey;
    return frame === undefined;
  }

  /** The tape of a complete value. */
  finish(prefix: boolean): Tape {
    const end = this.#at;
    if (!prefix && end < this.#bytes.length) {
      this.#irregular('trailing_data', 'there are bytes behind the value', end);
    }
    return { words: this.#words, count: this.#count, end };
  }

  /** Scan the byte string at `at`, whose first digit is `byte`; the offset behind it. */
  #string(start: number, byte: number): number {
    const bytes = this.#bytes;
    let at = start + 1;
    let length = byte - BYTE_0;
    for (;;) {
      const next = bytes[at] ?? END_OF_INPUT;
      if (next === BYTE_COLON) break;
      if (next < BYTE_0 || next > BYTE_9) {
        if (next === END_OF_INPUT) throw truncated(at);
        throw new BencodeError(
          'ERR_BENCODE_INVALID_STRING_LENGTH',
          `expected a digit or ":" in the length of a byte string, found ${show(next)}`,
          at,
        );
      }
      length = length * 10 + (next - BYTE_0);
      // Past the input already: stop before the number loses precision.
      if (length > bytes.length) throw tooShort(start);
      at++;
    }
    if (byte === BYTE_0 && at > start + 1) {
      this.#irregular(
        'leading_zero_strlen',
        'the length of a byte string has a leading zero',
        start,
      );
    }
    at++;
    if (length > bytes.length - at) throw tooShort(start);
    return at + length;
  }

  /** Scan the integer at `start`; the offset behind it. */
  #integer(start: number): number {
    const bytes = this.#bytes;
    let at = start + 1;
    const negative = bytes[at] === BYTE_MINUS;
    if (negative) at++;
    const first = at;
    const limit = start + 1 + this.#maxIntegerLength;
    let next = bytes[at] ?? END_OF_INPUT;
    while (next >= BYTE_0 && next <= BYTE_9) {
      if (at >= limit) {
        throw new BencodeError(
          'ERR_BENCODE_INTEGER_TOO_LONG',
          `an integer is longer than the limit of ${this.#maxIntegerLength} characters`,
          start,
        );
      }
      next = bytes[++at] ?? END_OF_INPUT;
    }
    if (next === END_OF_INPUT) throw truncated(at);
    if (next !== BYTE_END || at === first) {
      const wanted = at === first ? 'a digit' : 'a digit or "e"';
      throw new BencodeError(
        'ERR_BENCODE_INVALID_INTEGER',
        `expected ${wanted} in an integer, found ${show(next)}`,
        at,
      );
    }
    if (bytes[first] === BYTE_0) this.#leadingZero(start, first, at, negative);
    return at + 1;
  }

  #leadingZero(start: number, first: number, end: number, negative: boolean): void {
    if (end - first > 1) {
      this.#irregular('leading_zero_int', 'an integer has a leading zero', start);
    }
    if (!negative) return;
    for (let at = first; at < end; at++) if (this.#bytes[at] !== BYTE_0) return;
    this.#irregular('negative_zero', 'an integer is -0', start);
  }

  #append(word0: number, word1: number): void {
    if (this.#count === this.#capacity) this.#grow(word0);
    const at = 2 * this.#count++;
    this.#words[at] = word0;
    this.#words[at + 1] = word1;
  }

  #grow(offset: number): void {
    if (this.#capacity >= this.#maxTokens) {
      throw new BencodeError(
        'ERR_BENCODE_TOO_MANY_TOKENS',
        `more tokens than the limit of ${this.#maxTokens}`,
        offset,
      );
    }
    this.#capacity = Math.min(2 * this.#capacity, this.#maxTokens);
    const words = new Uint32Array(2 * this.#capacity);
    words.set(this.#words);
    this.#words = words;
  }

  /** Keys must rise strictly by their raw bytes (BEP 3). */
  #checkKey(frame: Frame, token: number): void {
    const last = frame.lastKey;
    frame.lastKey = token;
    if (last < 0) return;
    if (frame.seen === undefined) {
      const order = this.#compareKeys(last, token);
      if (order < 0) return;
      if (order > 0) {
        frame.seen = new Set();
        for (
          let key = frame.token + 1;
          key < token;
          key = skip(this.#bytes, this.#words, key + 1)
        ) {
          frame.seen.add(this.#key(key));
        }
      }
    }
    const offset = this.#words[2 * token] ?? 0;
    const key = this.#key(token);
    if (frame.seen === undefined || frame.seen.has(key)) {
      this.#irregular('duplicate_key', `the key ${JSON.stringify(key)} is repeated`, offset);
      return;
    }
    frame.seen.add(key);
    if (this.#compareKeys(last, token) > 0) {
      this.#irregular('unsorted_keys', `the key ${JSON.stringify(key)} is out of order`, offset);
    }
  }

  #compareKeys(left: number, right: number): number {
    const bytes = this.#bytes;
    let a = contentStart(bytes, this.#words[2 * left] ?? 0);
    let b = contentStart(bytes, this.#words[2 * right] ?? 0);
    const aEnd = this.#words[2 * left + 1] ?? 0;
    const bEnd = this.#words[2 * right + 1] ?? 0;
    while (a < aEnd && b < bEnd) {
      const difference = (bytes[a++] ?? 0) - (bytes[b++] ?? 0);
      if (difference !== 0) return difference;
    }
    return aEnd - a - (bEnd - b);
  }

  #key(token: number): string {
    const start = contentStart(this.#bytes, this.#words[2 * token] ?? 0);
    return latin1(this.#bytes, start, this.#words[2 * token + 1] ?? 0);
  }

  #irregular(kind: IrregularityKind, message: string, offset: number): void {
    if (!this.#lenient) throw new BencodeError(CODE_OF[kind], message, offset);
    this.#onIrregularity?.({ kind, offset });
  }
}

const CODE_OF = {
  leading_zero_int: 'ERR_BENCODE_LEADING_ZERO',
  leading_zero_strlen: 'ERR_BENCODE_LEADING_ZERO',
  negative_zero: 'ERR_BENCODE_NEGATIVE_ZERO',
  unsorted_keys: 'ERR_BENCODE_UNSORTED_KEYS',
  duplicate_key: 'ERR_BENCODE_DUPLICATE_KEY',
  trailing_data: 'ERR_BENCODE_TRAILING_DATA',
} as const;

function truncated(offset: number): BencodeError {
  return new BencodeError('ERR_BENCODE_TRUNCATED', 'the input ends inside a value', offset);
}

function tooShort(offset: number): BencodeError {
  return new BencodeError(
    'ERR_BENCODE_TRUNCATED',
    'a byte string claims more bytes than the input has',
    offset,
  );
}

function show(byte: number): string {
  return byte > 0x20 && byte < 0x7f
    ? JSON.stringify(String.fromCharCode(byte))
    : `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
