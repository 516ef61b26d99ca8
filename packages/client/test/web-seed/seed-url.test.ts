import fc from 'fast-check';
import { fileUrl, pieceUrl, readSeedUrl, shownUrl } from '../../src/web-seed/seed-url.ts';
import { makeTorrent } from '../disk/fixture.ts';

const single = { ...makeTorrent([{ path: 'a b.iso', length: 5 }], 16_384).info };
const multi = {
  ...makeTorrent(
    [
      { path: 'top/x', length: 5 },
      { path: 'top/ü/100% #?.txt', length: 5 },
    ],
    16_384,
  ).info,
};

describe('the URL of a file (BEP 19)', () => {
  it.each([
    ['http://h.example/disk.iso', 'http://h.example/disk.iso'],
    ['http://h.example/pub/', 'http://h.example/pub/a%20b.iso'],
    ['http://h.example', 'http://h.example/a%20b.iso'],
    ['https://u:p@h.example:8080/pub/?key=1', 'https://h.example:8080/pub/a%20b.iso?key=1'],
    ['http://h.example/get?f=1', 'http://h.example/get?f=1'],
  ])('of a single-file torrent at %s', (base, expected) => {
    expect(fileUrl(new URL(base), single, 0)).toBe(expected);
  });

  it.each([
    ['http://h.example/pub', 1, 'http://h.example/pub/top/%C3%BC/100%25%20%23%3F.txt'],
    ['http://h.example/pub/', 0, 'http://h.example/pub/top/x'],
    ['http://[::1]:81/', 0, 'http://[::1]:81/top/x'],
  ])('of a multi-file torrent at %s', (base, file, expected) => {
    expect(fileUrl(new URL(base), multi, file)).toBe(expected);
  });

  it('has the names that the torrent gives, not those on disk', () => {
    const [first] = multi.files;
    const files = [{ ...first!, path: 'top_/con_', originalPath: ['con', 'a/b'] }];
    const info = { ...multi, name: 'top_', originalName: 'top:', files };
    expect(fileUrl(new URL('http://h.example/'), info, 0)).toBe(
      'http://h.example/top%3A/con/a%2Fb',
    );
  });

  it('is none where a name would lead elsewhere', () => {
    const [first] = multi.files;
    for (const path of [['..', 'x'], ['.'], ['', 'x']]) {
      const files = [{ ...first!, originalPath: path }];
      expect(fileUrl(new URL('http://h.example/'), { ...multi, files }, 0)).toBeUndefined();
    }
    expect(
      fileUrl(new URL('http://h.example/'), { ...single, originalName: '..' }, 0),
    ).toBeUndefined();
  });

  it.each(['%2e', '%2e%2e', '.%2E', '%2E.', '..%2fx', '..\\x', '...', '. .'])(
    'takes %s as a name, and no step up',
    (name) => {
      const [first] = multi.files;
      for (const base of [
        'http://h.example/in/',
        'http://h.example/in/.b//.//',
        'http://h.example/in',
      ]) {
        const files = [{ ...first!, originalPath: [name, 'x'] }];
        const url = fileUrl(new URL(base), { ...multi, originalName: name, files }, 0);
        expect(url).toBe(
          `${new URL(base).href.replace(/\/$/, '')}/${encodeURIComponent(name)}/${encodeURIComponent(name)}/x`,
        );
        expect(new URL(url!).pathname.split('/').slice(-3)).toEqual([
          encodeURIComponent(name),
          encodeURIComponent(name),
          'x',
        ]);
      }
    },
  );

  it('never leaves the folder of the seed, whatever the names are', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(name, fc.array(name, { minLength: 1 }), (top, path) => {
        const [first] = multi.files;
        const files = [{ ...first!, originalPath: path }];
        const url = fileUrl(
          new URL('http://h.example/in/'),
          { ...multi, originalName: top, files },
          0,
        );
        if (url === undefined) return;
        const read = new URL(url);
        expect(read.href).toBe(url);
        expect(read.pathname.startsWith('/in/')).toBe(true);
        expect(read.pathname.split('/')).toHaveLength(path.length + 3);
      }),
    );
  });
});

describe('other URLs', () => {
  it('ask for pieces by info-hash (BEP 17)', () => {
    const hash = Uint8Array.from({ length: 20 }, (_, index) => index * 13);
    const text = 'info_hash=%00%0d%1a%27%34%41%4e%5b%68%75%82%8f%9c%a9%b6%c3%d0%dd%ea%f7&piece=7';
    expect(pieceUrl(new URL('http://h.example/s'), hash, 7, undefined)).toBe(
      `http://h.example/s?${text}`,
    );
    expect(pieceUrl(new URL('http://h.example/s?k=1'), hash, 7, { first: 5, last: 9 })).toBe(
      `http://h.example/s?k=1&${text}&ranges=5-9`,
    );
  });

  it('are shown without credentials', () => {
    expect(shownUrl('http://user:secret@h.example/x')).toBe('http://h.example/x');
  });

  it('must be of the web', () => {
    for (const text of ['ftp://h.example/', 'x', `http://h.example/${'x'.repeat(5000)}`]) {
      expect(readSeedUrl(text)).toHaveProperty('reason');
    }
    expect(readSeedUrl('HTTP://h.example/')).toHaveProperty('url');
  });
});
