import { readUint32 } from '@shoal/net';
import { checkInteger, copyBytes } from './bytes.ts';
import { WireError } from './errors.ts';
import { checkHashMessageLength, HashMessageReader } from './hash-message-reader.ts';
import { limitsOf, MAX_LIMIT } from './limits.ts';
import type { WireLimits } from './limits.ts';
import { MessageId } from './message-id.ts';
import { MessageGatherer } from './message-gatherer.ts';
import { tooLong, wrongLength } from './message-length.ts';
import type { HashSink, WireSink } from './sink.ts';

/** Most bytes kept of a message that straddles chunks before its kind decides: a request, 4 + 1 + 12. */
const HEAD_LENGTH = 17;
/** Answer of the message reader: the bytes at hand do not reach. */
const MORE = -1;
const BETWEEN_MESSAGES = 0;
const IN_BLOCK = 1;
const GATHERING = 2;
const SKIPPING = 3;
const IN_HASH_MESSAGE = 4;
const STOPPED = 5;
const FAILED = 6;

/** Options of {@link WireDecoder}. */
export interface WireDecoderOptions {
  /** What to accept; what is left out has its default. */
  readonly limits?: Partial<WireLimits>;
  /** Takes the messages of BitTorrent v2 (BEP 52). Without it they are skipped as unknown ones, their framing checked. */
  readonly hashSink?: HashSink | undefined;
}

/**
 * Decodes the stream of messages that follows the handshake (BEP 3, 6, 10, 52), from chunks cut anywhere, and calls a
 * {@link WireSink} as messages arrive.
 *
 * Lengths are checked as soon as the length and id have come and before anything is stored. Payload of `piece` and
 * `hashes` messages goes straight from the chunk to the place the sink names. Chunks are not kept: each may be reused
 * once `push` returns.
 */
export class WireDecoder {
  readonly #sink: WireSink;
  readonly #hashSink: HashSink | undefined;
  readonly #limits: WireLimits;
  #maxBitfieldLength: number;
  #maxMessageLength = 0;
  #state = BETWEEN_MESSAGES;

  readonly #head = new Uint8Array(HEAD_LENGTH);
  #headLength = 0;

  #piece = 0;
  #begin = 0;
  #blockLength = 0;
  #blockReceived = 0;
  #target: Uint8Array | undefined;

  #gatherer: MessageGatherer | undefined;
  #hashReader: HashMessageReader | undefined;
  #toSkip = 0;

  /** Throws `ERR_WIRE_INVALID_ARGUMENT` for a limit that is not an integer from 0 to 2^30. */
  constructor(sink: WireSink, options: WireDecoderOptions = {}) {
    this.#sink = sink;
    this.#hashSink = options.hashSink;
    this.#limits = limitsOf(options.limits);
    this.#maxBitfieldLength = this.#limits.maxBitfieldLength;
    this.#setMaxMessageLength();
  }

  /** Most bytes of a `bitfield` payload. Set it to ceil(pieces / 8) once the piece count is known. */
  get maxBitfieldLength(): number {
    return this.#maxBitfieldLength;
  }

  set maxBitfieldLength(bytes: number) {
    checkInteger('maxBitfieldLength', bytes, MAX_LIMIT);
    this.#maxBitfieldLength = bytes;
    this.#setMaxMessageLength();
  }

  /** Whether the last byte pushed was the last of a message: an orderly place for the stream to end. */
  get isBetweenMessages(): boolean {
    return this.#state === BETWEEN_MESSAGES && this.#headLength === 0;
  }

  /**
   * Decodes the next bytes. Throws a `WireError` when the peer breaks the framing, and whatever the sink throws; after
   * that the decoder is spent and answers every call with `ERR_WIRE_DECODER_FAILED`. Not to be called from the sink.
   */
  push(chunk: Uint8Array): void {
    if (this.#state === STOPPED) return;
    if (this.#state === FAILED) {
      throw new WireError(
        'ERR_WIRE_DECODER_FAILED',
        'the decoder has failed; close the connection',
      );
    }
    let done = false;
    try {
      this.#consume(chunk);
      done = true;
    } finally {
      if (!done) this.#end(FAILED);
    }
  }

  /**
   * Stops storing the block that is streaming in, if one is: its place is about to be reused or handed to a worker. The
   * rest is read and dropped, and `onBlockEnd` says it was not stored.
   */
  discardBlock(): void {
    this.#target = undefined;
  }

  /** Ends decoding, also from within the sink: the rest of the present chunk and all later ones are ignored. */
  stop(): void {
    this.#end(STOPPED);
  }

  #end(state: number): void {
    this.#state = state;
    this.#headLength = 0;
    this.#target = undefined;
    this.#gatherer = undefined;
    this.#hashReader = undefined;
  }

