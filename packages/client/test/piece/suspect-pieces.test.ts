import type { PiecePicker } from '../../src/piece/piece-picker.ts';
import { pick, pickerOf, receive, type TestBuffers, TestPeer } from './helpers.ts';

/** The piece comes from both peers, and is wrong. */
function failShared(
  picker: PiecePicker<TestPeer>,
  buffers: TestBuffers,
  [one, other]: readonly [TestPeer, TestPeer],
): void {
  const ids = [...pick(picker, one, 2).map((id) => [one, id] as const)];
  ids.push(...pick(picker, other, 2).map((id) => [other, id] as const));
  for (const [peer, id] of ids) receive(picker, peer, id);
  const taken = picker.takePiece(0);
  expect(new Set(taken.contributors).size).toBe(2);
  buffers.release(taken.buffer);
  picker.pieceFailed(0);
}

function suspect(pieceCount = 1) {
  const parts = suspectOf(pieceCount);
  const { picker, buffers, one, other } = parts;
  failShared(picker, buffers, [one, other]);
  failShared(picker, buffers, [one, other]);
  return parts;
}

/** The piece, which has not failed yet, and two peers that have it. */
function suspectOf(pieceCount: number) {
  const { picker, buffers } = pickerOf(pieceCount, 4);
  const peers = [
    new TestPeer(pieceCount, 'all', 'one'),
    new TestPeer(pieceCount, 'all', 'other'),
  ] as const;
  for (const peer of peers) picker.peerJoined(peer);
  if (pieceCount > 1)
    for (let piece = 1; piece < pieceCount; piece += 1) picker.setPriority(piece, 0);
  return { picker, buffers, one: peers[0], other: peers[1] };
}

describe('a piece that failed twice', () => {
  it('is asked of one peer alone', () => {
    const { picker, buffers, one, other } = suspect();
    const ids = pick(picker, one, 2);
    expect(ids).toHaveLength(2);
    expect(pick(picker, other, 4)).toEqual([]);
    ids.push(...pick(picker, one, 4));
    // Not in the end-game either.
    expect(picker.endGame).toBe(true);
    expect(pick(picker, other, 4)).toEqual([]);
    for (const id of ids) receive(picker, one, id, buffers);
    expect(picker.wantedLeft).toBe(0);
    expect(buffers.out.size).toBe(0);
  });

  it('keeps nobody from the end-game of the others', () => {
    const { picker, one, other } = suspect(2);
    expect(pick(picker, one, 2)).toHaveLength(2);
    picker.setPriority(1, 4);
    expect(pick(picker, other, 4)).toHaveLength(4);
    expect(picker.endGame).toBe(true);
    const third = new TestPeer(2, 'all', 'third');
    picker.peerJoined(third);
    expect(pick(picker, third, 8).map((id) => Math.floor(id / 4))).toEqual([1, 1, 1, 1]);
  });

  it('begins anew with another one, where the first leaves or does not go on', () => {
    for (const leaves of [true, false]) {
      const { picker, buffers, one, other } = suspect();
      const [first, second] = pick(picker, one, 2);
      receive(picker, one, first!);
      picker.release(one, second!);
      if (leaves) picker.peerLeft(one);
      const ids = pick(picker, other, 8);
      expect(ids).toHaveLength(4);
      expect(picker.partialBytes).toBe(0);
      expect(pick(picker, one, 8)).toEqual([]);
      for (const id of ids) receive(picker, other, id);
      const { contributors, buffer } = picker.takePiece(0);
      expect(new Set(contributors)).toEqual(new Set([other]));
      buffers.release(buffer);
      picker.pieceVerified(0);
      // It counts no more.
      picker.lost(0);
      expect(picker.stateOf(0)).toBe('missing');
    }
  });

  it('is not one that was given back, or could not be stored', () => {
    const { picker, one, other } = suspectOf(1);
    for (let count = 0; count < 3; count += 1) {
      expect(picker.reserve(0)).toBe(true);
      picker.giveBack(0);
    }
    expect(pick(picker, one, 2)).toHaveLength(2);
    expect(pick(picker, other, 2)).toHaveLength(2);
  });

  it('is asked of one source of runs alone, or not of it', () => {
    const { picker, buffers, one } = suspect(2);
    const web = new TestPeer(2, 'all', 'web');
    picker.peerJoined(web);
    const run = (): number[] => {
      const ids: number[] = [];
      picker.pickRun(web, { blocks: 4, next: -1, taken: new Set() }, ids);
      return ids;
    };
    const [first, second] = pick(picker, one, 2);
    expect(run()).toEqual([]);
    expect(picker.claim(web, 0, 0, 4)).toBe('nothing');
    const owed: number[] = [];
    expect(picker.pickOwedRun(web, 4, owed)).toBe(0);
    receive(picker, one, first!);
    picker.release(one, second!);
    // The first one does not go on.
    expect(run()).toEqual([0, 1, 2, 3]);
    for (let id = 0; id < 4; id += 1) receive(picker, web, id);
    const { contributors, buffer } = picker.takePiece(0);
    expect(new Set(contributors)).toEqual(new Set([web]));
    buffers.release(buffer);
  });

  it('is shared again once it has come out right', () => {
    const { picker, buffers, one, other } = suspect();
    for (const id of pick(picker, one, 4)) receive(picker, one, id, buffers);
    picker.lost(0);
    expect(pick(picker, one, 2)).toHaveLength(2);
    expect(pick(picker, other, 2)).toHaveLength(2);
  });
});
