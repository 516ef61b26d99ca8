import { encode } from '@shoal/bencode';
import fc from 'fast-check';
import {
  MAX_METADATA_LENGTH,
  METADATA_PIECE_LENGTH,
  metadataPieceLength,
  utMetadata,
  WireDecoder,
  WireEncoder,
  WireError,
} from '../src/index.ts';
import type { UtMetadataMessage } from '../src/index.ts';
import { fixture, fromHex, Recorder, thrownBy, toHex } from './support.ts';

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly fields?: { readonly trailer?: string };
}
const { vectors } = fixture('messages') as { vectors: Vector[] };
const { vectors: malformed } = fixture('malformed') as { vectors: Vector[] };
const payloadOf = (hex: string) => fromHex(hex.slice(12));
const isMetadata = ({ id }: Vector) => id.includes('ut_metadata');
const unreadable = { code: 'ERR_WIRE_EXTENSION_PAYLOAD' };

describe('shared vectors: ut_metadata', () => {
  const expected: Record<string, (trailer: Uint8Array) => UtMetadataMessage | undefined> = {
    'extended/ut_metadata-request': () => ({ type: 'request', piece: 2 }),
    'extended/ut_metadata-reject': () => ({ type: 'reject', piece: 7 }),
    'extended/ut_metadata-data': (data) => ({ type: 'data', piece: 0, totalLength: 55, data }),
    'extended/ut_metadata-data-looks-like-bencode': (data) => ({
      type: 'data',
      piece: 0,
      totalLength: 18,
      data,
    }),
    'extended/ut_metadata-unknown-type': () => undefined,
  };
  const messages = vectors.filter(isMetadata);
  it.each(messages.map((vector) => [vector.id, vector] as const))('%s', (id, { hex, fields }) => {
    const message = utMetadata.decode(payloadOf(hex));
    expect(message).toEqual(expected[id]?.(fromHex(fields?.trailer ?? '')));
    if (message === undefined) return;
    const encoder = new WireEncoder();
    encoder.extended(3, utMetadata.encode(message));
    expect(toHex(encoder.take())).toBe(hex);
  });

  const bad = malformed.filter(isMetadata);
  it.each(bad.map((vector) => [vector.id, vector.hex] as const))('%s', (_id, hex) => {
    const error = thrownBy(() => utMetadata.decode(payloadOf(hex)));
    expect(error).toBeInstanceOf(WireError);
    expect(error).toMatchObject(unreadable);
  });

  it('are all there', () => {
    expect(messages.map(({ id }) => id).sort()).toEqual(Object.keys(expected).sort());
    expect(bad).toHaveLength(3);
  });
});

