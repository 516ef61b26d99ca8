import fc from 'fast-check';
import { addressToBytes } from '@shoal/net';
import { AddressLimiter } from '../../src/server/udp/address-limiter.ts';
import { readAddressWords } from '../../src/server/udp/address-words.ts';

const ipv4 = fc.ipV4();
const ipv6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) =>
    Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)),
  )
  .map((groups) => groups.map((group) => group.toString(16)).join(':'))
  .filter((text) => !text.startsWith('0:0:0:0:0:'));

function words(address: string): { address: Uint32Array; family: 4 | 6 } {
  const read = new Uint32Array(4);
  return { family: readAddressWords(address, read), address: read };
}

describe('readAddressWords', () => {
  it('reads addresses as the rest of the stack does', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (text) => {
        const { address, family } = words(text);
        const bytes = Array.from(addressToBytes(text));
        const read = [...address].flatMap((word) =>
          [24, 16, 8, 0].map((by) => (word >>> by) & 255),
        );
        expect(family).toBe(text.includes(':') ? 6 : 4);
        expect(read.slice(family === 4 ? 12 : 0)).toEqual(bytes);
        if (family === 4) expect([...address.subarray(0, 3)]).toEqual([0, 0, 0xffff]);
      }),
    );
  });
});

describe('AddressLimiter', () => {
  function admitted(limiter: AddressLimiter, text: string, now: number, count: number): number {
    const { address, family } = words(text);
    let admits = 0;
    for (let index = 0; index < count; index += 1) {
      if (limiter.admits(address, family, now)) admits += 1;
    }
    return admits;
  }

  it('lets a burst through, then the rate', () => {
    const limiter = new AddressLimiter(10, 50, 1);
    expect(admitted(limiter, '10.0.0.1', 1000, 200)).toBe(50);
    expect(admitted(limiter, '10.0.0.1', 2000, 200)).toBe(10);
    expect(admitted(limiter, '10.0.0.2', 2000, 200)).toBe(50);
    expect(admitted(limiter, '10.0.0.1', 60_000, 200)).toBe(50);
  });

  it('counts an IPv6 /64 as one', () => {
    const limiter = new AddressLimiter(10, 50, 1);
    expect(admitted(limiter, '2001:db8::1', 0, 30)).toBe(30);
    expect(admitted(limiter, '2001:db8::2', 0, 30)).toBe(20);
    expect(admitted(limiter, '2001:db8:0:1::1', 0, 30)).toBe(30);
  });

  it('refuses nobody because of others, however many there are', () => {
    const limiter = new AddressLimiter(10, 50, 1);
    expect(admitted(limiter, '10.255.255.255', 0, 200)).toBe(50);
    let refused = 0;
    const { address } = words('10.0.0.0');
    for (let host = 0; host < 300_000; host += 1) {
      address[3] = 0x0b000000 + host;
      if (!limiter.admits(address, 4, 1)) refused += 1;
    }
    expect(refused).toBe(0);
    // Whoever has been refused for long is the last to be forgotten.
    expect(admitted(limiter, '10.255.255.255', 1, 1)).toBe(0);
  });
});
