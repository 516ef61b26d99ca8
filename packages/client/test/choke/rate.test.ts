import { RateLimiter } from '../../src/choke/rate-limiter.ts';
import { RateMeter } from '../../src/choke/rate-meter.ts';

describe('RateMeter', () => {
  it('measures a steady rate', () => {
    const meter = new RateMeter();
    for (let now = 1000; now <= 21_000; now += 10) meter.add(1000, now);
    expect(meter.rate(21_000)).toBeGreaterThan(95_000);
    expect(meter.rate(21_000)).toBeLessThan(106_000);
  });

  it('does not dilute the first seconds', () => {
    const meter = new RateMeter();
    for (let now = 100_000; now <= 101_000; now += 100) meter.add(10_000, now);
    expect(meter.rate(101_000)).toBeGreaterThan(60_000);
  });

  it('forgets after its window and begins anew', () => {
    const meter = new RateMeter();
    expect(meter.rate(0)).toBe(0);
    meter.add(1_000_000, 500);
    expect(meter.rate(1000)).toBeGreaterThan(0);
    expect(meter.rate(3000)).toBeGreaterThan(0);
    expect(meter.rate(5600)).toBe(0);
    meter.add(50_000, 1_000_000);
    expect(meter.rate(1_001_000)).toBeGreaterThan(40_000);
  });

  it('falls as time passes and survives a clock that stands still', () => {
    const meter = new RateMeter();
    for (let now = 0; now < 5000; now += 100) meter.add(100, now);
    const before = meter.rate(5000);
    meter.add(100, 4000);
    expect(meter.rate(7500)).toBeLessThan(before * 0.7);
  });
});

describe('RateLimiter', () => {
  it('lets everything through without a limit', () => {
    const limiter = new RateLimiter(undefined, new RateLimiter(0));
    expect(limiter.unlimited).toBe(true);
    expect(limiter.take(1e9, 0)).toBe(1e9);
    expect(limiter.delayUntil(1e9, 0)).toBe(0);
    expect(limiter.available(0)).toBe(Infinity);
  });

  it('grants the burst, then the rate', () => {
    const limiter = new RateLimiter(1_000_000);
    expect(limiter.take(1e9, 1000)).toBe(250_000);
    expect(limiter.take(1e9, 1000)).toBe(0);
    expect(limiter.take(1e9, 1100)).toBe(100_000);
    expect(limiter.take(10, 1200)).toBe(10);
    let sum = 0;
    for (let now = 1300; now < 11_300; now += 7) sum += limiter.take(20_000, now);
    expect(sum).toBeGreaterThan(9_900_000);
    expect(sum).toBeLessThan(10_260_000);
  });

  it('saves up no more than the burst, and a whole block at any rate', () => {
    const limiter = new RateLimiter(1000);
    limiter.take(1, 0);
    expect(limiter.take(1e9, 3_600_000)).toBe(32 * 1024);
  });

  it('says how long to wait', () => {
    const limiter = new RateLimiter(1_000_000);
    expect(limiter.delayUntil(1000, 0)).toBe(0);
    limiter.take(1e9, 0);
    expect(limiter.delayUntil(50_000, 0)).toBe(50);
    expect(limiter.delayUntil(1e9, 0)).toBe(250);
    expect(limiter.take(50_000, 50)).toBe(50_000);
  });

  it('is bound by its parent, which is shared', () => {
    const parent = new RateLimiter(1_000_000);
    const one = new RateLimiter(undefined, parent);
    const two = new RateLimiter(10_000_000, parent);
    expect(one.unlimited).toBe(false);
    expect(one.take(200_000, 0)).toBe(200_000);
    expect(two.take(200_000, 0)).toBe(50_000);
    expect(two.delayUntil(10_000, 0)).toBe(10);
    expect(one.take(1, 0)).toBe(0);
  });

  it('does not charge the parent for what it refuses itself', () => {
    const parent = new RateLimiter(1_000_000);
    const child = new RateLimiter(1000, parent);
    expect(child.take(200_000, 0)).toBe(32 * 1024);
    expect(parent.available(0)).toBe(250_000 - 32 * 1024);
  });

  it('changes at run time', () => {
    const limiter = new RateLimiter();
    limiter.setRate(100_000);
    expect(limiter.rate).toBe(100_000);
    expect(limiter.take(1e9, 5)).toBe(32 * 1024);
    limiter.setRate(1_000_000);
    expect(limiter.take(1e9, 105)).toBe(100_000);
    limiter.setRate(0);
    expect(limiter.take(1e9, 105)).toBe(1e9);
    limiter.setRate(Number.NaN);
    expect(limiter.unlimited).toBe(true);
  });

  it('is not confused by a clock that steps back', () => {
    const limiter = new RateLimiter(1_000_000);
    limiter.take(1e9, 1000);
    expect(limiter.take(1e9, 900)).toBe(0);
    expect(limiter.take(1e9, 1010)).toBe(10_000);
  });
});
