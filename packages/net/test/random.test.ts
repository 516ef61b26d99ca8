import fc from 'fast-check';
import { seededRandom } from '../src/index.ts';

function draw(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.integer(2 ** 32));
}

describe('seededRandom', () => {
  it('gives the same sequence everywhere and for ever', () => {
    expect(draw(0, 3)).toMatchInlineSnapshot(`
      [
        1802655094,
        3665575637,
        2895124975,
      ]
    `);
    expect(draw(42, 3)).toMatchInlineSnapshot(`
      [
        694185587,
        1515999575,
        4099993215,
      ]
    `);
    expect([...seededRandom(42).bytes(6)]).toMatchInlineSnapshot(`
      [
        115,
        110,
        96,
        41,
        87,
        81,
      ]
    `);
    expect(seededRandom(42).next()).toMatchInlineSnapshot(`0.1616276752425071`);
  });

  it('repeats from its seed, and differs between seeds', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 2), (seed) => {
        expect(draw(seed, 4)).toEqual(draw(seed, 4));
        expect(draw(seed, 4)).not.toEqual(draw(seed + 1, 4));
      }),
    );
    expect(draw(1, 4)).not.toEqual(draw(1 + 2 ** 32, 4));
  });

  it('sets each bit half of the time, whatever the seed', () => {
    const counts = new Array<number>(32).fill(0);
    // Neighbouring seeds, one draw each: a weak seeding would show here.
    for (let seed = 0; seed < 8192; seed++) {
      const [word = 0] = draw(seed, 1);
      for (let bit = 0; bit < 32; bit++) counts[bit]! += (word >>> bit) & 1;
    }
    // Five standard deviations of a fair coin thrown 8192 times.
    for (const count of counts) expect(Math.abs(count - 4096)).toBeLessThan(5 * 45.3);
  });

  it('draws fairly for a limit that does not divide 2^32', () => {
    const random = seededRandom(7);
    const limit = 3 * 2 ** 30;
    let low = 0;
    for (let count = 0; count < 30_000; count++) if (random.integer(limit) < 2 ** 30) low++;
    // A plain remainder would give a half instead of a third.
    expect(Math.abs(low / 30_000 - 1 / 3)).toBeLessThan(0.02);
  });

  it('has no chi-square outlier over 256 byte values', () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of seededRandom(9).bytes(256 * 1000)) counts[byte]!++;
    const chi = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeGreaterThan(170);
    expect(chi).toBeLessThan(350);
  });
});
