import { encode } from '@shoal/bencode';
import { addressToBytes, isIPv6Address } from '@shoal/net';
import fc from 'fast-check';
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  MAX_EXTENSION_COUNT,
  MAX_EXTENSION_HANDSHAKE_LENGTH,
  MAX_METADATA_LENGTH,
  MAX_NAME_LENGTH,
  WireDecoder,
  WireEncoder,
  WireError,
} from '../src/index.ts';
import type { ExtensionHandshake } from '../src/index.ts';
import { fixture, fromHex, Recorder, thrownBy, toHex } from './support.ts';

interface Vector {
  readonly id: string;
  readonly hex: string;
}
const { vectors } = fixture('messages') as { vectors: Vector[] };
const { vectors: malformed } = fixture('malformed') as { vectors: Vector[] };

/** The payload of a whole extended handshake message in hex. */
const payloadOf = (hex: string) => fromHex(hex.slice(12));
const NOTHING: ExtensionHandshake = { extensions: new Map() };
const unreadable = { code: 'ERR_WIRE_EXTENSION_PAYLOAD' };

describe('shared vectors: extended handshakes', () => {
  const expected: Record<string, ExtensionHandshake> = {
    'extended/handshake': {
      extensions: new Map([
        ['lt_donthave', 7],
        ['upload_only', 3],
        ['ut_holepunch', 4],
        ['ut_metadata', 1],
        ['ut_pex', 2],
      ]),
      client: 'µTorrent gucib',
      port: 58_538,
      requestQueueLength: 250,
      yourAddress: '10.112.3.4',
      metadataLength: 31_235,
      uploadOnly: true,
    },
    'extended/handshake-minimal': NOTHING,
    'extended/handshake-ipv6': {
      extensions: new Map(),
      ipv4: '10.0.0.49',
      ipv6: '2001:db8::1d6e',
      yourAddress: '2001:db8::2',
    },
    'extended/handshake-disable': {
      extensions: new Map([
        ['ut_metadata', 3],
        ['ut_pex', 0],
      ]),
    },
  };
  // What the first has besides we do not know, and cannot write again.
  const writable = new Set(['extended/handshake-ipv6', 'extended/handshake-disable']);
  const handshakes = vectors.filter(({ id }) => id.startsWith('extended/handshake'));

  it.each(handshakes.map((vector) => [vector.id, vector.hex] as const))('%s', (id, hex) => {
    const handshake = decodeExtensionHandshake(payloadOf(hex));
    expect(handshake).toEqual(expected[id]);
    const again = encodeExtensionHandshake(handshake);
    expect(decodeExtensionHandshake(again)).toEqual(expected[id]);
    if (!writable.has(id)) return;
    const encoder = new WireEncoder();
    encoder.extended(0, again);
    expect(toHex(encoder.take())).toBe(hex);
  });

  const bad = malformed.filter(({ id }) => id.startsWith('ext-'));
  const outcomes: Record<string, ExtensionHandshake | undefined> = {
    'ext-handshake-garbage': undefined,
    'ext-handshake-list': undefined,
    'ext-handshake-bad-ids': NOTHING,
    'ext-metadata-size-huge': NOTHING,
    'ext-deep': undefined,
  };
  it.each(bad.map((vector) => [vector.id, vector.hex] as const))('%s', (id, hex) => {
    const recorder = new Recorder();
    new WireDecoder(recorder).push(fromHex(hex));
    expect(recorder.messages).toHaveLength(1);
    const outcome = outcomes[id];
    if (outcome === undefined) {
      const error = thrownBy(() => decodeExtensionHandshake(payloadOf(hex)));
      expect(error).toBeInstanceOf(WireError);
      expect(error).toMatchObject(unreadable);
    } else {
      expect(decodeExtensionHandshake(payloadOf(hex))).toEqual(outcome);
    }
  });
  it('covers every malformed one', () => {
    expect(bad.map(({ id }) => id).sort()).toEqual(Object.keys(outcomes).sort());
  });
});

