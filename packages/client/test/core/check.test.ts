import { FileLayout, PieceLayers } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import { type CheckOptions, findPieces } from '../../src/check.ts';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import type { Remembered } from '../../src/resume-keeper.ts';
import type { ResumeKeeper } from '../../src/resume-keeper.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';

const torrent = makeTorrent([{ path: 'a.bin', length: 550 }], 100);

function bits(...indices: number[]): Bitfield {
  const field = new Bitfield(6);
  for (const index of indices) field.set(index);
  return field;
}

const hashesOf = (): PieceHashes => {
  const layout = new FileLayout(torrent.info);
  return new PieceHashes(torrent.info, PieceLayers.unknown(torrent.info), () => layout);
};

const listOf = (field: Bitfield): number[] => {
  const indices: number[] = [];
  field.forEachSet((index) => indices.push(index));
  return indices;
};

async function check(
  changes: Partial<Omit<CheckOptions, 'resume'>> & { remembered?: Remembered },
  onDisk: number[] = [0, 2, 4],
) {
  const looked: number[] = [];
  class Watched extends ContentStorage {
    override async checkPieces(...call: Parameters<ContentStorage['checkPieces']>): Promise<void> {
      looked.push(...call[0]);
      await super.checkPieces(...call);
    }
  }
  let counted = 0;
  let isNews = false;
  const { have } = await findPieces({
    mode: 'resume',
    suspect: undefined,
    info: torrent.info,
    hashes: hashesOf(),
    storage: new Watched(torrent, onDisk),
    resume: {
      load: () => Promise.resolve(changes.remembered),
      changed: () => (isNews = true),
    } as unknown as ResumeKeeper,
    signal: new AbortController().signal,
    onPiece: () => (counted += 1),
    ...changes,
  });
  expect(counted).toBe(looked.length);
  // What was remembered and needed no look need not be saved again.
  expect(isNews).toBe(looked.length > 0);
  return { have: listOf(have), looked };
}

const remembered: Remembered = {
  trusted: bits(0, 1),
  recheck: [4, 5],
  claimed: bits(0, 1, 4),
  gone: undefined,
};

describe('findPieces', () => {
  it('resume: believes what is remembered, hashes what is doubtful, takes the rest for missing', async () => {
    expect(await check({ remembered })).toEqual({ have: [0, 1, 4], looked: [4, 5] });
  });

  it('resume: touches no file where nothing is doubtful', async () => {
    const sure: Remembered = {
      trusted: bits(0, 2),
      recheck: [],
      claimed: bits(0, 2),
      gone: undefined,
    };
    expect(await check({ remembered: sure })).toEqual({ have: [0, 2], looked: [] });
  });

  it('resume: hashes everything where nothing is remembered', async () => {
    expect(await check({})).toEqual({ have: [0, 2, 4], looked: [0, 1, 2, 3, 4, 5] });
  });

  it('force: hashes everything whatever is remembered', async () => {
    const { have, looked } = await check({ mode: 'force', remembered });
    expect({ have, looked }).toEqual({ have: [0, 2, 4], looked: [0, 1, 2, 3, 4, 5] });
  });

  it.each(['resume', 'trust'] as const)(
    'after a failure (%s): looks again at what was there, and only at that',
    async (mode) => {
      expect(await check({ mode, remembered, suspect: bits(2, 3) })).toEqual({
        have: [2],
        looked: [2, 3],
      });
    },
  );

  it("rejects with the signal's reason", async () => {
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    await expect(check({ signal: abort.signal })).rejects.toThrow('enough');
  });
});
