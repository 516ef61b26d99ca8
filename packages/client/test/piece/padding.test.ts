import { FileLayout } from '@shoal/metainfo';
import { BLOCK_LENGTH, Bitfield } from '@shoal/peer-wire';
import fc from 'fast-check';
import { payloadLengthsOf } from '../../src/piece/payload-lengths.ts';
import { type FileSpec, makeTorrent } from '../disk/fixture.ts';
import { TestPeer, blocks, pick, pickerOf, receive } from './helpers.ts';

function payloadOf(specs: readonly FileSpec[], pieceLength: number): Int32Array | undefined {
  return payloadLengthsOf(makeTorrent(specs, pieceLength).info);
}

/** Files with and without padding behind them, which may fill up a piece, go beyond it, or end anywhere. */
const layouts = fc.record({
  pieceLength: fc.constantFrom(BLOCK_LENGTH, 2 * BLOCK_LENGTH, 4 * BLOCK_LENGTH),
  specs: fc.array(
    fc.record({
      path: fc.constant('a'),
      length: fc.oneof(
        fc.integer({ min: 0, max: 200_000 }),
        fc.constantFrom(0, 1, BLOCK_LENGTH, 4 * BLOCK_LENGTH),
      ),
      padding: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});

describe('padding', () => {
  it('has the payload of each piece told as the layout of the torrent tells it', () => {
    fc.assert(
      fc.property(layouts, ({ specs, pieceLength }) => {
        const { info } = makeTorrent(specs, pieceLength);
        const layout = new FileLayout(info);
        const payload = payloadOf(specs, pieceLength);
        for (let piece = 0; piece < info.pieceCount; piece++) {
          const expected = layout.payloadLengthAt(piece);
          if ((payload?.[piece] ?? layout.pieceLengthAt(piece)) !== expected) {
            throw new Error(`piece ${piece} has ${expected} bytes of payload`);
          }
        }
      }),
    );
  });

  it('costs nothing where no piece ends with any', () => {
    expect(payloadOf([{ path: 'a', length: 100_000 }], BLOCK_LENGTH)).toBeUndefined();
    const between = [
      { path: 'a', length: 10 },
      { path: 'p', length: 20, padding: true },
      { path: 'b', length: 30 },
    ];
    expect(payloadOf(between, BLOCK_LENGTH)).toBeUndefined();
  });

  it('is never requested, and every byte before it is, once', () => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 9 }), ({ specs, pieceLength }, count) => {
        const { info } = makeTorrent(specs, pieceLength);
        const layout = new FileLayout(info);
        const { pieceCount, totalLength } = info;
        if (pieceCount === 0) return;
        const payloadLengths = payloadOf(specs, pieceLength);
        const { picker, buffers } = pickerOf(pieceCount, pieceLength / BLOCK_LENGTH, {
          totalLength,
          payloadLengths,
        });
        const peer = new TestPeer(pieceCount, 'all');
        picker.peerJoined(peer);
        const asked = new Uint8Array(totalLength);
        for (let ids = pick(picker, peer, count); ids.length > 0; ids = pick(picker, peer, count)) {
          for (const id of ids) {
            const piece = Math.floor(id / picker.blocksPerPiece);
            const begin = blocks(id % picker.blocksPerPiece);
            const end = Math.min(begin + BLOCK_LENGTH, picker.pieceLengthAt(piece));
            for (let at = begin; at < end; at++) asked[piece * pieceLength + at]! += 1;
            receive(picker, peer, id, buffers);
          }
        }
        for (let piece = 0; piece < pieceCount; piece++) {
          const start = piece * pieceLength;
          const end = start + layout.payloadLengthAt(piece);
          const next = start + layout.pieceLengthAt(piece);
          if (!asked.subarray(start, end).every((times) => times === 1)) throw new Error('payload');
          if (!asked.subarray(end, next).every((times) => times === 0)) throw new Error('padding');
        }
        expect(picker.wantedLeft).toBe(0);
        expect(picker.wantedBytesLeft).toBe(0);
        expect(buffers.out.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('of a whole piece is neither wanted nor missed, and had where it was found', () => {
    const payloadLengths = Int32Array.of(100, 0, BLOCK_LENGTH);
    const have = new Bitfield(3);
    have.set(1);
    for (const known of [undefined, have]) {
      const { picker } = pickerOf(3, 1, { payloadLengths, ...(known && { have: known }) });
      expect(picker.wantedLeft).toBe(2);
      expect(picker.wantedBytesLeft).toBe(100 + BLOCK_LENGTH);
      expect(picker.have.get(1)).toBe(known !== undefined);
      picker.setPriority(1, 7);
      expect(picker.priorityOf(1)).toBe(0);
      const peer = new TestPeer(3, [1]);
      picker.peerJoined(peer);
      expect(picker.isInteresting(peer)).toBe(false);
      expect(pick(picker, peer, 9)).toEqual([]);
    }
  });

  it('lets buffers of a few lengths serve pieces of any', () => {
    const payloadLengths = Int32Array.of(1, BLOCK_LENGTH, BLOCK_LENGTH + 1, 5 * BLOCK_LENGTH - 1);
    const { picker, buffers } = pickerOf(4, 6, { payloadLengths });
    const peer = new TestPeer(4, 'all');
    picker.peerJoined(peer);
    expect(pick(picker, peer, 99)).toHaveLength(1 + 1 + 2 + 5);
    const lengths = [...buffers.out].map(({ byteLength }) => byteLength).sort((a, b) => a - b);
    expect(lengths).toEqual([1, 1, 2, 6].map((count) => count * BLOCK_LENGTH));
  });
});

describe('a piece whose hash is not known', () => {
  const held = (piece: number) => piece !== 0;

  it('is not picked before it is let go, but wanted all the time', () => {
    const { picker, buffers } = pickerOf(3, 2, { isHeld: held });
    const peer = new TestPeer(3, 'all');
    picker.peerJoined(peer);
    expect(pick(picker, peer, 99)).toEqual([0, 1]);
    for (const id of [0, 1]) receive(picker, peer, id, buffers);
    expect(pick(picker, peer, 99)).toEqual([]);
    expect(picker.wantedLeft).toBe(2);
    expect(picker.isInteresting(peer)).toBe(true);
    expect(picker.endGame).toBe(false);
    picker.letGo(2);
    expect(pick(picker, peer, 99)).toEqual([4, 5]);
    expect(picker.endGame).toBe(true);
  });

  it('does not become pickable by a priority, a deadline or the order of pieces', () => {
    const { picker } = pickerOf(3, 1, { isHeld: held });
    picker.sequential = true;
    picker.setPriority(1, 0);
    picker.setPriority(1, 7);
    picker.setDeadlineWindow(1, 2);
    const peer = new TestPeer(3, 'all');
    picker.peerJoined(peer);
    expect(pick(picker, peer, 99)).toEqual([0]);
    picker.letGo(1);
    picker.letGo(1);
    expect(pick(picker, peer, 99)).toEqual([1]);
  });

  it('does not stand in the way of the end-game where it is not wanted', () => {
    const { picker } = pickerOf(2, 1, { isHeld: held });
    picker.setPriority(1, 0);
    const peer = new TestPeer(2, 'all');
    picker.peerJoined(peer);
    expect(pick(picker, peer, 9)).toEqual([0]);
    expect(picker.endGame).toBe(true);
  });
});
