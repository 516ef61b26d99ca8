import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { MAX_REQUESTERS } from '../../src/piece/partial-piece.ts';
import { RANDOM_FIRST_PIECES } from '../../src/piece/piece-chooser.ts';
import { PiecePicker } from '../../src/piece/piece-picker.ts';
import {
  TestBuffers,
  TestPeer,
  blocks,
  pick,
  pickerOf,
  randomOf,
  receive,
  warmUp,
} from './helpers.ts';

const first = [0, 1, 2, 3];
const piecesOf = (picker: PiecePicker<TestPeer>, ids: number[]): number[] => [
  ...new Set(ids.map((id) => Math.floor(id / picker.blocksPerPiece))),
];

describe('geometry and states', () => {
  it('knows the short last piece and the short last block', () => {
    const buffers = new TestBuffers();
    const picker = new PiecePicker<TestPeer>({
      pieceCount: 2,
      pieceLength: 3 * BLOCK_LENGTH,
      totalLength: 4 * BLOCK_LENGTH + 100,
      random: randomOf(1),
      buffers,
    });
    const seed = new TestPeer(2, 'all');
    picker.peerJoined(seed);
    expect(picker.blocksPerPiece).toBe(3);
    expect(picker.pieceLengthAt(1)).toBe(BLOCK_LENGTH + 100);
    expect(pick(picker, seed, 99).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    expect(picker.blockTarget(seed, 1, BLOCK_LENGTH, BLOCK_LENGTH)).toBeUndefined();
    expect(picker.blockTarget(seed, 1, BLOCK_LENGTH, 100)?.length).toBe(100);
  });

  it('refuses lengths that do not agree', () => {
    const make = (): unknown =>
      new PiecePicker<TestPeer>({
        pieceCount: 2,
        pieceLength: 100,
        totalLength: 300,
        random: randomOf(1),
        buffers: new TestBuffers(),
      });
    expect(make).toThrow(RangeError);
  });

  it('leads a piece from missing to have, and back when it fails or is lost', () => {
    const { picker, buffers } = pickerOf(1, 2);
    const seed = new TestPeer(1, 'all');
    picker.peerJoined(seed);
    expect(picker.stateOf(0)).toBe('missing');
    expect([picker.wantedLeft, picker.wantedBytesLeft]).toEqual([1, blocks(2)]);
    const fill = (): void => {
      for (const id of pick(picker, seed, 2)) receive(picker, seed, id);
    };
    fill();
    expect(picker.stateOf(0)).toBe('downloading');
    expect(picker.partialBytes).toBe(blocks(2));
    const taken = picker.takePiece(0);
    expect(taken.contributors).toEqual([seed, seed]);
    expect(taken.length).toBe(blocks(2));
    expect(picker.stateOf(0)).toBe('verifying');
    expect(picker.isInteresting(seed)).toBe(false);
    picker.pieceFailed(0);
    expect(picker.stateOf(0)).toBe('missing');
    expect(picker.isInteresting(seed)).toBe(true);
    fill();
    picker.takePiece(0);
    picker.pieceVerified(0);
    expect(picker.stateOf(0)).toBe('have');
    expect(picker.have.isFull).toBe(true);
    expect([picker.wantedLeft, picker.wantedBytesLeft]).toEqual([0, 0]);
    picker.lost(0);
    expect(picker.stateOf(0)).toBe('missing');
    expect(picker.wantedLeft).toBe(1);
    expect(buffers.out.size).toBe(2);
  });

  it('begins with the pieces that were had', () => {
    const peer = new TestPeer(4, [1, 2]);
    const { picker } = pickerOf(4, 1, { have: peer.have });
    picker.peerJoined(peer);
    expect(picker.wantedLeft).toBe(2);
    expect(picker.isInteresting(peer)).toBe(false);
    expect(pick(picker, peer, 9)).toEqual([]);
  });
});

describe('availability and interest', () => {
  it('counts a seed without touching the pieces', () => {
    const { picker } = pickerOf(10, 1);
    const seed = new TestPeer(10, 'all');
    picker.peerJoined(seed);
    expect(picker.availabilityOf(3)).toBe(1);
    picker.peerLeft(seed);
    expect(picker.availabilityOf(3)).toBe(0);
  });

  it('follows a peer that gains pieces until it has all', () => {
    const { picker } = pickerOf(3, 1);
    const peer = new TestPeer(3);
    picker.peerJoined(peer);
    expect(picker.isInteresting(peer)).toBe(false);
    for (let piece = 0; piece < 3; piece++) {
      peer.have.set(piece);
      peer.isSeed = piece === 2;
      picker.peerGained(peer, piece);
    }
    expect(picker.isInteresting(peer)).toBe(true);
    expect(picker.availabilityOf(2)).toBe(1);
    picker.peerLeft(peer);
    expect(picker.availabilityOf(2)).toBe(0);
  });

  it('gives a piece back to a peer that had been found to have nothing more', () => {
    const { picker, buffers } = pickerOf(8, 1);
    warmUp(picker, buffers, first);
    const peer = new TestPeer(8, [5], 'a');
    picker.peerJoined(peer);
    expect(pick(picker, peer, 4)).toEqual([5]);
    receive(picker, peer, 5);
    picker.takePiece(5);
    expect(pick(picker, peer, 4)).toEqual([]);
    picker.pieceFailed(5);
    expect(pick(picker, peer, 4)).toEqual([5]);
  });

  it('does not want unwanted pieces, and wants them again', () => {
    const { picker } = pickerOf(2, 1);
    const peer = new TestPeer(2, [0]);
    picker.peerJoined(peer);
    picker.setPriority(0, 0);
    expect(picker.isInteresting(peer)).toBe(false);
    expect(picker.wantedLeft).toBe(1);
    expect(pick(picker, peer, 1)).toEqual([]);
    picker.setPriority(0, 1);
    expect(pick(picker, peer, 1)).toEqual([0]);
    expect(() => picker.setPriority(0, 8)).toThrow(RangeError);
  });
});

describe('the order of pieces', () => {
  it('takes the first pieces at random, not by rarity', () => {
    const chosen = new Set<number>();
    for (let seed = 1; seed <= 40; seed++) {
      const { picker } = pickerOf(50, 1, { random: randomOf(seed) });
      const common = new TestPeer(
        50,
        Array.from({ length: 49 }, (_, piece) => piece),
      );
      const all = new TestPeer(50, 'all');
      picker.peerJoined(common);
      picker.peerJoined(all);
      chosen.add(pick(picker, all, 1)[0]!);
    }
    expect(chosen.size).toBeGreaterThan(15);
    expect(RANDOM_FIRST_PIECES).toBe(4);
  });

  it('then takes the rarest first and breaks ties at random', () => {
    const ties = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const { picker, buffers } = pickerOf(30, 1, { random: randomOf(seed) });
      warmUp(picker, buffers, first);
      const everywhere = Array.from({ length: 20 }, (_, piece) => piece);
      picker.peerJoined(new TestPeer(30, everywhere));
      picker.peerJoined(new TestPeer(30, [...everywhere, 20, 21, 22, 23, 24]));
      const all = new TestPeer(30, 'all');
      picker.peerJoined(all);
      const rarest = pick(picker, all, 5);
      expect([...rarest].sort((a, b) => a - b)).toEqual([25, 26, 27, 28, 29]);
      ties.add(rarest[0]!);
      expect(pick(picker, all, 5).sort((a, b) => a - b)).toEqual([20, 21, 22, 23, 24]);
    }
    expect(ties.size).toBeGreaterThan(2);
  });

  it('finds the only piece of a peer among a hundred thousand rarer ones', () => {
    const { picker, buffers } = pickerOf(100_000, 1);
    warmUp(picker, buffers, first);
    const peer = new TestPeer(100_000, [70_001]);
    const rare = new TestPeer(
      100_000,
      Array.from({ length: 50_000 }, (_, piece) => piece + 10),
    );
    picker.peerJoined(rare);
    picker.peerJoined(new TestPeer(100_000, [70_001]));
    picker.peerJoined(peer);
    expect(pick(picker, peer, 3)).toEqual([70_001]);
    expect(pick(picker, peer, 3)).toEqual([]);
  });

  it('puts priority before rarity and before partial pieces', () => {
    const { picker, buffers } = pickerOf(10, 4);
    warmUp(picker, buffers, first);
    const seed = new TestPeer(10, 'all');
    picker.peerJoined(seed);
    picker.setPriority(9, 2);
    const opened = piecesOf(picker, pick(picker, seed, 1))[0]!;
    picker.setPriority(7, 7);
    picker.setPriority(6, 6);
    const rest = pick(picker, seed, 99);
    expect(piecesOf(picker, rest).slice(0, 3)).toEqual([7, 6, opened]);
    expect(piecesOf(picker, rest).at(-1)).toBe(9);
  });

  it('goes by index in sequential mode', () => {
    const { picker, buffers } = pickerOf(10, 2);
    picker.sequential = true;
    warmUp(picker, buffers, first);
    const late = new TestPeer(10, [6, 8]);
    const seed = new TestPeer(10, 'all');
    picker.peerJoined(late);
    picker.peerJoined(seed);
    expect(pick(picker, late, 3)).toEqual([12, 13, 16]);
    expect(pick(picker, seed, 5)).toEqual([17, 8, 9, 10, 11]);
    picker.release(late, 12);
    picker.setPriority(9, 7);
    expect(pick(picker, seed, 4)).toEqual([18, 19, 12, 14]);
  });

  it('fetches the deadline window first and in order, whatever else is open', () => {
    const { picker, buffers } = pickerOf(20, 2);
    warmUp(picker, buffers, first);
    const seed = new TestPeer(20, 'all');
    picker.peerJoined(seed);
    pick(picker, seed, 1);
    picker.setDeadlineWindow(10, 12);
    const ids = pick(picker, seed, 6);
    const window = [20, 21, 22, 23, 24, 25].filter((id) => ids.includes(id));
    expect(ids.slice(0, window.length)).toEqual(window);
    expect(window.length).toBeGreaterThanOrEqual(5);
    picker.release(seed, 21);
    expect(pick(picker, seed, 1)).toEqual([21]);
    picker.setDeadlineWindow(15, 15);
    picker.clearDeadlineWindow();
    expect(piecesOf(picker, pick(picker, seed, 1))).not.toEqual([15]);
  });

  it('asks only for allowed pieces while choked', () => {
    const { picker } = pickerOf(20, 2);
    const seed = new TestPeer(20, 'all');
    picker.peerJoined(seed);
    const allowed = (piece: number): boolean => piece === 3 || piece === 5;
    expect(piecesOf(picker, pick(picker, seed, 99, allowed)).sort()).toEqual([3, 5]);
    expect(pick(picker, seed, 99)).toHaveLength(36);
  });
});

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

