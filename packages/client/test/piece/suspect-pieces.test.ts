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
  const { picker, buffers } = pickerOf(pieceCount, 4);
  const peers = [
    new TestPeer(pieceCount, 'all', 'one'),
    new TestPeer(pieceCount, 'all', 'other'),
  ] as const;
  for (const peer of peers) picker.peerJoined(peer);
  if (pieceCount > 1)
    for (let piece = 1; piece < pieceCount; piece += 1) picker.setPriority(piece, 0);
  failShared(picker, buffers, peers);
  failShared(picker, buffers, peers);
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

  it('is shared again once it has come out right', () => {
    const { picker, buffers, one, other } = suspect();
    for (const id of pick(picker, one, 4)) receive(picker, one, id, buffers);
    picker.lost(0);
    expect(pick(picker, one, 2)).toHaveLength(2);
    expect(pick(picker, other, 2)).toHaveLength(2);
  });
});
