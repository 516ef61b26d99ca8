import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLayout, PieceLayers } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import { FileStates } from '../../src/disk/file-states.ts';
import { decodeResume, encodeResume, type ResumeData } from '../../src/disk/resume-format.ts';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import { ResumeKeeper } from '../../src/resume-keeper.ts';
import { ManualClock } from '../core/support.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeV2Torrent } from '../support/v2-torrent.ts';
import { ExchangeRig } from './exchange-support.ts';

const K = 1024;
const torrent = makeV2Torrent(
  [
    { path: 'a', length: 600 * 16 * K },
    { path: 'b', length: 7 },
    { path: 'c', length: 50 * K },
  ],
  16 * K,
);
const { info, metainfo } = torrent;

function unknownHashes(): PieceHashes {
  const layout = new FileLayout(info);
  return new PieceHashes(info, PieceLayers.unknown(info), () => layout);
}

/** Hashes that have all come from a peer. */
function learnedHashes(): PieceHashes {
  const rig = new ExchangeRig(torrent);
  rig.join('a');
  for (let asked = rig.takeAsked(); asked.length > 0; asked = rig.takeAsked())
    for (const each of asked) rig.answer(each);
  return rig.hashes;
}

const data: ResumeData = {
  infoHash: info.infoHashV2!.subarray(0, 20),
  infoHashV2: info.infoHashV2,
  directory: '/downloads',
  pieceCount: info.pieceCount,
  pieces: new Bitfield(info.pieceCount).bytes,
  files: FileStates.of(info.files.map(({ length }) => ({ size: length, mtime: 0 }))),
  priorities: new Uint8Array(info.files.length),
  uploaded: 0,
  downloaded: 0,
};
const expected = {
  infoHash: data.infoHash,
  infoHashV2: info.infoHashV2,
  pieceCount: info.pieceCount,
  fileCount: info.files.length,
};

describe('piece layers in resume data', () => {
  it('are what was learned from peers, and are known again after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'layers-'));
    try {
      const clock = new ManualClock();
      const storage = new ContentStorage(torrent);
      const keeper = new ResumeKeeper(folder, clock, info, '/downloads', learnedHashes());
      keeper.changed();
      const have = new Bitfield(info.pieceCount);
      await keeper.save(storage, () => ({
        have,
        priorities: new Uint8Array(info.files.length).fill(4),
        uploaded: 0,
        downloaded: 0,
        peers: [],
      }));
      await keeper.close();
      const hashes = unknownHashes();
      expect(hashes.isKnown(0)).toBe(false);
      await new ResumeKeeper(folder, clock, info, '/downloads', hashes).load(storage);
      for (let piece = 0; piece < info.pieceCount; piece += 1) {
        const hash = metainfo.pieceLayers.pieceHash(piece)!;
        const known = hashes.sha256!.subarray(piece * 32, piece * 32 + 32);
        expect(Buffer.compare(known, hash)).toBe(0);
        expect(hashes.isKnown(piece)).toBe(true);
      }
      expect([...hashes.unknownFiles()]).toEqual([]);
      // And are saved again.
      expect([...hashes.learnedLayers()]).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are remembered in part where they came in part, and believed only where they are right', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ranges-'));
    try {
      const rig = new ExchangeRig(torrent);
      rig.join('a');
      const [first] = rig.takeAsked();
      rig.answer(first!);
      const knownOf = (hashes: PieceHashes): number[] =>
        [...Array(info.pieceCount).keys()].filter((piece) => hashes.isKnown(piece));
      const known = knownOf(rig.hashes);
      expect(known).toHaveLength(512 + 1);
      const clock = new ManualClock();
      const storage = new ContentStorage(torrent);
      const keeper = new ResumeKeeper(folder, clock, info, '/downloads', rig.hashes);
      keeper.changed();
      const have = new Bitfield(info.pieceCount);
      await keeper.save(storage, () => ({
        have,
        priorities: new Uint8Array(info.files.length).fill(4),
        uploaded: 0,
        downloaded: 0,
        peers: [],
      }));
      await keeper.close();
      const hashes = unknownHashes();
      await new ResumeKeeper(folder, clock, info, '/downloads', hashes).load(storage);
      expect(knownOf(hashes)).toEqual(known);
      for (const piece of known) {
        const hash = hashes.sha256!.subarray(piece * 32, piece * 32 + 32);
        expect(Buffer.compare(hash, metainfo.pieceLayers.pieceHash(piece)!)).toBe(0);
      }
      const [[root, index, bytes] = []] = [...hashes.learnedRanges()];
      const changes: [Uint8Array, number, Uint8Array][] = [
        [root!, index! + 512, bytes!],
        [root!, index! + 1, bytes!],
        [root!, 2 ** 40, bytes!],
        [root!, index!, bytes!.subarray(32)],
        [root!, index!, bytes!.map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
        [root!.map((byte) => byte ^ 1), index!, bytes!],
      ];
      for (const change of changes) {
        const result = decodeResume(encodeResume({ ...data, pieceRanges: [change] }), expected);
        const spoilt = unknownHashes();
        await spoilt.restoreRanges((result.ok && result.data.pieceRanges) || []);
        expect(spoilt.isKnown(0)).toBe(false);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are not those of the .torrent file', () => {
    const layout = new FileLayout(info);
    const hashes = new PieceHashes(info, metainfo.pieceLayers, () => layout);
    expect(hashes.isKnown(0)).toBe(true);
    expect([...hashes.learnedLayers()]).toEqual([]);
    expect([...hashes.unknownFiles()]).toEqual([]);
  });

  it('survive being written and read; data without them is read as before', () => {
    const pieceLayers = [...learnedHashes().learnedLayers()];
    const read = decodeResume(encodeResume({ ...data, pieceLayers }), expected);
    expect(read).toMatchObject({ ok: true, data: { pieceLayers } });
    expect(decodeResume(encodeResume(data), expected)).toMatchObject({
      ok: true,
      data: { pieceLayers: undefined },
    });
  });

  it.each<[string, (root: Uint8Array, layer: Uint8Array) => [Uint8Array, Uint8Array]]>([
    [
      'with a wrong hash',
      (root, layer) => [root, layer.map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
    ],
    ['with a hash too few', (root, layer) => [root, layer.subarray(32)]],
    ['of an unknown root', (root, layer) => [root.map((byte) => byte ^ 1), layer]],
  ])('are left out where they are wrong: %s', (_what, change) => {
    const pieceLayers = [...learnedHashes().learnedLayers()].map(([root, layer]) =>
      change(root, layer),
    );
    const result = decodeResume(encodeResume({ ...data, pieceLayers }), expected);
    const hashes = unknownHashes();
    hashes.restoreLayers((result.ok && result.data.pieceLayers) || []);
    expect(hashes.isKnown(0)).toBe(false);
    expect([...hashes.unknownFiles()]).toHaveLength(2);
  });
});