  #setMaxMessageLength(): void {
    const { maxBlockLength, maxExtendedLength, maxHashesLength, maxUnknownLength } = this.#limits;
    this.#maxMessageLength = Math.max(
      maxHashesLength + 49, // a hash request has 49, a request 13
      maxBlockLength + 9,
      this.#maxBitfieldLength + 1,
      maxExtendedLength + 2,
      maxUnknownLength + 1,
    );
  }

  #consume(chunk: Uint8Array): void {
    const end = chunk.length;
    let at = this.#headLength > 0 ? this.#continueHead(chunk) : 0;
    while (at < end) {
      switch (this.#state) {
        case BETWEEN_MESSAGES: {
          const next = this.#readMessage(chunk, at, end);
          if (next === MORE) {
            this.#keepHead(chunk, at, end);
            return;
          }
          at = next;
          break;
        }
        case IN_BLOCK:
          at = this.#readBlock(chunk, at, end);
          break;
        case GATHERING:
          at = this.#gather(chunk, at, end);
          break;
        case IN_HASH_MESSAGE:
          at = this.#readHashMessage(chunk, at, end);
          break;
        case SKIPPING: {
          const taken = Math.min(this.#toSkip, end - at);
          this.#toSkip -= taken;
          at += taken;
          if (this.#toSkip === 0) this.#state = BETWEEN_MESSAGES;
          break;
        }
        default:
          return;
      }
    }
  }

  /** Keeps the start of a message whose kind or fields the chunk does not reach: at most 16 bytes. */
  #keepHead(chunk: Uint8Array, at: number, end: number): void {
    copyBytes(this.#head, 0, chunk, at, end - at);
    this.#headLength = end - at;
  }

  /** Completes the kept start from the new chunk and reads one message of it. Gives the place in the chunk to go on at. */
  #continueHead(chunk: Uint8Array): number {
    const head = this.#head;
    const kept = this.#headLength;
    const taken = Math.min(HEAD_LENGTH - kept, chunk.length);
    copyBytes(head, kept, chunk, 0, taken);
    this.#headLength = 0;
    const next = this.#readMessage(head, 0, kept + taken);
    if (next === MORE) {
      this.#headLength = kept + taken;
      return taken;
    }
    // What was kept did not reach before, so the reader always goes past it.
    return next - kept;
  }

  /**
   * Reads the message that starts at `at`: a short one whole, of a long one the head. Gives the place after what it has
   * read, or `MORE`, having changed nothing, when the bytes up to `end` do not reach.
   */
  #readMessage(bytes: Uint8Array, at: number, end: number): number {
    const available = end - at;
    if (available < 4) return MORE;
    const length = readUint32(bytes, at);
    if (length === 0) {
      this.#sink.onKeepAlive();
      return at + 4;
    }
    if (length > this.#maxMessageLength) throw tooLong('a message', length, this.#maxMessageLength);
    if (available < 5) return MORE;
    const id = bytes[at + 4] ?? 0;
    switch (id) {
      case MessageId.piece:
        if (length < 9) throw wrongLength('piece', length, 'at least 9');
        if (length - 9 > this.#limits.maxBlockLength) {
          throw tooLong('a block', length - 9, this.#limits.maxBlockLength);
        }
        if (available < 13) return MORE;
        this.#startBlock(readUint32(bytes, at + 5), readUint32(bytes, at + 9), length - 9);
        return at + 13;
      case MessageId.choke:
      case MessageId.unchoke:
      case MessageId.interested:
      case MessageId.notInterested:
      case MessageId.haveAll:
      case MessageId.haveNone:
        if (length !== 1) throw wrongLength(`message ${id}`, length, '1');
        this.#emitBare(id);
        return at + 5;
      case MessageId.have:
      case MessageId.suggest:
      case MessageId.allowedFast:
        if (length !== 5) throw wrongLength(`message ${id}`, length, '5');
        if (available < 9) return MORE;
        this.#emitPiece(id, readUint32(bytes, at + 5));
        return at + 9;
      case MessageId.request:
      case MessageId.cancel:
      case MessageId.reject:
        if (length !== 13) throw wrongLength(`message ${id}`, length, '13');
        if (available < 17) return MORE;
        this.#emitRange(
          id,
          readUint32(bytes, at + 5),
          readUint32(bytes, at + 9),
          readUint32(bytes, at + 13),
        );
        return at + 17;
      case MessageId.port:
        if (length !== 3) throw wrongLength('port', length, '3');
        if (available < 7) return MORE;
        this.#sink.onPort(((bytes[at + 5] ?? 0) << 8) | (bytes[at + 6] ?? 0));
        return at + 7;
      case MessageId.bitfield:
        if (length - 1 > this.#maxBitfieldLength) {
          throw tooLong('a bitfield', length - 1, this.#maxBitfieldLength);
        }
        return this.#readBody(id, length - 1, bytes, at + 5, end);
      case MessageId.extended:
        if (length < 2) throw wrongLength('extended', length, 'at least 2');
        if (length - 2 > this.#limits.maxExtendedLength) {
          throw tooLong('an extended message', length - 2, this.#limits.maxExtendedLength);
        }
        return this.#readBody(id, length - 1, bytes, at + 5, end);
      case MessageId.hashRequest:
      case MessageId.hashes:
      case MessageId.hashReject:
        this.#startHashMessage(id, length);
        return at + 5;
      default:
        this.#skip(id, length - 1);
        return at + 5;
    }
  }

  #emitBare(id: number): void {
    const sink = this.#sink;
    if (id === MessageId.choke) sink.onChoke();
    else if (id === MessageId.unchoke) sink.onUnchoke();
    else if (id === MessageId.interested) sink.onInterested();
    else if (id === MessageId.notInterested) sink.onNotInterested();
    else if (id === MessageId.haveAll) sink.onHaveAll();
    else sink.onHaveNone();
  }

  #emitPiece(id: number, piece: number): void {
    if (id === MessageId.have) this.#sink.onHave(piece);
    else if (id === MessageId.suggest) this.#sink.onSuggest(piece);
    else this.#sink.onAllowedFast(piece);
  }

  #emitRange(id: number, piece: number, begin: number, length: number): void {
    if (id === MessageId.request) this.#sink.onRequest(piece, begin, length);
    else if (id === MessageId.cancel) this.#sink.onCancel(piece, begin, length);
    else this.#sink.onReject(piece, begin, length);
  }

  #emitBody(id: number, body: Uint8Array): void {
    if (id === MessageId.bitfield) this.#sink.onBitfield(body);
    else this.#sink.onExtended(body[0] ?? 0, body.subarray(1));
  }

  #startBlock(piece: number, begin: number, length: number): void {
    this.#piece = piece;
    this.#begin = begin;
    this.#blockLength = length;
    this.#blockReceived = 0;
    this.#state = IN_BLOCK;
    const target = this.#sink.onBlockStart(piece, begin, length);
    if (this.#state !== IN_BLOCK) return; // stopped by the sink
    // A view whose buffer was handed away has length 0: its block is dropped, which is no error.
    if (target !== undefined && target.length !== length && target.length !== 0) {
      throw new WireError(
        'ERR_WIRE_BLOCK_TARGET',
        `the place for a block of ${length} bytes has ${target.length}`,
      );
    }
    this.#target = target;
    if (length === 0) this.#endBlock();
  }

  #readBlock(chunk: Uint8Array, at: number, end: number): number {
    const received = this.#blockReceived;
    const taken = Math.min(this.#blockLength - received, end - at);
    const target = this.#target;
    if (target !== undefined) {
      if (target.length === this.#blockLength) {
        copyBytes(target, received, chunk, at, taken);
      } else {
        this.#target = undefined; // its buffer was detached
      }
    }
    this.#blockReceived = received + taken;
    this.#sink.onBlockProgress(taken);
    if (this.#state === IN_BLOCK && this.#blockReceived === this.#blockLength) this.#endBlock();
    return at + taken;
  }

  #endBlock(): void {
    const target = this.#target;
    this.#target = undefined;
    this.#state = BETWEEN_MESSAGES;
    const stored = target !== undefined && target.length === this.#blockLength;
    this.#sink.onBlockEnd(this.#piece, this.#begin, this.#blockLength, stored);
  }

  /** Hands over the body of a bitfield or extended message: as a view where it lies whole in `bytes`, else gathered. */
  #readBody(id: number, length: number, bytes: Uint8Array, at: number, end: number): number {
    if (end - at >= length) {
      this.#emitBody(id, bytes.subarray(at, at + length));
      return at + length;
    }
    this.#gatherer = new MessageGatherer(id, length);
    this.#state = GATHERING;
    return at;
  }

  #gather(chunk: Uint8Array, at: number, end: number): number {
    const gatherer = this.#gatherer;
    if (gatherer === undefined) return end;
    const next = gatherer.take(chunk, at, end);
    if (gatherer.isComplete) {
      this.#gatherer = undefined;
      this.#state = BETWEEN_MESSAGES;
      this.#emitBody(gatherer.id, gatherer.body);
    }
    return next;
  }

  #startHashMessage(id: number, length: number): void {
    checkHashMessageLength(id, length, this.#limits.maxHashesLength);
    if (this.#hashSink === undefined) {
      this.#skip(id, length - 1);
    } else {
      this.#hashReader = new HashMessageReader(this.#hashSink, id, length);
      this.#state = IN_HASH_MESSAGE;
    }
  }

  #readHashMessage(chunk: Uint8Array, at: number, end: number): number {
    const reader = this.#hashReader;
    if (reader === undefined) return end;
    const next = reader.take(chunk, at, end);
    if (reader.isComplete && this.#state === IN_HASH_MESSAGE) {
      this.#hashReader = undefined;
      this.#state = BETWEEN_MESSAGES;
    }
    return next;
  }

  #skip(id: number, length: number): void {
    if (length > this.#limits.maxUnknownLength) {
      throw tooLong(`message ${id}`, length, this.#limits.maxUnknownLength);
    }
    this.#toSkip = length;
    this.#state = length > 0 ? SKIPPING : BETWEEN_MESSAGES;
    this.#sink.onUnknown(id, length);
  }
}
