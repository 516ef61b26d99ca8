import { isDeepStrictEqual } from 'node:util';
import { isEndpoint } from '../../../../packages/net/src/index.ts';
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  ExtensionRegistry,
  ltDontHave,
  PeerExtensions,
  utHolepunch,
  utMetadata,
  utPex,
  WireEncoder,
  WireError,
} from '../../../../packages/peer-wire/src/index.ts';
import type { Extension } from '../../../../packages/peer-wire/src/index.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { latin1, vectorsOf } from '../vectors.ts';

const HANDSHAKES = [
  'd1:ei0e4:ipv44:\x7f\0\0\x014:ipv616:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x011:md11:lt_donthavei7e6:ut_pexi1e11:ut_metadatai2ee13:metadata_sizei31235e1:pi6881e4:reqqi500e11:upload_onlyi1e1:v15:Transmission 3.06:yourip4:\x01\x02\x03\x04e',
  'd1:mdee',
  'd1:md6:ut_pexi0e6:ut_pexi1e0:i3eee',
];

/** Payloads of extended messages in the vectors, without length, id and extended id. */
function* payloads(): Generator<Uint8Array> {
  for (const bytes of vectorsOf('packages/peer-wire/test/fixtures/messages.json', 'hex')) {
    if (bytes[4] === 20 && bytes.length < 4_096) yield bytes.slice(6);
  }
  yield* latin1(
    ...HANDSHAKES,
    'd8:msg_typei0e5:piecei3ee',
    'd8:msg_typei2e5:piecei0ee',
    'd8:msg_typei1e5:piecei0e10:total_sizei5eehello',
    'd5:added12:\x01\x02\x03\x04\x1a\xe1\x05\x06\x07\x08\x1a\xe17:added.f2:\x10\x126:added60:8:added6.f0:7:dropped6:\x01\x02\x03\x04\x1a\xe18:dropped60:e',
    '\0\0\x01\x02\x03\x04\x1a\xe1\0\0\0\0',
    '\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1\0\0\0\x02',
    '\0\0\0\x07',
  );
}

const common = { area: 'peer-wire', shape: 'bencode', seeds: payloads } as const;

/** What an extension reads is what it writes, if anything. */
function roundTrip<Message>(
  extension: Extension<Message>,
  payload: Uint8Array,
): Message | string | undefined {
  const read = typed(WireError, () => extension.decode(payload));
  if ('code' in read) return read.code;
  if (read.value === undefined) return undefined;
  const written = extension.encode(read.value);
  must(isDeepStrictEqual(extension.decode(written), read.value), 'written and read it is another');
  return read.value;
}

