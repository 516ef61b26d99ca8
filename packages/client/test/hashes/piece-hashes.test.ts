import { FileHashTree, FileLayout, hashBlocks, PieceLayers } from '@shoal/metainfo';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { makeV2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const specs = [
  { path: 'a', length: 100 * K + 1 },
  { path: 'b', length: 0 },
  { path: 'c', length: 5 },
  { path: 'd', length: 64 * K },
];
const torrent = makeV2Torrent(specs, 32 * K);
const { info } = torrent;
const layout = () => new FileLayout(info);

describe('PieceHashes', () => {
  it('knows all hashes of a .torrent file', () => {
    const { pieceLayers } = torrent.metainfo;
    const hashes = new PieceHashes(info, pieceLayers, layout);
    expect(hashes.sha1).toBeUndefined();
    for (let piece = 0; piece < info.pieceCount; piece++) {
      expect(hashes.isKnown(piece)).toBe(true);
      expect(hashes.isVerifiable(piece)).toBe(true);
      const hash = hashes.sha256!.subarray(piece * 32, piece * 32 + 32);
      expect(Buffer.compare(hash, pieceLayers.pieceHash(piece)!)).toBe(0);
    }
    expect(hashes.shared).toBe(hashes.shared);
  });

  it('has none of a version 1 torrent, whose pieces can be verified all the same', () => {
    const { info: old } = makeTorrent([{ path: 'a', length: 10 }], 16 * K);
    const hashes = new PieceHashes(old, PieceLayers.unknown(old), () => new FileLayout(old));
    expect(hashes.shared).toBeUndefined();
    expect(hashes.sha256).toBeUndefined();
    expect(hashes.isKnown(0)).toBe(false);
    expect(hashes.isVerifiable(0)).toBe(true);
    expect(hashes.sha1).toBe(old.pieceHashes);
    expect(hashes.treeOf(0)).toBeUndefined();
  });

  it('learns what is missing from peers, and believes no other hashes', () => {
    const hashes = new PieceHashes(info, PieceLayers.unknown(info), layout);
    const known = () => [0, 1, 2, 3, 4, 5, 6].map((piece) => hashes.isKnown(piece));
    // The hash of the one piece of `c` is its root.
    expect(known()).toEqual([false, false, false, false, true, false, false]);
    const { shared } = hashes;
    const source = new FileHashTree({
      piecesRoot: info.files[0]!.piecesRoot!,
      fileLength: 100 * K + 1,
      pieceLength: 32 * K,
      pieceLayer: torrent.metainfo.pieceLayers.layerOf(0),
    });
    const [request] = [...hashes.treeOf(0)!.missingRanges()];
    const answer = source.answer(request!)!;
    const wrong = answer.slice();
    wrong[0]! ^= 1;
    expect(hashes.addHashes(0, request!, wrong)).toBeUndefined();
    expect(known()).toEqual([false, false, false, false, true, false, false]);
    expect(hashes.addHashes(0, request!, answer)).toEqual([0, 1, 2, 3]);
    expect(known()).toEqual([true, true, true, true, true, false, false]);
    expect(hashes.addHashes(0, request!, answer)).toEqual([]);
    const right = torrent.metainfo.pieceLayers.layerOf(0)!;
    expect(Buffer.compare(shared!.hashes.subarray(0, right.length), right)).toBe(0);
  });

  it('tells the leaf hashes of a piece from others', () => {
    const hashes = new PieceHashes(info, torrent.metainfo.pieceLayers, layout);
    for (let piece = 0; piece < info.pieceCount; piece++) {
      const leaves = hashBlocks(torrent.bytesOf(piece));
      expect(hashes.areLeavesOf(piece, leaves)).toBe(true);
      expect(hashes.areLeavesOf((piece + 1) % info.pieceCount, leaves)).toBe(false);
      expect(hashes.areLeavesOf(piece, leaves.subarray(1))).toBe(false);
      leaves[0]! ^= 1;
      expect(hashes.areLeavesOf(piece, leaves)).toBe(false);
    }
    const unknown = new PieceHashes(info, PieceLayers.unknown(info), layout);
    expect(unknown.areLeavesOf(0, hashBlocks(torrent.bytesOf(0)))).toBe(false);
  });
});
