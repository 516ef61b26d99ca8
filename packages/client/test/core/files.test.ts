import fc from 'fast-check';
import { FileLayout } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import { piecePriorities, type Priority } from '../../src/file-priorities.ts';
import { FileProgress } from '../../src/file-progress.ts';
import { FileSelection } from '../../src/file-selection.ts';
import { type FileSpec, makeTorrent, type TestTorrent } from '../disk/fixture.ts';

/** Pieces of 100 bytes: a.bin 0–1, padding 1, empty, b.bin 2–3, c.bin 3–4. */
const FILES: readonly FileSpec[] = [
  { path: 't/a.bin', length: 150 },
  { path: 't/.pad/50', length: 50, padding: true },
  { path: 't/empty', length: 0 },
  { path: 't/b.bin', length: 130 },
  { path: 't/c.bin', length: 90 },
];
const torrent = makeTorrent(FILES, 100);
const layout = new FileLayout(torrent.info);
const pieces = (...indices: number[]): Bitfield => {
  const field = new Bitfield(torrent.info.pieceCount);
  for (const index of indices) field.set(index);
  return field;
};

describe('piecePriorities', () => {
  it.each<[string, Priority[], number[]]>([
    ['all files alike', [4, 4, 4, 4, 4], [4, 4, 4, 4, 4]],
    ['the highest of the files that share a piece', [1, 0, 0, 2, 7], [1, 1, 2, 7, 7]],
    ['nothing for padding', [0, 7, 0, 4, 4], [0, 0, 4, 4, 4]],
    ['nothing for an empty file', [0, 0, 7, 0, 0], [0, 0, 0, 0, 0]],
    ['only the pieces of one file', [0, 0, 0, 0, 4], [0, 0, 0, 4, 4]],
    ['nothing for files nobody spoke of', [], [0, 0, 0, 0, 0]],
  ])('gives %s', (_, ofFile, expected) => {
    expect([...piecePriorities(torrent.info, Uint8Array.from(ofFile))]).toEqual(expected);
  });
});

describe('FileSelection', () => {
  it('refuses a priority there is not', () => {
    const selection = new FileSelection(torrent.info, () => layout, pieces());
    for (const priority of [-1, 8, 1.5, NaN])
      expect(() => selection.setPriority(0, priority as Priority)).toThrow('from 0 to 7');
    expect(selection.priorityOf(0)).toBe(4);
  });
});

const among =
  (wanted: readonly boolean[]) =>
  (file: number): boolean =>
    wanted[file] === true;

describe('FileProgress', () => {
  it('counts wanted payload, not padding', () => {
    const progress = new FileProgress(
      torrent.info,
      () => layout,
      pieces(),
      () => true,
    );
    expect(progress).toMatchObject({ totalBytes: 370, completedBytes: 0 });
    progress.add(1);
    expect(progress.completedBytes).toBe(50);
    expect([0, 1, 2, 3, 4].map((file) => progress.of(file))).toEqual([50, 50, 0, 0, 0]);
    progress.add(3);
    expect(progress.completedBytes).toBe(150);
    expect([3, 4].map((file) => progress.of(file))).toEqual([30, 70]);
  });

  it('counts the bytes that pieces of wanted files hold of unwanted ones for the latter alone', () => {
    const wanted = [false, true, true, true, false];
    const progress = new FileProgress(torrent.info, () => layout, pieces(2, 3), among(wanted));
    expect(progress).toMatchObject({ totalBytes: 130, completedBytes: 130 });
    expect(progress.of(4)).toBe(70);
    progress.setWanted(among([false, true, true, true, true]));
    expect(progress).toMatchObject({ totalBytes: 220, completedBytes: 200 });
  });

  it('knows nothing of a file that does not exist', () => {
    expect(new FileProgress(torrent.info, () => layout, pieces(0), among([])).of(99)).toBe(0);
  });

  it('agrees with a naive sum, however pieces come and wishes change', () => {
    const file = fc.record({
      length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 90 })),
      padding: fc.boolean(),
      wanted: fc.boolean(),
      wantedLater: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(file, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 64 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 2 })),
        (files, pieceLength, fate) => {
          const some = makeTorrent(
            files.map(({ length, padding }, index) => ({ path: `t/${index}`, length, padding })),
            pieceLength,
          );
          // 0: never comes, 1: is there from the beginning, 2: comes later.
          const fates = Array.from(
            { length: some.info.pieceCount },
            () => fate.next().value as number,
          );
          const have = new Bitfield(some.info.pieceCount);
          fates.forEach((each, piece) => {
            if (each === 1) have.set(piece);
          });
          const itsLayout = new FileLayout(some.info);
          const wanted = files.map((each) => each.wanted);
          const progress = new FileProgress(some.info, () => itsLayout, have, among(wanted));
          expectNaive(progress, some, pieceLength, wanted, (piece) => fates[piece] === 1);
          fates.forEach((each, piece) => {
            if (each === 2) progress.add(piece);
          });
          expectNaive(progress, some, pieceLength, wanted, (piece) => fates[piece] !== 0);
          const later = files.map((each) => each.wantedLater);
          progress.setWanted(among(later));
          expectNaive(progress, some, pieceLength, later, (piece) => fates[piece] !== 0);
        },
      ),
    );
  });
});

