import {
  hashCount,
  hashRequestFault,
  isSameHashRequest,
  MAX_HASHES,
  WireDecoder,
  WireEncoder,
  WireError,
} from '../src/index.ts';
import type { HashRequest } from '../src/index.ts';
import { fixture, fromHex, hashFields, Recorder, thrownBy, toHex } from './support.ts';

interface Vector {
  readonly file_length: number;
  readonly pieces_root: string;
  readonly base_layer: number;
  readonly index: number;
  readonly length: number;
  readonly proof_layers: number;
  readonly request_hex: string;
  readonly hashes: readonly string[];
  readonly uncle_hashes: readonly string[];
  readonly response_hex: string;
}
interface FileVector {
  readonly length: number;
  readonly pieces_root: string;
}

const {
  vectors,
  to_refuse: toRefuse,
  files,
} = fixture('hash-requests') as {
  vectors: Vector[];
  to_refuse: { why: string; request_hex: string }[];
  files: Record<string, FileVector>;
};

const requestOf = (vector: Vector): HashRequest => ({
  piecesRoot: fromHex(vector.pieces_root),
  baseLayer: vector.base_layer,
  index: vector.index,
  length: vector.length,
  proofLayers: vector.proof_layers,
});

const ROOT = new Uint8Array(32).fill(7);
const request = (fields: Partial<HashRequest> = {}): HashRequest => ({
  piecesRoot: ROOT,
  baseLayer: 0,
  index: 0,
  length: 2,
  proofLayers: 0,
  ...fields,
});

/** The requests a decoder hands over. */
class Requests extends Recorder {
  readonly requests: HashRequest[] = [];
  override onHashRequest(each: HashRequest): void {
    this.requests.push(each);
  }
}
function decodeRequest(hex: string): HashRequest {
  const sink = new Requests();
  new WireDecoder(sink, { hashSink: sink }).push(fromHex(hex));
  expect(sink.requests).toHaveLength(1);
  return sink.requests[0]!;
}

describe('shared vectors: hash requests', () => {
  it.each(vectors.map((vector, at) => [at, vector] as const))('request %i', (_at, vector) => {
    const wanted = requestOf(vector);
    expect(decodeRequest(vector.request_hex)).toEqual(wanted);
    expect(hashRequestFault(wanted, vector.file_length)).toBeUndefined();
    const encoder = new WireEncoder();
    encoder.hashRequest(wanted);
    expect(toHex(encoder.take())).toBe(vector.request_hex);
  });

  it.each(vectors.map((vector, at) => [at, vector] as const))('answer %i', (_at, vector) => {
    const wanted = requestOf(vector);
    const hashes = [...vector.hashes, ...vector.uncle_hashes];
    expect(hashCount(wanted)).toBe(hashes.length);
    const encoder = new WireEncoder();
    encoder.hashes(wanted, fromHex(hashes.join('')));
    expect(toHex(encoder.take())).toBe(vector.response_hex);
    const bytes = fromHex(vector.response_hex);
    for (const size of [bytes.length, 1, 31, 53]) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder, { hashSink: recorder });
      for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      expect(recorder.messages).toEqual([['hashes', ...hashFields(wanted), hashes.join('')]]);
      expect(decoder.isBetweenMessages).toBe(true);
    }
  });

  // Legal framing all of them: the peer that sent it is answered, not disconnected.
  const faults: Record<string, string | undefined> = {
    'unknown root': undefined,
    'length 0': 'length',
    'length 1': 'length',
    'length not a power of two': 'length',
    'length above 512 (SHOULD NOT)': 'length',
    'index not a multiple of length': 'index',
    'index past the end': 'index',
    'base layer above the root': 'base layer',
    'huge index': 'index',
    'huge proof layers': 'proof layers',
    'huge length': 'length',
  };
  it.each(toRefuse.map((vector) => [vector.why, vector.request_hex] as const))(
    'to refuse: %s',
    (why, hex) => {
      const wanted = decodeRequest(hex);
      const file = Object.values(files).find(
        (each) => each.pieces_root === toHex(wanted.piecesRoot),
      );
      expect(file === undefined).toBe(why === 'unknown root');
      expect(hashRequestFault(wanted, file?.length)).toBe(faults[why]);
      const encoder = new WireEncoder();
      encoder.hashReject(wanted);
      expect(toHex(encoder.take())).toBe(hex.replace(/^0000003115/, '0000003117'));
    },
  );
  it('covers everything to refuse', () => {
    expect(toRefuse.map(({ why }) => why).sort()).toEqual(Object.keys(faults).sort());
  });
});

