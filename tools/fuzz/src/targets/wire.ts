import { isDeepStrictEqual } from 'node:util';
import {
  Bitfield,
  checkHandshake,
  clientName,
  decodeHandshake,
  decodeReserved,
  encodeHandshake,
  encodeReserved,
  HandshakeReader,
  hashCount,
  hashRequestFault,
  ProtocolGuard,
  WireEncoder,
  WireError,
} from '../../../../packages/peer-wire/src/index.ts';
import type { HashRequest } from '../../../../packages/peer-wire/src/index.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { latin1, vectorsOf } from '../vectors.ts';
import { chunksOf, decodeStream } from '../wire-log.ts';
import type { WireEvent } from '../wire-log.ts';

const FIXTURES = 'packages/peer-wire/test/fixtures';

function* streams(): Generator<Uint8Array> {
  const all: Uint8Array[] = [];
  for (const file of ['messages', 'malformed', 'hash-requests']) {
    for (const bytes of vectorsOf(
      `${FIXTURES}/${file}.json`,
      'hex',
      'request_hex',
      'response_hex',
    )) {
      if (bytes.length > 2_048) continue;
      yield bytes;
      if (file === 'messages') all.push(bytes);
    }
  }
  for (let at = 0; at < all.length; at += 8)
    yield new Uint8Array(Buffer.concat(all.slice(at, at + 8)));
}

const common = { area: 'peer-wire', seeds: streams, maxLength: 4_096 } as const;
/** Small limits, so that inputs of a few kilobytes pass them. */
const limits = {
  maxBlockLength: 256,
  maxBitfieldLength: 64,
  maxExtendedLength: 200,
  maxHashesLength: 512,
  maxUnknownLength: 100,
};

/** Writes one message anew. */
function write(encoder: WireEncoder, [name, ...fields]: WireEvent): boolean {
  const [a = 0, b = 0, c = 0] = fields as number[];
  const request = (): HashRequest => ({
    piecesRoot: Buffer.from(String(fields[0]), 'hex'),
    baseLayer: b,
    index: c,
    length: Number(fields[3]),
    proofLayers: Number(fields[4]),
  });
  switch (name) {
    case 'keepAlive':
    case 'choke':
    case 'unchoke':
    case 'interested':
    case 'notInterested':
    case 'haveAll':
    case 'haveNone':
      encoder[name]();
      return true;
    case 'have':
    case 'suggest':
    case 'allowedFast':
    case 'port':
      encoder[name](a);
      return true;
    case 'request':
    case 'cancel':
    case 'reject':
      encoder[name](a, b, c);
      return true;
    case 'bitfield':
      encoder.bitfield(Buffer.from(String(fields[0]), 'hex'));
      return true;
    case 'piece':
      encoder.piece(a, b, Buffer.from(String(fields[4]), 'hex'));
      return true;
    case 'extended':
      encoder.extended(a, Buffer.from(String(fields[1]), 'hex'));
      return true;
    case 'hashReject':
      encoder.hashReject(request());
      return true;
    default:
      // What we would not ask for ourselves cannot be written; it has targets of its own.
      return false;
  }
}

