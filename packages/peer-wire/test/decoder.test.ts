import { WireDecoder, WireEncoder, WireError } from '../src/index.ts';
import { fromHex, Recorder, thrownBy, toHex } from './support.ts';

const block = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

function pieceMessage(piece: number, begin: number, data: Uint8Array): Uint8Array {
  const encoder = new WireEncoder();
  encoder.piece(piece, begin, data);
  return encoder.take();
}

/** A sink that has blocks put where the test says. */
class Placer extends Recorder {
  target: Uint8Array | undefined;
  portions: number[] = [];
  atProgress: (() => void) | undefined;

  override onBlockStart(): Uint8Array | undefined {
    return this.target;
  }
  override onBlockProgress(bytes: number): void {
    this.portions.push(bytes);
    this.atProgress?.();
  }
  override onBlockEnd(piece: number, begin: number, length: number, stored: boolean): void {
    this.messages.push(['end', piece, begin, length, stored]);
  }
}

describe('WireDecoder: blocks', () => {
  const data = block(1000);
  const message = pieceMessage(3, 500, data);

  it('streams a block into its place, portion by portion', () => {
    const piece = new Uint8Array(2000);
    const sink = new Placer();
    sink.target = piece.subarray(500, 1500);
    const decoder = new WireDecoder(sink);
    decoder.push(message.subarray(0, 113));
    expect(toHex(piece.subarray(500, 600))).toBe(toHex(data.subarray(0, 100)));
    expect(sink.portions).toEqual([100]);
    expect(decoder.isBetweenMessages).toBe(false);
    decoder.push(message.subarray(113));
    expect(toHex(piece.subarray(500, 1500))).toBe(toHex(data));
    expect(piece.subarray(0, 500).every((byte) => byte === 0)).toBe(true);
    expect(piece.subarray(1500).every((byte) => byte === 0)).toBe(true);
    expect(sink.portions).toEqual([100, 900]);
    expect(sink.messages).toEqual([['end', 3, 500, 1000, true]]);
  });

  it('reads chunks that are views into a larger, reused buffer', () => {
    const sink = new Placer();
    sink.target = new Uint8Array(1000);
    const decoder = new WireDecoder(sink);
    const received = Buffer.alloc(300);
    for (let at = 0; at < message.length; at += 250) {
      const part = message.subarray(at, at + 250);
      received.set(part, 37);
      decoder.push(received.subarray(37, 37 + part.length));
      received.fill(0);
    }
    expect(toHex(sink.target)).toBe(toHex(data));
  });

  it('reads and drops a block nobody wants', () => {
    const sink = new Placer();
    const decoder = new WireDecoder(sink);
    decoder.push(message.subarray(0, 500));
    decoder.push(message.subarray(500));
    decoder.push(fromHex('0000000101'));
    expect(sink.portions).toEqual([487, 513]);
    expect(sink.messages).toEqual([['end', 3, 500, 1000, false], ['unchoke']]);
  });

  it('stops storing on discardBlock, and only that block', () => {
    const sink = new Placer();
    const target = new Uint8Array(1000);
    sink.target = target;
    const decoder = new WireDecoder(sink);
    decoder.discardBlock();
    decoder.push(message.subarray(0, 13 + 10));
    decoder.discardBlock();
    decoder.push(message.subarray(13 + 10));
    expect(target.subarray(10).every((byte) => byte === 0)).toBe(true);
    decoder.push(message);
    expect(sink.messages).toEqual([
      ['end', 3, 500, 1000, false],
      ['end', 3, 500, 1000, true],
    ]);
  });

  it('drops the rest when the place was detached meanwhile', () => {
    for (const detachAt of [0, 13, 500, message.length]) {
      const sink = new Placer();
      const memory = new ArrayBuffer(1000);
      sink.target = new Uint8Array(memory);
      const decoder = new WireDecoder(sink);
      const detach = () => structuredClone(memory, { transfer: [memory] });
      if (detachAt === message.length) sink.atProgress = detach;
      else {
        decoder.push(message.subarray(0, detachAt));
        detach();
      }
      decoder.push(message.subarray(detachAt === message.length ? 0 : detachAt));
      decoder.push(fromHex('0000000100'));
      expect(sink.messages).toEqual([['end', 3, 500, 1000, false], ['choke']]);
    }
  });

  it('refuses a place of the wrong size', () => {
    for (const length of [1, 999, 1001]) {
      const sink = new Placer();
      sink.target = new Uint8Array(length);
      expect(thrownBy(() => new WireDecoder(sink).push(message))).toMatchObject({
        code: 'ERR_WIRE_BLOCK_TARGET',
      });
    }
  });

  it('ends an empty block at once', () => {
    const sink = new Placer();
    const decoder = new WireDecoder(sink);
    decoder.push(pieceMessage(1, 2, new Uint8Array(0)));
    expect(sink.messages).toEqual([['end', 1, 2, 0, false]]);
    expect(sink.portions).toEqual([]);
    expect(decoder.isBetweenMessages).toBe(true);
  });
});