describe('hashRequestFault', () => {
  it.each<[string | undefined, Partial<HashRequest>]>([
    [undefined, {}],
    [undefined, { length: MAX_HASHES }],
    ['length', { length: MAX_HASHES * 2 }],
    ['length', { length: 2 ** 31 }],
    ['length', { length: 6 }],
    [undefined, { index: 2 ** 32 - 2 }],
    ['index', { index: 3 }],
    [undefined, { baseLayer: 48 }],
    ['base layer', { baseLayer: 49 }],
    [undefined, { proofLayers: 48 }],
    ['proof layers', { proofLayers: 49 }],
  ])('%s for %j of any file', (fault, fields) => {
    expect(hashRequestFault(request(fields))).toBe(fault);
  });

  // Five blocks: eight leaves in four layers, the root among them.
  it.each<[string | undefined, Partial<HashRequest>]>([
    [undefined, { length: 8 }],
    ['length', { length: 16 }],
    [undefined, { index: 6 }],
    ['index', { index: 8 }],
    [undefined, { baseLayer: 2 }],
    ['index', { baseLayer: 2, index: 2 }],
    ['base layer', { baseLayer: 3 }],
    [undefined, { proofLayers: 2 }],
    ['proof layers', { proofLayers: 3 }],
    ['proof layers', { baseLayer: 2, proofLayers: 1 }],
  ])('%s for %j of a file of five blocks', (fault, fields) => {
    expect(hashRequestFault(request(fields), 4 * 16_384 + 1)).toBe(fault);
  });

  it('has nothing to serve of a file of one block or none', () => {
    expect(hashRequestFault(request(), 16_384)).toBe('base layer');
    expect(hashRequestFault(request(), 0)).toBe('base layer');
    expect(hashRequestFault(request(), 16_385)).toBeUndefined();
  });

  it('takes a narrower limit', () => {
    expect(hashRequestFault(request({ length: 1024 }), undefined, 512)).toBe('length');
    expect(hashRequestFault(request({ length: 512 }), undefined, 512)).toBeUndefined();
  });

  it('compares requests by every field', () => {
    expect(isSameHashRequest(request(), request({ piecesRoot: ROOT.slice() }))).toBe(true);
    for (const other of [
      { piecesRoot: new Uint8Array(32) },
      { baseLayer: 1 },
      { index: 2 },
      { length: 4 },
      { proofLayers: 1 },
    ]) {
      expect(isSameHashRequest(request(), request(other))).toBe(false);
    }
  });
});

