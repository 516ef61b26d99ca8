import { encode } from '@shoal/bencode';
import { createHash } from 'node:crypto';
import type { MetainfoErrorCode, ParseOptions } from '../src/index.ts';
import { infoHashHex, MetainfoError, parseInfo, parseMetainfo } from '../src/index.ts';
import type { FileEntry } from './torrent-builder.ts';
import { multiFile, singleFile } from './torrent-builder.ts';

function codeOf(bytes: Uint8Array, options?: ParseOptions): MetainfoErrorCode | undefined {
  try {
    parseMetainfo(bytes, options);
  } catch (error) {
    if (error instanceof MetainfoError) return error.code;
    throw error;
  }
  return undefined;
}

const paths = (
  files: readonly FileEntry[],
  options: ParseOptions = { platform: 'linux' },
): string[] => parseMetainfo(multiFile(files), options).info.files.map(({ path }) => path);

describe('parseMetainfo', () => {
  it('gives the whole of a single-file torrent', () => {
    const bytes = singleFile(
      { private: 1, source: 'S' },
      {
        announce: 'http://t.invalid/a',
        comment: 'c',
        'comment.utf-8': 'ć',
        'created by': 'me',
        'creation date': 1_600_000_000,
      },
    );
    const metainfo = parseMetainfo(bytes);
    expect(metainfo).toMatchObject({
      trackers: [['http://t.invalid/a']],
      webSeeds: [],
      httpSeeds: [],
      nodes: [],
      comment: 'ć',
      createdBy: 'me',
      creationDate: 1_600_000_000,
      collections: [],
      similar: [],
      info: {
        name: 'name',
        pieceLength: 16_384,
        pieceCount: 1,
        multiFile: false,
        totalLength: 100,
        length: 100,
        private: true,
        source: 'S',
        files: [{ index: 0, path: 'name', length: 100, offset: 0 }],
      },
    });
    const sha1 = createHash('sha1').update(metainfo.info.bytes).digest('hex');
    expect(infoHashHex(metainfo.info)).toBe(sha1);
    expect(metainfo.info.bytes.buffer).toBe(bytes.buffer);
  });

  it.each<[MetainfoErrorCode, Uint8Array]>([
    ['ERR_METAINFO_BENCODE', Buffer.from('<html>')],
    ['ERR_METAINFO_NOT_A_TORRENT', encode({})],
    ['ERR_METAINFO_NOT_A_TORRENT', encode([])],
    ['ERR_METAINFO_INVALID_NAME', singleFile({ name: 1 })],
    ['ERR_METAINFO_INVALID_LENGTH', singleFile({ length: -1 })],
    ['ERR_METAINFO_INVALID_LENGTH', singleFile({ length: undefined })],
    ['ERR_METAINFO_INVALID_FILES', multiFile([])],
    ['ERR_METAINFO_INVALID_PATH', multiFile([{ length: 1 }])],
    ['ERR_METAINFO_INVALID_PIECE_LENGTH', singleFile({ 'piece length': 0 })],
    ['ERR_METAINFO_INVALID_PIECES', singleFile({ pieces: 'x' })],
    ['ERR_METAINFO_UNSUPPORTED_VERSION', singleFile({ 'meta version': 3 })],
    ['ERR_METAINFO_INVALID_FILE_TREE', singleFile({ 'meta version': 2 })],
    [
      'ERR_METAINFO_HYBRID_MISMATCH',
      singleFile({
        'meta version': 2,
        'file tree': { name: { '': { length: 101, 'pieces root': 'r'.repeat(32) } } },
      }),
    ],
    [
      'ERR_METAINFO_INVALID_FILE_TREE',
      encode({ info: { name: 'n', 'piece length': 16384, 'meta version': 2, 'file tree': {} } }),
    ],
  ])('throws %s', (code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('refuses lengths that no file has', () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const length of [2n ** 53n, 2n ** 63n, 2n ** 64n, -(2n ** 53n)]) {
      expect(codeOf(singleFile({ length }))).toBe('ERR_METAINFO_INVALID_LENGTH');
    }
    const files = [most, 1].map((length, index) => ({ path: [`${index}`], length }));
    const two = { name: 'name', 'piece length': 2 ** 30, pieces: '', files };
    expect(codeOf(encode({ info: two }))).toBe('ERR_METAINFO_INVALID_LENGTH');
  });

  it('refuses piece hashes of a length that is no multiple of 20', () => {
    expect(codeOf(singleFile({ pieces: 'x'.repeat(20) }))).toBeUndefined();
    for (const size of [19, 21, 39]) {
      expect(codeOf(singleFile({ pieces: 'x'.repeat(size) }))).toBe('ERR_METAINFO_INVALID_PIECES');
    }
  });

  it('names the reason of broken bencode', () => {
    expect(() => parseMetainfo(Buffer.from('d4:infod'))).toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ code: 'ERR_BENCODE_TRUNCATED' }) as Error,
      }) as Error,
    );
  });

  it('refuses a hybrid whose paths differ only by where a slash stands', () => {
    const leaf = { '': { length: 1, 'pieces root': 'r'.repeat(32) } };
    const hybrid = (path: readonly string[]): Uint8Array =>
      multiFile([{ length: 1, path }], { 'meta version': 2, 'file tree': { a: { b: leaf } } });
    expect(codeOf(hybrid(['a', 'b']))).toBeUndefined();
    expect(codeOf(hybrid(['a/b']))).toBe('ERR_METAINFO_HYBRID_MISMATCH');
  });

  it('takes any private value but 0 for private', () => {
    const isPrivate = (value: number | string | undefined): boolean =>
      parseMetainfo(singleFile({ private: value })).info.private;
    expect([undefined, 0].map(isPrivate)).toEqual([false, false]);
    expect([1, 2, -1, '0', ''].map(isPrivate)).toEqual([true, true, true, true, true]);
  });

  it('leaves out a date that is none', () => {
    const dateOf = (value: number | string | bigint): number | undefined =>
      parseMetainfo(singleFile({}, { 'creation date': value })).creationDate;
    expect([0, 8_640_000_000_000].map(dateOf)).toEqual([0, 8_640_000_000_000]);
    for (const odd of [-1, 8_640_000_000_001, 2n ** 70n, 'today']) {
      expect(dateOf(odd)).toBeUndefined();
    }
  });

  it('merges tiers without blanks, empty ones and repetitions', () => {
    const outer = {
      announce: 'http://a.invalid',
      'announce-list': [[], [''], ['u:1', ' u:2 ', 'u:1'], ['u:2'], 'x'],
    };
    expect(parseMetainfo(singleFile({}, outer)).trackers).toEqual([['u:1', 'u:2']]);
    const useless = { announce: 'http://a.invalid', 'announce-list': [[''], []] };
    expect(parseMetainfo(singleFile({}, useless)).trackers).toEqual([['http://a.invalid']]);
  });

  it('leaves out URLs that could break a request line, and nodes without a port', () => {
    const { trackers, webSeeds, nodes } = parseMetainfo(
      singleFile(
        {},
        {
          announce: 'http://t.invalid/\r\nX: 1',
          'url-list': ['http://w.invalid/\0', 'http://ok.invalid'],
          nodes: [['h', 0], ['h', 65_536], ['h'], ['', 1], [1, 1], ['h', 1]],
        },
      ),
    );
    expect([trackers, webSeeds, nodes]).toEqual([
      [],
      ['http://ok.invalid'],
      [{ host: 'h', port: 1 }],
    ]);
  });
});

