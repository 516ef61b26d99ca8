import fc from 'fast-check';
import { encode, parse } from '@shoal/bencode';
import { FileLayout, type MetainfoError, parseMetainfo, type TorrentInfo } from '../src/index.ts';
import type { FileList } from '../src/file-table.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { NameHashes } from '../src/name-hashes.ts';
import { readPlainFiles } from '../src/plain-files.ts';
import { rulesFor, type TargetPlatform } from '../src/safe-path.ts';
import { runNow } from '../src/steps.ts';
import { readFileList, readWithCare } from '../src/v1-files.ts';
import { multiFile, type FileEntry } from './torrent-builder.ts';

const PLATFORMS: readonly TargetPlatform[] = ['linux', 'darwin', 'win32', 'any'];

function plain(files: readonly object[], platform: TargetPlatform = 'linux', limits = {}): unknown {
  const node = parse(encode(files as never)).root;
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  return runNow(readPlainFiles(node.source(), node.size, 'root', bounds, rulesFor(platform)))?.table
    .files;
}

/** What comes of a list, or the code of the error. */
function outcome(read: () => FileList): unknown {
  try {
    const { table, totalLength, length } = read();
    return { files: table.files, totalLength, length };
  } catch (error) {
    return (error as MetainfoError).code;
  }
}

describe('plain file lists', () => {
  it('are read as they are with care', () => {
    const part = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom('a', 'b', 'c', 'dir', 'x.dat', '.hidden', 'B', ' c'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('A', 'a.', 'a ', '..', '', 'é', 'con', 'a:b', 'a/b'),
      },
      { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
    );
    const path = fc.array(part, { minLength: 1, maxLength: 4 });
    const file = fc.record(
      {
        length: fc.oneof(fc.nat(1000), fc.constantFrom(-1, 2 ** 52, 10 ** 15)),
        path,
        attr: fc.constantFrom('', 'p', 'x', 'h', 'xh', 'l', 'px', 'z'),
        md5sum: fc.string(),
        mtime: fc.integer(),
        'path.utf-8': path,
        zone: fc.constant([1]),
      },
      { requiredKeys: ['length', 'path'] },
    );
    const often = fc.record(
      { length: fc.nat(1000), path, attr: fc.constantFrom('p', 'x') },
      { requiredKeys: ['length', 'path'] },
    );
    let plainOnes = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(often, { minLength: 1, maxLength: 5 }),
          fc.array(file, { minLength: 1, maxLength: 5 }),
        ),
        fc.constantFrom(...PLATFORMS),
        fc.boolean(),
        (files, platform, caseSensitive) => {
          const list = parse(encode(files)).root;
          const rules = rulesFor(platform, caseSensitive);
          const limits = { ...DEFAULT_LIMITS, maxPathLength: 18, maxPathDepth: 3 };
          if (runNow(readPlainFiles(list.source(), list.size, 'root', limits, rules))) plainOnes++;
          expect(outcome(() => runNow(readFileList(list, 'root', limits, rules)))).toEqual(
            outcome(() => runNow(readWithCare(list, 'root', limits, rules))),
          );
        },
      ),
      { numRuns: 3000 },
    );
    expect(plainOnes).toBeGreaterThan(300);
  });

  it('are those of which no rule has anything to say', () => {
    const one = (path: unknown, more: object = {}): object => ({ length: 1, path, ...more });
    expect(plain([one(['d', 'a']), one(['D', 'b']), one(['e'])])).toHaveLength(3);
    expect(plain([one(['.hidden'], { attr: 'x', mtime: 1, sha1: 'é' })])).toHaveLength(1);
    const careful: object[][] = [
      [one(['a']), one(['A'])],
      [one(['a']), one(['a', 'b'])],
      [one(['a', 'b']), one(['A'])],
      [one(['..'])],
      [one(['.'])],
      [one([''])],
      [one(['a.'])],
      [one(['a/b'])],
      [one(['a\n'])],
      [one(['é'])],
      [one([])],
      [one([1])],
      [one(['x'.repeat(256)])],
      [one(['a'], { attr: 'l' })],
      [one(['a'], { 'path.utf-8': ['b'] })],
      [{ path: ['a'] }],
      [{ length: 1 }],
      [{ length: -1, path: ['a'] }],
    ];
    for (const files of careful) expect(plain(files)).toBeUndefined();
    expect(plain([one(['con.txt'])])).toHaveLength(1);
    expect(plain([one(['con.txt'])], 'win32')).toBeUndefined();
    expect(plain([one(['a', 'b', 'c'])], 'linux', { maxPathDepth: 2 })).toBeUndefined();
    expect(plain([one(['abc'])], 'linux', { maxPathLength: 8 })).toHaveLength(1);
    expect(plain([one(['abcd'])], 'linux', { maxPathLength: 8 })).toBeUndefined();
  });

  it('make no objects until they are asked for, and then once', () => {
    const { info } = parseMetainfo(
      multiFile([
        { path: ['a'], length: 5 },
        { path: ['b'], length: 3 },
      ]),
    );
    expect(new FileLayout(info).spans(4, 3)).toHaveLength(2);
    const files: TorrentInfo['files'] = info.files;
    expect(info.files).toBe(files);
    expect(Array.isArray(files)).toBe(true);
    expect({ ...info }.files).toBe(files);
    expect(structuredClone(info).files).toEqual(files);
  });

  it('are asked for by a getter that all torrents share, so that these have one shape', () => {
    const getterOf = (path: string): unknown => {
      const { info } = parseMetainfo(multiFile([{ path: [path], length: 5 }]));
      return Object.getOwnPropertyDescriptor(info, 'files')?.get;
    };
    expect(getterOf('a')).toBeInstanceOf(Function);
    expect(getterOf('a')).toBe(getterOf('b'));
  });

  it('have thousands of files in many folders', () => {
    const files = Array.from({ length: 20_000 }, (_, index): FileEntry => ({
      path: [`d${index % 97}`, `e${index % 89}`, `f${index}`],
      length: index,
    }));
    const { info } = parseMetainfo(multiFile(files));
    expect(plain(files)).toHaveLength(files.length);
    expect(info.files.map(({ path }) => path)).toEqual(
      files.map(({ path }) => `root/${path?.join('/')}`),
    );
  });
});

describe('hashes of names', () => {
  it('tell a file from a folder, while they grow', () => {
    const names = new NameHashes(1);
    for (let index = 1; index < 5000; index++) {
      expect(names.add(index * 7, index * 2, index % 2 === 0)).toBe(true);
    }
    for (let index = 1; index < 5000; index++) {
      expect(names.add(index * 7, index * 2, true)).toBe(false);
      expect(names.add(index * 7, index * 2, false)).toBe(index % 2 !== 0);
    }
  });

  it('give up on names that were made to share a slot', () => {
    const names = new NameHashes(10_000);
    // Where a hash lands depends on both halves taken together.
    const added = Array.from({ length: 1000 }, (_, index) => 2 * index + 2).filter((half) =>
      names.add(half, half, true),
    );
    expect(added).toHaveLength(128);
  });
});
