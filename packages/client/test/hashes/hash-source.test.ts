import { FileLayout, type HashRequest } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import { HashSource } from '../../src/hashes/hash-source.ts';
import { LeafTurns } from '../../src/hashes/leaf-turns.ts';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';

const BLOCK = 16_384;

/** Of 513 pieces: libtorrent asks for the hash of the last one alone. */
function torrentOf(hybrid: boolean, pieceLength: number): V2Torrent {
  return makeV2Torrent([{ path: 'a', length: 512 * pieceLength + 1 }], pieceLength, { hybrid });
}

function planOf({ info, metainfo }: V2Torrent, length: number): string {
  const layout = new FileLayout(info);
  const { pieceLength } = info;
  const source = new HashSource({
    hashes: new PieceHashes(info, metainfo.pieceLayers, () => layout),
    storage: {},
    have: new Bitfield(info.pieceCount),
    pieceLength,
    turns: new LeafTurns(),
  });
  const [file] = info.files;
  const request: HashRequest = {
    piecesRoot: file?.piecesRoot ?? new Uint8Array(32),
    baseLayer: Math.log2(pieceLength / BLOCK),
    index: 512,
    length,
    proofLayers: 9,
  };
  return source.plan(request).kind;
}

describe('a request for one hash alone', () => {
  it.each([
    ['v2', 1, false, 'answer'],
    ['v2', 2, false, 'answer'],
    ['hybrid', 2, true, 'answer'],
    // libtorrent 2.0.8 ends the torrent with an error when it is answered.
    ['hybrid', 1, true, 'silence'],
  ] as const)('of a %s torrent with %i blocks in a piece', (_format, blocks, hybrid, kind) => {
    expect(planOf(torrentOf(hybrid, blocks * BLOCK), 1)).toBe(kind);
  });

  it('does not stand for a proper range of the same hybrid', () => {
    expect(planOf(torrentOf(true, BLOCK), 2)).toBe('answer');
  });
});
