import { seededRandom } from '@shoal/net';
import fc from 'fast-check';
import { RateLimiter } from '../src/rate-limits.ts';
import { TokenBucket } from '../src/token-bucket.ts';
import { StillClock } from './support/still-clock.ts';

const random = () => seededRandom(3);
const ipv4 = (index: number) =>
  `${1 + ((index >>> 16) & 127)}.${(index >>> 8) & 255}.${index & 255}.9`;

/** How many of `tries` requests from the address are allowed. */
function allowed(limiter: RateLimiter, address: string, tries: number): number {
  let count = 0;
  for (let index = 0; index < tries; index++) if (limiter.allow(address)) count++;
  return count;
}

describe('TokenBucket', () => {
  it('gives the burst at once and the rate afterwards', () => {
    const clock = new StillClock();
    const bucket = new TokenBucket({ rate: 10, burst: 5 }, clock);
    for (let index = 0; index < 5; index++) expect(bucket.tryTake()).toBe(true);
    expect(bucket.tryTake()).toBe(false);
    clock.advance(100);
    expect(bucket.tryTake()).toBe(true);
    expect(bucket.tryTake()).toBe(false);
    clock.advance(60_000);
    expect(bucket.level).toBe(5);
    expect(bucket.tryTake(6)).toBe(false);
    expect(bucket.tryTake(5)).toBe(true);
  });

  it('never gives more than burst and rate allow', () => {
    const steps = fc.array(fc.tuple(fc.nat(2_000), fc.integer({ min: 1, max: 5 })), {
      size: 'max',
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const clock = new StillClock();
        const bucket = new TokenBucket({ rate: 3, burst: 7 }, clock);
        const start = clock.now();
        let taken = 0;
        for (const [pause, cost] of list) {
          clock.advance(pause);
          if (bucket.tryTake(cost)) taken += cost;
          expect(taken).toBeLessThanOrEqual(7 + (3 * (clock.now() - start)) / 1000 + 1e-9);
        }
      }),
    );
  });
});

describe('RateLimiter', () => {
  it('limits each address by itself', () => {
    const clock = new StillClock();
    const perNetwork = { rate: 10, burst: 20 };
    const limiter = new RateLimiter({ clock, random: random(), perNetwork });
    expect(allowed(limiter, '1.2.3.4', 100)).toBe(20);
    expect(allowed(limiter, '1.2.3.5', 100)).toBe(20);
    clock.advance(1_000);
    expect(allowed(limiter, '1.2.3.4', 100)).toBe(10);
    expect(limiter.allow('1.2.3.5', 11)).toBe(false);
    expect(limiter.allow('1.2.3.5', 10)).toBe(true);
  });

  it('takes a /64 of IPv6 for one network', () => {
    const clock = new StillClock();
    const perNetwork = { rate: 1, burst: 4 };
    const limiter = new RateLimiter({ clock, random: random(), perNetwork });
    let count = 0;
    for (let host = 1; host <= 100; host++) {
      if (limiter.allow(`2001:db8:1:2::${host.toString(16)}`)) count++;
    }
    expect(count).toBe(4);
    expect(limiter.allow('2001:db8:1:3::1')).toBe(true);
  });

  it('limits all together, but not at the expense of those a flood does not come from', () => {
    const clock = new StillClock();
    const perNetwork = { rate: 1, burst: 10 };
    const overall = { rate: 1, burst: 15 };
    const limiter = new RateLimiter({ clock, random: random(), perNetwork, overall });
    expect(allowed(limiter, '1.2.3.4', 1_000)).toBe(10);
    expect(allowed(limiter, '1.2.3.5', 1_000)).toBe(5);
    expect(limiter.allow('1.2.3.6')).toBe(false);
    clock.advance(3_000);
    // What was refused for the others' sake was not taken from the network's own budget.
    expect(allowed(limiter, '1.2.3.6', 1_000)).toBe(3);
  });

  it('holds its limits while 100,000 other addresses pass by, as long as they are not starved', () => {
    const clock = new StillClock();
    const limiter = new RateLimiter({
      clock,
      random: random(),
      perNetwork: { rate: 0.1, burst: 50 },
      maxNetworks: 64,
    });
    expect(allowed(limiter, '9.9.9.9', 100)).toBe(50);
    let count = 0;
    for (let index = 0; index < 100_000; index++) if (limiter.allow(ipv4(index))) count++;
    expect(count).toBe(100_000);
    // Its bucket is the emptiest of its row, so it was not the one to be forgotten.
    expect(limiter.allow('9.9.9.9')).toBe(false);
  });

  it('is lenient with what is not public, where many nodes may share an address', () => {
    const clock = new StillClock();
    const limiter = new RateLimiter({
      clock,
      random: random(),
      perNetwork: { rate: 1, burst: 5 },
      localShare: 0.01,
      overall: { rate: 1, burst: 600 },
    });
    for (const address of ['127.0.0.1', '192.168.1.1', 'fd00::1']) {
      expect(allowed(limiter, address, 100)).toBe(100);
    }
    expect(allowed(limiter, '1.2.3.4', 100)).toBe(5);
    // What all have together counts in full.
    expect(allowed(limiter, '10.0.0.1', 1_000)).toBe(600 - 305);
  });

  it('never allows a few networks more than their budgets', () => {
    const networks = fc.uniqueArray(fc.oneof(fc.ipV4(), fc.ipV6()), {
      minLength: 1,
      maxLength: 4,
      selector: (address) => address.split(':').slice(0, 4).join(':'),
    });
    const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(500)), { maxLength: 100, size: 'max' });
    fc.assert(
      fc.property(networks, steps, (few, list) => {
        const clock = new StillClock();
        const perNetwork = { rate: 2, burst: 3 };
        const limiter = new RateLimiter({ clock, random: random(), perNetwork });
        const start = clock.now();
        const taken = few.map(() => 0);
        for (const [which, pause] of list) {
          clock.advance(pause);
          const index = which % few.length;
          if (limiter.allow(few[index]!)) taken[index]!++;
          // A tick of 10 ms may count as a whole one.
          const seconds = (clock.now() - start + 10) / 1000;
          expect(taken[index]!).toBeLessThanOrEqual(3 + 2 * seconds);
        }
      }),
    );
  });

  it('keeps the right time for more than a year', () => {
    const clock = new StillClock();
    const perNetwork = { rate: 1, burst: 5 };
    const limiter = new RateLimiter({ clock, random: random(), perNetwork });
    clock.advance(400 * 86_400_000);
    expect(allowed(limiter, '1.2.3.4', 10)).toBe(5);
    clock.advance(2_000);
    expect(allowed(limiter, '1.2.3.4', 10)).toBe(2);
  });
});
