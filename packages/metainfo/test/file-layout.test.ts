import fc from 'fast-check';
import { fileColumns, FileLayout, parseMetainfo } from '../src/index.ts';
import type { FileEntry } from './torrent-builder.ts';
import { multiFile } from './torrent-builder.ts';

function layoutOf(lengths: readonly number[]): FileLayout {
  const files = lengths.map((length, index): FileEntry => ({ path: [`f${index}`], length }));
  return new FileLayout(parseMetainfo(multiFile(files)).info);
}

describe('fileColumns', () => {
  const { info } = parseMetainfo(
    multiFile([
      { path: ['a'], length: 3 },
      { path: ['.pad', '5'], length: 5, attr: 'p' },
      { path: ['b'], length: 0 },
      { path: ['c'], length: 7, attr: 'x' },
    ]),
  );

  it('tells paths without the objects of the files, and the same with them', () => {
    const bytes = multiFile([
      { path: ['a', 'b', 'c'], length: 3 },
      { path: ['.pad', '5'], length: 5, attr: 'p' },
      ...Array.from({ length: 5000 }, (_, index) => ({ path: ['long', `${index}`], length: 1 })),
    ]);
    const { info: other } = parseMetainfo(bytes);
    const columns = fileColumns(other);
    const joined = columns.joinPaths();
    const paths = Array.from({ length: columns.size }, (_, index) => columns.pathOf(index));
    expect(paths).toEqual(other.files.map(({ path }) => path));
    expect(joined.split('\n')).toEqual(paths.map((path, index) => (index === 1 ? '' : path)));
    expect(columns.joinPaths()).toBe(joined);
  });

  it('tells the paths of a range, and attributes, with and without the objects of the files', () => {
    const bytes = multiFile([
      { path: ['a'], length: 3 },
      { path: ['.pad', '5'], length: 5, attr: 'p' },
      { path: ['b', 'c'], length: 1, attr: 'xh' },
      { path: ['d'], length: 1 },
    ]);
    const list = parseMetainfo(bytes).info;
    const columns = fileColumns(list);
    const look = () => ({
      ranges: [columns.joinPaths(1, 3), columns.joinPaths(3), columns.joinPaths(2, 2)],
      attributes: Array.from({ length: 5 }, (_, index) => columns.attributesOf(index)),
    });
    const before = look();
    expect(before.ranges).toEqual([`\n${list.name}/b/c`, `${list.name}/d`, '']);
    expect(before.attributes.slice(0, 4)).toEqual(list.files.map(({ attributes }) => attributes));
    expect(before.attributes[4]).toMatchObject({ padding: false, executable: false });
    expect(look()).toEqual(before);
  });

  it('says what the files say', () => {
    // An object with the same files that this package has not made.
    for (const columns of [fileColumns(info), fileColumns({ files: info.files })]) {
      expect(columns.size).toBe(info.files.length);
      expect([...columns.lengths]).toEqual(info.files.map(({ length }) => length));
      expect([...columns.offsets]).toEqual(info.files.map(({ offset }) => offset));
      expect(info.files.map(({ index }) => columns.isPadding(index))).toEqual(
        info.files.map(({ attributes }) => attributes.padding),
      );
      expect(columns.isPadding(4)).toBe(false);
      expect(info.files.map(({ index }) => columns.isExecutable(index))).toEqual(
        info.files.map(({ attributes }) => attributes.executable),
      );
      expect(info.files.map(({ index }) => columns.pathOf(index))).toEqual(
        info.files.map(({ path }) => path),
      );
      expect([columns.pathOf(-1), columns.pathOf(4)]).toEqual(['', '']);
      const lines = info.files.map(({ path, attributes }) => (attributes.padding ? '' : path));
      expect(columns.joinPaths()).toBe(lines.join('\n'));
    }
  });
});

describe('FileLayout', () => {
  const layout = layoutOf([0, 10, 0, 0, 16_384, 5, 0]);

  it('cuts a range at the borders of files', () => {
    expect(layout.spans(0, 16_399)).toEqual([
      { fileIndex: 1, fileOffset: 0, length: 10, at: 0 },
      { fileIndex: 4, fileOffset: 0, length: 16_384, at: 10 },
      { fileIndex: 5, fileOffset: 0, length: 5, at: 16_394 },
    ]);
    expect(layout.spans(8, 4)).toEqual([
      { fileIndex: 1, fileOffset: 8, length: 2, at: 0 },
      { fileIndex: 4, fileOffset: 0, length: 2, at: 2 },
    ]);
    expect(layout.spans(10, 1)).toEqual([{ fileIndex: 4, fileOffset: 0, length: 1, at: 0 }]);
    expect(layout.spans(5, 0)).toEqual([]);
    expect(layout.spans(16_399, 0)).toEqual([]);
  });

  it('knows pieces and files', () => {
    expect(layout.pieceLengthAt(0)).toBe(16_384);
    expect(layout.pieceLengthAt(1)).toBe(15);
    expect([0, 1, 4, 5].map((index) => layout.piecesOf(index))).toEqual([
      undefined,
      { first: 0, last: 0 },
      { first: 0, last: 1 },
      { first: 1, last: 1 },
    ]);
    expect([0, 9, 10, 16_393, 16_394, 16_398].map((offset) => layout.fileAt(offset))).toEqual([
      1, 1, 4, 4, 5, 5,
    ]);
  });

  it.each([
    () => layout.spans(-1, 1),
    () => layout.spans(0, 16_400),
    () => layout.spans(0, -1),
    () => layout.spans(NaN, 1),
    () => layout.pieceLengthAt(2),
    () => layout.pieceLengthAt(-1),
    () => layout.piecesOf(7),
    () => layout.fileAt(16_399),
  ])('refuses what is outside: %p', (action) => {
    expect(action).toThrow(expect.objectContaining({ code: 'ERR_METAINFO_OUT_OF_RANGE' }) as Error);
  });

  it('has room for a torrent without payload', () => {
    const empty = layoutOf([0, 0]);
    expect(empty.spans(0, 0)).toEqual([]);
    expect(() => empty.fileAt(0)).toThrow('0 bytes');
    expect(() => empty.pieceLengthAt(0)).toThrow('0 pieces');
  });

  it('agrees with a plain walk over all bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }),
        fc.nat(1000),
        fc.nat(1000),
        (lengths, from, count) => {
          const owners = lengths.flatMap((length, index) =>
            Array.from({ length }, (_, offset) => [index, offset] as const),
          );
          const offset = from % (owners.length + 1);
          const length = count % (owners.length - offset + 1);
          const walked = layoutOf(lengths)
            .spans(offset, length)
            .flatMap((span) =>
              Array.from(
                { length: span.length },
                (_, byte) => [span.fileIndex, span.fileOffset + byte] as const,
              ),
            );
          expect(walked).toEqual(owners.slice(offset, offset + length));
        },
      ),
    );
  });
});
