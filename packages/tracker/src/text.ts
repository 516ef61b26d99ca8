/** Characters of a tracker's message that are kept; longer ones serve no reader. */
export const MAX_TEXT_LENGTH = 500;

/**
 * What could move a terminal's cursor, change its colours or reorder what is read: C0 and C1 controls (Cc), bidirectional
 * marks, zero-width characters and the byte order mark (Cf), lone surrogates (Cs), line and paragraph separators (Zl, Zp).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from outside fit for a terminal or a log: control, bidirectional and invisible characters become spaces,
 * runs of spaces become one, and at most `maxLength` characters are kept. It does not escape HTML: whoever writes HTML must.
 */
export function sanitizeText(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  // Cut first, generously, so that the cost does not depend on how much a tracker sends.
  const cut = text.length > maxLength * 4 ? text.slice(0, maxLength * 4) : text;
  const clean = cut.replace(UNSAFE, ' ').replace(/\s+/gu, ' ').trim();
  const characters = Array.from(clean);
  return characters.length <= maxLength
    ? clean
    : `${characters.slice(0, Math.max(0, maxLength - 1)).join('')}…`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

/** {@link sanitizeText} for bytes: read as UTF-8, or as Windows-1252 where they are not UTF-8. */
export function sanitizeBytes(bytes: Uint8Array, maxLength: number = MAX_TEXT_LENGTH): string {
  let end = Math.min(bytes.length, maxLength * 4);
  // Do not cut through a character: continuation bytes are 10xxxxxx.
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  const cut = bytes.subarray(0, end);
  let text: string;
  try {
    text = utf8.decode(cut);
  } catch {
    text = latin1.decode(cut);
  }
  return sanitizeText(text, maxLength);
}
