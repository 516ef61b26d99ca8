import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { encode, parse } from '@shoal/bencode';
import { createTorrent, editTorrent } from '../src/index.ts';
import type { TorrentChanges, TorrentFormat } from '../src/index.ts';
import { recipeBytes, TemporaryFolder } from './create-support.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./fixtures/torrents/${name}.torrent`, import.meta.url)));

/** The raw bytes of a key's value. */
const raw = (torrent: Uint8Array, key: string): Buffer | undefined => {
  const node = parse(torrent, { lenient: true }).root.get(key);
  return node && Buffer.from(node.source());
};

const infoHash = (torrent: Uint8Array): string =>
  createHash('sha256').update(raw(torrent, 'info')!).digest('hex');

/** Changes of everything beside the info dictionary. */
const outer: TorrentChanges = {
  trackers: { clear: true, add: [['http://a.invalid/announce', 'udp://b.invalid:1']] },
  webSeeds: { clear: true, add: ['http://w.invalid/'] },
  httpSeeds: { clear: true, add: ['http://h.invalid/'] },
  nodes: { clear: true, add: [{ host: 'n.invalid', port: 6881 }] },
  comment: 'ein Kommentar ü',
  createdBy: 'editor',
  creationDate: 1_700_000_000,
};

describe('editTorrent', () => {
  it.each([
    'v1-unknown-keys',
    'v1-name-utf8',
    'v1-announce-list-odd',
    'hybrid-multi',
    'v2-multi-nested',
    'v2-single-with-trackers-and-seeds',
    'transmission-multi-private',
  ])('leaves the info dictionary and all else of %s byte for byte', (name) => {
    const bytes = fixture(name);
    const { bytes: edited, metainfo, before } = editTorrent(bytes, outer);
    expect(infoHash(edited)).toBe(infoHash(bytes));
    expect(metainfo.info.infoHash).toEqual(before.info.infoHash);
    expect(metainfo.info.infoHashV2).toEqual(before.info.infoHashV2);
    expect(metainfo).toMatchObject({
      trackers: [['http://a.invalid/announce', 'udp://b.invalid:1']],
      webSeeds: ['http://w.invalid/'],
      httpSeeds: ['http://h.invalid/'],
      nodes: [{ host: 'n.invalid', port: 6881 }],
      comment: 'ein Kommentar ü',
      createdBy: 'editor',
      creationDate: 1_700_000_000,
    });
    const changed = [
      'announce',
      'announce-list',
      'url-list',
      'httpseeds',
      'nodes',
      'comment',
      'created by',
      'creation date',
    ];
    for (const [key] of parse(bytes, { lenient: true }).root.entries()) {
      if (!changed.includes(key)) expect(raw(edited, key)).toEqual(raw(bytes, key));
    }
  });

  it('keeps info dictionaries that are not canonical', () => {
    const info = Buffer.from('d6:lengthi05e4:name1:a12:piece lengthi16384e6:pieces20:');
    const odd = Buffer.concat([
      Buffer.from('d7:unknowni1e4:info'),
      info,
      Buffer.alloc(20, 1),
      Buffer.from('ee'),
    ]);
    const { bytes } = editTorrent(odd, { comment: 'x' });
    expect(raw(bytes, 'info')).toEqual(raw(odd, 'info'));
    expect(Buffer.from(bytes).toString('latin1')).toMatch(/^d7:comment1:x4:infod.*7:unknowni1ee$/s);
  });

  it('gives the same bytes for no change', () => {
    const bytes = fixture('v1-unknown-keys');
    expect(editTorrent(bytes, {}).bytes).toBe(bytes);
    const { bytes: again } = editTorrent(editTorrent(bytes, outer).bytes, outer);
    expect(again).toEqual(editTorrent(bytes, outer).bytes);
  });

  it('takes out keys, and their older variants', () => {
    const bytes = Uint8Array.from(
      encode({
        announce: 'http://a.invalid/',
        comment: 'old',
        'comment.utf-8': 'öld',
        'creation date': 5,
        info: { length: 1, name: 'a', 'piece length': 16_384, pieces: new Uint8Array(20) },
        'url-list': 'http://one.invalid/',
      }),
    );
    const { metainfo, bytes: edited } = editTorrent(bytes, {
      trackers: { remove: ['http://a.invalid/'] },
      webSeeds: { remove: ['http://one.invalid/'] },
      comment: null,
      creationDate: null,
    });
    expect(parse(edited).root.size).toBe(1);
    expect(metainfo.comment).toBeUndefined();
    expect(editTorrent(bytes, { comment: 'new' }).metainfo.comment).toBe('new');
  });

  it('adds, removes and keeps trackers in their tiers', () => {
    const tiers = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }), {
      maxLength: 4,
    });
    const url = (n: number): string => `http://t${n}.invalid/announce`;
    const urls = (lists: number[][]): string[][] => lists.map((list) => list.map(url));
    const info = { length: 1, name: 'a', 'piece length': 16_384, pieces: new Uint8Array(20) };
    const bare = encode({ info });
    fc.assert(
      fc.property(tiers, tiers, fc.nat(5), fc.boolean(), (first, second, gone, clear) => {
        const { bytes, metainfo } = editTorrent(bare, { trackers: { add: urls(first) } });
        const had = metainfo.trackers.flat();
        expect(new Set(had)).toEqual(new Set(first.flat().map(url)));
        const remove = had.includes(url(gone)) ? [url(gone)] : [];
        const after = editTorrent(bytes, { trackers: { clear, remove, add: urls(second) } });
        const kept = clear ? [] : had.filter((one) => !remove.includes(one));
        expect(new Set(after.metainfo.trackers.flat())).toEqual(
          new Set([...kept, ...second.flat().map(url)]),
        );
        expect(after.metainfo.trackers.flat().slice(0, kept.length)).toEqual(kept);
        expect(raw(after.bytes, 'announce')?.toString()).toBe(
          after.metainfo.trackers[0] && encodeText(after.metainfo.trackers[0][0]!),
        );
      }),
    );
  });

  it.each<TorrentChanges>([
    { trackers: { add: [['ftp://a.invalid']] } },
    { trackers: { remove: ['http://nowhere.invalid/'] } },
    { webSeeds: { add: ['no url'] } },
    { webSeeds: { remove: ['http://nowhere.invalid/'] } },
    { httpSeeds: { add: ['ftp://h.invalid'] } },
    { nodes: { add: [{ host: 'a', port: 65_536 }] } },
    { nodes: { remove: [{ host: 'a', port: 1 }] } },
    { creationDate: 1.5 },
    { info: { name: '..' } },
    { info: { name: 'a/b' } },
    { info: { name: 'line\nbreak' } },
    { info: { name: 'CON' } },
    { info: { name: 'aux.txt' } },
    { info: { name: 'gpj.\u202eexe' } },
  ])('refuses %j', (changes) => {
    expect(() => editTorrent(fixture('v1-single-basic'), changes)).toThrow(
      expect.objectContaining({ code: 'ERR_METAINFO_EDIT_OPTION' }) as Error,
    );
  });

  it('refuses what is no torrent', () => {
    expect(() => editTorrent(Buffer.from('de'), { comment: 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_METAINFO_NOT_A_TORRENT' }) as Error,
    );
  });
});

