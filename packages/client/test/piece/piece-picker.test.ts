import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { RANDOM_FIRST_PIECES } from '../../src/piece/piece-chooser.ts';
import { PiecePicker } from '../../src/piece/piece-picker.ts';
import {
  TestBuffers,
  TestPeer,
  blocks,
  pick,
  pickerOf,
  piecesOf,
  randomOf,
  receive,
  warmUp,
} from './helpers.ts';

const first = [0, 1, 2, 3];

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
