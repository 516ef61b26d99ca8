import { FileLayout, type HashRequest } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import { HashSource } from '../../src/hashes/hash-source.ts';
import { LeafTurns } from '../../src/hashes/leaf-turns.ts';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import { rightAnswer } from './exchange-support.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';

const BLOCK = 16_384;

/** Of 513 pieces: libtorrent asks for the hash of the last one alone. */
function torrentOf(hybrid: boolean, pieceLength: number): V2Torrent {
  return makeV2Torrent([{ path: 'a', length: 512 * pieceLength + 1 }], pieceLength, { hybrid });
}

function sourceOf({ info, metainfo }: V2Torrent): HashSource {
  const layout = new FileLayout(info);
  const { pieceLength } = info;
  return new HashSource({
    hashes: new PieceHashes(info, metainfo.pieceLayers, () => layout),
    storage: {},
    have: new Bitfield(info.pieceCount),
    pieceLength,
    turns: new LeafTurns(),
  });
}

function planOf(torrent: V2Torrent, length: number): string {
  const { info } = torrent;
  const { pieceLength } = info;
  const [file] = info.files;
  const request: HashRequest = {
    piecesRoot: file?.piecesRoot ?? new Uint8Array(32),
    baseLayer: Math.log2(pieceLength / BLOCK),
    index: 512,
    length,
    proofLayers: 9,
  };
  return sourceOf(torrent).plan(request).kind;
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

describe('the first request for the hashes of a large file', () => {
  it('has the upper layers of its tree made in many turns of the event loop, once for all', async () => {
    const torrent = makeV2Torrent([{ path: 'a', length: 3_000 * BLOCK }], BLOCK);
    const source = sourceOf(torrent);
    const [file] = torrent.info.files;
    const request: HashRequest = {
      piecesRoot: file!.piecesRoot!,
      baseLayer: 0,
      index: 1024,
      length: 512,
      proofLayers: 11,
    };
    const plan = source.plan(request);
    if (plan.kind !== 'prove') throw new Error(`it is ${plan.kind}`);
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    const answers = await Promise.all([
      source.prove(request, plan.tree),
      source.prove(request, plan.tree),
    ]);
    over = true;
    expect(turns).toBeGreaterThanOrEqual(4);
    for (const answer of answers) expect(answer).toEqual(rightAnswer(torrent, request));
    expect(source.plan(request).kind).toBe('answer');
  });
});
