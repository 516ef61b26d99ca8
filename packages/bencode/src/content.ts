/** Reading single tokens of a scanned source. */

export const BYTE_COLON = 0x3a;
export const BYTE_DICTIONARY = 0x64;
export const BYTE_END = 0x65;
export const BYTE_INTEGER = 0x69;
export const BYTE_LIST = 0x6c;
export const BYTE_MINUS = 0x2d;
export const BYTE_0 = 0x30;
export const BYTE_9 = 0x39;

/** Integers of up to this many digits stay exact when summed up as a double. */
const MAX_EXACT_DIGITS = 15;

/** Where the content of the byte string that starts at `offset` begins. */
export function contentStart(bytes: Uint8Array, offset: number): number {
  let at = offset + 1;
  while (at < bytes.length && bytes[at] !== BYTE_COLON) at++;
  return at + 1;
}

/** One character per byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** The integer that stands, with its `i` and `e`, from `start` to `end`. */
export function readInteger(bytes: Uint8Array, start: number, end: number): number | bigint {
  let at = start + 1;
  const last = end - 1;
  const negative = bytes[at] === BYTE_MINUS;
  if (negative) at++;
  if (last - at > MAX_EXACT_DIGITS) {
    const value = BigInt(latin1(bytes, start + 1, last));
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : value;
  }
  let value = 0;
  for (; at < last; at++) value = value * 10 + ((bytes[at] ?? BYTE_0) - BYTE_0);
  return negative && value !== 0 ? -value : value;
}

/** The token behind the value that starts at `token`. */
export function skip(bytes: Uint8Array, words: Uint32Array, token: number): number {
  const byte = bytes[words[2 * token] ?? 0];
  const isContainer = byte === BYTE_LIST || byte === BYTE_DICTIONARY;
  return isContainer ? (words[2 * token + 1] ?? 0) + 1 : token + 1;
}
