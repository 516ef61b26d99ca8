import type { BencodeInput } from '@shoal/bencode';
import type { MetainfoErrorCode } from '../src/index.ts';
import type { TorrentParts } from './v2-builder.ts';
import { buildV2 } from './v2-builder.ts';
import { PIECE, codeOf, file } from './v2-support.ts';

describe('hybrids whose halves differ', () => {
  const files = [file('a', PIECE + 1), file('b', 0), file('c', 7)];
  type Entry = Record<string, BencodeInput | undefined>;
  const changed = (
    change: (list: Entry[], parts: TorrentParts) => void,
  ): MetainfoErrorCode | undefined =>
    codeOf(
      buildV2(files, {
        hybrid: 'tail padding',
        change: (parts) => {
          const list = parts.info['files'] as Entry[];
          change(list, parts);
          const total = list.reduce((sum, { length }) => sum + Number(length), 0);
          parts.info['pieces'] = new Uint8Array(20 * Math.ceil(total / PIECE));
        },
      }),
    );
  const MISMATCH = 'ERR_METAINFO_HYBRID_MISMATCH';

  it.each<[string, MetainfoErrorCode | undefined, (list: Entry[]) => void]>([
    ['nothing', undefined, () => undefined],
    [
      'a whole piece of padding more',
      MISMATCH,
      (list) => list.splice(1, 0, { attr: 'p', length: PIECE, path: ['p'] }),
    ],
    [
      'padding before the first file',
      MISMATCH,
      (list) => list.unshift({ attr: 'p', length: PIECE, path: ['p'] }),
    ],
    ['a part of the padding at the end', MISMATCH, (list) => (list[4]!['length'] = 5)],
    [
      'a piece of padding at the end',
      MISMATCH,
      (list) => list.push({ attr: 'p', length: PIECE, path: ['p'] }),
    ],
    [
      'padding in two parts',
      undefined,
      (list) =>
        list.splice(
          1,
          1,
          { attr: 'p', length: 1, path: ['p'] },
          { attr: 'p', length: PIECE - 2, path: ['q'] },
        ),
    ],
    ['padding with other names', undefined, (list) => (list[1]!['path'] = ['padding', '1'])],
    ['an empty file at another place', MISMATCH, (list) => list.push(...list.splice(2, 1))],
    ['an empty file missing', MISMATCH, (list) => list.splice(2, 1)],
    ['another UTF-8 path', MISMATCH, (list) => (list[0]!['path.utf-8'] = ['z'])],
    [
      'the same UTF-8 path beside another one',
      undefined,
      (list) => {
        list[0]!['path.utf-8'] = ['a'];
        list[0]!['path'] = ['?'];
      },
    ],
    ['an empty UTF-8 path', undefined, (list) => (list[0]!['path.utf-8'] = [])],
  ])('%s', (_, code, change) => {
    expect(changed((list) => change(list))).toBe(code);
  });

  it('compares a single file with the name', () => {
    const single = (name: string): Uint8Array =>
      buildV2([file('a', 5)], {
        hybrid: 'no tail padding',
        change: ({ info }) => (info['name'] = name),
      });
    expect(codeOf(single('a'))).toBeUndefined();
    expect(codeOf(single('b'))).toBe(MISMATCH);
  });
});
