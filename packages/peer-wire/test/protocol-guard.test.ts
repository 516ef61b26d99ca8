import {
  MAX_OUTSTANDING_HASH_REQUESTS,
  MAX_PENDING_HASH_REQUESTS,
  ProtocolGuard,
  WireDecoder,
  WireError,
} from '../src/index.ts';
import type { Bitfield, HashRequest } from '../src/index.ts';
import { fixture, fromHex, Recorder, thrownBy } from './support.ts';

/** Puts a guard behind a decoder, as the engine does; nothing was ever requested. */
class GuardedSink extends Recorder {
  readonly guard: ProtocolGuard;
  bits: Bitfield | undefined;

  constructor(guard: ProtocolGuard) {
    super();
    this.guard = guard;
  }
  override onBitfield(bits: Uint8Array): void {
    this.bits = this.guard.bitfield(bits);
  }
  override onHaveAll(): void {
    this.guard.haveAll();
  }
  override onHave(piece: number): void {
    this.guard.have(piece);
  }
  override onRequest(piece: number, begin: number, length: number): void {
    this.guard.request(piece, begin, length);
  }
  override onReject(piece: number, begin: number, length: number): void {
    this.guard.reject(piece, begin, length);
    this.guard.unrequestedReject(piece, begin);
  }
  override onBlockStart(piece: number, begin: number, length: number): Uint8Array | undefined {
    this.guard.piece(piece, begin, length);
    this.guard.unrequestedBlock(piece, begin);
    return undefined;
  }
}

const PIECE_LENGTH = 32_768;
const guardOf = (pieceCount: number, fast = true, lastPieceLength = PIECE_LENGTH) =>
  new ProtocolGuard({
    pieceCount,
    pieceLength: PIECE_LENGTH,
    totalLength: (pieceCount - 1) * PIECE_LENGTH + lastPieceLength,
    fast,
  });

describe('shared vectors: wrong in context', () => {
  const { in_context: vectors } = fixture('malformed') as {
    in_context: { id: string; hex: string; piece_count: number; no_fast?: boolean }[];
  };
  const codes: Record<string, string> = {
    'bitfield-too-short': 'ERR_WIRE_BITFIELD_LENGTH',
    'bitfield-too-long': 'ERR_WIRE_BITFIELD_LENGTH',
    'bitfield-spare-bits': 'ERR_WIRE_BITFIELD_SPARE_BITS',
    'have-out-of-range': 'ERR_WIRE_PIECE_OUT_OF_RANGE',
    'request-out-of-range': 'ERR_WIRE_PIECE_OUT_OF_RANGE',
    'request-too-large': 'ERR_WIRE_BLOCK_OUT_OF_RANGE',
    'request-past-piece-end': 'ERR_WIRE_BLOCK_OUT_OF_RANGE',
    'piece-unrequested': 'ERR_WIRE_NOT_REQUESTED',
    'have-all-without-fast': 'ERR_WIRE_FAST_NOT_NEGOTIATED',
    'reject-unrequested': 'ERR_WIRE_NOT_REQUESTED',
    'bitfield-after-have': 'ERR_WIRE_UNEXPECTED_MESSAGE',
  };
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
    const sink = new GuardedSink(guardOf(vector.piece_count, vector.no_fast !== true));
    const error = thrownBy(() => new WireDecoder(sink).push(fromHex(vector.hex)));
    expect(error).toBeInstanceOf(WireError);
    expect(error).toMatchObject({ code: codes[id] });
  });
  it('covers every vector', () => {
    expect(vectors.map(({ id }) => id).sort()).toEqual(Object.keys(codes).sort());
  });
});

