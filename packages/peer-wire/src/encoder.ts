import { writeUint32 } from '@shoal/net';
import { checkInteger, checkUint32 } from './bytes.ts';
import { EncoderBufferPool } from './encoder-buffer-pool.ts';
import {
  checkHashes,
  checkHashFields,
  checkOwnHashRequest,
  HASH_FIELDS_LENGTH,
  writeHashFields,
} from './hash-request.ts';
import type { HashRequest } from './hash-request.ts';
import { MessageId } from './message-id.ts';

/** Bytes of a `piece` message before its payload: length, id, piece and begin. */
export const PIECE_HEADER_LENGTH = 13;
/** Most bytes of one variable-length payload, so that the 32-bit length cannot overflow: 1 GiB. */
const MAX_PAYLOAD_LENGTH = 1_073_741_824;
const NO_BYTES = new Uint8Array(0);

/**
 * Writes messages one after the other into one buffer, to be sent together: append any number, then {@link take}.
 *
 * Numbers that do not fit their field throw `ERR_WIRE_INVALID_ARGUMENT` and append nothing.
 */
export class WireEncoder {
  readonly #pool: EncoderBufferPool;
  #buffer: Uint8Array = NO_BYTES;
  #length = 0;

  /** @param pool where buffers come from and return to; encoders may share one. By default each has a small one. */
  constructor(pool: EncoderBufferPool = new EncoderBufferPool()) {
    this.#pool = pool;
  }

  /** How many bytes {@link take} would give. */
  get pendingBytes(): number {
    return this.#length;
  }

