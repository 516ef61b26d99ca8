import { isUtf8 } from 'node:buffer';

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

interface Decoded {
  readonly bytes: Uint8Array;
  /** Whether every `%` is followed by two hexadecimal digits. */
  readonly valid: boolean;
}

/** Undo percent-encoding; an escape that is none stays as it is. Linear. */
function decodeBytes(text: string, plusIsSpace: boolean): Decoded {
  const bytes = Buffer.from(text, 'utf8');
  let valid = true;
  let to = 0;
  for (let from = 0; from < bytes.length; from++, to++) {
    let byte = bytes[from] ?? 0;
    if (byte === PERCENT) {
      const high = hexDigit(bytes[from + 1]);
      const low = hexDigit(bytes[from + 2]);
      if (high < 0 || low < 0) valid = false;
      else {
        byte = high * 16 + low;
        from += 2;
      }
    } else if (byte === PLUS && plusIsSpace) byte = SPACE;
    bytes[to] = byte;
  }
  return { bytes: bytes.subarray(0, to), valid };
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** The text of a value, or undefined where it is badly escaped or not UTF-8. */
export function decodeStrict(text: string): string | undefined {
  const { bytes, valid } = decodeBytes(text, false);
  return valid && isUtf8(bytes)
    ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    : undefined;
}

/** The text of a value for display: `+` is a space, and what cannot be read becomes U+FFFD. */
export function decodeLossy(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(decodeBytes(text, true).bytes);
}

/** Escape everything but letters, digits and `-_.~`, so that the link survives shells, HTML and chat programs. */
export function encodePercent(text: string): string {
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
  return encodeURIComponent(wellFormed).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