/** Goes through every byte of every file. */
function expectNaive(
  progress: FileProgress,
  { info }: TestTorrent,
  pieceLength: number,
  wanted: readonly boolean[],
  has: (piece: number) => boolean,
): void {
  let total = 0;
  let completed = 0;
  for (const { index, offset, length, attributes } of info.files) {
    let done = 0;
    for (let at = offset; at < offset + length; at += 1) {
      if (has(Math.floor(at / pieceLength))) done += 1;
    }
    expect(progress.of(index)).toBe(done);
    if (attributes.padding || wanted[index] !== true) continue;
    total += length;
    completed += done;
  }
  expect([progress.totalBytes, progress.completedBytes]).toEqual([total, completed]);
}

describe('FileSelection', () => {
  const select = (chosen?: readonly number[], have = pieces()): FileSelection =>
    new FileSelection(torrent.info, () => layout, have, chosen);
  const applied = (selection: FileSelection): number[] => {
    const set: number[] = [];
    selection.apply({ setPriority: (piece, priority) => (set[piece] = priority) });
    return set;
  };

  it('wants every file at normal priority unless some are chosen', () => {
    expect([...select().priorities]).toEqual([4, 4, 4, 4, 4]);
    expect(select([3]).wanted()).toEqual([false, false, false, true, false]);
    expect(select([]).progress.totalBytes).toBe(0);
    expect(applied(select([3]))).toEqual([0, 0, 4, 4, 0]);
  });

  it('keeps the priorities of files that stay wanted', () => {
    const selection = select([0, 3]);
    selection.setPriority(3, 7);
    selection.select([3, 4]);
    expect([...selection.priorities]).toEqual([0, 0, 0, 7, 4]);
    expect(selection.progress.totalBytes).toBe(220);
    expect(applied(selection)).toEqual([0, 0, 7, 7, 4]);
  });

  it('ignores files that do not exist', () => {
    const selection = select([3, 99, -1]);
    selection.setPriority(99, 4);
    selection.setPriority(-1, 4);
    expect([...selection.priorities]).toEqual([0, 0, 0, 4, 0]);
    expect(selection.priorityOf(99)).toBe(0);
  });

  it('measures what is there anew', () => {
    const selection = select([0], pieces());
    selection.measure(pieces(0));
    expect(selection.progress).toMatchObject({ totalBytes: 150, completedBytes: 100 });
    selection.setPriority(0, 0);
    expect(selection.progress).toMatchObject({ totalBytes: 0, completedBytes: 0 });
    selection.setPriority(0, 1);
    selection.setPriority(0, 7);
    expect(selection.progress).toMatchObject({ totalBytes: 150, completedBytes: 100 });
  });
});