describe('decodeExtensionHandshake', () => {
  const decoded = (input: Parameters<typeof encode>[0]) => decodeExtensionHandshake(encode(input));
  const TEXT_OF_65 = 'x'.repeat(MAX_NAME_LENGTH + 1);

  it.each<[string, Record<string, Parameters<typeof encode>[0]>]>([
    ['m', { m: [] }],
    ['m', { m: 1 }],
    ['an id', { m: { a: -1, b: 256, c: 'x', d: [], e: 2n ** 70n, [TEXT_OF_65]: 1, '': 2 } }],
    ['v', { v: 7 }],
    ['v', { v: Uint8Array.of(0xff, 0xfe) }],
    ['v', { v: '' }],
    ['v', { v: '\u0007\u202e\u0000' }],
    ['p', { p: 0 }],
    ['p', { p: 65_536 }],
    ['p', { p: '6881' }],
    ['reqq', { reqq: 0 }],
    ['reqq', { reqq: -250 }],
    ['reqq', { reqq: 2 ** 32 }],
    ['yourip', { yourip: new Uint8Array(5) }],
    ['yourip', { yourip: 1 }],
    ['ipv4', { ipv4: new Uint8Array(16) }],
    ['ipv6', { ipv6: new Uint8Array(4) }],
    ['ipv6', { ipv6: Uint8Array.from([...new Array<number>(10).fill(0), 255, 255, 1, 2, 3, 4]) }],
    ['metadata_size', { metadata_size: 0 }],
    ['metadata_size', { metadata_size: MAX_METADATA_LENGTH + 1 }],
    ['metadata_size', { metadata_size: '5' }],
    ['upload_only', { upload_only: -1 }],
    ['upload_only', { upload_only: {} }],
    ['unknown keys', { complete_ago: 5, e: 0, zz: { y: [1, { x: '' }] } }],
  ])('takes no %s of %j, and the rest all the same', (_key, fields) => {
    expect(decoded(fields)).toEqual(NOTHING);
    const others = { m: { ut_pex: 9 }, p: 7, reqq: 3 };
    expect(decoded({ ...others, ...fields })).toEqual({
      extensions: 'm' in fields ? new Map() : new Map([['ut_pex', 9]]),
      port: 'p' in fields ? undefined : 7,
      requestQueueLength: 'reqq' in fields ? undefined : 3,
    });
  });

  it('takes the extremes', () => {
    expect(
      decoded({
        m: { a: 0, b: 255 },
        p: 65_535,
        reqq: 2 ** 32 - 1,
        metadata_size: MAX_METADATA_LENGTH,
      }),
    ).toEqual({
      extensions: new Map([
        ['a', 0],
        ['b', 255],
      ]),
      port: 65_535,
      requestQueueLength: 2 ** 32 - 1,
      metadataLength: MAX_METADATA_LENGTH,
    });
    expect(decoded({ upload_only: 0 }).uploadOnly).toBe(false);
    expect(decoded({ upload_only: 2 }).uploadOnly).toBe(true);
  });

  it('shows nothing of a client that a terminal would obey, and no more than 64 characters', () => {
    expect(decoded({ v: ' a\u001b[31mb\u202ec\nd ' }).client).toBe('a[31mbcd');
    expect(decoded({ v: `${'x'.repeat(63)}😀` }).client).toBe('x'.repeat(63));
    expect(decoded({ v: 'é'.repeat(20_000) }).client).toBe('é'.repeat(64));
  });

  it('reads keys in any order, the first of a repeated one, and not what is behind', () => {
    const payload = Buffer.from('d1:pi7e1:md6:ut_pexi1e6:ut_pexi2ee1:pi8eei99e');
    expect(decodeExtensionHandshake(payload)).toEqual({
      extensions: new Map([['ut_pex', 1]]),
      port: 7,
    });
  });

  it('is bounded in length, depth and the number of extensions', () => {
    const filler = (length: number) => encode({ zz: new Uint8Array(length) });
    const overhead =
      filler(MAX_EXTENSION_HANDSHAKE_LENGTH - 20).length - (MAX_EXTENSION_HANDSHAKE_LENGTH - 20);
    const fits = filler(MAX_EXTENSION_HANDSHAKE_LENGTH - overhead);
    expect(decodeExtensionHandshake(fits)).toEqual(NOTHING);
    for (const payload of [
      filler(MAX_EXTENSION_HANDSHAKE_LENGTH - overhead + 1),
      Buffer.from(`d1:a${'l'.repeat(30_000)}${'e'.repeat(30_001)}`),
      Buffer.from(`d1:al${'i0e'.repeat(20_000)}ee`),
      new Uint8Array(0),
    ]) {
      expect(thrownBy(() => decodeExtensionHandshake(payload))).toMatchObject(unreadable);
    }
    const m = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x${1000 + at}`, 1]));
    expect(decoded({ m }).extensions.size).toBe(MAX_EXTENSION_COUNT);
  });

  it('is total: any bytes give a handshake or a WireError', () => {
    const token = fc.constantFrom(
      'd',
      'e',
      'l',
      'i5e',
      '1:m',
      '1:p',
      '4:reqq',
      '1:v',
      '6:yourip',
      '4:aaaa',
      'i-1e',
    );
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(token, { maxLength: 20 }).map((tokens) => Buffer.from(`d${tokens.join('')}e`)),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          expect(decodeExtensionHandshake(bytes).extensions).toBeInstanceOf(Map);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          expect(error).toMatchObject(unreadable);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('encodeExtensionHandshake', () => {
  it('gives the canonical form', () => {
    const text = Buffer.from(
      encodeExtensionHandshake({
        extensions: new Map([
          ['ut_pex', 2],
          ['ut_metadata', 1],
        ]),
        client: 'Shoal 0.1',
        port: 6881,
        requestQueueLength: 250,
        yourAddress: '1.2.3.4',
        metadataLength: 5,
        uploadOnly: false,
      }),
    ).toString('latin1');
    expect(text).toBe(
      'd1:md11:ut_metadatai1e6:ut_pexi2ee13:metadata_sizei5e1:pi6881e4:reqqi250e11:upload_onlyi0e' +
        '1:v9:Shoal 0.16:yourip4:\u0001\u0002\u0003\u0004e',
    );
    expect(Buffer.from(encodeExtensionHandshake({})).toString()).toBe('d1:mdee');
  });

  it.each<Partial<ExtensionHandshake>>([
    { extensions: new Map([['a', 256]]) },
    { extensions: new Map([['a', -1]]) },
    { extensions: new Map([['', 1]]) },
    { extensions: new Map([['x'.repeat(65), 1]]) },
    { extensions: new Map(Array.from({ length: 129 }, (_, at) => [`x${at}`, 1])) },
    { client: '' },
    { client: 'a\nb' },
    { client: 'x'.repeat(65) },
    { port: 0 },
    { port: 65_536 },
    { requestQueueLength: 0 },
    { requestQueueLength: 2 ** 32 },
    { yourAddress: 'localhost' },
    { ipv4: '::1' },
    { ipv6: '127.0.0.1' },
    { metadataLength: 0 },
    { metadataLength: MAX_METADATA_LENGTH + 1 },
  ])('refuses %j', (handshake) => {
    const error = thrownBy(() => encodeExtensionHandshake(handshake));
    expect(error).toBeInstanceOf(WireError);
    expect(error).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
  });

  it('is read again as it was written, however the stream is cut', () => {
    const ipv6 = fc.ipV6().filter((address) => addressToBytes(address).length === 16);
    const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
    const handshake = fc.record({
      extensions: fc
        .uniqueArray(fc.tuple(fc.stringMatching(/^[a-zA-Z_]{1,20}$/), fc.nat(255)), {
          selector: ([name]) => name,
          maxLength: 20,
        })
        .map((entries) => new Map(entries)),
      client: optional(fc.stringMatching(/^[A-Za-zµ][A-Za-z0-9. µ]{0,30}[0-9]$/)),
      port: optional(fc.integer({ min: 1, max: 65_535 })),
      requestQueueLength: optional(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
      yourAddress: optional(fc.oneof(fc.ipV4(), ipv6)),
      ipv4: optional(fc.ipV4()),
      ipv6: optional(ipv6),
      metadataLength: optional(fc.integer({ min: 1, max: MAX_METADATA_LENGTH })),
      uploadOnly: optional(fc.boolean()),
    });
    const bytesOf = (address: string | undefined) =>
      address === undefined ? undefined : toHex(addressToBytes(address));
    fc.assert(
      fc.property(handshake, fc.integer({ min: 1, max: 50 }), (original, size) => {
        const encoder = new WireEncoder();
        encoder.extended(0, encodeExtensionHandshake(original));
        const stream = encoder.take();
        const recorder = new Recorder();
        const decoder = new WireDecoder(recorder);
        for (let at = 0; at < stream.length; at += size) decoder.push(stream.slice(at, at + size));
        const [[name, id, payload] = []] = recorder.messages;
        expect([name, id]).toEqual(['extended', 0]);
        const { yourAddress, ipv4, ipv6, ...rest } = decodeExtensionHandshake(
          fromHex(String(payload)),
        );
        const { yourAddress: your, ipv4: four, ipv6: six, ...others } = original;
        expect(rest).toEqual(others);
        expect([yourAddress, ipv4, ipv6].map(bytesOf)).toEqual([your, four, six].map(bytesOf));
        expect(ipv6 === undefined || isIPv6Address(ipv6)).toBe(true);
      }),
    );
  });
});
