import { BlockList, isIP, isIPv4 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import {
  addressFromBytes,
  addressKind,
  addressToBytes,
  decodeCompact,
  encodeCompact,
  formatEndpoint,
  isEndpoint,
  isIPv4Address,
  isIPv6Address,
  NetError,
  parseAddress,
  parseEndpoint,
} from '../../../../packages/net/src/index.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { typed } from '../typed.ts';
import { asText, texts } from '../vectors.ts';

const ADDRESSES = [
  '1.2.3.4',
  '01.2.3.4',
  '0x7f.1',
  '255.255.255.256',
  '::',
  '::1',
  '::ffff:1.2.3.4',
  '::ffff:102:304',
  'fe80::1%eth0',
  '2001:db8::7',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::2::3',
  '64:ff9b::1.2.3.4',
  '2002:0102:0304::',
  '[::1]:6881',
  '1.2.3.4:80',
  '[::ffff:1.2.3.4]:1',
];

/** Ranges that are nobody's public address, as a list that another library looks up. */
const NOT_PUBLIC = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  NOT_PUBLIC.addSubnet(network, bits, 'ipv4');
}
const NOT_PUBLIC6 = new BlockList();
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  ['64:ff9b:1::', 48],
] as const) {
  NOT_PUBLIC6.addSubnet(network, bits, 'ipv6');
}

const text = {
  area: 'net',
  shape: 'text',
  tokens: ADDRESSES,
  seeds: () => texts(...ADDRESSES),
} as const;

export const netTargets: readonly Target[] = [
  {
    ...text,
    name: 'net-address',
    property:
      'an address is one exactly where Node says so, zones aside, and its canonical text is the same address',
    run(input) {
      const address = asText(input);
      const family = address.includes('%') ? 0 : isIP(address);
      must(isIPv4Address(address) === (family === 4), 'IPv4 by one only');
      must(isIPv6Address(address) === (family === 6), 'IPv6 by one only');
      const canonical = parseAddress(address);
      must((canonical !== undefined) === (family !== 0), 'an address by one only');
      if (canonical === undefined) {
        const code = typed(NetError, () => addressToBytes(address));
        must('code' in code, 'bytes of what is no address');
        return code.code;
      }
      must(parseAddress(canonical) === canonical, 'the canonical text is not canonical');
      const bytes = addressToBytes(address);
      must(
        isDeepStrictEqual(addressToBytes(canonical), bytes),
        'the canonical text is another address',
      );
      must(addressFromBytes(bytes) === canonical, 'the bytes are another address');
      if (bytes.length === 16) {
        // The URL parser of Node writes addresses as RFC 5952 has it, too.
        must(
          new URL(`http://[${address}]/`).hostname === `[${canonical}]`,
          'another canonical text than of URL',
        );
      }
      return `${family} ${bytes.length}`;
    },
  },
  {
    name: 'net-address-bytes',
    area: 'net',
    property:
      'every 4 or 16 bytes are an address whose text reads as the same bytes; other lengths are none',
    maxLength: 20,
    run(input) {
      const result = typed(NetError, () => addressFromBytes(input));
      must('value' in result === (input.length === 4 || input.length === 16), 'another length');
      if ('code' in result) return result.code;
      const bytes = addressToBytes(result.value);
      const isMapped = input.length === 16 && bytes.length === 4;
      const expected = isMapped ? input.subarray(12) : input;
      must(Buffer.compare(bytes, expected) === 0, 'other bytes');
      must(isIP(result.value) === (bytes.length === 4 ? 4 : 6), 'no address');
      return `${bytes.length}`;
    },
  },
  {
    ...text,
    name: 'net-endpoint',
    property:
      'an endpoint that is read is one, and its text reads as the same; nothing else is read',
    run(input) {
      const written = asText(input);
      const endpoint = parseEndpoint(written);
      if (endpoint === undefined) return 'none';
      must(isEndpoint(endpoint), 'what was read is no endpoint');
      must(
        isDeepStrictEqual(parseEndpoint(formatEndpoint(endpoint)), endpoint),
        'another endpoint',
      );
      const url = new URL(`http://${written}/`);
      must(Number(url.port === '' ? '80' : url.port) === endpoint.port, 'another port than of URL');
      const hostname = url.hostname.replace(/^\[|\]$/g, '');
      must(parseAddress(hostname) === endpoint.address, 'another address than of URL');
      return isIPv4(endpoint.address) ? '4' : '6';
    },
  },
  {
    name: 'net-compact',
    area: 'net',
    property:
      'compact endpoints: whole ones only, and written again they are the bytes they came from',
    maxLength: 512,
    run(input) {
      for (const family of [4, 6] as const) {
        const width = family === 4 ? 6 : 18;
        const endpoints = decodeCompact(input, family);
        must(endpoints.length === Math.floor(input.length / width), 'another number of endpoints');
        must(endpoints.every(isEndpoint), 'what was read is no endpoint');
        const parts = endpoints.map((endpoint, index) => {
          const bytes = encodeCompact([endpoint], family);
          const own = input.subarray(index * width, (index + 1) * width);
          // An IPv4-mapped one is IPv4 from then on.
          if (bytes.length > 0) must(Buffer.compare(bytes, own) === 0, 'other bytes');
          else must(family === 6 && isIPv4(endpoint.address), 'an endpoint is lost');
          return bytes;
        });
        must(
          Buffer.compare(encodeCompact(endpoints, family), Buffer.concat(parts)) === 0,
          'a list is another',
        );
      }
      return undefined;
    },
  },
  {
    name: 'net-address-kind',
    area: 'net',
    property:
      'what is public by one account is public by another, however an IPv4 address is wrapped in an IPv6 one',
    maxLength: 16,
    run(input) {
      const bytes = new Uint8Array(16);
      bytes.set(input.subarray(0, 16));
      const four = bytes.subarray(0, 4);
      const plain = addressFromBytes(four);
      const kind = addressKind(plain);
      must((kind === 'public') === !NOT_PUBLIC.check(plain, 'ipv4'), () => `${plain} is ${kind}`);
      const isLocal = four[0] === 0 && four[1] === 0 && four[2] === 0;
      for (const prefix of [
        '00000000000000000000ffff',
        '0064ff9b0000000000000000',
        '000000000000000000000000',
      ]) {
        const wrapped = addressFromBytes(
          new Uint8Array(Buffer.concat([Buffer.from(prefix, 'hex'), four])),
        );
        // ::1 and :: are addresses of their own.
        if (!isLocal) must(addressKind(wrapped) === kind, () => `${wrapped} is not ${kind}`);
      }
      const sixToFour = addressFromBytes(
        new Uint8Array(Buffer.concat([Buffer.from('2002', 'hex'), four, bytes.subarray(4, 14)])),
      );
      must(addressKind(sixToFour) === kind, () => `${sixToFour} is not ${kind}`);
      const six = addressFromBytes(bytes);
      if (six.includes(':') && NOT_PUBLIC6.check(six, 'ipv6')) {
        must(addressKind(six) !== 'public', () => `${six} is public`);
      }
      return `${kind} ${addressKind(six)}`;
    },
  },
];