describe('WireEncoder: hash messages', () => {
  it('asks only for what BEP 52 allows, and appends nothing else', () => {
    const encoder = new WireEncoder();
    for (const call of [
      () => encoder.hashRequest(request({ length: 1024 })),
      () => encoder.hashRequest(request({ length: 1 })),
      () => encoder.hashRequest(request({ index: 1 })),
      () => encoder.hashRequest(request({ index: 2 ** 32 })),
      () => encoder.hashRequest(request({ piecesRoot: new Uint8Array(20) })),
      () => encoder.hashReject(request({ proofLayers: -1 })),
      () => encoder.hashReject(request({ piecesRoot: new Uint8Array(33) })),
      () => encoder.hashes(request(), new Uint8Array(32)),
      () => encoder.hashes(request({ length: 3 }), new Uint8Array(96)),
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
    }
    expect(encoder.pendingBytes).toBe(0);
    encoder.hashRequest(request({ length: 512 }));
    expect(encoder.pendingBytes).toBe(53);
  });

  it.each([
    [0, 0],
    [512, 3],
    [7, 1],
  ])(
    'answers for a single hash, at %d, with its sibling before %d uncles',
    (index, proofLayers) => {
      const wanted = request({ index, length: 1, proofLayers });
      const hashes = new Uint8Array((2 + proofLayers) * 32).fill(0x5a);
      expect(hashCount(wanted)).toBe(2 + proofLayers);
      const encoder = new WireEncoder();
      encoder.hashes(wanted, hashes);
      const recorder = new Recorder();
      new WireDecoder(recorder, { hashSink: recorder }).push(encoder.take());
      expect(recorder.messages).toEqual([['hashes', ...hashFields(wanted), toHex(hashes)]]);
      const tooFew = () => encoder.hashes(wanted, hashes.subarray(32));
      expect(thrownBy(tooFew)).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
    },
  );

  it('answers more than it would ask for: the leaves of a piece of 128 MiB, which the decoder takes', () => {
    const wanted = request({ length: MAX_HASHES, proofLayers: 48 });
    const hashes = new Uint8Array(hashCount(wanted) * 32).fill(0x5a);
    const encoder = new WireEncoder();
    encoder.hashes(wanted, hashes);
    const recorder = new Recorder();
    new WireDecoder(recorder, { hashSink: recorder }).push(encoder.take());
    expect(recorder.messages).toEqual([['hashes', ...hashFields(wanted), toHex(hashes)]]);
  });
});

describe('WireDecoder: hashes', () => {
  const wanted = request({ proofLayers: 1 });
  const hashes = Uint8Array.from({ length: 96 }, (_, at) => at);
  const encoder = new WireEncoder();
  encoder.hashes(wanted, hashes);
  const message = encoder.take();
  const afterwards = Uint8Array.of(0, 0, 0, 1, 0);

  it('go straight to the place the sink names, and the request may be kept', () => {
    const place = new Uint8Array(200);
    const kept: HashRequest[] = [];
    class Placer extends Recorder {
      override onHashesStart(each: HashRequest, length: number): Uint8Array {
        kept.push(each);
        return place.subarray(100, 100 + length);
      }
    }
    const sink = new Placer();
    const decoder = new WireDecoder(sink, { hashSink: sink });
    for (const byte of message) decoder.push(Uint8Array.of(byte));
    decoder.push(message.slice());
    expect(place.subarray(100, 196)).toEqual(hashes);
    expect(kept).toEqual([wanted, wanted]);
    expect(kept[0]?.piecesRoot).not.toBe(kept[1]?.piecesRoot);
    expect(sink.messages).toHaveLength(2);
  });

  it('are dropped where the sink names none', () => {
    const recorder = new Recorder();
    recorder.keep = false;
    const decoder = new WireDecoder(recorder, { hashSink: recorder });
    decoder.push(message);
    decoder.push(afterwards);
    expect(recorder.messages).toEqual([['hashes', ...hashFields(wanted), 'dropped'], ['choke']]);
  });

  it('are dropped when the place is detached as they come', () => {
    const place = new Uint8Array(96);
    class Placer extends Recorder {
      override onHashesStart(): Uint8Array {
        return place;
      }
    }
    const sink = new Placer();
    const decoder = new WireDecoder(sink, { hashSink: sink });
    decoder.push(message.subarray(0, 60));
    structuredClone(place.buffer, { transfer: [place.buffer] });
    decoder.push(message.subarray(60));
    decoder.push(afterwards);
    expect(sink.messages).toEqual([['hashes', ...hashFields(wanted), 'dropped'], ['choke']]);
  });

  it('need a place of their size', () => {
    class Misplacer extends Recorder {
      override onHashesStart(): Uint8Array {
        return new Uint8Array(95);
      }
    }
    const sink = new Misplacer();
    const decoder = new WireDecoder(sink, { hashSink: sink });
    expect(thrownBy(() => decoder.push(message))).toMatchObject({ code: 'ERR_WIRE_BLOCK_TARGET' });
  });

  it.each([
    ['one hash less than its fields say', { length: 2, proofLayers: 2 }],
    ['one hash more than its fields say', { length: 2, proofLayers: 0 }],
    ['fields that say two billion', { length: 2 ** 31, proofLayers: 0 }],
    ['fields that say nothing', { length: 0, proofLayers: 0 }],
  ])('are refused with %s, before a place is asked for', (_what, fields) => {
    const bytes = message.slice(0, 53);
    new DataView(bytes.buffer).setUint32(45, fields.length);
    new DataView(bytes.buffer).setUint32(49, fields.proofLayers);
    class NoPlace extends Recorder {
      override onHashesStart(): never {
        throw new Error('asked for a place');
      }
    }
    const sink = new NoPlace();
    const decoder = new WireDecoder(sink, { hashSink: sink });
    const error = thrownBy(() => decoder.push(bytes));
    expect(error).toBeInstanceOf(WireError);
    expect(error).toMatchObject({ code: 'ERR_WIRE_MESSAGE_LENGTH' });
  });

  it.each(['0000003115', '0000003116', '0000005116', '0000007216', '0000003017', '0000003217'])(
    'have their framing checked with the first five bytes: %s',
    (head) => {
      const push = () => new WireDecoder(new Recorder()).push(fromHex(head));
      if (head === '0000003115') push();
      else expect(thrownBy(push)).toMatchObject({ code: 'ERR_WIRE_MESSAGE_LENGTH' });
    },
  );

  it('end with the decoder when the sink stops it at any of its calls', () => {
    const request53 = new WireEncoder();
    request53.hashRequest(wanted);
    const calls = ['onHashRequest', 'onHashesStart', 'onHashesEnd'] as const;
    for (const stopAt of calls) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder, { hashSink: recorder });
      const seen: string[] = [];
      for (const call of calls) {
        recorder[call] = () => {
          seen.push(call);
          if (call === stopAt) decoder.stop();
          return undefined;
        };
      }
      decoder.push(Buffer.concat([request53.take(), message, message]));
      decoder.push(message);
      expect(seen.at(-1)).toBe(stopAt);
      expect(seen.filter((call) => call === stopAt)).toHaveLength(1);
      request53.hashRequest(wanted);
    }
  });

  it('leave the decoder spent when the sink refuses them', () => {
    class Refuser extends Recorder {
      override onHashesStart(): never {
        throw new WireError('ERR_WIRE_NOT_REQUESTED', 'no');
      }
    }
    const sink = new Refuser();
    const decoder = new WireDecoder(sink, { hashSink: sink });
    const code = (call: () => void) => (thrownBy(call) as WireError).code;
    expect(code(() => decoder.push(message))).toBe('ERR_WIRE_NOT_REQUESTED');
    expect(code(() => decoder.push(message))).toBe('ERR_WIRE_DECODER_FAILED');
  });
});