  /**
   * All bytes appended since the last `take`; empty when there are none. They belong to the caller and are not touched
   * until {@link recycle} gives them back. A caller that never does so costs an allocation, nothing else.
   */
  take(): Uint8Array {
    if (this.#length === 0) return NO_BYTES;
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#pool.lend(this.#buffer);
    this.#buffer = NO_BYTES;
    this.#length = 0;
    return bytes;
  }

  /** Gives back what {@link take} gave, once it has been sent. Anything else, or a second time, is ignored. */
  recycle(bytes: Uint8Array): void {
    this.#pool.recycle(bytes);
  }

  /** Keep-alive: four zero bytes (BEP 3). */
  keepAlive(): void {
    const at = this.#append(4);
    writeUint32(this.#buffer, at, 0);
  }

  /** Choke (BEP 3). */
  choke(): void {
    this.#bare(MessageId.choke);
  }

  /** Unchoke (BEP 3). */
  unchoke(): void {
    this.#bare(MessageId.unchoke);
  }

  /** Interested (BEP 3). */
  interested(): void {
    this.#bare(MessageId.interested);
  }

  /** Not interested (BEP 3). */
  notInterested(): void {
    this.#bare(MessageId.notInterested);
  }

  /** Have (BEP 3). */
  have(piece: number): void {
    this.#index(MessageId.have, piece);
  }

  /** One `have` per piece. */
  haves(pieces: readonly number[]): void {
    for (const piece of pieces) checkUint32('piece', piece);
    let at = this.#append(pieces.length * 9);
    for (const piece of pieces) {
      this.#head(at, 5, MessageId.have);
      writeUint32(this.#buffer, at + 5, piece);
      at += 9;
    }
  }

  /** @param bits the bytes of a bitfield, as {@link Bitfield.bytes} has them. */
  bitfield(bits: Uint8Array): void {
    checkInteger('bitfield length', bits.length, MAX_PAYLOAD_LENGTH);
    const at = this.#append(5 + bits.length);
    this.#head(at, 1 + bits.length, MessageId.bitfield);
    this.#buffer.set(bits, at + 5);
  }

  /** Request (BEP 3). `begin` and `length` in bytes. */
  request(piece: number, begin: number, length: number): void {
    this.#range(MessageId.request, piece, begin, length);
  }

  /** Cancel (BEP 3): the fields of the request it takes back. */
  cancel(piece: number, begin: number, length: number): void {
    this.#range(MessageId.cancel, piece, begin, length);
  }

  /** Reject request (BEP 6). */
  reject(piece: number, begin: number, length: number): void {
    this.#range(MessageId.reject, piece, begin, length);
  }

  /** A whole `piece` message. It copies the block: to send in bulk use {@link encodePieceHeader} before the data. */
  piece(piece: number, begin: number, block: Uint8Array): void {
    checkUint32('piece', piece);
    checkUint32('begin', begin);
    checkInteger('block length', block.length, MAX_PAYLOAD_LENGTH);
    const at = this.#append(PIECE_HEADER_LENGTH + block.length);
    encodePieceHeader(this.#buffer, at, piece, begin, block.length);
    this.#buffer.set(block, at + PIECE_HEADER_LENGTH);
  }

  /** DHT port (BEP 5). */
  port(port: number): void {
    checkInteger('port', port, 0xffff);
    const at = this.#append(7);
    this.#head(at, 3, MessageId.port);
    this.#buffer[at + 5] = port >>> 8;
    this.#buffer[at + 6] = port;
  }

  /** Suggest piece (BEP 6). */
  suggest(piece: number): void {
    this.#index(MessageId.suggest, piece);
  }

  /** Have all (BEP 6). */
  haveAll(): void {
    this.#bare(MessageId.haveAll);
  }

  /** Have none (BEP 6). */
  haveNone(): void {
    this.#bare(MessageId.haveNone);
  }

  /** Allowed fast (BEP 6). */
  allowedFast(piece: number): void {
    this.#index(MessageId.allowedFast, piece);
  }

  /** Extended message (BEP 10). @param id 0 for the extended handshake, else the number the peer gave the extension. */
  extended(id: number, payload: Uint8Array): void {
    checkInteger('extended id', id, 0xff);
    checkInteger('payload length', payload.length, MAX_PAYLOAD_LENGTH);
    const at = this.#append(6 + payload.length);
    this.#head(at, 2 + payload.length, MessageId.extended);
    this.#buffer[at + 5] = id;
    this.#buffer.set(payload, at + 6);
  }

  /**
   * Hash request (BEP 52). Throws for what the BEP does not allow, and for more than 512 hashes, which it says not to ask
   * for at once.
   */
  hashRequest(request: HashRequest): void {
    checkOwnHashRequest(request);
    this.#hashMessage(MessageId.hashRequest, request, 0);
  }

  /**
   * Hashes (BEP 52). @param hashes the hashes of the base layer from the request's index on, then the uncle hashes from the
   * lowest proof layer up, 32 bytes each: {@link hashCount} of them. A request for a single hash may be answered, too.
   */
  hashes(request: HashRequest, hashes: Uint8Array): void {
    checkHashes(request, hashes.length);
    const at = this.#hashMessage(MessageId.hashes, request, hashes.length);
    this.#buffer.set(hashes, at);
  }

  /** Hash reject (BEP 52): repeats the request as it came, whatever is wrong with it. */
  hashReject(request: HashRequest): void {
    this.#hashMessage(MessageId.hashReject, request, 0);
  }

  /** Appends a message of BEP 52 with room for `more` bytes after its fields; gives their place. */
  #hashMessage(id: number, request: HashRequest, more: number): number {
    checkHashFields(request);
    const at = this.#append(5 + HASH_FIELDS_LENGTH + more);
    this.#head(at, 1 + HASH_FIELDS_LENGTH + more, id);
    writeHashFields(this.#buffer, at + 5, request);
    return at + 5 + HASH_FIELDS_LENGTH;
  }

  #bare(id: number): void {
    this.#head(this.#append(5), 1, id);
  }

  #index(id: number, piece: number): void {
    checkUint32('piece', piece);
    const at = this.#append(9);
    this.#head(at, 5, id);
    writeUint32(this.#buffer, at + 5, piece);
  }

  #range(id: number, piece: number, begin: number, length: number): void {
    checkUint32('piece', piece);
    checkUint32('begin', begin);
    checkUint32('length', length);
    const at = this.#append(17);
    this.#head(at, 13, id);
    writeUint32(this.#buffer, at + 5, piece);
    writeUint32(this.#buffer, at + 9, begin);
    writeUint32(this.#buffer, at + 13, length);
  }

  #head(at: number, length: number, id: number): void {
    writeUint32(this.#buffer, at, length);
    this.#buffer[at + 4] = id;
  }

  /** Makes room for `bytes` more and gives the place they start at. */
  #append(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#buffer.length) {
      const old = this.#buffer;
      this.#buffer = this.#pool.obtain(Math.max(needed, old.length * 2));
      this.#buffer.set(old.subarray(0, at));
      this.#pool.release(old);
    }
    this.#length = needed;
    return at;
  }
}

/**
 * Writes the 13 bytes that precede a block of `length` bytes into `target` at `at`, so that header and data can be laid
 * out in one send buffer. Throws `ERR_WIRE_INVALID_ARGUMENT` when they do not fit.
 */
export function encodePieceHeader(
  target: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  length: number,
): void {
  checkUint32('piece', piece);
  checkUint32('begin', begin);
  checkInteger('block length', length, MAX_PAYLOAD_LENGTH);
  checkInteger('at', at, target.length - PIECE_HEADER_LENGTH);
  writeUint32(target, at, length + 9);
  target[at + 4] = MessageId.piece;
  writeUint32(target, at + 5, piece);
  writeUint32(target, at + 9, begin);
}
