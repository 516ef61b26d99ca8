import { pick, pickerOf, receive, TestPeer, warmUp } from './helpers.ts';

const NONE: ReadonlySet<number> = new Set();

/** A picker with two blocks in each of twenty pieces, and a source of runs. */
function setUp(pieces = 20) {
  const { picker, buffers } = pickerOf(pieces, 2);
  const web = new TestPeer(pieces, 'all', 'web');
  picker.peerJoined(web);
  const run = (blocks: number, next = -1, taken = NONE): number[] => {
    const out: number[] = [];
    picker.pickRun(web, { blocks, next, taken }, out);
    return out;
  };
  return { picker, buffers, web, run };
}

describe('runs of blocks', () => {
  it('begin in the longest gap, and go on where the last has ended', () => {
    const { picker, buffers, run } = setUp();
    warmUp(picker, buffers, [3, 4, 5, 16]);
    expect(run(5)).toEqual([12, 13, 14, 15, 16]);
    // What is begun comes first.
    expect(run(4)).toEqual([17, 18, 19, 20]);
    expect(run(3, 11)).toEqual([21, 22, 23]);
    expect(run(2, 12)).toEqual([24, 25]);
  });

  it('share a gap that another goes on with', () => {
    const { run } = setUp();
    expect(run(2, -1, new Set([0]))).toEqual([20, 21]);
    expect(run(4, -1, new Set([11]))).toEqual([0, 1, 2, 3]);
  });

  it('end where a piece is had, wanted less, or another works on it', () => {
    const { picker, buffers, run } = setUp(8);
    warmUp(picker, buffers, [3]);
    expect(run(9, 0)).toEqual([0, 1, 2, 3, 4, 5]);
    picker.setPriority(5, 1);
    expect(run(9, 4)).toEqual([8, 9]);
    expect(run(9)).toEqual([12, 13, 14, 15]);
    expect(run(9)).toEqual([10, 11]);
  });

  it('take what is urgent first: a deadline, an order, a priority', () => {
    const { picker, run } = setUp();
    picker.setDeadlineWindow(9, 10);
    expect(run(2)).toEqual([18, 19]);
    picker.clearDeadlineWindow();
    picker.setPriority(15, 7);
    expect(run(4)).toEqual([30, 31]);
    picker.sequential = true;
    expect(run(2)).toEqual([0, 1]);
  });

  it('are not offered to others in end-game; those of others are, when all is requested', () => {
    const { picker, web, run } = setUp(2);
    const peer = new TestPeer(2, 'all');
    picker.peerJoined(peer);
    expect(run(2, 0)).toEqual([0, 1]);
    expect(pick(picker, peer, 9)).toEqual([2, 3]);
    expect(picker.endGame).toBe(true);
    expect(pick(picker, peer, 9)).toEqual([]);
    const owed: number[] = [];
    expect(picker.pickOwedRun(web, 9, owed)).toBe(2);
    expect(owed).toEqual([2, 3]);
    // Whoever comes first; the other is to be told.
    const rivals: TestPeer[] = [];
    picker.duplicatesOf(2, web, rivals);
    expect(rivals).toEqual([peer]);
    expect(receive(picker, web, 2)).toBe('block');
    // What is given back is anybody's.
    picker.release(web, 0);
    expect(pick(picker, peer, 9)).toEqual([0]);
  });

  it('end where memory does', () => {
    const { buffers, run, picker } = setUp();
    buffers.limit = 2;
    expect(run(9)).toEqual([0, 1, 2, 3]);
    expect(run(9)).toEqual([]);
    expect(picker.partialCount).toBe(2);
  });
});

describe('claiming what comes by', () => {
  it('takes the free blocks of a piece, once', () => {
    const { picker, web, buffers } = setUp();
    expect(picker.mayClaim(4)).toBe(true);
    expect(picker.claim(web, 4, 1, 2)).toBe('claimed');
    expect(picker.claim(web, 4, 1, 2)).toBe('nothing');
    expect(picker.isRequested(web, 9)).toBe(true);
    expect(picker.isRequested(web, 8)).toBe(false);
    expect(picker.claim(web, 4, 0, 2)).toBe('claimed');
    expect(picker.mayClaim(4)).toBe(false);
    picker.setPriority(5, 0);
    expect(picker.claim(web, 5, 0, 2)).toBe('nothing');
    buffers.limit = 1;
    expect(picker.claim(web, 6, 0, 2)).toBe('no memory');
  });
});