describe('ProtocolGuard', () => {
  const code = (call: () => void) => (thrownBy(call) as WireError).code;
  const bits = Uint8Array.of(0xa0);

  it('takes one announcement of pieces, whichever it is', () => {
    const announcements: ((guard: ProtocolGuard) => void)[] = [
      (guard) => guard.bitfield(bits),
      (guard) => guard.haveAll(),
      (guard) => guard.haveNone(),
    ];
    for (const first of announcements) {
      for (const second of announcements) {
        const guard = guardOf(4);
        first(guard);
        expect(code(() => second(guard))).toBe('ERR_WIRE_UNEXPECTED_MESSAGE');
      }
    }
  });

  it('takes late bitfields where that is asked for, still checked, and nothing else late', () => {
    const guard = new ProtocolGuard({
      pieceCount: 4,
      pieceLength: PIECE_LENGTH,
      totalLength: 4 * PIECE_LENGTH,
      fast: true,
      lateBitfields: true,
    });
    guard.have(0);
    expect(guard.bitfield(bits).count).toBe(2);
    expect(guard.bitfield(bits).count).toBe(2);
    expect(code(() => guard.bitfield(Uint8Array.of(0xa8)))).toBe('ERR_WIRE_BITFIELD_SPARE_BITS');
    expect(code(() => guard.haveAll())).toBe('ERR_WIRE_UNEXPECTED_MESSAGE');
  });

  it('gives the bitfield as a copy', () => {
    const field = guardOf(4).bitfield(bits);
    expect([field.length, field.count, field.get(0), field.get(2)]).toEqual([4, 2, true, true]);
  });

  it('takes no announcement after a message about pieces', () => {
    const messages: ((guard: ProtocolGuard) => void)[] = [
      (guard) => guard.have(0),
      (guard) => guard.request(0, 0, 1),
      (guard) => guard.cancel(0, 0, 1),
      (guard) => guard.reject(0, 0, 1),
      (guard) => guard.piece(0, 0, 1),
    ];
    for (const message of messages) {
      const guard = guardOf(4);
      message(guard);
      expect(code(() => guard.bitfield(bits))).toBe('ERR_WIRE_UNEXPECTED_MESSAGE');
    }
    const guard = guardOf(4);
    guard.suggest(0);
    guard.allowedFast(0);
    guard.haveNone();
  });

  it('knows where pieces end', () => {
    const guard = guardOf(3, true, 100);
    expect(guard.isBlock(0, 16_384, 16_384)).toBe(true);
    expect(guard.isBlock(0, 16_385, 16_384)).toBe(false);
    expect(guard.isBlock(0, 0, 0)).toBe(false);
    expect(guard.isBlock(2, 0, 100)).toBe(true);
    expect(guard.isBlock(2, 0, 101)).toBe(false);
    expect(guard.isBlock(2, 99, 1)).toBe(true);
    expect(guard.isBlock(2, 100, 1)).toBe(false);
    expect(guard.isBlock(3, 0, 1)).toBe(false);
    expect(guard.isBlock(0, 0xffff_ffff, 0xffff_ffff)).toBe(false);
    for (const check of [guard.request, guard.cancel, guard.reject, guard.piece]) {
      check.call(guard, 2, 0, 100);
      expect(code(() => check.call(guard, 2, 0, 101))).toBe('ERR_WIRE_BLOCK_OUT_OF_RANGE');
      expect(code(() => check.call(guard, 3, 0, 1))).toBe('ERR_WIRE_PIECE_OUT_OF_RANGE');
    }
  });

  it('answers blocks up to 128 KiB, or up to the limit it was given', () => {
    const geometry = { pieceCount: 1, pieceLength: 2 ** 20, totalLength: 2 ** 20, fast: true };
    const guard = new ProtocolGuard(geometry);
    expect([guard.isBlock(0, 0, 131_072), guard.isBlock(0, 0, 131_073)]).toEqual([true, false]);
    const strict = new ProtocolGuard({ ...geometry, maxBlockLength: 16_384 });
    expect([strict.isBlock(0, 0, 16_384), strict.isBlock(0, 0, 16_385)]).toEqual([true, false]);
  });

  it('works with torrents beyond 2^32 bytes', () => {
    const pieceLength = 2 ** 24;
    const guard = new ProtocolGuard({
      pieceCount: 100_000,
      pieceLength,
      totalLength: 99_999 * pieceLength + 5,
      fast: false,
    });
    guard.request(99_998, pieceLength - 16_384, 16_384);
    expect(guard.isBlock(99_999, 0, 5)).toBe(true);
    expect(guard.isBlock(99_999, 0, 6)).toBe(false);
  });

  it('refuses every message of the fast extension without it', () => {
    const guard = guardOf(4, false);
    for (const call of [
      () => guard.haveAll(),
      () => guard.haveNone(),
      () => guard.suggest(0),
      () => guard.allowedFast(0),
      () => guard.reject(0, 0, 1),
    ]) {
      expect(code(call)).toBe('ERR_WIRE_FAST_NOT_NEGOTIATED');
    }
    guard.unrequestedBlock(0, 0);
    guard.bitfield(bits);
  });

  it('refuses pieces that do not exist', () => {
    const guard = guardOf(4);
    for (const check of [guard.have, guard.suggest, guard.allowedFast]) {
      check.call(guard, 3);
      expect(code(() => check.call(guard, 4))).toBe('ERR_WIRE_PIECE_OUT_OF_RANGE');
    }
  });
});

