import { FileStates } from '../../src/disk/file-states.ts';
import { filesGone } from '../../src/disk/gone-files.ts';
import { makeTorrent } from './fixture.ts';

// Pieces of 10 bytes: a 0–2, b 2–4, c 5.
const { info } = makeTorrent(
  [
    { path: 't/a', length: 25 },
    { path: 't/empty', length: 0 },
    { path: 't/b', length: 20 },
    { path: 't/pad', length: 5, padding: true },
    { path: 't/c', length: 10 },
  ],
  10,
);
const sizes = (...all: number[]): FileStates =>
  FileStates.of(all.map((size) => ({ size, mtime: size < 0 ? 0 : 1 })));
const bits = (...pieces: number[]): Uint8Array => {
  let byte = 0;
  for (const piece of pieces) byte |= 0x80 >> piece;
  return Uint8Array.of(byte);
};
const gone = (pieces: Uint8Array, states: FileStates, before?: FileStates): boolean =>
  filesGone({
    info,
    directory: '/drive',
    pieces,
    states,
    ...(before === undefined ? {} : { before }),
  }) !== undefined;

describe('filesGone', () => {
  it('says so where nothing is left of what was there', () => {
    expect(gone(bits(0, 1), sizes(-1, -1, -1, -1, -1))).toBe(true);
    expect(gone(bits(5), sizes(-1, 0, -1, -1, -1))).toBe(true);
    // Files of which nothing was there do not count, whether they are there or not.
    expect(gone(bits(0), sizes(-1, 0, 20, -1, 10))).toBe(true);
  });

  it('does not where a file is left, however short', () => {
    expect(gone(bits(0, 3), sizes(-1, -1, 0, -1, -1))).toBe(false);
    expect(gone(bits(2), sizes(25, -1, -1, -1, -1))).toBe(false);
  });

  it('does not where nothing was there', () => {
    expect(gone(bits(), sizes(-1, -1, -1, -1, -1))).toBe(false);
    expect(gone(bits(0), sizes(-1, 0, -1, -1, -1), sizes(-1, 0, -1, -1, -1))).toBe(false);
    expect(gone(bits(0), sizes(-1, 0, -1, -1, -1), sizes(25, 0, -1, -1, -1))).toBe(true);
  });

  it('names torrent and folder', () => {
    const error = filesGone({
      info,
      directory: '/drive',
      pieces: bits(0),
      states: sizes(-1, -1, -1, -1, -1),
    });
    expect(error).toMatchObject({ code: 'ERR_DISK_MISSING', path: '/drive' });
    expect(error?.message).toContain('"t" are gone from "/drive"');
  });
});
