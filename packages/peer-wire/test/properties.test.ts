import fc from 'fast-check';
import { hashCount, WireDecoder, WireEncoder, WireError } from '../src/index.ts';
import type { HashRequest } from '../src/index.ts';
import { MessageGatherer } from '../src/message-gatherer.ts';
import { hashFields, Recorder, toHex } from './support.ts';
import type { Message } from './support.ts';

type Write = (encoder: WireEncoder) => void;
type Sample = readonly [message: Message, write: Write];

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 300 });
const index = (name: string, write: (encoder: WireEncoder, piece: number) => void) =>
  uint32.map((piece): Sample => [[name, piece], (encoder) => write(encoder, piece)]);
const range = (
  name: string,
  write: (encoder: WireEncoder, piece: number, begin: number, length: number) => void,
) =>
  fc
    .tuple(uint32, uint32, uint32)
    .map((fields): Sample => [[name, ...fields], (encoder) => write(encoder, ...fields)]);

const piecesRoot = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** What a peer may put on the wire. */
const anyHashRequest: fc.Arbitrary<HashRequest> = fc.record({
  piecesRoot,
  baseLayer: uint32,
  index: uint32,
  length: uint32,
  proofLayers: uint32,
});
/** What we may ask for. */
const hashRequest: fc.Arbitrary<HashRequest> = fc
  .record({
    piecesRoot,
    baseLayer: fc.nat(48),
    index: fc.nat(1_000_000),
    length: fc.integer({ min: 1, max: 9 }).map((power) => 2 ** power),
    proofLayers: fc.nat(48),
  })
  .map((request) => ({ ...request, index: request.index * request.length }));

const sample: fc.Arbitrary<Sample> = fc.oneof(
  fc.constantFrom<Sample>(
    [['keep_alive'], (encoder) => encoder.keepAlive()],
    [['choke'], (encoder) => encoder.choke()],
    [['unchoke'], (encoder) => encoder.unchoke()],
    [['interested'], (encoder) => encoder.interested()],
    [['not_interested'], (encoder) => encoder.notInterested()],
    [['have_all'], (encoder) => encoder.haveAll()],
    [['have_none'], (encoder) => encoder.haveNone()],
  ),
  index('have', (encoder, piece) => encoder.have(piece)),
  index('suggest', (encoder, piece) => encoder.suggest(piece)),
  index('allowed_fast', (encoder, piece) => encoder.allowedFast(piece)),
  range('request', (encoder, ...fields) => encoder.request(...fields)),
  range('cancel', (encoder, ...fields) => encoder.cancel(...fields)),
  range('reject', (encoder, ...fields) => encoder.reject(...fields)),
  fc
    .integer({ min: 0, max: 65_535 })
    .map((port): Sample => [['port', port], (encoder) => encoder.port(port)]),
  bytes.map((bits): Sample => [['bitfield', toHex(bits)], (encoder) => encoder.bitfield(bits)]),
  fc
    .tuple(fc.nat(255), bytes)
    .map(([id, payload]): Sample => [
      ['extended', id, toHex(payload)],
      (encoder) => encoder.extended(id, payload),
    ]),
  hashRequest.map((request): Sample => [
    ['hash_request', ...hashFields(request)],
    (encoder) => encoder.hashRequest(request),
  ]),
  anyHashRequest.map((request): Sample => [
    ['hash_reject', ...hashFields(request)],
    (encoder) => encoder.hashReject(request),
  ]),
  hashRequest
    .chain((request) => {
      const length = hashCount(request) * 32;
      return fc.tuple(
        fc.constant(request),
        fc.uint8Array({ minLength: length, maxLength: length }),
      );
    })
    .map(([request, hashes]): Sample => [
      ['hashes', ...hashFields(request), toHex(hashes)],
      (encoder) => encoder.hashes(request, hashes),
    ]),
  fc
    .tuple(uint32, uint32, bytes)
    .map(([piece, begin, block]): Sample => [
      ['piece', piece, begin, toHex(block)],
      (encoder) => encoder.piece(piece, begin, block),
    ]),
);

const chunkSizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 });

/** Feeds `stream` in chunks whose memory is overwritten after each push, as a static receive buffer is. */
function pushInChunks(decoder: WireDecoder, stream: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, i = 0; at < stream.length; i++) {
    const chunk = stream.slice(at, at + sizes[i % sizes.length]!);
    at += chunk.length;
    decoder.push(chunk);
    chunk.fill(0xaa);
  }
}

describe('properties', () => {
  it('what was encoded is decoded, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 40 }), chunkSizes, (samples, sizes) => {
        const encoder = new WireEncoder();
        for (const [, write] of samples) write(encoder);
        const stream = encoder.take();
        const recorder = new Recorder();
        const decoder = new WireDecoder(recorder, { hashSink: recorder });
        pushInChunks(decoder, stream, sizes);
        expect(recorder.messages).toEqual(samples.map(([message]) => message));
        expect(decoder.isBetweenMessages).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('any bytes give messages or a WireError, the same however they are cut', () => {
    // Half the runs start messages plausibly, so that more than the length check is met.
    const head = fc
      .tuple(fc.oneof(fc.nat(40), fc.constantFrom(49, 113, 145)), fc.nat(25))
      .map(([length, id]) => Uint8Array.of(0, 0, 0, length, id));
    // Hash messages whose length fits now and then: two or three hashes, no or one proof layer.
    const hashMessage = fc
      .tuple(fc.constantFrom(49, 113, 145), fc.constantFrom(21, 22, 23), piecesRoot, fc.nat(1))
      .map(([length, id, root, proofs]) => {
        const fields = [...root, ...[0, 0, 2, proofs].flatMap((each) => [0, 0, 0, each])];
        return Uint8Array.of(0, 0, 0, length, id, ...fields, ...root, ...root);
      });
    const stream = fc
      .array(fc.oneof(fc.uint8Array({ maxLength: 60 }), head, hashMessage), { maxLength: 20 })
      .map((parts) => new Uint8Array(Buffer.concat(parts)));
    fc.assert(
      fc.property(stream, chunkSizes, fc.boolean(), (input, sizes, keep) => {
        const outcome = (cut: readonly number[]) => {
          const recorder = new Recorder();
          recorder.keep = keep;
          let code = 'none';
          try {
            pushInChunks(new WireDecoder(recorder, { hashSink: recorder }), input, cut);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
            code = (error as WireError).code;
          }
          return [recorder.messages, recorder.progress, code];
        };
        expect(outcome(sizes)).toEqual(outcome([input.length + 1]));
      }),
      { numRuns: 1000 },
    );
  });

  it('a gathered message takes memory as it arrives, and copies linearly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 1, max: 50_000 }),
        (length, size) => {
          const gatherer = new MessageGatherer(20, length);
          const chunk = new Uint8Array(size);
          let received = 0;
          let excess = 0;
          const buffers = new Map<ArrayBufferLike, number>();
          while (!gatherer.isComplete) {
            received += gatherer.take(chunk, 0, size);
            const memory = gatherer.body.buffer;
            buffers.set(memory, memory.byteLength);
            const allowed = Math.min(length, Math.max(4096, received * 2));
            excess = Math.max(excess, memory.byteLength - allowed);
          }
          expect(excess).toBe(0);
          expect(gatherer.body).toHaveLength(length);
          const total = [...buffers.values()].reduce((sum, each) => sum + each, 0);
          expect(total).toBeLessThanOrEqual(length * 3 + 4096);
        },
      ),
    );
  });
});
