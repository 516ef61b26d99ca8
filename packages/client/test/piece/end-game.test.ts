import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { MAX_REQUESTERS } from '../../src/piece/partial-piece.ts';
import type { PiecePicker } from '../../src/piece/piece-picker.ts';
import { TestPeer, pick, pickerOf, piecesOf, receive, warmUp } from './helpers.ts';

const first = [0, 1, 2, 3];

describe('slow peers', () => {
  it('share a piece of their own kind and leave the pieces of fast peers alone', () => {
    const { picker, buffers } = pickerOf(40, 8);
    warmUp(picker, buffers, first);
    const fast = new TestPeer(40, 'all', 'fast');
    const slow = [new TestPeer(40, 'all', 's1'), new TestPeer(40, 'all', 's2')] as const;
    for (const peer of [fast, ...slow]) picker.peerJoined(peer);
    for (const peer of slow) peer.slow = true;
    const quick = piecesOf(picker, pick(picker, fast, 2));
    const lame = piecesOf(picker, pick(picker, slow[0], 1));
    expect(lame).not.toEqual(quick);
    expect(piecesOf(picker, pick(picker, slow[1], 1))).toEqual(lame);
  });

  it('open the last-ranked piece', () => {
    const { picker, buffers } = pickerOf(20, 2);
    warmUp(picker, buffers, first);
    picker.peerJoined(new TestPeer(20, [4, 5, 6, 7, 8, 9]));
    picker.peerJoined(new TestPeer(20, [8]));
    const slow = new TestPeer(20, 'all', 'slow');
    slow.slow = true;
    picker.peerJoined(slow);
    expect(piecesOf(picker, pick(picker, slow, 1))).toEqual([8]);
    picker.setPriority(15, 1);
    picker.release(slow, 16);
    expect(piecesOf(picker, pick(picker, slow, 1))).toEqual([15]);
  });

  it('get no end of a nearly finished piece unless they alone have it', () => {
    const { picker, buffers } = pickerOf(5, 8);
    warmUp(picker, buffers, first);
    const fast = new TestPeer(5, 'all', 'fast');
    const slow = new TestPeer(5, 'all', 'slow');
    slow.slow = true;
    picker.peerJoined(fast);
    picker.peerJoined(slow);
    for (const id of pick(picker, fast, 6)) receive(picker, fast, id);
    expect(pick(picker, slow, 1)).toEqual([]);
    picker.peerLeft(fast);
    expect(pick(picker, slow, 1)).toEqual([38]);
  });
});

describe('end-game', () => {
  const setUp = (): { picker: PiecePicker<TestPeer>; peers: TestPeer[] } => {
    const { picker } = pickerOf(1, 4);
    const peers = ['a', 'b', 'c', 'd'].map((name) => new TestPeer(1, 'all', name));
    for (const peer of peers) picker.peerJoined(peer);
    return { picker, peers };
  };

  it('begins only when every wanted block is requested or here', () => {
    const { picker, peers } = setUp();
    expect(pick(picker, peers[0]!, 3)).toEqual([0, 1, 2]);
    expect(picker.endGame).toBe(false);
    expect(pick(picker, peers[1]!, 1)).toEqual([3]);
    expect(picker.endGame).toBe(true);
    picker.release(peers[1]!, 3);
    expect(picker.endGame).toBe(false);
    expect(pick(picker, peers[1]!, 1)).toEqual([3]);
  });

  it('duplicates the blocks outstanding longest, to no more peers than its bound, never twice to one', () => {
    const { picker, peers } = setUp();
    const [a, b, c, d] = peers as [TestPeer, TestPeer, TestPeer, TestPeer];
    pick(picker, a, 2);
    pick(picker, b, 2);
    expect(pick(picker, c, 2)).toEqual([0, 1]);
    expect(pick(picker, a, 9)).toEqual([2, 3]);
    expect(pick(picker, a, 9)).toEqual([]);
    expect(pick(picker, b, 9)).toEqual([0, 1]);
    expect(MAX_REQUESTERS).toBe(3);
    expect(pick(picker, d, 9)).toEqual([2, 3]);
    expect(pick(picker, c, 9)).toEqual([]);
  });

  it('leaves the last place beside a block to peers that are not slow', () => {
    const { picker, peers } = setUp();
    const [a, b, c] = peers as [TestPeer, TestPeer, TestPeer];
    pick(picker, a, 4);
    pick(picker, b, 4);
    c.slow = true;
    expect(pick(picker, c, 4)).toEqual([]);
    c.slow = false;
    expect(pick(picker, c, 4)).toHaveLength(4);
  });

  it('leaves the last place beside a block to peers that have sent something', () => {
    const { picker, peers } = setUp();
    const [a, b, c] = peers as [TestPeer, TestPeer, TestPeer];
    pick(picker, a, 4);
    pick(picker, b, 4);
    c.unproven = true;
    expect(pick(picker, c, 4)).toEqual([]);
    c.unproven = false;
    expect(pick(picker, c, 4)).toHaveLength(4);
  });

  it('names the others to be sent a CANCEL and takes a block once', () => {
    const { picker, peers } = setUp();
    const [a, b, c] = peers as [TestPeer, TestPeer, TestPeer];
    for (const peer of [a, b, c]) pick(picker, peer, 4);
    expect(picker.blockTarget(b, 0, 0, BLOCK_LENGTH)).toBeDefined();
    expect(picker.blockTarget(a, 0, 0, BLOCK_LENGTH)).toBeUndefined();
    const others: TestPeer[] = [];
    picker.duplicatesOf(0, b, others);
    expect(others.map((peer) => peer.name)).toEqual(['a', 'c']);
    expect(picker.blockReceived(a, 0, 0)).toBe('ignored');
    expect(picker.blockReceived(b, 0, 0)).toBe('block');
    expect(picker.blockReceived(c, 0, 0)).toBe('ignored');
    expect(picker.blockTarget(c, 0, 0, BLOCK_LENGTH)).toBeUndefined();
    expect([picker.releaseAll(a), picker.releaseAll(b), picker.releaseAll(c)]).toEqual([3, 3, 3]);
  });

  it('gives a block to others again when the peer that streamed it fails', () => {
    const { picker, peers } = setUp();
    const [a, b] = peers as [TestPeer, TestPeer];
    pick(picker, a, 4);
    picker.blockTarget(a, 0, 0, BLOCK_LENGTH);
    expect(pick(picker, b, 1)).toEqual([1]);
    picker.releaseAll(a);
    expect(pick(picker, b, 1)).toEqual([0]);
  });
});