describe('blocks', () => {
  it('refuses what was not asked for', () => {
    const { picker } = pickerOf(2, 4);
    const asked = new TestPeer(2, 'all', 'asked');
    const other = new TestPeer(2, 'all', 'other');
    picker.peerJoined(asked);
    picker.peerJoined(other);
    const id = pick(picker, asked, 1)[0]!;
    const piece = id / 4;
    for (const [begin, length] of [
      [BLOCK_LENGTH, BLOCK_LENGTH],
      [0, BLOCK_LENGTH - 1],
      [1, BLOCK_LENGTH],
      [-BLOCK_LENGTH, BLOCK_LENGTH],
      [blocks(4), BLOCK_LENGTH],
    ] as const)
      expect(picker.blockTarget(asked, piece, begin, length)).toBeUndefined();
    expect(picker.blockTarget(other, piece, 0, BLOCK_LENGTH)).toBeUndefined();
    expect(picker.blockTarget(asked, 1 - piece, 0, BLOCK_LENGTH)).toBeUndefined();
    expect(picker.blockTarget(asked, 99, 0, BLOCK_LENGTH)).toBeUndefined();
    expect(picker.blockReceived(other, piece, 0)).toBe('ignored');
    expect(picker.blockReceived(asked, 99, 0)).toBe('ignored');
    const target = picker.blockTarget(asked, piece, 0, BLOCK_LENGTH);
    expect([target?.byteOffset, target?.length]).toEqual([0, BLOCK_LENGTH]);
    expect(receive(picker, asked, id)).toBe('block');
    expect(receive(picker, asked, id)).toBe('ignored');
  });

  it('is blind to a peer that has not joined', () => {
    const { picker } = pickerOf(2, 4);
    const stranger = new TestPeer(2, 'all');
    expect(pick(picker, stranger, 5)).toEqual([]);
    expect(picker.isInteresting(stranger)).toBe(false);
    expect(picker.releaseAll(stranger)).toBe(0);
    picker.peerLeft(stranger);
    expect(() => picker.takePiece(0)).toThrow(RangeError);
  });
});