describe('utMetadata', () => {
  const message = (fields: Parameters<typeof encode>[0], data = new Uint8Array(0)) =>
    new Uint8Array(Buffer.concat([encode(fields), data]));

  it('gives data as a view of the payload', () => {
    const payload = message({ msg_type: 1, piece: 0, total_size: 3 }, Uint8Array.of(1, 2, 3));
    const decoded = utMetadata.decode(payload);
    if (decoded?.type !== 'data') throw new Error('expected data');
    expect(decoded.data.buffer).toBe(payload.buffer);
    expect(decoded.data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('takes keys it does not know, and bytes behind a request', () => {
    expect(utMetadata.decode(message({ msg_type: 0, piece: 1, total_size: 9, zz: [] }))).toEqual({
      type: 'request',
      piece: 1,
    });
    const trailing = message({ msg_type: 2, piece: 1 }, Uint8Array.of(1));
    expect(utMetadata.decode(trailing)).toEqual({ type: 'reject', piece: 1 });
  });

  it.each<[string, Parameters<typeof encode>[0], number]>([
    ['no msg_type', { piece: 0 }, 0],
    ['a negative msg_type', { msg_type: -1, piece: 0 }, 0],
    ['no piece', { msg_type: 0 }, 0],
    ['a text as piece', { msg_type: 0, piece: 'x' }, 0],
    ['a piece beyond 30 MiB', { msg_type: 0, piece: 1920 }, 0],
    ['no total_size', { msg_type: 1, piece: 0 }, 5],
    ['a total_size of nothing', { msg_type: 1, piece: 0, total_size: 0 }, 0],
    [
      'too large a total_size',
      { msg_type: 1, piece: 0, total_size: MAX_METADATA_LENGTH + 1 },
      16_384,
    ],
    ['a short piece', { msg_type: 1, piece: 0, total_size: 16_385 }, 16_383],
    ['a long piece', { msg_type: 1, piece: 1, total_size: 16_385 }, 2],
    ['a piece after the last', { msg_type: 1, piece: 1, total_size: 16_384 }, 0],
    ['a message of more than 20 KiB', { msg_type: 0, piece: 0 }, 21_000],
    ['a list', [1], 0],
  ])('cannot read %s', (_what, fields, length) => {
    const payload = message(fields, new Uint8Array(length));
    expect(thrownBy(() => utMetadata.decode(payload))).toMatchObject(unreadable);
  });

  it('reads the last piece there may be', () => {
    const data = new Uint8Array(METADATA_PIECE_LENGTH);
    const last: UtMetadataMessage = {
      type: 'data',
      piece: 1919,
      totalLength: MAX_METADATA_LENGTH,
      data,
    };
    expect(utMetadata.decode(utMetadata.encode(last))).toEqual(last);
  });

  it.each<UtMetadataMessage>([
    { type: 'request', piece: -1 },
    { type: 'reject', piece: 1920 },
    { type: 'data', piece: 0, totalLength: 0, data: new Uint8Array(0) },
    { type: 'data', piece: 1, totalLength: 16_384, data: new Uint8Array(0) },
    { type: 'data', piece: 0, totalLength: 5, data: new Uint8Array(4) },
    { type: 'data', piece: 0, totalLength: MAX_METADATA_LENGTH + 1, data: new Uint8Array(16_384) },
  ])('does not write %j', (wrong) => {
    expect(thrownBy(() => utMetadata.encode(wrong))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
  });

  it('is read again as it was written, however the stream is cut', () => {
    const piece = fc.nat(1919);
    const sample: fc.Arbitrary<UtMetadataMessage> = fc.oneof(
      piece.map((each): UtMetadataMessage => ({ type: 'request', piece: each })),
      piece.map((each): UtMetadataMessage => ({ type: 'reject', piece: each })),
      fc
        .tuple(fc.nat(3), fc.integer({ min: 1, max: 5 * METADATA_PIECE_LENGTH }), fc.nat(255))
        .filter(([each, totalLength]) => metadataPieceLength(each, totalLength) > 0)
        .map(([each, totalLength, byte]): UtMetadataMessage => ({
          type: 'data',
          piece: each,
          totalLength,
          data: new Uint8Array(metadataPieceLength(each, totalLength)).fill(byte),
        })),
    );
    fc.assert(
      fc.property(
        fc.array(sample, { maxLength: 4 }),
        fc.integer({ min: 1, max: 9000 }),
        (all, size) => {
          const encoder = new WireEncoder();
          for (const each of all) encoder.extended(2, utMetadata.encode(each));
          const stream = encoder.take();
          const recorder = new Recorder();
          const decoder = new WireDecoder(recorder);
          for (let at = 0; at < stream.length; at += size)
            decoder.push(stream.slice(at, at + size));
          const decoded = recorder.messages.map(([, , payload]) =>
            utMetadata.decode(fromHex(String(payload))),
          );
          // As text: comparing 16 KiB byte by byte is what would take the time.
          const plain = (each: UtMetadataMessage | undefined) =>
            each?.type === 'data' ? { ...each, data: toHex(each.data) } : each;
          expect(decoded.map(plain)).toEqual(all.map(plain));
        },
      ),
    );
  });

  it('is total: any bytes give a message, nothing or a WireError', () => {
    const token = fc.constantFrom(
      '8:msg_type',
      '5:piece',
      '10:total_size',
      'i0e',
      'i1e',
      'i2e',
      'i3e',
      'le',
    );
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(fc.array(token, { maxLength: 8 }), fc.stringMatching(/^x{0,3}$/))
        .map(([tokens, data]) => Buffer.from(`d${tokens.join('')}e${data}`)),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          const decoded = utMetadata.decode(bytes);
          if (decoded !== undefined)
            expect(utMetadata.decode(utMetadata.encode(decoded))).toEqual(decoded);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          expect(error).toMatchObject(unreadable);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