const encodeText = (text: string): string => Buffer.from(encode(text)).toString();

describe('what it changes in the info dictionary', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await TemporaryFolder.make();
  });
  afterEach(() => folder.remove());

  it.each<[TorrentFormat, boolean]>([
    ['v1', false],
    ['v1', true],
    ['hybrid', false],
    ['hybrid', true],
    ['v2', false],
    ['v2', true],
  ])('makes of a %s torrent (of a folder: %s) what create would', async (format, multiFile) => {
    await folder.write('top/file', recipeBytes('file', 40_000));
    await folder.write('top/other', recipeBytes('other', 20_000));
    const path = join(folder.path, multiFile ? 'top' : 'top/file');
    const options = { format, creationDate: null, pieceLength: 16_384 };
    const { bytes } = await createTorrent(path, options);
    const info = { name: 'ñew', private: true, source: 'S' };
    const edited = editTorrent(bytes, { info });
    const made = await createTorrent(path, { ...options, ...info });
    expect(Buffer.compare(edited.bytes, made.bytes)).toBe(0);
    expect(edited.metainfo.info.files[0]?.path.split('/')[0]).toBe('ñew');
    const back = editTorrent(edited.bytes, {
      info: { name: multiFile ? 'top' : 'file', private: false, source: null },
    });
    expect(Buffer.compare(back.bytes, bytes)).toBe(0);
  });

  it('leaves alone what already is as asked', () => {
    const bytes = fixture('v1-private-source');
    const { info } = editTorrent(bytes, {}).metainfo;
    const same = { name: info.name, private: true, source: info.source ?? null };
    expect(editTorrent(bytes, { info: same }).bytes).toBe(bytes);
  });
});