describe('limits', () => {
  it.each<[MetainfoErrorCode, ParseOptions['limits'], Uint8Array]>([
    ['ERR_METAINFO_TOO_LONG', { maxLength: 50 }, singleFile()],
    ['ERR_METAINFO_BENCODE', { maxTokens: 10 }, singleFile()],
    ['ERR_METAINFO_BENCODE', { maxDepth: 2 }, singleFile({ x: [1] })],
    ['ERR_METAINFO_TOO_MANY_PIECES', { maxPieces: 1 }, singleFile({ length: 16_385 })],
    ['ERR_METAINFO_INVALID_PIECE_LENGTH', { maxPieceLength: 16_383 }, singleFile()],
    [
      'ERR_METAINFO_TOO_MANY_FILES',
      { maxFiles: 1 },
      multiFile([
        { path: ['a'], length: 1 },
        { path: ['b'], length: 1 },
      ]),
    ],
    [
      'ERR_METAINFO_INVALID_PATH',
      { maxPathDepth: 2 },
      multiFile([{ path: ['a', 'b', 'c'], length: 1 }]),
    ],
    [
      'ERR_METAINFO_INVALID_PATH',
      { maxPathLength: 10 },
      multiFile([{ path: ['123456'], length: 1 }]),
    ],
  ])('%s %p', (code, limits, bytes) => {
    expect(codeOf(bytes, { limits: limits ?? {} })).toBe(code);
    expect(codeOf(bytes)).toBeUndefined();
  });

  it('has the bounds of the field by default', () => {
    const big = singleFile({ length: (2_097_152 + 1) * 16, 'piece length': 16, pieces: '' });
    expect(codeOf(big)).toBe('ERR_METAINFO_TOO_MANY_PIECES');
    expect(codeOf(new Uint8Array(64 * 1024 * 1024 + 1))).toBe('ERR_METAINFO_TOO_LONG');
  });

  it('cuts lists and texts', () => {
    const many = Array.from({ length: 2000 }, (_, index) => `http://t.invalid/${index}`);
    const nodes = many.map((_, index): [string, number] => [`h${index}`, 1]);
    const metainfo = parseMetainfo(
      singleFile(
        {},
        {
          'announce-list': [many],
          'url-list': many,
          httpseeds: many,
          nodes,
          collections: many,
          similar: many.map(() => 's'.repeat(20)),
          comment: 'é'.repeat(70_000),
          announce: 'x'.repeat(5000),
        },
      ),
    );
    const { trackers, webSeeds, httpSeeds, collections, similar, comment } = metainfo;
    for (const list of [trackers[0], webSeeds, httpSeeds, metainfo.nodes, collections, similar]) {
      expect(list).toHaveLength(1000);
    }
    expect(Buffer.byteLength(comment ?? '')).toBe(65_536);
    expect(parseMetainfo(singleFile({}, { announce: 'x'.repeat(5000) })).trackers).toEqual([]);
  });
});

