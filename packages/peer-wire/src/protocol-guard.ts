import { Bitfield } from './bitfield.ts';
import { WireError } from './errors.ts';
import { HashLedger } from './hash-ledger.ts';
import type { HashRequest } from './hash-request.ts';
import { MAX_BLOCK_LENGTH, MAX_PENDING_HASH_REQUESTS } from './limits.ts';

/** What a {@link ProtocolGuard} must know of the torrent and of the handshakes. */
export interface ProtocolGuardOptions {
  /** How many pieces the torrent has. */
  readonly pieceCount: number;
  /** Bytes of every piece but the last. */
  readonly pieceLength: number;
  /** Bytes of all pieces together. */
  readonly totalLength: number;
  /** Whether both sides have set the bit of the fast extension (BEP 6). */
  readonly fast: boolean;
  /** Most bytes of a block asked for or sent. Default 131,072; see {@link MAX_BLOCK_LENGTH}. */
  readonly maxBlockLength?: number;
  /**
   * Take a bitfield at any time and more than once. BEP 3 wants it first and once, and by default another one is refused;
   * but there are clients in the field (aria2) that send one later in place of many `have`s. Default false.
   */
  readonly lateBitfields?: boolean;
  /** Most hash requests of the peer that may wait for our answer. Default 256; see {@link MAX_PENDING_HASH_REQUESTS}. */
  readonly maxPendingHashRequests?: number;
}

/**
 * The checks of one peer's messages that need to know the torrent: indices in range, and what may come when. It holds what
 * the engine does not know already: whether the peer may still say what it has, and which hash requests (BEP 52) wait for
 * an answer.
 *
 * Each method throws a `WireError` for what an honest peer does not send; the connection is to be closed then.
 */
export class ProtocolGuard {
  readonly #pieceCount: number;
  readonly #pieceLength: number;
  readonly #totalLength: number;
  readonly #fast: boolean;
  readonly #maxBlockLength: number;
  readonly #lateBitfields: boolean;
  readonly #maxPendingHashRequests: number;
  #mayAnnounceAll = true;
  /** Made for the first hash request: connections of v1 torrents have none. */
  #hashLedger: HashLedger | undefined;

  constructor(options: ProtocolGuardOptions) {
    this.#pieceCount = options.pieceCount;
    this.#pieceLength = options.pieceLength;
    this.#totalLength = options.totalLength;
    this.#fast = options.fast;
    this.#maxBlockLength = options.maxBlockLength ?? MAX_BLOCK_LENGTH;
    this.#lateBitfields = options.lateBitfields ?? false;
    this.#maxPendingHashRequests = options.maxPendingHashRequests ?? MAX_PENDING_HASH_REQUESTS;
  }

