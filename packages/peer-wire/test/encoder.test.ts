import {
  EncoderBufferPool,
  encodePieceHeader,
  PIECE_HEADER_LENGTH,
  WireEncoder,
} from '../src/index.ts';
import { fromHex, thrownBy, toHex } from './support.ts';

describe('WireEncoder', () => {
  it.each<[string, (encoder: WireEncoder) => void]>([
    ['00000000', (encoder) => encoder.keepAlive()],
    ['0000000100', (encoder) => encoder.choke()],
    ['0000000101', (encoder) => encoder.unchoke()],
    ['0000000102', (encoder) => encoder.interested()],
    ['0000000103', (encoder) => encoder.notInterested()],
    ['0000000504ffffffff', (encoder) => encoder.have(0xffff_ffff)],
    ['00000005040000000100000005040000000a', (encoder) => encoder.haves([1, 10])],
    ['0000000305af30', (encoder) => encoder.bitfield(fromHex('af30'))],
    ['0000000d0600000ce70008c00000004000', (encoder) => encoder.request(3303, 573440, 16384)],
    ['0000000d080000185e0000c00000003fff', (encoder) => encoder.cancel(6238, 49152, 16383)],
    ['0000000d1000001d120000400000003fff', (encoder) => encoder.reject(7442, 16384, 16383)],
    ['0000000b0700000001000040000a0b', (encoder) => encoder.piece(1, 16384, fromHex('0a0b'))],
    ['00000003096e5e', (encoder) => encoder.port(28254)],
    ['000000050d00001447', (encoder) => encoder.suggest(5191)],
    ['000000010e', (encoder) => encoder.haveAll()],
    ['000000010f', (encoder) => encoder.haveNone()],
    ['0000000511000014de', (encoder) => encoder.allowedFast(5342)],
    ['0000000414006465', (encoder) => encoder.extended(0, fromHex('6465'))],
  ])('writes %s', (hex, write) => {
    const encoder = new WireEncoder();
    write(encoder);
    expect(encoder.pendingBytes).toBe(hex.length / 2);
    expect(toHex(encoder.take())).toBe(hex);
    expect(encoder.pendingBytes).toBe(0);
    expect(encoder.take()).toHaveLength(0);
  });

  it('leaves taken bytes alone until they are given back, then uses them again', () => {
    const encoder = new WireEncoder();
    encoder.have(1);
    const first = encoder.take();
    encoder.have(2);
    const second = encoder.take();
    expect(second.buffer).not.toBe(first.buffer);
    expect(toHex(first)).toBe('000000050400000001');
    encoder.recycle(first);
    encoder.have(3);
    const third = encoder.take();
    expect(third.buffer).toBe(first.buffer);
    expect(toHex(second)).toBe('000000050400000002');
    expect(toHex(third)).toBe('000000050400000003');
  });

  it('never hands one buffer out twice, however often it is given back', () => {
    const pool = new EncoderBufferPool();
    const encoder = new WireEncoder(pool);
    encoder.choke();
    const taken = encoder.take();
    encoder.recycle(taken);
    encoder.recycle(taken);
    encoder.recycle(new Uint8Array(2048));
    encoder.recycle(new Uint8Array(0));
    expect(pool.pooledBytes).toBe(1024);
    encoder.choke();
    const one = encoder.take();
    expect(pool.pooledBytes).toBe(0);
    encoder.unchoke();
    expect(encoder.take().buffer).not.toBe(one.buffer);
  });

  it('does not pool a buffer that was transferred away', () => {
    const pool = new EncoderBufferPool();
    const encoder = new WireEncoder(pool);
    encoder.choke();
    const taken = encoder.take();
    structuredClone(taken.buffer, { transfer: [taken.buffer as ArrayBuffer] });
    encoder.recycle(taken);
    expect(pool.pooledBytes).toBe(0);
  });

  it('grows as needed and keeps what was there', () => {
    const pool = new EncoderBufferPool();
    const encoder = new WireEncoder(pool);
    let expected = '';
    for (let piece = 0; piece < 10_000; piece++) {
      encoder.have(piece);
      expected += `0000000504${piece.toString(16).padStart(8, '0')}`;
    }
    expect(toHex(encoder.take())).toBe(expected);
    // The outgrown buffers: 1 + 2 + 4 + … + 32 KiB, and then one of 64 KiB.
    expect(pool.pooledBytes).toBe(127 * 1024);
  });

  it('pools no buffer above 64 KiB and no more bytes than allowed', () => {
    const pool = new EncoderBufferPool(4096);
    const encoder = new WireEncoder(pool);
    encoder.bitfield(new Uint8Array(200_000));
    encoder.recycle(encoder.take());
    expect(pool.pooledBytes).toBe(0);
    const taken = [1, 2, 3, 4, 5, 6].map((piece) => {
      encoder.have(piece);
      return encoder.take();
    });
    for (const bytes of taken) encoder.recycle(bytes);
    expect(pool.pooledBytes).toBe(4096);
  });

  it('refuses numbers that do not fit and appends nothing', () => {
    const encoder = new WireEncoder();
    encoder.choke();
    for (const call of [
      () => encoder.have(-1),
      () => encoder.have(2 ** 32),
      () => encoder.haves([1, 0.5]),
      () => encoder.request(0, 0, Number.NaN),
      () => encoder.cancel(0, -1, 0),
      () => encoder.piece(-1, 0, new Uint8Array(1)),
      () => encoder.port(65_536),
      () => encoder.extended(256, new Uint8Array(0)),
      () => encodePieceHeader(new Uint8Array(20), 8, 0, 0, 0),
      () => encodePieceHeader(new Uint8Array(20), 0, 0, 0, -1),
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
    }
    expect(toHex(encoder.take())).toBe('0000000100');
  });
});

describe('encodePieceHeader', () => {
  it('writes the 13 bytes before a block', () => {
    const target = new Uint8Array(20).fill(0xee);
    encodePieceHeader(target, 7, 547, 0x8000_0000, 16_384);
    expect(PIECE_HEADER_LENGTH).toBe(13);
    expect(toHex(target)).toBe('eeeeeeeeeeeeee' + '00004009' + '07' + '00000223' + '80000000');
  });
});
