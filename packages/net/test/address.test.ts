import fc from 'fast-check';
import { isIP } from 'node:net';
import {
  addressFromBytes,
  addressKind,
  addressToBytes,
  isIPv4Address,
  isIPv6Address,
  parseAddress,
} from '../src/index.ts';

/** Text that is often nearly an address. */
const nearlyAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4Extended(),
  fc
    .array(
      fc.constantFrom(
        ':',
        '::',
        '.',
        '0',
        '00',
        '1',
        'ffff',
        'FFFF',
        '10',
        '255',
        '256',
        '1.2.3.4',
        'g',
        '%1',
        ' ',
      ),
      {
        maxLength: 18,
      },
    )
    .map((parts) => parts.join('')),
  fc.string({ maxLength: 50 }),
);

/** Matches the error's code; jest takes no plain object here. */
const invalidAddress = expect.objectContaining({ code: 'ERR_NET_INVALID_ADDRESS' }) as Error;

describe('addresses as text', () => {
  it('are what node:net takes for an address, zones aside', () => {
    fc.assert(
      fc.property(nearlyAddress, (text) => {
        fc.pre(!text.includes('%'));
        const family = isIP(text);
        expect(isIPv4Address(text)).toBe(family === 4);
        expect(isIPv6Address(text)).toBe(family === 6);
        expect(parseAddress(text) !== undefined).toBe(family !== 0);
      }),
      { numRuns: 5000 },
    );
  });

  it('have one canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = parseAddress(text)!;
        expect(parseAddress(canonical)).toBe(canonical);
        expect(parseAddress(text.toUpperCase())).toBe(canonical);
        expect(addressToBytes(text)).toEqual(addressToBytes(canonical));
      }),
    );
  });

  it('survive the way to bytes and back', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
        .map((array) => Uint8Array.from(array)),
    );
    fc.assert(
      fc.property(bytes, (original) => {
        const text = addressFromBytes(original);
        expect(isIP(text)).toBeGreaterThan(0);
        const back = addressToBytes(text);
        const mapped = original.length === 16 && back.length === 4;
        expect(back).toEqual(mapped ? original.slice(12) : original);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['::ffff:102:304', '1.2.3.4'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s is written %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.',
    '01.2.3.4',
    '1.2.3.256',
    '1..3.4',
    ':::',
    '1::2::3',
    '::1%lo',
    '[::1]',
    '1:2',
    '1.2.3.4::',
    ' ::1',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(() => addressToBytes(text)).toThrow(invalidAddress);
  });

  it('refuses bytes of another length', () => {
    expect(() => addressFromBytes(new Uint8Array(5))).toThrow(invalidAddress);
  });

  it('takes time linear in hostile input', () => {
    expect(parseAddress(':'.repeat(1_000_000))).toBeUndefined();
    expect(parseAddress('1'.repeat(1_000_000))).toBeUndefined();
  });
});

describe('addressKind', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['2002:7f00:1::', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'public'],
    ['198.19.0.1', 'private'],
    ['fd00::1', 'private'],
    ['fec0::1', 'private'],
    ['64:ff9b:1::1', 'private'],
    ['64:ff9b::a00:1', 'private'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['1.1.1.1', 'public'],
    ['2606:4700::1111', 'public'],
    ['64:ff9b::101:101', 'public'],
  ])('%s is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  it('throws for what is no address', () => {
    expect(() => addressKind('localhost')).toThrow(invalidAddress);
  });
});
