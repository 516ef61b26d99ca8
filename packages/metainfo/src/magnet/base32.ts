const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS_PER_DIGIT = 5;

/** Decode base32 (RFC 4648) without padding, in either case; undefined where a character is no digit. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * BITS_PER_DIGIT) / 8));
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (const character of text.toUpperCase()) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    buffer = ((buffer << BITS_PER_DIGIT) | digit) & 0xfff;
    bits += BITS_PER_DIGIT;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (buffer >>> bits) & 0xff;
    }
  }
  return bytes;
}
