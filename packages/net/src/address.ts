import { NetError } from './errors.ts';

/** Bytes of an IPv4 address. */
export const IPV4_BYTES = 4;
/** Bytes of an IPv6 address. */
export const IPV6_BYTES = 16;
/** Longest text of an IPv6 address: six groups and an embedded dotted quad. */
const IPV6_TEXT_MAX = 45;
const IPV6_WORDS = 8;

const ZERO = 48;
const NINE = 57;
const DOT = 46;

/**
 * Reads a dotted quad: four decimal numbers of 0–255 without leading zeros (a leading zero means octal to some systems,
 * so it is refused). Answers the address as an unsigned 32-bit number, or -1.
 */
function parseIPv4(text: string): number {
  if (text.length < 7 || text.length > 15) return -1;
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let at = 0; at <= text.length; at++) {
    const char = at < text.length ? text.charCodeAt(at) : DOT;
    if (char === DOT) {
      if (octet < 0) return -1;
      value = value * 256 + octet;
      octet = -1;
      octets++;
    } else if (char >= ZERO && char <= NINE && octet !== 0) {
      octet = (octet < 0 ? 0 : octet * 10) + (char - ZERO);
      if (octet > 255) return -1;
    } else {
      return -1;
    }
  }
  return octets === 4 ? value : -1;
}

const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

/** Reads colon-separated groups; the last may be a dotted quad where `quadAllowed`. */
function parseGroups(text: string, quadAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const words: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      words.push(Number.parseInt(part, 16));
      continue;
    }
    const quad = quadAllowed && index === parts.length - 1 ? parseIPv4(part) : -1;
    if (quad < 0) return undefined;
    words.push(Math.floor(quad / 65536), quad % 65536);
  }
  return words;
}

/** Reads an IPv6 literal (RFC 4291, section 2.2) into its eight 16-bit words. A zone (`%eth0`) is not part of an address. */
function parseIPv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > IPV6_TEXT_MAX) return undefined;
  const gap = text.indexOf('::');
  if (gap < 0) {
    const words = parseGroups(text, true);
    return words?.length === IPV6_WORDS ? words : undefined;
  }
  const head = parseGroups(text.slice(0, gap), false);
  const tail = parseGroups(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = IPV6_WORDS - head.length - tail.length;
  if (missing < 1) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function formatIPv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Writes eight words as RFC 5952 wants them: lower case, the longest run of two or more zero words as `::`. */
function formatIPv6(words: readonly number[]): string {
  let bestAt = -1;
  let bestLength = 1;
  let runLength = 0;
  for (let index = 0; index < IPV6_WORDS; index++) {
    runLength = words[index] === 0 ? runLength + 1 : 0;
    if (runLength > bestLength) {
      bestLength = runLength;
      bestAt = index - runLength + 1;
    }
  }
  const hex = words.map((word) => word.toString(16));
  if (bestAt < 0) return hex.join(':');
  return `${hex.slice(0, bestAt).join(':')}::${hex.slice(bestAt + bestLength).join(':')}`;
}

/** The IPv4 address that `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2) stands for, as a number, or -1. */
function mappedIPv4(words: readonly number[]): number {
  for (let index = 0; index < 5; index++) if (words[index] !== 0) return -1;
  if (words[5] !== 0xffff) return -1;
  return (words[6] ?? 0) * 65536 + (words[7] ?? 0);
}

function canonicalIPv6(words: readonly number[]): string {
  const mapped = mappedIPv4(words);
  return mapped < 0 ? formatIPv6(words) : formatIPv4(mapped);
}

/** True for a dotted quad, in the only spelling there is for each address. */
export function isIPv4Address(text: string): boolean {
  return parseIPv4(text) >= 0;
}

/** True for an IPv6 literal in any spelling, without brackets and without a zone. */
export function isIPv6Address(text: string): boolean {
  return parseIPv6(text) !== undefined;
}

/**
 * The canonical text of an IP literal, or undefined when `text` is none: IPv4 as a dotted quad, IPv6 as RFC 5952 writes
 * it (with hexadecimal groups only), an IPv4-mapped IPv6 address as the IPv4 address. Two literals mean the same address
 * exactly when their canonical texts are equal.
 */
export function parseAddress(text: string): string | undefined {
  if (parseIPv4(text) >= 0) return text;
  const words = parseIPv6(text);
  return words === undefined ? undefined : canonicalIPv6(words);
}

/**
 * The address in network byte order: 4 bytes for IPv4 (and IPv4-mapped IPv6), 16 for IPv6.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` when it is no IP literal.
 */
export function addressToBytes(address: string): Uint8Array {
  const quad = parseIPv4(address);
  if (quad >= 0) return ipv4ToBytes(quad);
  const words = parseIPv6(address);
  if (words === undefined) {
    throw new NetError('ERR_NET_INVALID_ADDRESS', `not an IP address: ${quote(address)}`);
  }
  const mapped = mappedIPv4(words);
  if (mapped >= 0) return ipv4ToBytes(mapped);
  const bytes = new Uint8Array(IPV6_BYTES);
  words.forEach((word, index) => {
    bytes[index * 2] = word >>> 8;
    bytes[index * 2 + 1] = word & 255;
  });
  return bytes;
}

function ipv4ToBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/**
 * The canonical text of an address of 4 or 16 bytes in network byte order.
 * @throws NetError `ERR_NET_INVALID_ADDRESS` for any other length.
 */
export function addressFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== IPV4_BYTES && bytes.length !== IPV6_BYTES) {
    throw new NetError(
      'ERR_NET_INVALID_ADDRESS',
      `an address has 4 or 16 bytes, not ${bytes.length}`,
    );
  }
  return addressAt(bytes, 0, bytes.length === IPV4_BYTES ? 4 : 6);
}

/** As {@link addressFromBytes}, for an address inside a larger buffer. The caller has checked that it lies within. */
export function addressAt(bytes: Uint8Array, at: number, family: 4 | 6): string {
  const word = (offset: number): number =>
    ((bytes[at + offset] ?? 0) << 8) | (bytes[at + offset + 1] ?? 0);
  if (family === 4) return formatIPv4(word(0) * 65536 + word(2));
  const words: number[] = [];
  for (let index = 0; index < IPV6_WORDS; index++) words.push(word(index * 2));
  return canonicalIPv6(words);
}

/** Text from outside, cut to a length fit for a message and with control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
