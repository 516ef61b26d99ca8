import { encode } from '@shoal/bencode';
import {
  hashPiece,
  type Metainfo,
  parseMetainfo,
  rootOfLayer,
  type TorrentInfo,
  treeGeometry,
} from '@shoal/metainfo';
import { noise, sha1, type TestTorrent, withContent } from '../disk/fixture.ts';

/** A torrent that is both v1 and v2 (BEP 52), made and read as any other, with one file of noise. */
export interface HybridTorrent extends TestTorrent {
  readonly metainfo: Metainfo;
}

export function makeHybrid(length: number, pieceLength: number, seed = 1): HybridTorrent {
  const name = 'film.bin';
  const content = noise(length, seed);
  const bytesOf = (piece: number): Uint8Array =>
    content.subarray(piece * pieceLength, (piece + 1) * pieceLength);
  const { pieceCount, pieceLayer, height } = treeGeometry(length, pieceLength);
  const pieces = Array.from({ length: pieceCount }, (_, piece) => bytesOf(piece));
  const layer = Buffer.concat(pieces.map((piece) => hashPiece(piece, pieceLayer)));
  const root = rootOfLayer(layer, pieceLayer, height);
  const source = encode({
    info: {
      'file tree': { [name]: { '': { length, 'pieces root': root } } },
      length,
      'meta version': 2,
      name,
      'piece length': pieceLength,
      pieces: Buffer.concat(pieces.map(sha1)),
    },
    'piece layers': new Map(pieceCount > 1 ? [[Buffer.from(root).toString('latin1'), layer]] : []),
  });
  const metainfo = parseMetainfo(source);
  return { ...withContent(content, metainfo.info), metainfo };
}

/** The same torrent as somebody sees it who knows only one of its hashes. */
export function oneSideOf(info: TorrentInfo, side: 'v1' | 'v2'): TorrentInfo {
  const { files } = info;
  return side === 'v1'
    ? { ...info, files, infoHashV2: undefined }
    : { ...info, files, infoHash: undefined };
}
