/**
 * Query strings read in one pass, without `URLSearchParams`: that decodes to UTF-8, while an info-hash is bytes. Byte
 * strings are held as strings with one character per byte (U+0000 to U+00FF), which are cheap as keys of a Map.
 */
const PERCENT = 0x25;

/** The value of a hexadecimal digit's character code; -1 for others. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Decodes the percent escapes of `text` from `start` to `end` to a byte string. `+` stays a plus. Undefined where an escape
 * is broken or a character is no byte.
 */
export function decodeComponent(text: string, start: number, end: number): string | undefined {
  let decoded = '';
  let plain = start;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0xff) return undefined;
    if (code !== PERCENT) continue;
    if (at + 2 >= end) return undefined;
    const high = hexValue(text.charCodeAt(at + 1));
    const low = hexValue(text.charCodeAt(at + 2));
    if (high < 0 || low < 0) return undefined;
    if (plain < at) decoded += text.slice(plain, at);
    decoded += String.fromCharCode(high * 16 + low);
    at += 2;
    plain = at + 1;
  }
  if (plain === start) return text.slice(start, end);
  return plain < end ? decoded + text.slice(plain, end) : decoded;
}

/** The bytes of a byte string. */
export function byteString(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/**
 * Calls `found` for each parameter of the query that begins at `start`, with its still escaped value's bounds, until it
 * returns false. Parameters without `=` have an empty value; empty ones are skipped. Keys are given as written.
 */
export function forEachParameter(
  url: string,
  start: number,
  found: (key: string, valueStart: number, valueEnd: number) => boolean,
): void {
  const { length } = url;
  let at = start;
  let equals = at - 1;
  while (at < length) {
    let end = url.indexOf('&', at);
    if (end === -1) end = length;
    if (end > at) {
      // Looked for again only once it has been passed, so that a query without any costs linear time.
      if (equals < at) equals = url.indexOf('=', at);
      if (equals === -1) equals = length;
      const keyEnd = Math.min(equals, end);
      if (!found(url.slice(at, keyEnd), Math.min(keyEnd + 1, end), end)) return;
    }
    at = end + 1;
  }
}
