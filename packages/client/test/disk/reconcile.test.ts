import { reconcile } from '../../src/disk/reconcile.ts';
import { type FileState, FileStates } from '../../src/disk/file-states.ts';
import { makeTorrent } from './fixture.ts';

// Pieces of 10 bytes: a 0–2, b 2–3, c 3–5, padding in 5, d 6.
const { info } = makeTorrent(
  [
    { path: 't/a', length: 25 },
    { path: 't/b', length: 8 },
    { path: 't/empty', length: 0 },
    { path: 't/c', length: 22 },
    { path: 't/pad', length: 5, padding: true },
    { path: 't/d', length: 10 },
  ],
  10,
);
const states: FileState[] = info.files.map(({ length, attributes }, index) =>
  attributes.padding ? { size: -1, mtime: 0 } : { size: length, mtime: 1000.5 + index },
);

function run(claimed: number[], now: FileState[], before = states, keptAside: number[] = []) {
  const pieces = new Uint8Array(1);
  for (const piece of claimed) pieces[0]! |= 0x80 >> piece;
  const resume = {
    infoHash: info.infoHash!,
    directory: '/',
    pieceCount: info.pieceCount,
    pieces,
    files: FileStates.of(before),
    priorities: new Uint8Array(6).fill(1),
    uploaded: 0,
    downloaded: 0,
  };
  const { trusted, recheck } = reconcile(resume, FileStates.of(now), info, (piece) =>
    keptAside.includes(piece),
  );
  return {
    trusted: [0, 1, 2, 3, 4, 5, 6].filter((piece) => (trusted[0]! & (0x80 >> piece)) !== 0),
    recheck,
  };
}

const changed = (index: number, state: Partial<FileState>) =>
  states.map((each, at) => (at === index ? { ...each, ...state } : each));

describe('reconcile', () => {
  it('trusts what is claimed while all files agree', () => {
    expect(run([0, 3, 6], states)).toEqual({ trusted: [0, 3, 6], recheck: [] });
  });

  it('has every piece of a file hashed that has another size, claimed or not', () => {
    expect(run([0, 3, 6], changed(1, { size: 9 }))).toEqual({ trusted: [0, 6], recheck: [2, 3] });
  });

  it('has every piece of a file hashed that has another mtime', () => {
    expect(run([0, 1, 2, 3, 4, 5, 6], changed(3, { mtime: 1003.25 }))).toEqual({
      trusted: [0, 1, 2, 6],
      recheck: [3, 4, 5],
    });
  });

  it('does the same for a file that is gone, or that has come', () => {
    expect(run([6], changed(5, { size: -1, mtime: 0 }))).toEqual({ trusted: [], recheck: [6] });
    expect(run([0], states, changed(5, { size: -1, mtime: 0 }))).toEqual({
      trusted: [0],
      recheck: [6],
    });
  });

  it('does not mind empty files and padding', () => {
    const now = changed(2, { size: -1, mtime: 3 });
    now[4] = { size: 77, mtime: 1 };
    expect(run([2, 5], now)).toEqual({ trusted: [2, 5], recheck: [] });
  });

  it('does not believe that a piece is in a file that never was there, unless it is kept aside', () => {
    const missing = changed(1, { size: -1, mtime: 0 });
    expect(run([0, 2, 3, 4], missing, missing)).toEqual({ trusted: [0, 4], recheck: [2, 3] });
    expect(run([0, 2, 3, 4], missing, missing, [3])).toEqual({ trusted: [0, 3, 4], recheck: [2] });
  });

  it('does not believe that a piece is beyond the end of its file', () => {
    const short = changed(0, { size: 20 });
    expect(run([0, 1, 2], short, short)).toEqual({ trusted: [0, 1], recheck: [2] });
    const shorter = changed(0, { size: 19 });
    expect(run([0, 1], shorter, shorter)).toEqual({ trusted: [0], recheck: [1] });
  });

  it('doubts everything where the states are not known', () => {
    expect(run([0, 1], [])).toEqual({ trusted: [], recheck: [0, 1, 2, 3, 4, 5, 6] });
  });
});
