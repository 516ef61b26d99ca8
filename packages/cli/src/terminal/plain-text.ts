import { stripVTControlCharacters } from 'node:util';

const CONTROL = /[\p{Cc}\u2028\u2029]/gu;
/** Characters that reorder what a terminal shows (UAX #9), so that a name could pose as another. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** What JSON itself leaves as it is. */
const CONTROL_IN_JSON = /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from a torrent, tracker or file name, fit for a terminal: one line, without escapes and control characters. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '').replace(BIDI, '');
}

/** One line of JSON in which nothing controls a terminal or reorders what it shows. */
export function jsonLine(value: unknown): string {
  const escape = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(CONTROL_IN_JSON, escape)}\n`;
}
