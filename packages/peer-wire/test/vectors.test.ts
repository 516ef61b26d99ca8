import { WireDecoder, WireError } from '../src/index.ts';
import { fixture, fromHex, Recorder, thrownBy } from './support.ts';
import type { Message } from './support.ts';

interface Fields {
  readonly type: string;
  readonly index?: number;
  readonly begin?: number;
  readonly length?: number;
  readonly block?: string;
  readonly bitfield?: string;
  readonly port?: number;
  readonly extended_id?: number;
  readonly pieces_root?: string;
  readonly base_layer?: number;
  readonly proof_layers?: number;
  readonly hashes?: readonly string[];
}
interface MessageVector {
  readonly id: string;
  readonly hex: string;
  readonly fields: Fields;
}
interface MalformedVector {
  readonly id: string;
  readonly hex: string;
  readonly expect: string;
}

const { vectors } = fixture('messages') as { vectors: MessageVector[] };
const { vectors: malformed } = fixture('malformed') as { vectors: MalformedVector[] };

function expectedMessage({ hex, fields }: MessageVector): Message {
  const { type, index = -1, begin = -1, length = -1 } = fields;
  switch (type) {
    case 'have':
    case 'suggest':
    case 'allowed_fast':
      return [type, index];
    case 'request':
    case 'cancel':
    case 'reject':
      return [type, index, begin, length];
    case 'bitfield':
      return [type, fields.bitfield ?? ''];
    case 'piece':
      return [type, index, begin, fields.block ?? ''];
    case 'port':
      return [type, fields.port ?? -1];
    case 'extended':
      return [type, fields.extended_id ?? -1, hex.slice(12)];
    case 'hash_request':
    case 'hash_reject':
      return [type, ...hashFieldsOf(fields)];
    case 'hashes':
      return [type, ...hashFieldsOf(fields), fields.hashes?.join('') ?? ''];
    default:
      return [type];
  }
}

function hashFieldsOf(fields: Fields): [string, number, number, number, number] {
  const { pieces_root = '', base_layer = -1, index = -1, length = -1, proof_layers = -1 } = fields;
  return [pieces_root, base_layer, index, length, proof_layers];
}

describe('shared vectors: messages', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
    const bytes = fromHex(vector.hex);
    const expected = [expectedMessage(vector), ['keep_alive']];
    for (const size of [bytes.length, 1, 2, 3, 7, 16]) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder, { hashSink: recorder });
      for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      expect(decoder.isBetweenMessages).toBe(true);
      decoder.push(new Uint8Array(4));
      expect(recorder.messages).toEqual(expected);
    }
  });
});

describe('shared vectors: messages of BitTorrent v2', () => {
  const isHashMessage = ({ fields }: MessageVector) => fields.type.startsWith('hash');

  it('are unknown to a decoder without a sink for them', () => {
    const recorder = new Recorder();
    const decoder = new WireDecoder(recorder);
    const messages = vectors.filter(isHashMessage).map(({ hex }) => fromHex(hex));
    for (const message of messages) decoder.push(message);
    expect(recorder.messages).toEqual(
      messages.map((message) => ['unknown', message[4], message.length - 5]),
    );
    expect(messages).toHaveLength(3);
  });
});

describe('shared vectors: malformed messages', () => {
  const wrongFraming: Record<string, string> = {
    'have-short': 'ERR_WIRE_MESSAGE_LENGTH',
    'have-long': 'ERR_WIRE_MESSAGE_LENGTH',
    'choke-payload': 'ERR_WIRE_MESSAGE_LENGTH',
    'request-short': 'ERR_WIRE_MESSAGE_LENGTH',
    'request-long': 'ERR_WIRE_MESSAGE_LENGTH',
    'piece-short': 'ERR_WIRE_MESSAGE_LENGTH',
    'port-short': 'ERR_WIRE_MESSAGE_LENGTH',
    'have-all-payload': 'ERR_WIRE_MESSAGE_LENGTH',
    'hash-request-short': 'ERR_WIRE_MESSAGE_LENGTH',
    'hashes-ragged': 'ERR_WIRE_MESSAGE_LENGTH',
    'extended-empty': 'ERR_WIRE_MESSAGE_LENGTH',
    'huge-length': 'ERR_WIRE_MESSAGE_TOO_LONG',
    'length-20MiB': 'ERR_WIRE_MESSAGE_TOO_LONG',
    'length-2^31': 'ERR_WIRE_MESSAGE_TOO_LONG',
  };

  it.each(malformed.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
    const bytes = fromHex(vector.hex);
    for (const size of [bytes.length, 1]) {
      const recorder = new Recorder();
      const decoder = new WireDecoder(recorder, { hashSink: recorder });
      const push = () => {
        for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      };
      const code = wrongFraming[id];
      if (code === undefined) {
        // Extended messages with an odd payload and unknown ids: the framing holds.
        push();
        expect(decoder.isBetweenMessages).toBe(true);
        const name = id.startsWith('unknown') ? 'unknown' : 'extended';
        expect(recorder.messages.map(([first]) => first)).toEqual([name]);
      } else {
        const error = thrownBy(push);
        expect(error).toBeInstanceOf(WireError);
        expect(error).toMatchObject({ code });
        expect(recorder.messages).toEqual([]);
      }
    }
  });

  it('refuses an absurd length as soon as its four bytes are there', () => {
    for (const length of ['ffffffff', '80000000', '01400000']) {
      const decoder = new WireDecoder(new Recorder());
      decoder.push(fromHex(length.slice(0, 6)));
      expect(thrownBy(() => decoder.push(fromHex(length.slice(6))))).toMatchObject({
        code: 'ERR_WIRE_MESSAGE_TOO_LONG',
      });
    }
  });
});
