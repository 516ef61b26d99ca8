import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { TestPeer, blocks, pick, pickerOf, piecesOf, receive, warmUp } from './helpers.ts';

const first = [0, 1, 2, 3];

describe('partial pieces', () => {
  it('gives one peer the blocks of a piece in order', () => {
    const { picker } = pickerOf(4, 8);
    const seed = new TestPeer(4, 'all');
    picker.peerJoined(seed);
    const ids = [...pick(picker, seed, 3), ...pick(picker, seed, 5)];
    expect(ids).toEqual(Array.from({ length: 8 }, (_, block) => ids[0]! + block));
  });

  it('lets fast peers have pieces of their own while there are plenty', () => {
    const { picker, buffers } = pickerOf(40, 4);
    warmUp(picker, buffers, first);
    const one = new TestPeer(40, 'all', 'one');
    const two = new TestPeer(40, 'all', 'two');
    picker.peerJoined(one);
    picker.peerJoined(two);
    const mine = piecesOf(picker, pick(picker, one, 2));
    const yours = piecesOf(picker, pick(picker, two, 2));
    expect(yours).not.toEqual(mine);
    expect(piecesOf(picker, pick(picker, one, 2))).toEqual(mine);
    expect(piecesOf(picker, pick(picker, two, 2))).toEqual(yours);
  });

  it('shares open pieces when few are left, the one with the fewest blocks left first', () => {
    const { picker, buffers } = pickerOf(7, 8);
    warmUp(picker, buffers, first);
    const one = new TestPeer(7, [4], 'one');
    const two = new TestPeer(7, [5], 'two');
    const three = new TestPeer(7, 'all', 'three');
    for (const peer of [one, two, three]) picker.peerJoined(peer);
    pick(picker, one, 4);
    const [a, b] = pick(picker, two, 4);
    receive(picker, two, a!);
    receive(picker, two, b!);
    expect(piecesOf(picker, pick(picker, three, 4))).toEqual([5]);
    expect(piecesOf(picker, pick(picker, three, 4))).toEqual([4]);
    expect(piecesOf(picker, pick(picker, three, 8))).toEqual([6]);
  });

  it('takes up what a peer left behind before opening more', () => {
    const { picker, buffers } = pickerOf(40, 4);
    warmUp(picker, buffers, first);
    const gone = new TestPeer(40, 'all', 'gone');
    const next = new TestPeer(40, 'all', 'next');
    picker.peerJoined(gone);
    picker.peerJoined(next);
    const ids = pick(picker, gone, 4);
    receive(picker, gone, ids[0]!);
    expect(picker.releaseAll(gone)).toBe(3);
    expect(pick(picker, next, 3)).toEqual(ids.slice(1));
  });

  it('closes a partial piece that has nothing and waits for nothing', () => {
    const { picker, buffers } = pickerOf(40, 4);
    const peer = new TestPeer(40, 'all');
    picker.peerJoined(peer);
    const ids = pick(picker, peer, 2);
    expect(buffers.out.size).toBe(1);
    for (const id of ids) picker.release(peer, id);
    expect(buffers.out.size).toBe(0);
    expect(picker.stateOf(Math.floor(ids[0]! / 4))).toBe('missing');
  });

  it('uses only what is open when memory is spent', () => {
    const { picker, buffers } = pickerOf(40, 4);
    warmUp(picker, buffers, first);
    buffers.limit = 1;
    const one = new TestPeer(40, 'all', 'one');
    const two = new TestPeer(40, 'all', 'two');
    picker.peerJoined(one);
    picker.peerJoined(two);
    const mine = piecesOf(picker, pick(picker, one, 2));
    expect(piecesOf(picker, pick(picker, two, 9))).toEqual(mine);
    expect(pick(picker, two, 9)).toEqual([]);
    expect(picker.partialCount).toBe(1);
  });

  it('never opens more than its own bound', () => {
    const { picker } = pickerOf(40, 4, { maxPartialPieces: 3 });
    const seed = new TestPeer(40, 'all');
    picker.peerJoined(seed);
    expect(pick(picker, seed, 999)).toHaveLength(12);
  });

  it('gives up an abandoned piece when all memory is held by those a peer cannot help with', () => {
    const { picker, buffers } = pickerOf(40, 4, { maxPartialPieces: 1 });
    const gone = new TestPeer(40, [7], 'gone');
    picker.peerJoined(gone);
    receive(picker, gone, pick(picker, gone, 4)[0]!);
    const other = new TestPeer(40, [9], 'other');
    picker.peerJoined(other);
    expect(pick(picker, other, 4)).toEqual([]);
    picker.peerLeft(gone);
    expect(piecesOf(picker, pick(picker, other, 4))).toEqual([9]);
    expect(picker.stateOf(7)).toBe('missing');
    expect(buffers.out.size).toBe(1);
  });

  it('gives up nothing for memory that the disk keeps from everybody', () => {
    const { picker, buffers } = pickerOf(40, 4);
    const gone = new TestPeer(40, [7], 'gone');
    picker.peerJoined(gone);
    receive(picker, gone, pick(picker, gone, 4)[0]!);
    picker.peerLeft(gone);
    const other = new TestPeer(40, [9], 'other');
    picker.peerJoined(other);
    buffers.diskIsBehind = true;
    expect(pick(picker, other, 4)).toEqual([]);
    expect(picker.partialBytes).toBe(BLOCK_LENGTH);
    buffers.diskIsBehind = false;
    expect(piecesOf(picker, pick(picker, other, 4))).toEqual([9]);
    expect(picker.partialBytes).toBe(BLOCK_LENGTH);
  });

  it('asks again for what was dropped of a piece that was unwanted for a moment', () => {
    const { picker, buffers } = pickerOf(1, 3);
    const peers = ['a', 'b'].map((name) => new TestPeer(1, 'all', name));
    const [one, other] = peers;
    if (one === undefined || other === undefined) throw new Error('two peers');
    for (const peer of peers) picker.peerJoined(peer);
    const [first = 0] = pick(picker, one, 1);
    const [second = 1] = pick(picker, other, 1);
    picker.blockTarget(one, 0, 0, BLOCK_LENGTH);
    picker.blockTarget(other, 0, blocks(1), BLOCK_LENGTH);
    picker.setPriority(0, 0);
    expect(picker.blockReceived(one, 0, 0)).toBe('ignored');
    // The other block still streams in.
    picker.setPriority(0, 4);
    expect(picker.blockReceived(other, 0, blocks(1))).toBe('block');
    expect([first, second]).toEqual([0, 1]);
    const left = pick(picker, one, 8);
    expect(left).toEqual([0, 2]);
    for (const id of left) receive(picker, one, id, buffers);
    expect(picker.wantedLeft).toBe(0);
    expect(buffers.out.size).toBe(0);
  });

  it('gives memory back when a piece becomes unwanted, but never under a block that streams in', () => {
    const { picker, buffers } = pickerOf(4, 4);
    const seed = new TestPeer(4, 'all');
    picker.peerJoined(seed);
    const ids = pick(picker, seed, 4);
    const piece = Math.floor(ids[0]! / 4);
    picker.blockTarget(seed, piece, 0, BLOCK_LENGTH);
    picker.setPriority(piece, 0);
    expect(buffers.out.size).toBe(1);
    expect(picker.blockTarget(seed, piece, BLOCK_LENGTH, BLOCK_LENGTH)).toBeUndefined();
    expect(picker.blockReceived(seed, piece, 0)).toBe('ignored');
    expect(buffers.out.size).toBe(0);
    expect(picker.wantedLeft).toBe(3);
  });

  it('drops partial pieces on demand', () => {
    const { picker, buffers } = pickerOf(4, 4);
    const seed = new TestPeer(4, 'all');
    picker.peerJoined(seed);
    receive(picker, seed, pick(picker, seed, 16)[0]!);
    picker.dropPartials();
    expect([picker.partialCount, picker.partialBytes, buffers.out.size]).toEqual([0, 0, 0]);
    expect(pick(picker, seed, 99)).toHaveLength(16);
  });
});