describe('ProtocolGuard: hash messages', () => {
  const code = (call: () => void) => (thrownBy(call) as WireError).code;
  const request = (index: number): HashRequest => ({
    piecesRoot: new Uint8Array(32),
    baseLayer: 0,
    index,
    length: 2,
    proofLayers: 1,
  });

  it('takes one answer to each request, whichever it is, in any order', () => {
    const guard = guardOf(3);
    for (const index of [0, 2, 4]) guard.hashRequestSent(request(index));
    expect(guard.outstandingHashRequests).toBe(3);
    guard.hashes(request(2));
    guard.hashReject(request(4));
    guard.hashes(request(0));
    expect(guard.outstandingHashRequests).toBe(0);
    for (const index of [0, 2, 4]) {
      expect(code(() => guard.hashes(request(index)))).toBe('ERR_WIRE_NOT_REQUESTED');
      expect(code(() => guard.hashReject(request(index)))).toBe('ERR_WIRE_NOT_REQUESTED');
    }
  });

  it('lets the caller act on an answer nobody asked for: it can go on', () => {
    const guard = guardOf(3);
    expect(guard.outstandingHashRequests).toBe(0);
    guard.hashRequestSent(request(0));
    expect(code(() => guard.hashes({ ...request(0), proofLayers: 0 }))).toBe(
      'ERR_WIRE_NOT_REQUESTED',
    );
    guard.hashes(request(0));
  });

  it('refuses to note what may not be sent, twice the same, or too many', () => {
    const guard = guardOf(3);
    const wrong = 'ERR_WIRE_INVALID_ARGUMENT';
    expect(code(() => guard.hashRequestSent({ ...request(0), length: 1024 }))).toBe(wrong);
    for (let at = 0; at < MAX_OUTSTANDING_HASH_REQUESTS; at++)
      guard.hashRequestSent(request(2 * at));
    expect(code(() => guard.hashRequestSent(request(1000)))).toBe(wrong);
    guard.hashes(request(0));
    expect(code(() => guard.hashRequestSent(request(2)))).toBe(wrong);
    guard.hashRequestSent(request(0));
  });

  it('bounds the requests of the peer that wait for an answer', () => {
    const guard = guardOf(3);
    const most = MAX_PENDING_HASH_REQUESTS;
    for (let at = 0; at < most; at++) guard.hashRequest();
    expect(code(() => guard.hashRequest())).toBe('ERR_WIRE_TOO_MANY_HASH_REQUESTS');
    guard.hashRequestAnswered();
    guard.hashRequest();
    for (let at = 0; at < most; at++) guard.hashRequestAnswered();
    expect(code(() => guard.hashRequestAnswered())).toBe('ERR_WIRE_INVALID_ARGUMENT');
  });

  it('takes another bound', () => {
    const guard = new ProtocolGuard({
      pieceCount: 1,
      pieceLength: 1,
      totalLength: 1,
      fast: true,
      maxPendingHashRequests: 1,
    });
    guard.hashRequest();
    expect(code(() => guard.hashRequest())).toBe('ERR_WIRE_TOO_MANY_HASH_REQUESTS');
  });

  it('lets hash messages precede the bitfield', () => {
    const guard = guardOf(3);
    guard.hashRequest();
    guard.hashRequestSent(request(0));
    guard.hashes(request(0));
    expect(guard.bitfield(Uint8Array.of(0xa0)).count).toBe(2);
  });
});
