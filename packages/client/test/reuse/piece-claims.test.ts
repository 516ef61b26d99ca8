import { FileLayout, type TorrentInfo } from '@shoal/metainfo';
import { inSlices } from '../../src/reuse/in-slices.ts';
import type { Lender } from '../../src/reuse/lender.ts';
import { PieceClaims } from '../../src/reuse/piece-claims.ts';
import { type FileTwins, SharedFiles } from '../../src/reuse/shared-files.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { pick, pickerOf, TestPeer } from '../piece/helpers.ts';

const BLOCKS = 2;
const PIECE = BLOCKS * 16_384;

/** `files` equal files of `pieces` pieces each, and a torrent that lends the first `lent` pieces of each. */
function setup(files: number, pieces: number, lent = 0) {
  const pieceCount = files * pieces;
  const one = makeTorrent([{ path: 'set', length: PIECE }], PIECE).info;
  // Of no content: nothing is hashed here.
  const info: TorrentInfo = {
    ...one,
    files: Array.from({ length: files }, (_, index) => ({
      index,
      path: `set/${index}`,
      length: pieces * PIECE,
      offset: index * pieces * PIECE,
      attributes: { padding: false, executable: false, hidden: false, symlink: undefined },
    })),
    pieceCount,
    totalLength: pieceCount * PIECE,
    length: pieceCount * PIECE,
  };
  const { picker } = pickerOf(info.pieceCount, BLOCKS);
  const lender = (has: (piece: number) => boolean): Lender => ({
    metainfo: { info, similar: [], collections: [] },
    lends: true,
    has,
    readBlocks: () => Promise.resolve(),
    returned: () => undefined,
  });
  const other = lender((piece) => piece % pieces < lent);
  const shared = new SharedFiles({
    info,
    layout: new FileLayout(info),
    self: lender((piece) => picker.have.get(piece)),
  });
  const own = info.files.map(({ index }) => index);
  const entry: FileTwins = {
    own,
    leaders: own.slice(0, 16),
    lent: lent > 0 ? [{ lender: other, file: 0, offset: 0 }] : [],
  };
  shared.twins = new Map(own.map((file) => [file, entry]));
  let changes = 0;
  const claims = new PieceClaims(picker, shared, () => changes++);
  const stateOf = (piece: number): string => picker.stateOf(piece);
  const plan = (): Promise<number> => {
    let turns = 1;
    return new Promise((resolve) => {
      const work = claims.reconsider();
      const step = (): void => {
        if (work.next().done === true) resolve(turns);
        else {
          turns++;
          setImmediate(step);
        }
      };
      step();
    });
  };
  const verify = (piece: number): void => {
    expect(picker.reserve(piece)).toBe(true);
    picker.pieceVerified(piece);
    inSlices(claims.verified(piece), () => undefined);
  };
  return { picker, claims, shared, stateOf, plan, verify, changes: () => changes };
}

describe('the claims on pieces', () => {
  it('leave the first of equal files to the peers and have the others wait', async () => {
    const { picker, claims, plan, verify } = setup(3, 2);
    await plan();
    expect([claims.waiting, claims.queued]).toEqual([4, 0]);
    const seed = new TestPeer(6, 'all');
    picker.peerJoined(seed);
    const asked = new Set(pick(picker, seed, 99).map((id) => Math.floor(id / BLOCKS)));
    expect(asked).toEqual(new Set([0, 1]));
    picker.dropPartials();
    verify(1);
    expect([claims.waiting, claims.queued]).toEqual([2, 2]);
    expect([claims.next(), claims.next(), claims.next()]).toEqual([3, 5, undefined]);
  });

  it('give back what waits for a file that is not wanted any more, but one', async () => {
    const { picker, claims, plan } = setup(3, 1);
    await plan();
    picker.setPriority(0, 0);
    await plan();
    expect(picker.stateOf(1)).toBe('missing');
    expect(picker.stateOf(2)).toBe('verifying');
    expect(claims.waiting).toBe(1);
  });

  it('give back what is not wanted when its turn comes, or was wrong, which is not claimed again', async () => {
    const { picker, claims, shared, plan } = setup(1, 3, 3);
    await plan();
    expect(claims.queued).toBe(3);
    picker.setPriority(0, 0);
    expect(claims.next()).toBe(1);
    expect(picker.stateOf(0)).toBe('missing');
    claims.refuse(1);
    await plan();
    expect(picker.stateOf(1)).toBe('missing');
    expect(claims.next()).toBe(2);
    const source = shared.find(2);
    for (let wrong = 0; wrong < 3; wrong++) if (source !== undefined) shared.wasWrong(source);
    claims.unread(2);
    expect(picker.stateOf(2)).toBe('missing');
  });

  it('let a stream have what it needs now', async () => {
    const { picker, claims, plan } = setup(2, 4);
    await plan();
    claims.hurry(5, 6);
    expect([4, 5, 6, 7].map((piece) => picker.stateOf(piece))).toEqual([
      'verifying',
      'missing',
      'missing',
      'verifying',
    ]);
    await plan();
    expect(picker.stateOf(5)).toBe('missing');
  });

  it('do not wait for what nobody has', async () => {
    const { picker, claims, plan } = setup(2, 2);
    await plan();
    const peer = new TestPeer(4, [3]);
    picker.peerJoined(peer);
    claims.tick();
    expect(picker.stateOf(3)).toBe('missing');
    expect(picker.stateOf(2)).toBe('verifying');
    expect(picker.isInteresting(peer)).toBe(true);
    await plan();
    expect(picker.stateOf(3)).toBe('missing');
  });

  it('take a piece over that a peer was asked for, and drop it', async () => {
    const { picker, claims, plan } = setup(1, 2, 2);
    const peer = new TestPeer(2, 'all');
    picker.peerJoined(peer);
    const [id = 0] = pick(picker, peer, 1);
    await plan();
    expect(claims.queued).toBe(2);
    expect(picker.isRequested(peer, id)).toBe(false);
    claims.giveUp();
    expect([picker.stateOf(0), picker.stateOf(1)]).toEqual(['missing', 'missing']);
  });

  it('are made in turns of a torrent with very many equal files', async () => {
    const { claims, plan, verify } = setup(20_000, 1);
    expect(await plan()).toBeGreaterThan(5);
    expect(claims.waiting).toBe(19_999);
    verify(0);
    expect(claims.queued).toBeLessThan(5_000);
    while (claims.queued < 19_999) await new Promise((resolve) => setImmediate(resolve));
    expect(claims.next()).toBe(1);
  });
});