describe('pieces that are had elsewhere', () => {
  it('are asked of nobody until they fail', () => {
    const { picker } = pickerOf(2, 4);
    const [seed, other] = [new TestPeer(2, 'all'), new TestPeer(2, [1])];
    picker.peerJoined(seed);
    picker.peerJoined(other);
    expect(picker.reserve(1)).toBe(true);
    expect(picker.reserve(1)).toBe(false);
    expect(picker.stateOf(1)).toBe('verifying');
    expect(picker.isInteresting(other)).toBe(false);
    expect(piecesOf(picker, pick(picker, seed, 99))).toEqual([0]);
    picker.giveBack(1);
    expect(picker.isInteresting(other)).toBe(true);
    expect(piecesOf(picker, pick(picker, other, 99))).toEqual([1]);
  });

  it('drop what a peer has sent of them, but not under a block that streams in', () => {
    const { picker, buffers } = pickerOf(1, 4);
    const seed = new TestPeer(1, 'all');
    picker.peerJoined(seed);
    const [id = 0, next = 0] = pick(picker, seed, 4);
    receive(picker, seed, id);
    picker.blockTarget(seed, 0, blocks(next % 4), BLOCK_LENGTH);
    expect(picker.reserve(0)).toBe(false);
    expect(picker.blockReceived(seed, 0, blocks(next % 4))).toBe('ignored');
    expect(picker.reserve(0)).toBe(true);
    expect([picker.partialCount, picker.partialBytes, buffers.out.size]).toEqual([0, 0, 0]);
    picker.pieceVerified(0);
    expect([picker.stateOf(0), picker.wantedLeft]).toEqual(['have', 0]);
  });

  it('are not taken from those that must not be begun, or are there', () => {
    const { picker } = pickerOf(2, 4, { isHeld: (piece) => piece === 0 });
    expect(picker.isHeld(0)).toBe(true);
    expect(picker.reserve(0)).toBe(false);
    picker.letGo(0);
    expect(picker.reserve(0)).toBe(true);
    picker.pieceVerified(0);
    expect(picker.reserve(0)).toBe(false);
  });
});
