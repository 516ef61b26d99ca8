import { encode } from '../../../packages/bencode/src/index.ts';
import type { BencodeInput } from '../../../packages/bencode/src/index.ts';
import { hashBlocks, rootOfLayer, treeGeometry } from '../../../packages/metainfo/src/index.ts';
import type { Choices } from './engine/choices.ts';

/** Names that file systems or parsers take for something else. */
export const ODD_NAMES = [
  '..',
  '.',
  '',
  '/',
  '\\',
  'a/b',
  'C:',
  'c:\\x',
  'CON',
  'con.txt',
  'COM1',
  'lpt9 .a',
  'a.',
  'a ',
  '. .',
  '\0',
  '\u001b[31m',
  '\u202egpj.exe',
  '\u00e9',
  'e\u0301',
  '\ud800',
  'ß',
  'SS',
  'ss',
  'ı',
  'İ',
  'i\u0307',
  '\uff0f',
  'ſ',
  's',
  'ﬀ',
  'FF',
  'Å',
  '\u212b',
  'a'.repeat(255),
  'a'.repeat(256),
  'é'.repeat(130),
  `${'b'.repeat(250)}.torrent`,
  '.pad',
  '__proto__',
  'constructor',
  'a.1',
  'a.1.txt',
  'a.txt',
] as const;

/** One component of a path: odd, or of few letters, so that names meet. */
export function nameOf(choices: Choices): string {
  switch (choices.below(4)) {
    case 0:
      return choices.pick(ODD_NAMES);
    case 1:
      return choices.text(6);
    default:
      return choices.word('aAbB.1 é', 3) || 'a';
  }
}

/** A v1 torrent of several files, valid but for their names and attributes. */
export function listTorrent(choices: Choices): Uint8Array {
  let total = 0;
  const files = choices.list(12, () => {
    const length = choices.below(40_000);
    total += length;
    const path = choices.list(4, () => nameOf(choices));
    return {
      length,
      path: path.length === 0 ? ['x'] : path,
      'path.utf-8': choices.oneIn(8) ? choices.list(3, () => nameOf(choices)) : undefined,
      attr: choices.oneIn(3) ? choices.word('lpxhz', 3) : undefined,
      'symlink path': choices.oneIn(3) ? choices.list(3, () => nameOf(choices)) : undefined,
    };
  });
  // The attribute of a link makes its length 0, so the number of pieces is that of the others.
  const links = files.filter(({ attr }) => attr?.includes('l') === true && !attr.includes('p'));
  for (const { length } of links) total -= length;
  return encode({
    info: {
      files,
      name: nameOf(choices),
      'piece length': 16_384,
      pieces: new Uint8Array(20 * Math.ceil(total / 16_384)),
      ...(choices.oneIn(4) ? { private: choices.integer() } : {}),
    },
  });
}

const PIECE_LENGTH = 16_384;

/** A v2 torrent of a file tree, valid but for names and attributes; its contents are zeros. */
export function treeTorrent(choices: Choices): Uint8Array {
  const layers = new Map<string, BencodeInput>();
  const folder = (depth: number): Map<string, BencodeInput> => {
    const entries = new Map<string, BencodeInput>();
    for (let left = 1 + choices.below(4); left > 0; left--) {
      const key = Buffer.from(nameOf(choices)).toString('latin1');
      if (key === '') continue;
      const isFolder = depth < 4 && choices.oneIn(3);
      entries.set(key, isFolder ? folder(depth + 1) : new Map([['', file()]]));
    }
    return entries;
  };
  const file = (): BencodeInput => {
    const length = choices.below(5) * 10_000;
    const attr = choices.oneIn(4) ? choices.word('lxhpz', 3) : undefined;
    const link = choices.oneIn(4) ? choices.list(3, () => nameOf(choices)) : undefined;
    if (length === 0) return { attr, length, 'symlink path': link };
    const { pieceLayer, height, pieceCount } = treeGeometry(length, PIECE_LENGTH);
    const layer = new Uint8Array(32 * pieceCount);
    const data = new Uint8Array(length);
    for (let piece = 0; piece < pieceCount; piece++) {
      const bytes = data.subarray(piece * PIECE_LENGTH, (piece + 1) * PIECE_LENGTH);
      layer.set(rootOfLayer(hashBlocks(bytes), 0, pieceLayer), 32 * piece);
    }
    const root = rootOfLayer(layer, pieceLayer, height);
    if (pieceCount > 1) layers.set(Buffer.from(root).toString('latin1'), layer);
    return { attr, length, 'pieces root': root, 'symlink path': link };
  };
  const tree = folder(0);
  return encode({
    info: {
      'file tree': tree,
      'meta version': 2,
      name: nameOf(choices),
      'piece length': PIECE_LENGTH,
    },
    'piece layers': layers,
  });
}