export const extensionTargets: readonly Target[] = [
  {
    ...common,
    name: 'ext-handshake',
    property:
      'any payload: an extended handshake within its bounds that reads the same when written, or a WireError',
    tokens: [
      'm',
      'v',
      'p',
      'reqq',
      'yourip',
      'ipv4',
      'ipv6',
      'metadata_size',
      'upload_only',
      'ut_pex',
      'ut_metadata',
      '\x1b[0m',
      '\xe2\x80\xae',
    ],
    run(input) {
      const result = typed(WireError, () => decodeExtensionHandshake(input));
      if ('code' in result) return result.code;
      const { extensions, client, port, requestQueueLength, metadataLength } = result.value;
      must(extensions.size <= 128, 'too many extensions');
      for (const [name, id] of extensions) {
        must(name.length >= 1 && name.length <= 64 && id >= 0 && id <= 255, 'an extension');
      }
      must(
        client === undefined ||
          (client.length >= 1 && client.length <= 64 && !/\p{C}/u.test(client)),
        'a client name',
      );
      must(port === undefined || (port >= 1 && port <= 65_535), 'a port');
      must(
        requestQueueLength === undefined ||
          (requestQueueLength >= 1 && requestQueueLength < 2 ** 32),
        'reqq',
      );
      must(
        metadataLength === undefined || (metadataLength >= 1 && metadataLength <= 31_457_280),
        'a length',
      );
      const again = decodeExtensionHandshake(encodeExtensionHandshake(result.value));
      // Extensions are written in the order of their names.
      const sorted = (map: ReadonlyMap<string, number>): unknown => [...map].sort();
      must(
        isDeepStrictEqual(
          { ...again, extensions: sorted(again.extensions) },
          { ...result.value, extensions: sorted(extensions) },
        ),
        'written and read it is another',
      );
      return [client, port, requestQueueLength, metadataLength]
        .map((each) => (each === undefined ? 0 : 1))
        .join('');
    },
  },
  {
    ...common,
    name: 'ext-metadata',
    property:
      'any payload: a message of ut_metadata whose piece fits the length it names, one to ignore, or a WireError',
    tokens: ['msg_type', 'piece', 'total_size', 'e'],
    maxLength: 20_000,
    run(input) {
      const message = roundTrip(utMetadata, input);
      if (message === undefined || typeof message === 'string') return message;
      must(message.piece >= 0 && message.piece * 16_384 < 31_457_280, 'a piece out of range');
      if (message.type === 'data') {
        const { piece, totalLength, data } = message;
        must(
          totalLength <= 31_457_280 && piece * 16_384 + data.length <= totalLength,
          'data beyond the length',
        );
        must(
          data.length === 16_384 || piece * 16_384 + data.length === totalLength,
          'a short piece in the middle',
        );
      }
      return message.type;
    },
  },
  {
    ...common,
    name: 'ext-pex',
    property:
      'any payload: at most 200 whole peers of each kind that read the same when written, or a WireError',
    tokens: ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6'],
    maxLength: 16_384,
    run(input) {
      const read = typed(WireError, () => utPex.decode(input));
      if ('code' in read || read.value === undefined) return 'code' in read ? read.code : '';
      const { added, dropped } = read.value;
      must(added.length <= 400 && dropped.length <= 400, 'too many peers');
      must(
        [...added, ...dropped].every(({ address, port }) => isEndpoint({ address, port })),
        'no endpoint',
      );
      must(
        added.every(({ flags }) => flags >= 0 && flags <= 255),
        'flags',
      );
      // IPv4-mapped ones in the lists of IPv6 are IPv4 from then on, which may then be more than a list holds.
      const again = typed(WireError, () => utPex.encode({ added, dropped }));
      if ('code' in again) return again.code;
      const byFamily = <T extends { readonly address: string }>(peers: readonly T[]): T[] =>
        [...peers].sort(
          (one, other) => Number(one.address.includes(':')) - Number(other.address.includes(':')),
        );
      const expected = { added: byFamily(added), dropped: byFamily(dropped) };
      must(
        isDeepStrictEqual(utPex.decode(again.value), expected),
        'written and read it is another',
      );
      return `${added.length > 0} ${dropped.length > 0}`;
    },
  },
  {
    ...common,
    name: 'ext-donthave',
    property: 'any payload: four bytes are the index of a piece, anything else is a WireError',
    shape: 'bytes',
    maxLength: 12,
    run(input) {
      const result = roundTrip(ltDontHave, input);
      must((typeof result === 'number') === (input.length === 4), 'another length');
      if (typeof result === 'number')
        must(Buffer.compare(ltDontHave.encode(result), input) === 0, 'other bytes');
      return typeof result === 'number' ? 'piece' : result;
    },
  },
  {
    ...common,
    name: 'ext-holepunch',
    property:
      'any payload: a message of ut_holepunch with an endpoint, its bytes those that are written, or one to ignore',
    shape: 'bytes',
    maxLength: 40,
    run(input) {
      const message = roundTrip(utHolepunch, input);
      if (message === undefined || typeof message === 'string') return message;
      must(isEndpoint(message.endpoint), 'no endpoint');
      const written = utHolepunch.encode(message);
      must(written[0] === input[0], 'another kind');
      if (written.length === input.length) {
        const end = message.type === 'error' ? input.length : input.length - 4;
        must(Buffer.compare(written.subarray(0, end), input.subarray(0, end)) === 0, 'other bytes');
      }
      return `${message.type} ${input.length}`;
    },
  },
  {
    ...common,
    name: 'ext-registry',
    property:
      'messages go to whom their id belongs, and to a peer only what its last handshakes have named',
    shape: 'bytes',
    run(input) {
      const choices = new Choices(input);
      const heard: [string, unknown][] = [];
      const registry = new ExtensionRegistry<undefined>();
      const extensions: readonly Extension<never>[] = [
        utMetadata,
        utPex,
        ltDontHave,
        utHolepunch,
      ] as never;
      const known = extensions.filter(() => choices.bool());
      for (const extension of known)
        registry.register(extension, (_peer, message) => heard.push([extension.name, message]));
      must(
        'code' in
          typed(WireError, () =>
            known.forEach((each) => registry.register(each, () => undefined)),
          ) ===
          known.length > 0,
        'a name twice',
      );
      const peer = new PeerExtensions(registry);
      const model = new Map<string, number>();
      for (let left = 6; left > 0 && !choices.isSpent; left--) {
        const told = new Map(
          choices.list(4, () => [
            choices.pick(['ut_pex', 'ut_metadata', 'lt_donthave', 'ut_holepunch', 'x']),
            choices.below(4),
          ]),
        );
        peer.update(told);
        for (const [name, id] of told) {
          if (!known.some((each) => each.name === name)) continue;
          if (id === 0) model.delete(name);
          else model.set(name, id);
        }
        for (const extension of extensions) {
          must(peer.supports(extension) === model.has(extension.name), 'supports says otherwise');
        }
        const encoder = new WireEncoder();
        const wrote = peer.write(encoder, ltDontHave, 5);
        must(wrote === model.has('lt_donthave'), 'written or not');
        if (wrote) must(encoder.take()[5] === model.get('lt_donthave'), 'another id');
        const id = choices.below(7);
        const before = heard.length;
        const taken = typed(WireError, () => registry.receive(undefined, id, choices.blob(40)));
        if ('value' in taken)
          must(heard.length === before + Number(taken.value), 'taken, and not heard');
        if (heard.length > before)
          must(heard.at(-1)?.[0] === known[id - 1]?.name, 'somebody else heard it');
      }
      return `${known.length} ${heard.length > 0}`;
    },
  },
];
