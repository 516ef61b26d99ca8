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

/** Read `attr`; a value of another type counts as none. */
export function readLetters(node: BencodeNode | undefined): AttributeLetters {
  if (node?.type !== 'bytes') return NO_LETTERS;
  const letters = node.asBytes().subarray(0, MAX_LETTERS);
  return {
    padding: letters.includes(LETTER_PADDING),
    executable: letters.includes(LETTER_EXECUTABLE),
    hidden: letters.includes(LETTER_HIDDEN),
    symlink: letters.includes(LETTER_LINK),
  };
}

/** One object for each combination, shared by all files: most torrents have a hundred thousand times the same. */
const SHARED: readonly FileAttributes[] = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze({
    padding: (bits & 1) !== 0,
    executable: (bits & 2) !== 0,
    hidden: (bits & 4) !== 0,
    symlink: undefined,
  }),
);

/** The attributes of a file that is no symlink. */
export function plainAttributes(letters: AttributeLetters): FileAttributes {
  const bits = (letters.padding ? 1 : 0) | (letters.executable ? 2 : 0) | (letters.hidden ? 4 : 0);
  return SHARED[bits] ?? { ...letters, symlink: undefined };
}
