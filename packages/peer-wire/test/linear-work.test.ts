import { HandshakeReader, WireDecoder, WireEncoder } from '../src/index.ts';
import { Recorder } from './support.ts';

/** The same chunk, which counts how often a byte of it is looked at. */
function counting(chunk: Uint8Array, count: () => void): Uint8Array {
  return new Proxy(chunk, {
    get(target, key) {
      if (typeof key === 'string' && key.charCodeAt(0) <= 0x39) count();
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Bytes copied from one array to another while `run` runs. */
function copies(run: () => void): number {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const set = Object.getOwnPropertyDescriptor(prototype, 'set')!;
  const original = set.value as (this: Uint8Array, source: ArrayLike<number>, at?: number) => void;
  let bytes = 0;
  Object.defineProperty(prototype, 'set', {
    ...set,
    value(this: Uint8Array, source: ArrayLike<number>, at?: number) {
      bytes += source.length;
      original.call(this, source, at);
    },
  });
  try {
    run();
  } finally {
    Object.defineProperty(prototype, 'set', set);
  }
  return bytes;
}

const STREAMS: Record<string, (size: number) => Uint8Array> = {
  'an extended message': (size) => {
    const encoder = new WireEncoder();
    encoder.extended(3, new Uint8Array(size));
    return encoder.take();
  },
  'a bitfield': (size) => {
    const encoder = new WireEncoder();
    encoder.bitfield(new Uint8Array(size));
    return encoder.take();
  },
  'small messages': (size) => {
    const encoder = new WireEncoder();
    for (let at = 0; at < size / 20; at++) {
      encoder.keepAlive();
      encoder.have(at);
      encoder.request(at, 0, 16_384);
    }
    return encoder.take();
  },
  'blocks of a few bytes': (size) => {
    const encoder = new WireEncoder();
    for (let at = 0; at < size / 20; at++) encoder.piece(at, 0, new Uint8Array(7));
    return encoder.take();
  },
  'an unknown message': (size) => {
    const stream = new Uint8Array(5 + size);
    new DataView(stream.buffer).setUint32(0, 1 + size);
    stream[4] = 99;
    return stream;
  },
};

describe('work', () => {
  /** Looks at bytes of the chunks, and bytes copied. */
  const workOf = (stream: Uint8Array, size: number): number => {
    const decoder = new WireDecoder(new Recorder());
    let looks = 0;
    const copied = copies(() => {
      for (let at = 0; at < stream.length; at += size) {
        decoder.push(counting(stream.subarray(at, at + size), () => looks++));
      }
    });
    expect(decoder.isBetweenMessages).toBe(true);
    return looks + copied;
  };

  it.each(Object.keys(STREAMS))(
    'is in proportion to the bytes, however they are cut: %s',
    (name) => {
      for (const size of [1, 2, 7]) {
        const small = STREAMS[name]!(5_000);
        const large = STREAMS[name]!(50_000);
        const growth = large.length / small.length;
        expect(workOf(large, size)).toBeLessThan(workOf(small, size) * growth * 1.3 + 20_000);
        expect(workOf(large, size)).toBeLessThan(8 * large.length);
      }
    },
  );

  it('of a handshake does not grow with what follows it', () => {
    const reader = new HandshakeReader();
    let looks = 0;
    const bytes = new Uint8Array(100_000);
    bytes.set(Uint8Array.of(19, ...Buffer.from('BitTorrent protocol')));
    reader.push(counting(bytes, () => looks++));
    expect(looks).toBeLessThan(100);
  });
});
