import fc from 'fast-check';
import {
  DEFAULT_PIECE_BUDGET,
  IDLE_FREE_BYTES,
  MIN_BUFFERS_PER_LENGTH,
  PieceBuffers,
} from '../../src/piece/piece-buffers.ts';

const MiB = 1024 * 1024;

describe('PieceBuffers', () => {
  it('gives the same memory again', () => {
    const buffers = new PieceBuffers();
    const first = buffers.acquire(MiB)!;
    expect(first.byteLength).toBe(MiB);
    expect(buffers.usedBytes).toBe(MiB);
    buffers.release(first);
    expect(buffers.usedBytes).toBe(0);
    expect(buffers.freeBytes).toBe(MiB);
    expect(buffers.acquire(MiB)).toBe(first);
  });

  it('says no when the budget is used up, and yes when something came back', () => {
    const buffers = new PieceBuffers({ budget: 10 * MiB });
    const held = Array.from({ length: 10 }, () => buffers.acquire(MiB)!);
    expect(buffers.acquire(MiB)).toBeUndefined();
    buffers.release(held.pop()!);
    expect(buffers.acquire(MiB)).toBeDefined();
    expect(buffers.acquire(MiB)).toBeUndefined();
  });

  it('gives none while the disk is behind, but two pieces it may always have', () => {
    const buffers = new PieceBuffers({ writeBacklog: 3 * MiB });
    const held = Array.from({ length: 4 }, () => buffers.acquire(MiB)!);
    for (const buffer of held.slice(0, 3)) buffers.writing(buffer.byteLength);
    expect(buffers.diskIsBehind).toBe(true);
    expect(buffers.acquire(MiB)).toBeUndefined();
    buffers.written(held[0]!);
    expect(buffers.acquire(MiB)).toBe(held[0]);
    const large = new PieceBuffers({ writeBacklog: MiB });
    large.acquire(8 * MiB);
    large.writing(8 * MiB);
    expect(large.acquire(8 * MiB)).toBeDefined();
    large.writing(8 * MiB);
    expect(large.acquire(16_384)).toBeUndefined();
  });

  it('lets those who asked in vain try again in turn', () => {
    const buffers = new PieceBuffers({ writeBacklog: 2 * MiB });
    const [first, second] = Array.from({ length: 2 }, () => buffers.acquire(MiB)!);
    buffers.writing(MiB);
    buffers.writing(MiB);
    const served: string[] = [];
    const ask = (who: string) => {
      served.push(who);
      if (who === 'a') buffers.wait(a, () => ask('a'));
    };
    const [a, b, c] = [{}, {}, {}];
    buffers.wait(a, () => ask('a'));
    buffers.wait(c, () => ask('c'));
    buffers.wait(b, () => ask('b'));
    buffers.forget(c);
    buffers.serveWaiting();
    expect(served).toEqual([]);
    buffers.written(first!);
    buffers.serveWaiting();
    expect(served).toEqual(['a', 'b']);
    buffers.written(second!);
    buffers.serveWaiting();
    expect(served).toEqual(['a', 'b', 'a']);
  });

  it('always gives two of each length', () => {
    const buffers = new PieceBuffers({ budget: MiB });
    const large = 64 * MiB;
    const held = Array.from({ length: MIN_BUFFERS_PER_LENGTH }, () => buffers.acquire(large));
    expect(held.every((buffer) => buffer?.byteLength === large)).toBe(true);
    expect(buffers.acquire(large)).toBeUndefined();
    expect(buffers.acquire(16_384)).toBeDefined();
    expect(DEFAULT_PIECE_BUDGET).toBeLessThan(3 * large);
  });

  it('makes room for another length', () => {
    const buffers = new PieceBuffers({ budget: 8 * MiB });
    const held = Array.from({ length: 8 }, () => buffers.acquire(MiB)!);
    for (const buffer of held.slice(1)) buffers.release(buffer);
    expect(buffers.freeBytes).toBe(7 * MiB);
    buffers.acquire(4 * MiB);
    expect(buffers.usedBytes).toBe(5 * MiB);
    expect(buffers.freeBytes).toBeLessThanOrEqual(3 * MiB);
  });

  it('lets go of most memory when no piece is under way, and of all when asked', () => {
    const buffers = new PieceBuffers();
    const held = Array.from({ length: 100 }, () => buffers.acquire(MiB)!);
    for (const buffer of held) buffers.release(buffer);
    expect(buffers.freeBytes).toBe(IDLE_FREE_BYTES);
    buffers.trim();
    expect(buffers.freeBytes).toBe(0);
  });

  it('refuses what it never gave', () => {
    const buffers = new PieceBuffers();
    expect(() => buffers.release(new ArrayBuffer(5))).toThrow('never acquired');
    const buffer = buffers.acquire(5)!;
    buffers.release(buffer);
    expect(() => buffers.release(buffer)).toThrow('never acquired');
  });

  it('keeps its books and its bound', () => {
    const lengths = [1, 2, 3, 5];
    const step = fc.record({
      length: fc.constantFrom(...lengths),
      back: fc.boolean(),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const budget = 20;
        const buffers = new PieceBuffers({ budget });
        const held: ArrayBuffer[] = [];
        for (const { length, back, which } of steps) {
          if (back && held.length > 0) {
            buffers.release(held.splice(which % held.length, 1)[0]!);
          } else {
            const used = held.filter((each) => each.byteLength === length).length;
            const buffer = buffers.acquire(length);
            const allowed = buffers.usedBytes <= budget || used < MIN_BUFFERS_PER_LENGTH;
            expect(
              buffer === undefined ? !allowed || buffers.usedBytes + length > budget : allowed,
            ).toBe(true);
            if (buffer !== undefined) {
              expect(held).not.toContain(buffer);
              held.push(buffer);
            }
          }
          expect(buffers.usedBytes).toBe(held.reduce((sum, each) => sum + each.byteLength, 0));
          expect(buffers.freeBytes).toBeLessThanOrEqual(budget);
        }
      }),
    );
  });
});