describe('WireDecoder: limits', () => {
  const code = (decoder: WireDecoder, hex: string) =>
    (thrownBy(() => decoder.push(fromHex(hex))) as WireError).code;
  const tooLong = 'ERR_WIRE_MESSAGE_TOO_LONG';

  it.each([
    ['block', '0002000907', '0002000a07'],
    ['bitfield', '0004000105', '0004000205'],
    ['extended', '0010000214', '0010000314'],
    ['hashes', '0004063116', '0004065116'],
    ['unknown', '0010000163', '0010000263'],
  ])('has a default for a %s', (_name, allowed, refused) => {
    new WireDecoder(new Recorder()).push(fromHex(allowed));
    expect(code(new WireDecoder(new Recorder()), refused)).toBe(tooLong);
  });

  it.each([
    ['0000000b07', '0000000c07', { maxBlockLength: 2 }],
    ['0000000305', '0000000405', { maxBitfieldLength: 2 }],
    ['0000000414', '0000000514', { maxExtendedLength: 2 }],
    ['0000000363', '0000000463', { maxUnknownLength: 2 }],
    ['0000007116', '0000009116', { maxHashesLength: 64 }],
  ])('takes %s and refuses %s with %j', (allowed, refused, limits) => {
    new WireDecoder(new Recorder(), { limits }).push(fromHex(allowed));
    expect(code(new WireDecoder(new Recorder(), { limits }), refused)).toBe(tooLong);
  });

  it('takes every fixed message even when all limits are 0', () => {
    const limits = {
      maxBlockLength: 0,
      maxBitfieldLength: 0,
      maxExtendedLength: 0,
      maxHashesLength: 0,
      maxUnknownLength: 0,
    };
    const recorder = new Recorder();
    new WireDecoder(recorder, { limits }).push(
      fromHex('0000000d06000000010000000200000003' + '0000000504000000ff' + '00000003090102'),
    );
    expect(recorder.messages).toEqual([
      ['request', 1, 2, 3],
      ['have', 255],
      ['port', 258],
    ]);
  });

  it('has its bitfield limit set once the piece count is known', () => {
    const decoder = new WireDecoder(new Recorder());
    expect(decoder.maxBitfieldLength).toBe(262_144);
    decoder.maxBitfieldLength = 3_000_000;
    decoder.push(Uint8Array.of(0x00, 0x2d, 0xc6, 0xc1, 5));
    decoder.push(new Uint8Array(3_000_000));
    decoder.maxBitfieldLength = 2;
    expect(decoder.maxBitfieldLength).toBe(2);
    expect(code(decoder, '0000000405')).toBe(tooLong);
    expect(thrownBy(() => (decoder.maxBitfieldLength = -1))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
  });

  it('refuses impossible limits', () => {
    expect(
      thrownBy(() => new WireDecoder(new Recorder(), { limits: { maxBlockLength: 2 ** 31 } })),
    ).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
  });
});

describe('WireDecoder: life', () => {
  it('is spent after an error', () => {
    const decoder = new WireDecoder(new Recorder());
    expect(thrownBy(() => decoder.push(fromHex('000000020000')))).toMatchObject({
      code: 'ERR_WIRE_MESSAGE_LENGTH',
    });
    expect(thrownBy(() => decoder.push(fromHex('00000000')))).toMatchObject({
      code: 'ERR_WIRE_DECODER_FAILED',
    });
  });

  it('passes on what the sink throws', () => {
    const refusal = new WireError('ERR_WIRE_NOT_REQUESTED', 'no');
    const sink = new Recorder();
    sink.onHave = () => {
      throw refusal;
    };
    const decoder = new WireDecoder(sink);
    expect(thrownBy(() => decoder.push(fromHex('000000050400000001')))).toBe(refusal);
    expect(thrownBy(() => decoder.push(fromHex('00')))).toMatchObject({
      code: 'ERR_WIRE_DECODER_FAILED',
    });
  });

  it.each([
    ['a bare message', '0000000100', 'onChoke'],
    ['an index', '000000050400000001', 'onHave'],
    ['a request', '0000000d06000000010000000200000003', 'onRequest'],
    ['a bitfield', '0000000305af30', 'onBitfield'],
    ['a block head', '0000000b0700000001000000020a0b', 'onBlockStart'],
    ['a portion', '0000000b0700000001000000020a0b', 'onBlockProgress'],
    ['an unknown message', '0000000363aabb', 'onUnknown'],
    ['a keep-alive', '00000000', 'onKeepAlive'],
  ] as const)('ignores everything after stop() from within %s', (_name, hex, method) => {
    for (const size of [1, 100]) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder);
      recorder[method] = () => {
        decoder.stop();
        return undefined;
      };
      const bytes = fromHex(hex + '0000000101');
      for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      expect(recorder.messages).toEqual([]);
      expect(decoder.isBetweenMessages).toBe(false);
    }
  });

  it('ends no block that the sink refused by stop()', () => {
    const sink = new Placer();
    const decoder = new WireDecoder(sink);
    sink.onBlockStart = () => {
      decoder.stop();
      return undefined;
    };
    decoder.push(Uint8Array.of(...pieceMessage(1, 2, new Uint8Array(0)), 0, 0, 0, 1, 0));
    expect(sink.messages).toEqual([]);
  });

  it('skips unknown messages without losing its place, and counts their payload', () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder);
    decoder.push(fromHex('0000000563dd30'));
    expect(decoder.isBetweenMessages).toBe(false);
    decoder.push(fromHex('c647' + '000000010a' + '0000000102'));
    expect(recorder.messages).toEqual([['unknown', 0x63, 4], ['unknown', 10, 0], ['interested']]);
  });

  it('gathers a large message from one-byte chunks', () => {
    const encoder = new WireEncoder();
    const payload = block(100_000);
    encoder.extended(3, payload);
    const bytes = encoder.take();
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder);
    for (let at = 0; at < bytes.length; at++) decoder.push(bytes.subarray(at, at + 1));
    expect(recorder.messages).toEqual([['extended', 3, toHex(payload)]]);
  });
});
