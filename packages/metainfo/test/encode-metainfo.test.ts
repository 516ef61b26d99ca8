import { encode, keyFromBytes } from '@shoal/bencode';
import { encodeMetainfo, type Metainfo, parseMetainfo, rootOfLayer } from '../src/index.ts';

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

  it.each([false, true])('writes the piece layers, each once: hybrid %s', (hybrid) => {
    const layer = Buffer.alloc(64, 7);
    const root = rootOfLayer(layer, 0, 1);
    const file = { '': { length: 32_768, 'pieces root': root } };
    const v1 = {
      files: ['x', 'y'].map((path) => ({ length: 32_768, path: [path] })),
      pieces: Buffer.alloc(80, 1),
    };
    const source = encode({
      info: {
        ...(hybrid ? v1 : {}),
        'file tree': { x: file, y: file },
        'meta version': 2,
        name: 'n',
        'piece length': 16_384,
      },
      'piece layers': new Map([[keyFromBytes(root), layer]]),
    });
    expect(Buffer.from(encodeMetainfo(parseMetainfo(source)))).toEqual(Buffer.from(source));
  });

  it.each([
    [[], `d4:info${info}e`],
    [[['http://a/']], `d8:announce9:http://a/4:info${info}e`],
  ])('with the trackers %j writes no more than is needed', (trackers, text) => {
    expect(Buffer.from(encodeMetainfo(metainfo({ trackers }))).toString()).toBe(text);
  });
});
