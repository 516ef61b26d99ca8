import fc from 'fast-check';
import {
  decodeCompact,
  encodeCompact,
  endpointKey,
  formatEndpoint,
  isEndpoint,
  parseAddress,
  parseEndpoint,
  type Endpoint,
} from '../src/index.ts';

const port = fc.integer({ min: 0, max: 65_535 });
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text)!);
const endpoint = fc.record({ address, port });

/** Matches the error's code; jest takes no plain object here. */
const invalidAddress = expect.objectContaining({ code: 'ERR_NET_INVALID_ADDRESS' }) as Error;

describe('endpoints as text', () => {
  it('survive the way there and back', () => {
    fc.assert(
      fc.property(endpoint, (original) => {
        expect(parseEndpoint(formatEndpoint(original))).toEqual(original);
        expect(isEndpoint(original)).toBe(true);
      }),
    );
  });

  it('have a key of their own', () => {
    fc.assert(
      fc.property(endpoint, endpoint, (one, other) => {
        const same = one.address === other.address && one.port === other.port;
        expect(endpointKey(one) === endpointKey(other)).toBe(same);
        expect(endpointKey({ ...one })).toBe(endpointKey(one));
      }),
    );
  });

  it('come out in canonical form', () => {
    expect(parseEndpoint('[::FFFF:1.2.3.4]:80')).toEqual({ address: '1.2.3.4', port: 80 });
    expect(parseEndpoint('[2001:DB8::0]:0')).toEqual({ address: '2001:db8::', port: 0 });
  });

  it.each([
    '',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:080',
    '1.2.3.4:-1',
    '::1:80',
    '[1.2.3.4]:80',
    '[::1]',
    '[::1]80',
    'localhost:80',
    '1.2.3.4:80 ',
  ])('refuses %j', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  it('takes only canonical addresses for endpoints', () => {
    expect(isEndpoint({ address: '::0', port: 1 })).toBe(false);
    expect(isEndpoint({ address: '1.2.3.4', port: 65_536 })).toBe(false);
    expect(isEndpoint({ address: '1.2.3.4', port: 0.5 })).toBe(false);
  });
});

describe('compact form', () => {
  it('is 6 bytes for IPv4 (BEP 23) and 18 for IPv6 (BEP 7)', () => {
    const mixed: Endpoint[] = [
      { address: '1.2.3.4', port: 0x1ae1 },
      { address: '2001:db8::1', port: 80 },
    ];
    expect([...encodeCompact(mixed, 4)]).toEqual([1, 2, 3, 4, 0x1a, 0xe1]);
    expect([...encodeCompact(mixed, 6)]).toEqual([
      0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80,
    ]);
  });

  it('survives the way there and back', () => {
    fc.assert(
      fc.property(fc.array(endpoint), (endpoints) => {
        for (const family of [4, 6] as const) {
          const own = endpoints.filter((each) => each.address.includes(':') === (family === 6));
          const bytes = encodeCompact(endpoints, family);
          expect(bytes.length).toBe(own.length * (family === 4 ? 6 : 18));
          expect(decodeCompact(bytes, family)).toEqual(own);
        }
      }),
    );
  });

  it('is read from any bytes, a partial entry dropped', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.constantFrom(4 as const, 6 as const),
        (bytes, family) => {
          const entry = family === 4 ? 6 : 18;
          const endpoints = decodeCompact(bytes, family);
          expect(endpoints.length).toBe(Math.floor(bytes.length / entry));
          expect(endpoints.every(isEndpoint)).toBe(true);
        },
      ),
    );
  });

  it('gives IPv4 for an IPv4-mapped entry', () => {
    const bytes = new Uint8Array(18);
    bytes.set([0xff, 0xff, 1, 2, 3, 4, 0, 80], 10);
    expect(decodeCompact(bytes, 6)).toEqual([{ address: '1.2.3.4', port: 80 }]);
  });

  it('refuses to encode what is no address', () => {
    expect(() => encodeCompact([{ address: 'x', port: 1 }], 4)).toThrow(invalidAddress);
  });
});
