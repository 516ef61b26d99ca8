import { encodeMetainfo, type Metainfo, parseMetainfo } from '../src/index.ts';

const info = 'd6:lengthi5e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa1:zi1ee';

function metainfo(more: Partial<Metainfo> = {}): Metainfo {
  return { ...parseMetainfo(Buffer.from(`d4:info${info}e`)), ...more };
}

describe('encodeMetainfo', () => {
  it('writes what parseMetainfo reads, around the same info dictionary', () => {
    const all = metainfo({
      trackers: [['http://a/', 'http://b/'], ['http://c/']],
      webSeeds: ['http://web/'],
      httpSeeds: ['http://seed/'],
      nodes: [{ host: 'node', port: 1 }],
      comment: 'words',
      createdBy: 'me',
      creationDate: 7,
    });
    const { pieceLayers, ...read } = parseMetainfo(encodeMetainfo(all));
    const { pieceLayers: layers, ...given } = all;
    expect(read).toEqual(given);
    expect([pieceLayers.pieceHash(0), layers.pieceHash(0)]).toEqual([undefined, undefined]);
  });

  it.each([
    [[], `d4:info${info}e`],
    [[['http://a/']], `d8:announce9:http://a/4:info${info}e`],
  ])('with the trackers %j writes no more than is needed', (trackers, text) => {
    expect(Buffer.from(encodeMetainfo(metainfo({ trackers }))).toString()).toBe(text);
  });
});