export const wireTargets: readonly Target[] = [
  {
    ...common,
    name: 'wire-decode',
    property:
      'any stream: messages and at most one WireError; nothing that passes a limit is ever handed over',
    run(input) {
      const { events, code } = decodeStream([input], { limits });
      for (const [name, ...fields] of events) {
        const size = String(fields.at(-1) ?? '').length / 2;
        if (name === 'bitfield') must(size <= limits.maxBitfieldLength, 'a bitfield is too long');
        if (name === 'extended')
          must(size <= limits.maxExtendedLength, 'an extended message is too long');
        if (name === 'piece')
          must(Number(fields[2]) <= limits.maxBlockLength, 'a block is too long');
        if (name === 'hashes') must(size <= limits.maxHashesLength, 'hashes are too long');
        if (name === 'unknown')
          must(Number(fields[1]) <= limits.maxUnknownLength, 'a message is too long');
        // What a block says to have come is what it has.
        if (name === 'piece') must(fields[5] === fields[2], 'progress is not the length');
      }
      return `${code} ${[...new Set(events.map(([name]) => name))].sort().join()}`.slice(0, 60);
    },
  },
  {
    ...common,
    name: 'wire-chunks',
    property: 'a stream cut anywhere says the same messages and ends in the same way',
    run(input) {
      const choices = new Choices(input.subarray(0, 24));
      const stream = input.subarray(8);
      const options = { limits, drops: choices.bool() };
      const whole = decodeStream([stream], options);
      const cut = decodeStream(
        chunksOf(stream, () => (choices.isSpent ? 7 : choices.byte() % 40)),
        options,
      );
      const single = decodeStream(
        chunksOf(stream, () => 1),
        options,
      );
      must(
        isDeepStrictEqual(cut, whole),
        () =>
          `in chunks ${JSON.stringify(cut).slice(0, 200)}, whole ${JSON.stringify(whole).slice(0, 200)}`,
      );
      must(isDeepStrictEqual(single, whole), 'byte by byte it is another');
      return whole.code;
    },
  },
  {
    ...common,
    name: 'wire-round-trip',
    property: 'messages that were read, written again, are the very bytes they came from',
    run(input) {
      const { events, code } = decodeStream([input]);
      const encoder = new WireEncoder();
      const isAll = events.every((event) => write(encoder, event));
      if (!isAll) return 'other';
      const written = encoder.take();
      must(Buffer.compare(written, input.subarray(0, written.length)) === 0, 'other bytes');
      return code;
    },
  },
  {
    ...common,
    name: 'wire-unknown-hashes',
    property:
      'without a taker of v2 messages they are skipped with their framing checked, and the rest is the same',
    run(input) {
      const with2 = decodeStream([input], { limits: { ...limits, maxUnknownLength: 600 } });
      // What is skipped may be as long as what is read.
      const without = decodeStream([input], {
        limits: { ...limits, maxUnknownLength: 600 },
        hashes: false,
      });
      const rest = (events: readonly WireEvent[]): readonly WireEvent[] =>
        events.filter(
          ([name, id]) =>
            !name.startsWith('hash') &&
            !(name === 'unknown' && Number(id) >= 21 && Number(id) <= 23),
        );
      const [kept, all] = [rest(with2.events), rest(without.events)];
      // The taker's side also checks that hashes are as many as their fields say, and ends there.
      must(isDeepStrictEqual(all.slice(0, kept.length), kept), 'the rest is another');
      if (with2.code === '') must(isDeepStrictEqual(without.code, with2.code), 'another end');
      return without.code;
    },
  },
  {
    name: 'wire-hashes',
    area: 'peer-wire',
    property:
      'hash requests: faults are those of BEP 52, and an answer of the length that is counted arrives whole',
    maxLength: 256,
    run(input) {
      const choices = new Choices(input);
      const near = (value: number): number => (choices.oneIn(4) ? choices.number32() : value);
      const length = near(2 ** choices.below(8));
      const request: HashRequest = {
        piecesRoot: choices.exactly(32),
        baseLayer: near(choices.below(12)),
        index: near(length * choices.below(20)),
        length,
        proofLayers: near(choices.below(14)),
      };
      const fileLength = choices.oneIn(4) ? undefined : choices.number32() * 1_000;
      const fault = hashRequestFault(request, fileLength);
      const { baseLayer, index, proofLayers } = request;
      const isPower = length >= 2 && (length & (length - 1)) === 0 && length <= 8_192;
      let isGood = isPower && index % length === 0 && baseLayer <= 48 && proofLayers <= 48;
      if (isGood && fileLength !== undefined) {
        let height = 0;
        while (16_384 * 2 ** height < fileLength) height++;
        isGood = baseLayer + proofLayers < height && index + length <= 2 ** (height - baseLayer);
      }
      must(isGood === (fault === undefined), () =>
        JSON.stringify({ ...request, fileLength, fault }),
      );
      if (fault !== undefined) return fault;
      if (length > 512) return 'long';
      const encoder = new WireEncoder();
      const hashes = new Uint8Array(32 * hashCount(request)).fill(7);
      must(
        hashes.length / 32 >= length && hashes.length / 32 <= length + proofLayers,
        'a number of hashes',
      );
      encoder.hashes(request, hashes);
      encoder.hashReject(request);
      const { events, code } = decodeStream(chunksOf(encoder.take(), () => 1 + choices.byte()));
      must(code === '' && events.length === 2, () => `they do not arrive: ${code}`);
      must(String(events[0]?.at(-1)) === '07'.repeat(hashes.length), 'other hashes arrive');
      return 'good';
    },
  },
  {
    name: 'wire-handshake',
    area: 'peer-wire',
    property:
      'a handshake cut anywhere: the same one, its own bytes when written, and the first wrong byte ends it',
    maxLength: 160,
    seeds: () => vectorsOf(`${FIXTURES}/handshakes.json`, 'hex'),
    tokens: ['\x13BitTorrent protocol'],
    run(input) {
      const whole = typed(WireError, () => decodeHandshake(input));
      const reader = new HandshakeReader();
      const cut = typed(WireError, () => {
        let at = 0;
        for (let step = 1; at < input.length; step = (step * 5 + 1) % 23) {
          const chunk = input.slice(at, at + step);
          at += chunk.length;
          const result = reader.push(chunk);
          chunk.fill(0xdd);
          if (result !== undefined) return { ...result, taken: at - result.rest.length };
        }
        return undefined;
      });
      if ('code' in cut) {
        must('code' in whole && whole.code === cut.code, 'refused in chunks only');
        return cut.code;
      }
      must(reader.receivedBytes === Math.min(68, input.length), 'another number of bytes');
      if (cut.value === undefined) {
        must(input.length < 68 && 'code' in whole, 'a handshake that does not end');
        return 'short';
      }
      const { handshake, taken } = cut.value;
      must(taken === 68, 'it has another length');
      const whole68 = decodeHandshake(input.subarray(0, 68));
      must(isDeepStrictEqual(handshake, whole68), 'another handshake');
      const written = encodeHandshake(handshake);
      must(Buffer.compare(written.subarray(28), input.subarray(28, 68)) === 0, 'other bytes');
      const reserved = decodeReserved(input.subarray(20, 28));
      must(isDeepStrictEqual(decodeReserved(encodeReserved(reserved)), reserved), 'other bits');
      must('value' in typed(WireError, () => checkHandshake(handshake, handshake)), 'not its own');
      const other = { infoHash: handshake.peerId, peerId: handshake.infoHash };
      return `checked ${'code' in typed(WireError, () => checkHandshake(handshake, other))}`;
    },
  },
  {
    name: 'wire-client-name',
    area: 'peer-wire',
    property: 'any peer id: a short name of harmless characters',
    maxLength: 24,
    seeds: () =>
      latin1(
        '-qB4630-abcdefghijkl',
        '-TR2940-abcdefghijkl',
        '-XX1234-',
        'M7-10-5--abcdefghijk',
        'TIX0315-b1b2b3b4b5b6',
        '\x1b[31mabc',
      ),
    tokens: ['-', 'TIX', 'M', 'qB', 'TR', '\x1b', '<', '&'],
    run(input) {
      const name = clientName(input);
      must(/^[A-Za-z0-9._ µ-]{3,40}$/.test(name), () => `a name ${JSON.stringify(name)}`);
      return name === 'unknown' ? name : undefined;
    },
  },
  {
    name: 'wire-bitfield',
    area: 'peer-wire',
    property:
      'a bitfield says what a set of numbers says, whatever is done to it, and spare bits stay zero',
    maxLength: 512,
    run(input) {
      const choices = new Choices(input);
      const length = choices.below(70);
      const bytes = choices.exactly(Math.ceil(length / 8) + (choices.oneIn(6) ? 1 : 0));
      const read = typed(WireError, () => Bitfield.fromBytes(bytes, length));
      const spare =
        length % 8 === 0 ? 0 : (bytes[Math.ceil(length / 8) - 1] ?? 0) & (0xff >>> (length % 8));
      must(
        'value' in read === (bytes.length === Math.ceil(length / 8) && spare === 0),
        'read or not',
      );
      const field = 'value' in read ? read.value : new Bitfield(length);
      const model = new Set(
        Array.from({ length }, (_, index) => index).filter((index) => field.get(index)),
      );
      for (let left = 40; left > 0 && !choices.isSpent; left--) {
        const index = choices.below(80);
        switch (choices.below(6)) {
          case 0: {
            const result = typed(WireError, () => field.set(index));
            must('value' in result === index < length, 'set out of range');
            if ('value' in result) must(result.value === !model.has(index), 'set says otherwise');
            if (index < length) model.add(index);
            break;
          }
          case 1: {
            const result = typed(WireError, () => field.clear(index));
            must('value' in result === index < length, 'clear out of range');
            if ('value' in result)
              must(result.value === model.delete(index), 'clear says otherwise');
            break;
          }
          case 2:
            field.setAll();
            for (let each = 0; each < length; each++) model.add(each);
            break;
          case 3:
            field.clearAll();
            model.clear();
            break;
          default:
            must(field.get(index) === model.has(index), 'get says otherwise');
        }
      }
      const found: number[] = [];
      field.forEachSet((index) => found.push(index));
      const expected = [...model].sort((one, other) => one - other);
      must(isDeepStrictEqual(found, expected), 'other bits');
      must(field.count === model.size && field.isFull === (model.size === length), 'another count');
      must(field.isEmpty === (model.size === 0), 'empty or not');
      const copy = Bitfield.fromBytes(field.bytes, length);
      must(copy.equals(field) && field.clone().equals(copy), 'a copy is another');
      const empty = new Bitfield(length);
      must(field.firstNotIn(empty) === (expected[0] ?? -1), 'firstNotIn');
      must(field.hasAnyNotIn(empty) === model.size > 0 && !field.hasAnyNotIn(copy), 'hasAnyNotIn');
      return 'code' in read ? read.code : 'read';
    },
  },
  {
    name: 'wire-guard',
    area: 'peer-wire',
    property:
      'the guard lets through exactly what the BEPs allow of a torrent of this shape, in this order',
    maxLength: 400,
    run(input) {
      const choices = new Choices(input);
      const pieceLength = 1 + choices.below(300_000);
      const totalLength = 1 + choices.below(2_000_000);
      const pieceCount = Math.ceil(totalLength / pieceLength);
      const fast = choices.bool();
      const lateBitfields = choices.oneIn(3);
      const guard = new ProtocolGuard({
        pieceCount,
        pieceLength,
        totalLength,
        fast,
        lateBitfields,
      });
      let mayAnnounce = true;
      const near = (value: number): number =>
        Math.max(0, choices.oneIn(4) ? choices.number32() : value);
      let last = '';
      for (let left = 12; left > 0 && !choices.isSpent; left--) {
        const piece = near(pieceCount - 2 + choices.below(4));
        const size = piece === pieceCount - 1 ? totalLength - piece * pieceLength : pieceLength;
        const begin = near(choices.below(3) * 16_384);
        const length = near(
          choices.pick([0, 1, 16_384, size - begin, size - begin + 1, 131_072, 131_073]),
        );
        const isPiece = piece < pieceCount;
        const isBlock = isPiece && length >= 1 && length <= 131_072 && begin + length <= size;
        const isFirst = mayAnnounce;
        let allowed = true;
        let call: () => unknown;
        switch (choices.below(9)) {
          case 0:
            allowed = isFirst || lateBitfields;
            call = () => guard.bitfield(new Uint8Array(Math.ceil(pieceCount / 8)));
            mayAnnounce = false;
            break;
          case 1:
            allowed = fast && isFirst;
            call = () => guard.haveAll();
            if (fast) mayAnnounce = false;
            break;
          case 2:
            allowed = fast && isFirst;
            call = () => guard.haveNone();
            if (fast) mayAnnounce = false;
            break;
          case 3:
            allowed = isPiece;
            call = () => guard.have(piece);
            mayAnnounce = false;
            break;
          case 4:
            allowed = isBlock;
            call = () => guard.request(piece, begin, length);
            mayAnnounce = false;
            break;
          case 5:
            allowed = isBlock;
            call = () => guard.piece(piece, begin, length);
            mayAnnounce = false;
            break;
          case 6:
            allowed = fast && isBlock;
            call = () => guard.reject(piece, begin, length);
            if (fast) mayAnnounce = false;
            break;
          case 7:
            allowed = fast && isPiece;
            call = () => guard.suggest(piece);
            break;
          default:
            allowed = fast && isPiece;
            call = () => guard.allowedFast(piece);
        }
        const result = typed(WireError, call);
        last = 'code' in result ? result.code : '';
        must('value' in result === allowed, () => `allowed ${String(allowed)}, but ${last}`);
      }
      return last;
    },
  },
];