describe('names and paths', () => {
  it('prefers the .utf-8 variants, where they are usable', () => {
    const bytes = multiFile(
      [
        { path: ['\xe9'], 'path.utf-8': ['日本'], length: 1 },
        { path: ['b'], 'path.utf-8': 'b', length: 1 },
        { path: ['c'], 'path.utf-8': [1], length: 1 },
        { path: ['d'], 'path.utf-8': [], length: 1 },
      ],
      { name: 'x', 'name.utf-8': '名' },
    );
    const { info } = parseMetainfo(bytes);
    expect(info.files.map(({ path }) => path)).toEqual(['名/日本', '名/b', '名/c', '名/d']);
  });

  it('falls back to the info-hash where a name says nothing', () => {
    for (const name of ['', '.', '..']) {
      const { info } = parseMetainfo(singleFile({ name }));
      expect(info.name).toBe(infoHashHex(info));
      expect(info.files[0]?.path).toBe(info.name);
      expect(info.originalName).toBe(name);
    }
  });

  it('makes underscores of what is not UTF-8', () => {
    const dots = Uint8Array.of(0xc0, 0xae, 0xc0, 0xae);
    const slash = Uint8Array.of(0xc0, 0xaf, 0xe0, 0x80, 0xaf);
    const bytes = encode({
      info: {
        name: 'name',
        'piece length': 16_384,
        pieces: 'x'.repeat(20),
        files: [{ path: [dots, slash, Uint8Array.of(0x61, 0xff)], length: 1 }],
      },
    });
    expect(parseMetainfo(bytes).info.files[0]?.path).toBe('name/____/_____/a_');
  });

  it('keeps the original path where it had to change one', () => {
    const { info } = parseMetainfo(
      multiFile([
        { path: ['..', 'a\\b', 'c'], length: 1 },
        { path: ['ok'], length: 1 },
        { path: ['OK'], length: 1 },
      ]),
      { platform: 'linux' },
    );
    expect(info.files.map(({ path, originalPath }) => [path, originalPath])).toEqual([
      ['root/a_b/c', ['..', 'a\\b', 'c']],
      ['root/ok', undefined],
      ['root/OK.1', ['OK']],
    ]);
  });

  it('renames what clashes, in order, past names in use', () => {
    const file = (...path: string[]): FileEntry => ({ path, length: 1 });
    expect(paths([file('a.txt'), file('A.TXT'), file('a.1.txt'), file('a.txt')])).toEqual([
      'root/a.txt',
      'root/A.2.TXT',
      'root/a.1.txt',
      'root/a.3.txt',
    ]);
    expect(paths([file('d'), file('d', 'x'), file('D')])).toEqual([
      'root/d.1',
      'root/d/x',
      'root/D.2',
    ]);
    expect(paths([file('d', 'x'), file('D', 'X')])).toEqual(['root/d/x', 'root/D/X.1']);
    expect(
      paths([file('d', 'x'), file('D', 'e', 'y'), file('d', 'e', 'z'), file('D', 'e', 'a')]),
    ).toEqual(['root/d/x', 'root/D/e/y', 'root/d/e/z', 'root/D/e/a']);
    expect(paths([file('d', 'x', 'y'), file('d', 'x')])).toEqual(['root/d/x/y', 'root/d/x.1']);
  });

  it('keeps names apart by case where the file system does', () => {
    const files: FileEntry[] = [
      { path: ['a'], length: 1 },
      { path: ['A'], length: 1 },
      { path: ['a'], length: 1 },
    ];
    expect(paths(files, { platform: 'linux', caseSensitive: true })).toEqual([
      'root/a',
      'root/A',
      'root/a.1',
    ]);
  });

  it('takes composed and decomposed letters for one name where the file system does', () => {
    const files: FileEntry[] = [
      { path: ['\u00e9'], length: 1 },
      { path: ['e\u0301'], length: 1 },
    ];
    expect(paths(files, { platform: 'linux' })).toEqual(['root/\u00e9', 'root/e\u0301']);
    for (const platform of ['darwin', 'win32', 'any'] as const) {
      expect(paths(files, { platform })).toEqual(['root/\u00e9', 'root/e\u0301.1']);
    }
  });

  it('keeps renamed names within a component', () => {
    const name = `${'é'.repeat(125)}.mkv`;
    const [first, second] = paths([
      { path: [name], length: 1 },
      { path: [name], length: 1 },
    ]);
    expect(first).toBe(`root/${name}`);
    expect(second).toMatch(/^root\/é+\.1\.mkv$/);
    expect(Buffer.byteLength(second ?? '')).toBeLessThanOrEqual(5 + 255);
  });

  it('renames a great many equal names in linear time', () => {
    const files = Array.from({ length: 50_000 }, () => ({ path: ['same.bin'], length: 0 }));
    const found = paths(files);
    expect(new Set(found).size).toBe(50_000);
    expect(found.at(-1)).toBe('root/same.49999.bin');
  });

  it('lets padding files share a path and leaves them out of the payload', () => {
    const { info } = parseMetainfo(
      multiFile([
        { path: ['a'], length: 10 },
        { path: ['.pad', '5'], length: 5, attr: 'p' },
        { path: ['b'], length: 10 },
        { path: ['.pad', '5'], length: 5, attr: 'p' },
        { length: 7, attr: 'p' },
      ]),
    );
    expect(info.files.map(({ path }) => path)).toEqual([
      'root/a',
      'root/.pad/5',
      'root/b',
      'root/.pad/5',
      'root/.pad/7',
    ]);
    expect([info.totalLength, info.length]).toEqual([37, 20]);
    expect(info.files.map(({ offset }) => offset)).toEqual([0, 10, 15, 25, 30]);
  });
});

