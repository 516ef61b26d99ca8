import { similarFiles } from '../../src/reuse/similar-files.ts';
import { type FileSpec, makeTorrent } from '../disk/fixture.ts';

const PIECE = 32_768;

function pairs(
  one: readonly FileSpec[],
  other: readonly FileSpec[],
  { otherSeed = 1, otherPiece = PIECE, change = (_content: Uint8Array): void => undefined } = {},
): string[] {
  const first = makeTorrent(one, PIECE, 1).info;
  const second = makeTorrent(other, otherPiece, otherSeed, change).info;
  const name = (files: readonly { path: string }[], index: number): string =>
    files[index]?.path ?? '';
  return [...similarFiles(first, second, () => true)].map(
    ([file, otherFile]) => `${name(first.files, file)} ${name(second.files, otherFile)}`,
  );
}

const LONG = 3 * PIECE + 5;

describe('files of similar torrents', () => {
  it('are the same where their pieces are, whatever their names', () => {
    const files = [{ path: 's/a', length: LONG }];
    expect(pairs(files, [{ path: 't/b', length: LONG }])).toEqual(['s/a t/b']);
  });

  it('are not the same where one of their pieces differs, though the names agree', () => {
    const files = [{ path: 's/a', length: LONG }];
    const change = (content: Uint8Array): void => content.set([1, 2, 3], 2 * PIECE);
    expect(pairs(files, files, { change })).toEqual([]);
  });

  it('are taken for the same by length and name where no piece can be compared', () => {
    const small = [
      { path: 's/a', length: 100 },
      { path: 's/b', length: 200 },
      { path: 's/c', length: 300 },
    ];
    const moved = [
      { path: 't/x/c', length: 300 },
      { path: 't/b', length: 201 },
      { path: 't/other', length: 100 },
    ];
    expect(pairs(small, moved, { otherSeed: 2 })).toEqual(['s/c t/x/c']);
    const long = [{ path: 's/a', length: LONG }];
    expect(pairs(long, long, { otherPiece: PIECE * 2 })).toEqual(['s/a s/a']);
    expect(pairs(long, [{ path: 's/b', length: LONG }], { otherPiece: PIECE * 2 })).toEqual([]);
  });

  it('leave padding and empty files out', () => {
    const files = [
      { path: 's/a', length: 0 },
      { path: 's/.pad/9', length: 9, padding: true },
      { path: 's/.pad/9', length: 9 },
    ];
    expect(pairs(files, files)).toEqual(['s/.pad/9 s/.pad/9']);
  });

  it('are compared with few others of the same length', () => {
    const others = Array.from({ length: 100 }, (_, index) => ({ path: `t/${index}`, length: 5 }));
    expect(pairs([{ path: 's/99', length: 5 }], others)).toEqual([]);
    expect(pairs([{ path: 's/7', length: 5 }], others)).toEqual(['s/7 t/7']);
  });
});