  /**
   * A `bitfield`: of the right size, without spare bits, and, unless late ones are allowed, only once and before any message
   * about pieces (BEP 3). Gives a copy. Keep-alives, choke and interest, `port`, extended and unknown messages may precede it.
   */
  bitfield(bits: Uint8Array): Bitfield {
    if (this.#lateBitfields) this.#mayAnnounceAll = false;
    else this.#announceAll('bitfield');
    return Bitfield.fromBytes(bits, this.#pieceCount);
  }

  /** `have all` (BEP 6): takes the place of the bitfield, and only with the fast extension. */
  haveAll(): void {
    this.#needFast('have all');
    this.#announceAll('have all');
  }

  /** `have none` (BEP 6): as {@link haveAll}. */
  haveNone(): void {
    this.#needFast('have none');
    this.#announceAll('have none');
  }

  /** A `have`: a piece of the torrent. */
  have(piece: number): void {
    this.#mayAnnounceAll = false;
    this.#checkPiece(piece);
  }

  /** A `request`: a block inside its piece of 1 to `maxBlockLength` bytes. */
  request(piece: number, begin: number, length: number): void {
    this.#mayAnnounceAll = false;
    this.#checkBlock('request', piece, begin, length);
  }

  /** A `cancel`: a block inside its piece. One that was never requested, or was sent already, is no error. */
  cancel(piece: number, begin: number, length: number): void {
    this.#mayAnnounceAll = false;
    this.#checkBlock('cancel', piece, begin, length);
  }

  /** `reject request` (BEP 6). Whether it was requested at all the engine knows: {@link unrequestedReject}. */
  reject(piece: number, begin: number, length: number): void {
    this.#needFast('reject request');
    this.#mayAnnounceAll = false;
    this.#checkBlock('reject request', piece, begin, length);
  }

  /** The head of a `piece` message. Whether it was requested at all the engine knows: {@link unrequestedBlock}. */
  piece(piece: number, begin: number, length: number): void {
    this.#mayAnnounceAll = false;
    this.#checkBlock('piece', piece, begin, length);
  }

  /** `suggest piece` (BEP 6). */
  suggest(piece: number): void {
    this.#needFast('suggest piece');
    this.#checkPiece(piece);
  }

  /** `allowed fast` (BEP 6). */
  allowedFast(piece: number): void {
    this.#needFast('allowed fast');
    this.#checkPiece(piece);
  }

  /**
   * A block came that was never requested. With the fast extension the connection must be closed (BEP 6), and this
   * throws; without it the block may answer a request cancelled since or dropped by a choke, and is to be ignored.
   */
  unrequestedBlock(piece: number, begin: number): void {
    if (this.#fast) throw notRequested('block', piece, begin);
  }

  /** A reject came for a request that is not outstanding: the connection should be closed (BEP 6), so this throws. */
  unrequestedReject(piece: number, begin: number): never {
    throw notRequested('reject', piece, begin);
  }

  /** How many hash requests of ours the peer has not answered. */
  get outstandingHashRequests(): number {
    return this.#hashLedger?.outstanding ?? 0;
  }

  /**
   * We send a hash request (BEP 52): its answer will be expected, until it comes or the connection ends. Throws
   * `ERR_WIRE_INVALID_ARGUMENT` for one that may not be sent, is outstanding already, or would be the 65th.
   */
  hashRequestSent(request: HashRequest): void {
    this.#hashes().sent(request);
  }

  /**
   * The fields of a `hashes` message: it answers a request of ours, which is settled by that, or this throws
   * `ERR_WIRE_NOT_REQUESTED`. The caller may close the connection, or have the hashes dropped.
   */
  hashes(request: HashRequest): void {
    this.#hashes().answered('hashes', request);
  }

  /** A `hash reject`: it answers a request of ours, or throws `ERR_WIRE_NOT_REQUESTED`. */
  hashReject(request: HashRequest): void {
    this.#hashes().answered('a hash reject', request);
  }

  /**
   * A `hash request`: one more that waits for our answer. What it asks for may be impossible; it is owed a reject then.
   * Throws `ERR_WIRE_TOO_MANY_HASH_REQUESTS` when too many wait, as of a peer that asks on and does not read.
   */
  hashRequest(): void {
    this.#hashes().received();
  }

  /** The answer to one of the peer's hash requests was handed to the socket, or the request was dropped. */
  hashRequestAnswered(): void {
    this.#hashes().served();
  }

  /** Whether this names a block inside the torrent, of 1 to `maxBlockLength` bytes. */
  isBlock(piece: number, begin: number, length: number): boolean {
    return (
      piece < this.#pieceCount &&
      length >= 1 &&
      length <= this.#maxBlockLength &&
      begin + length <= this.#pieceLengthAt(piece)
    );
  }

  #hashes(): HashLedger {
    return (this.#hashLedger ??= new HashLedger(this.#maxPendingHashRequests));
  }

  #pieceLengthAt(piece: number): number {
    return piece === this.#pieceCount - 1
      ? this.#totalLength - piece * this.#pieceLength
      : this.#pieceLength;
  }

  #announceAll(what: string): void {
    if (!this.#mayAnnounceAll) {
      throw new WireError(
        'ERR_WIRE_UNEXPECTED_MESSAGE',
        `${what} came a second time or after messages about pieces`,
      );
    }
    this.#mayAnnounceAll = false;
  }

  #needFast(what: string): void {
    if (!this.#fast) {
      throw new WireError(
        'ERR_WIRE_FAST_NOT_NEGOTIATED',
        `${what} without the fast extension on both sides`,
      );
    }
  }

  #checkPiece(piece: number): void {
    if (piece >= this.#pieceCount) {
      throw new WireError(
        'ERR_WIRE_PIECE_OUT_OF_RANGE',
        `piece ${piece} of a torrent with ${this.#pieceCount} pieces`,
      );
    }
  }

  #checkBlock(what: string, piece: number, begin: number, length: number): void {
    this.#checkPiece(piece);
    if (!this.isBlock(piece, begin, length)) {
      throw new WireError(
        'ERR_WIRE_BLOCK_OUT_OF_RANGE',
        `${what} for ${length} bytes at ${begin} of piece ${piece}, which has ${this.#pieceLengthAt(piece)}; ` +
          `at most ${this.#maxBlockLength} in one message`,
      );
    }
  }
}

function notRequested(what: string, piece: number, begin: number): WireError {
  return new WireError(
    'ERR_WIRE_NOT_REQUESTED',
    `a ${what} for piece ${piece} at ${begin}, which was not requested`,
  );
}
