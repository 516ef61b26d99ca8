import { SmartBan } from '../../src/piece/smart-ban.ts';

/** Hashes of blocks, one byte standing for each. */
const hashesOf = (...bytes: number[]): Uint8Array =>
  Uint8Array.from(bytes.flatMap((byte) => Array.from({ length: 20 }, () => byte)));

describe('SmartBan', () => {
  it('convicts the only sender of a failed piece at once', () => {
    const ban = new SmartBan();
    expect(ban.pieceBad(1, ['a', 'a', 'a'], undefined)).toEqual(['a']);
    expect(ban.watches(1)).toBe(false);
  });

  it('does not take a piece with an unknown sender for one of a single sender', () => {
    const ban = new SmartBan();
    expect(ban.pieceBad(1, ['a', undefined], hashesOf(1, 2))).toEqual([]);
  });

  it('convicts whose blocks differ from the good ones, and nobody else', () => {
    const ban = new SmartBan();
    expect(ban.pieceBad(7, ['a', 'b', 'c'], hashesOf(1, 2, 3))).toEqual([]);
    expect(ban.watches(7)).toBe(true);
    expect(ban.watches(8)).toBe(false);
    expect(ban.pieceGood(7, ['d', 'd', 'd'], hashesOf(1, 9, 3))).toEqual(['b']);
    expect(ban.watches(7)).toBe(false);
    expect(ban.pieceGood(7, ['d', 'd', 'd'], hashesOf(1, 9, 3))).toEqual([]);
  });

  it('convicts over several failed attempts, each bad sender once', () => {
    const ban = new SmartBan();
    ban.pieceBad(7, ['a', 'b', 'b'], hashesOf(1, 8, 7));
    ban.pieceBad(7, ['c', 'd', 'a'], hashesOf(6, 2, 3));
    expect(ban.pieceGood(7, ['a', 'a', 'a'], hashesOf(1, 2, 3)).sort()).toEqual(['b', 'c']);
  });

  it('convicts a peer that sends two versions of a block', () => {
    const ban = new SmartBan();
    ban.pieceBad(7, ['a', 'b'], hashesOf(1, 2));
    expect(ban.pieceBad(7, ['a', 'b'], hashesOf(1, 5))).toEqual(['b']);
  });

  it('learns nothing without hashes or from hashes of the wrong length', () => {
    const ban = new SmartBan();
    expect(ban.pieceBad(1, ['a', 'b'], undefined)).toEqual([]);
    expect(ban.pieceBad(1, ['a', 'b'], hashesOf(1))).toEqual([]);
    expect(ban.watches(1)).toBe(false);
    ban.pieceBad(1, ['a', 'b'], hashesOf(1, 2));
    expect(ban.pieceGood(1, ['a', 'b'], undefined)).toEqual([]);
  });

  it('keeps its own copy of the hashes', () => {
    const ban = new SmartBan();
    const hashes = hashesOf(1, 2);
    ban.pieceBad(1, ['a', 'b'], hashes);
    hashes.fill(0);
    expect(ban.pieceGood(1, ['c', 'c'], hashesOf(1, 3))).toEqual(['b']);
  });

  it('is bounded: the oldest failure is forgotten, and few attempts of one piece are kept', () => {
    const ban = new SmartBan(28 * 2 * 3);
    for (let piece = 0; piece < 4; piece++) ban.pieceBad(piece, ['a', 'b'], hashesOf(1, 2));
    expect([0, 1, 2, 3].map((piece) => ban.watches(piece))).toEqual([false, true, true, true]);
    ban.pieceGood(1, ['c', 'c'], hashesOf(1, 2));
    ban.pieceBad(5, ['a', 'b'], hashesOf(1, 2));
    expect(ban.watches(2)).toBe(true);
    const many = new SmartBan();
    for (let time = 0; time < 9; time++) many.pieceBad(1, [`a${time}`, 'b'], hashesOf(time, 2));
    expect(many.pieceGood(1, ['c', 'c'], hashesOf(99, 2))).toHaveLength(4);
  });
});
