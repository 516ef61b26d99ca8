import { addressToBytes, IPV4_BYTES, isIPv6Address } from '../address.ts';

/** Addresses as 32-bit words, the highest first: one of IPv4, four of IPv6. */
export type AddressWords = readonly number[];

/** Addresses of one family, both ends included, `start` ≤ `end`. */
export interface AddressRange {
  readonly start: AddressWords;
  readonly end: AddressWords;
}

/** What a line of an IP filter says: a range to block, nothing (`blank`), a range that is allowed; or why it cannot be read. */
export type FilterLine =
  | { readonly kind: 'blocked'; readonly range: AddressRange }
  | { readonly kind: 'blank' | 'allowed' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Characters of a line; names in lists have up to a few hundred. */
const MAX_LINE_LENGTH = 4096;
/** The highest access level of a .dat list that is blocked; ranges beyond are there to say that they are trusted. */
const MAX_BLOCKED_LEVEL = 127;

const BLANK: FilterLine = { kind: 'blank' };
const ALLOWED: FilterLine = { kind: 'allowed' };

/** `1.2.3.4`, `1.2.3.0/24`, `1.2.3.4-1.2.3.9`, and those with ` , level , name` (.dat). */
const PLAIN =
  /^([0-9a-f.:]+)\s*(?:-\s*([0-9a-f.:]+)|\/\s*(\d{1,3}))?\s*(?:,\s*(\d{1,9})\s*(?:,.*)?)?$/i;
/** `name:1.2.3.4-1.2.3.9` (PeerGuardian); names may hold colons and hyphens. */
const NAMED = /^(.*):\s*([0-9.]+)\s*-\s*([0-9.]+)$/;

/** Reads one line of a list in any of the formats, without its line break. Total. */
export function parseFilterLine(line: string): FilterLine {
  if (line.length > MAX_LINE_LENGTH) return malformed('it is too long');
  const text = line.trim();
  if (text === '' || /^(?:#|;|\/\/)/.test(text)) return BLANK;
  const plain = PLAIN.exec(text);
  if (plain !== null) {
    const [, from = '', to, prefix, level] = plain;
    const start = wordsOf(from);
    const end = to === undefined ? start : wordsOf(to);
    if (start !== undefined && end !== undefined && start.length === end.length) {
      if (level !== undefined && Number(level) > MAX_BLOCKED_LEVEL) return ALLOWED;
      return prefix === undefined ? rangeOf(start, end) : networkOf(start, Number(prefix));
    }
  }
  const named = NAMED.exec(text);
  if (named !== null) return rangeOf(wordsOf(named[2] ?? ''), wordsOf(named[3] ?? ''));
  return parseNamed6(text);
}

/** The same of IPv6: which of the colons ends the name is to be found out. */
function parseNamed6(text: string): FilterLine {
  // A name may hold hyphens, an address none.
  const at = text.lastIndexOf('-');
  const end = at < 0 ? undefined : wordsOf(text.slice(at + 1).trim());
  if (end?.length !== 4) return malformed('it holds no range of addresses');
  const before = text.slice(0, at).trim();
  // The name ends at the first colon after which there is an address: only so is it found whole.
  for (
    let colon = before.indexOf(':', Math.max(0, before.length - MAX_IPV6_TEXT - 1));
    colon >= 0;
    colon = before.indexOf(':', colon + 1)
  ) {
    const rest = before.slice(colon + 1).trim();
    if (isIPv6Address(rest)) return rangeOf(wordsOf(rest), end);
  }
  return malformed('it holds no range of addresses');
}

/** Characters of an IPv6 address in its longest spelling. */
const MAX_IPV6_TEXT = 45;

function rangeOf(start: AddressWords | undefined, end: AddressWords | undefined): FilterLine {
  if (start === undefined || end === undefined) return malformed('an address cannot be read');
  if (start.length !== end.length) return malformed('its ends are of different families');
  for (const [index, word] of start.entries()) {
    const other = end[index] ?? 0;
    if (word < other) break;
    if (word > other) return malformed('the range ends before it begins');
  }
  return { kind: 'blocked', range: { start, end } };
}

function networkOf(address: AddressWords, prefix: number): FilterLine {
  if (prefix > address.length * 32) return malformed('the length of the prefix is too large');
  const start: number[] = [];
  const end: number[] = [];
  for (const [index, word] of address.entries()) {
    const bits = Math.min(32, Math.max(0, prefix - index * 32));
    const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
    start.push((word & mask) >>> 0);
    end.push((word | ~mask) >>> 0);
  }
  return { kind: 'blocked', range: { start, end } };
}

/** An address as words; numbers of IPv4 may have leading zeros, as .dat lists have them: they are decimal all the same. */
function wordsOf(text: string): AddressWords | undefined {
  if (!text.includes(':')) {
    const value = quadOf(text);
    return value < 0 ? undefined : [value];
  }
  if (!isIPv6Address(text)) return undefined;
  return addressWords(text);
}

/** The words of an IP literal; those of the IPv4 address where it is an IPv4-mapped one. Throws where it is none. */
export function addressWords(address: string): AddressWords {
  const bytes = addressToBytes(address);
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += IPV4_BYTES) {
    const word =
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0);
    words.push(word >>> 0);
  }
  return words;
}

/** A dotted quad as a number, or -1. */
function quadOf(text: string): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let octets = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : DOT;
    if (code === DOT) {
      if (digits === 0 || octet > 255) return -1;
      value = value * 256 + octet;
      octets += 1;
      octet = digits = 0;
    } else {
      if (code < ZERO || code > NINE || digits === 3) return -1;
      octet = octet * 10 + code - ZERO;
      digits += 1;
    }
  }
  return octets === 4 ? value : -1;
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;

function malformed(reason: string): FilterLine {
  return { kind: 'malformed', reason };
}
