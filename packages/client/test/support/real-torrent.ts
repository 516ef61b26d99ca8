import { encode } from '@shoal/bencode';
import { parseMetainfo } from '@shoal/metainfo';
import { noise, type ParsedTorrent, sha1, withContent } from '../disk/fixture.ts';

export interface RealTorrentOptions {
  /** Bytes of each of its files. Default: one of 300,000. */
  readonly files?: readonly number[];
  readonly private?: boolean;
  /** Bytes that lengthen the info dictionary, so that it takes several pieces of metadata. Default 40,000. */
  readonly filler?: number;
}

/** A v1 torrent that was made and read as any other, so that it has an info dictionary. */
export function makeRealTorrent(seed: number, options: RealTorrentOptions = {}): ParsedTorrent {
  const { files = [300_000], filler = 40_000 } = options;
  const pieceLength = 32_768;
  const content = noise(
    files.reduce((sum, length) => sum + length, 0),
    seed,
  );
  const bytesOf = (piece: number): Uint8Array =>
    content.subarray(piece * pieceLength, (piece + 1) * pieceLength);
  const pieces = Array.from({ length: Math.ceil(content.length / pieceLength) }, (_, piece) =>
    sha1(bytesOf(piece)),
  );
  const metainfo = parseMetainfo(
    encode({
      info: {
        ...(files.length === 1
          ? { length: files[0] }
          : { files: files.map((length, index) => ({ length, path: [`${index}.bin`] })) }),
        name: 'film',
        'piece length': pieceLength,
        pieces: Buffer.concat(pieces),
        ...(options.private === true ? { private: 1 } : {}),
        'x filler': noise(filler, seed + 1),
      },
    }),
  );
  return { ...withContent(content, metainfo.info), metainfo };
}
