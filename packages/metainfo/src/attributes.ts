import type { BencodeNode } from '@shoal/bencode';
import type { FileAttributes } from './types.ts';

/** What the letters of `attr` (BEP 47) say; unknown letters are ignored. */
export interface AttributeLetters {
  readonly padding: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  readonly symlink: boolean;
}

const LETTER_HIDDEN = 0x68;
const LETTER_LINK = 0x6c;
const LETTER_PADDING = 0x70;
const LETTER_EXECUTABLE = 0x78;

/** Letters looked at; there are four, and a torrent may not make us read more. */
const MAX_LETTERS = 32;

const NO_LETTERS: AttributeLetters = {
  padding: false,
  executable: false,
  hidden: false,
  symlink: false,
};

/** Letters as bits; unknown ones have none. */
export const PADDING_BIT = 1;
export const EXECUTABLE_BIT = 2;
export const HIDDEN_BIT = 4;
export const LINK_BIT = 8;

/** Read `attr`; a value of another type counts as none. */
export function readLetters(node: BencodeNode | undefined): AttributeLetters {
  if (node?.type !== 'bytes') return NO_LETTERS;
  const letters = node.asBytes();
  const bits = letterBits(letters, 0, letters.length);
  return {
    padding: (bits & PADDING_BIT) !== 0,
    executable: (bits & EXECUTABLE_BIT) !== 0,
    hidden: (bits & HIDDEN_BIT) !== 0,
    symlink: (bits & LINK_BIT) !== 0,
  };
}

/** The letters that stand from `start` to `end`, as bits. */
export function letterBits(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + MAX_LETTERS);
  let bits = 0;
  for (let at = start; at < last; at++) {
    const letter = bytes[at];
    if (letter === LETTER_PADDING) bits |= PADDING_BIT;
    else if (letter === LETTER_EXECUTABLE) bits |= EXECUTABLE_BIT;
    else if (letter === LETTER_HIDDEN) bits |= HIDDEN_BIT;
    else if (letter === LETTER_LINK) bits |= LINK_BIT;
  }
  return bits;
}

/** One object for each combination, shared by all files: most torrents have a hundred thousand times the same. */
const SHARED: readonly FileAttributes[] = Array.from({ length: LINK_BIT }, (_, bits) =>
  Object.freeze({
    padding: (bits & PADDING_BIT) !== 0,
    executable: (bits & EXECUTABLE_BIT) !== 0,
    hidden: (bits & HIDDEN_BIT) !== 0,
    symlink: undefined,
  }),
);

/** The attributes of a file that is no symlink. */
export function plainAttributes(letters: AttributeLetters): FileAttributes {
  return attributesOf(attributeBits(letters));
}

/** Attributes as bits; a symlink's target has none. */
export function attributeBits({
  padding,
  executable,
  hidden,
}: Omit<FileAttributes, 'symlink'>): number {
  return (
    (padding ? PADDING_BIT : 0) | (executable ? EXECUTABLE_BIT : 0) | (hidden ? HIDDEN_BIT : 0)
  );
}

/** The attributes of a file that is no symlink, from their bits. */
export function attributesOf(bits: number): FileAttributes {
  const shared = SHARED[bits & (LINK_BIT - 1)];
  if (shared === undefined) throw new RangeError(`no attributes have the bits ${bits}`);
  return shared;
}
