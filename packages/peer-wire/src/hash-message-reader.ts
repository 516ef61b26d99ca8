import { copyBytes } from './bytes.ts';
import { WireError } from './errors.ts';
import { HASH_FIELDS_LENGTH, hashCount, readHashFields } from './hash-request.ts';
import type { HashRequest } from './hash-request.ts';
import { HASH_LENGTH } from './limits.ts';
import { MessageId } from './message-id.ts';
import { tooLong, wrongLength } from './message-length.ts';
import type { HashSink } from './sink.ts';

/** Length of a hash message without hashes: the id and the fields. */
const BARE_LENGTH = 1 + HASH_FIELDS_LENGTH;
/** Length of the shortest `hashes`: the least one can ask for is two. */
const SHORTEST_HASHES = BARE_LENGTH + 2 * HASH_LENGTH;

/** Throws unless a message of BEP 52 can have this length (as in its first four bytes). */
export function checkHashMessageLength(id: number, length: number, maxHashesLength: number): void {
  if (id !== MessageId.hashes) {
    if (length !== BARE_LENGTH) throw wrongLength(`message ${id}`, length, `${BARE_LENGTH}`);
    return;
  }
  if (length < SHORTEST_HASHES || (length - BARE_LENGTH) % HASH_LENGTH !== 0) {
    throw wrongLength('hashes', length, `${BARE_LENGTH} and two or more times ${HASH_LENGTH}`);
  }
  if (length - BARE_LENGTH > maxHashesLength) {
    throw tooLong('hashes', length - BARE_LENGTH, maxHashesLength);
  }
}

/**
 * Reads one message of BEP 52 from chunks cut anywhere. The fields are collected first; then the hashes, if it has any, go
 * from the chunk straight to the place the sink names for them.
 */
export class HashMessageReader {
  readonly #sink: HashSink;
  readonly #id: number;
  /** Bytes of the hashes. */
  readonly #length: number;
  readonly #fields = new Uint8Array(HASH_FIELDS_LENGTH);
  #request: HashRequest | undefined;
  #target: Uint8Array | undefined;
  /** Bytes so far of the fields, and once those are known, of the hashes. */
  #received = 0;

  /** @param length that of the message, checked already. */
  constructor(sink: HashSink, id: number, length: number) {
    this.#sink = sink;
    this.#id = id;
    this.#length = length - BARE_LENGTH;
  }

  get isComplete(): boolean {
    return this.#request !== undefined && this.#received === this.#length;
  }

  /** Takes what belongs to the fields, or to the hashes, from `chunk` between `at` and `end`; gives the place after it. */
  take(chunk: Uint8Array, at: number, end: number): number {
    const request = this.#request;
    return request === undefined
      ? this.#takeFields(chunk, at, end)
      : this.#takeHashes(request, chunk, at, end);
  }

  #takeFields(chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(HASH_FIELDS_LENGTH - this.#received, end - at);
    copyBytes(this.#fields, this.#received, chunk, at, taken);
    this.#received += taken;
    if (this.#received === HASH_FIELDS_LENGTH) {
      this.#received = 0;
      this.#request = readHashFields(this.#fields);
      if (this.#id === MessageId.hashRequest) this.#sink.onHashRequest(this.#request);
      else if (this.#id === MessageId.hashReject) this.#sink.onHashReject(this.#request);
      else this.#startHashes(this.#request);
    }
    return at + taken;
  }

  #startHashes(request: HashRequest): void {
    const expected = hashCount(request) * HASH_LENGTH;
    if (this.#length !== expected) {
      throw wrongLength(
        'hashes',
        this.#length + BARE_LENGTH,
        `${expected + BARE_LENGTH} by its own fields`,
      );
    }
    const target = this.#sink.onHashesStart(request, expected);
    // A view whose buffer was handed away has length 0: the hashes are dropped, which is no error.
    if (target !== undefined && target.length !== expected && target.length !== 0) {
      throw new WireError(
        'ERR_WIRE_BLOCK_TARGET',
        `the place for ${expected} bytes of hashes has ${target.length}`,
      );
    }
    this.#target = target;
  }

  #takeHashes(request: HashRequest, chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(this.#length - this.#received, end - at);
    if (this.#target?.length === this.#length) {
      copyBytes(this.#target, this.#received, chunk, at, taken);
    } else {
      this.#target = undefined; // none was given, or its buffer was detached
    }
    this.#received += taken;
    if (this.#received === this.#length) this.#sink.onHashesEnd(request, this.#target);
    return at + taken;
  }
}