describe('symlinks', () => {
  const link = (target: unknown, at = ['link']): FileEntry =>
    ({ path: at, length: 0, attr: 'l', 'symlink path': target }) as FileEntry;
  const targetOf = (target: unknown, at?: string[]): string | undefined =>
    parseMetainfo(
      multiFile([
        { path: ['d', 'File'], length: 1 },
        link(target, at),
        link(['d', 'File'], ['other']),
      ]),
      { platform: 'linux' },
    ).info.files[1]?.attributes.symlink;

  it('keep targets inside the torrent', () => {
    expect(targetOf(['d', 'File'])).toBe('root/d/File');
    expect(targetOf(['D', 'file'])).toBe('root/d/File');
    expect(targetOf(['d'])).toBe('root/d');
  });

  it.each([
    ['outside', ['..', 'x']],
    ['through a parent', ['d', '..', 'd', 'File']],
    ['absolute', ['', 'etc', 'passwd']],
    ['with a separator', ['d/File']],
    ['missing', ['nothing']],
    ['below a file', ['d', 'File', 'x']],
    ['itself', ['link']],
    ['another link', ['other']],
    ['empty', []],
    ['no list', 'd'],
  ])('lose a target that is %s', (_, target) => {
    expect(targetOf(target)).toBeUndefined();
  });

  it('lose a target that is their own folder', () => {
    expect(targetOf(['d'], ['d', 'loop'])).toBeUndefined();
  });

  it('must have nothing below them', () => {
    const bad = multiFile([
      { path: ['d', 'x'], length: 1 },
      link(['d'], ['l']),
      { path: ['L', 'y'], length: 1 },
    ]);
    expect(codeOf(bad)).toBe('ERR_METAINFO_UNSAFE_SYMLINK');
    const reversed = multiFile([{ path: ['l', 'y'], length: 1 }, link(['l'], ['l'])]);
    expect(codeOf(reversed)).toBe('ERR_METAINFO_UNSAFE_SYMLINK');
  });
});

describe('parseInfo', () => {
  it('gives what parseMetainfo gives', () => {
    const { info } = parseMetainfo(multiFile([{ path: ['a'], length: 1 }]));
    expect(parseInfo(info.bytes)).toEqual(info);
  });

  it('refuses what is no dictionary', () => {
    expect(() => parseInfo(encode([]))).toThrow('not a dictionary');
    expect(() => parseInfo(new Uint8Array())).toThrow(MetainfoError);
  });
});
