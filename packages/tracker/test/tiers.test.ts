import fc from 'fast-check';
import { seededRandom } from '@shoal/net';
import { FIRST_RETRY_DELAY, MAX_RETRY_DELAY, MAX_TRACKERS, TrackerTiers } from '../src/index.ts';

const order = (tiers: TrackerTiers): string[] => tiers.trackers.map(({ url }) => url);

describe('TrackerTiers', () => {
  it('shuffles within tiers, never across them', () => {
    const first = ['a', 'b', 'c', 'd', 'e'];
    const orders = new Set<string>();
    for (let seed = 0; seed < 50; seed += 1) {
      const tiers = new TrackerTiers([first, ['x', 'y']], seededRandom(seed));
      const urls = order(tiers);
      expect(urls.slice(0, 5).sort()).toEqual(first);
      expect(urls.slice(5).sort()).toEqual(['x', 'y']);
      orders.add(urls.join());
    }
    expect(orders.size).toBeGreaterThan(20);
  });

  it('promotes the tracker that answered, as in the example of BEP 12', () => {
    const tiers = new TrackerTiers([['1', '2', '3'], ['backup']], seededRandom(7));
    const [one = '', two = '', three = ''] = order(tiers);
    tiers.failed(one, 0);
    tiers.succeeded(two);
    expect(order(tiers)).toEqual([two, one, three, 'backup']);
    tiers.succeeded(three);
    expect(order(tiers)).toEqual([three, two, one, 'backup']);
    tiers.succeeded('backup');
    expect(order(tiers)).toEqual([three, two, one, 'backup']);
  });

  it('leaves out trackers that failed until their back-off is over', () => {
    const tiers = new TrackerTiers([['a'], ['b']], seededRandom(1));
    tiers.failed('a', 1000);
    expect(tiers.candidates(1000).map(({ url }) => url)).toEqual(['b']);
    expect(tiers.candidates(1000 + FIRST_RETRY_DELAY)).toHaveLength(2);
    expect(tiers.get('a')?.failures).toBe(1);
    tiers.succeeded('a');
    expect(tiers.get('a')).toMatchObject({ failures: 0, retryAt: 0 });
  });

  it('doubles the back-off up to its limit, with jitter below it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2000 }), fc.integer(), (failures, seed) => {
        const tiers = new TrackerTiers([['a']], seededRandom(seed));
        for (let count = 0; count < failures; count += 1) tiers.failed('a', 0);
        tiers.failed('a', 500);
        const full = Math.min(MAX_RETRY_DELAY, FIRST_RETRY_DELAY * 2 ** failures);
        const delay = (tiers.get('a')?.retryAt ?? 0) - 500;
        expect(delay).toBeLessThanOrEqual(full);
        expect(delay).toBeGreaterThanOrEqual(full * 0.75);
      }),
      { numRuns: 50 },
    );
  });

  it('honours retry in, and never', () => {
    const tiers = new TrackerTiers([['a', 'b']], seededRandom(1));
    tiers.failed('a', 0, 7200);
    expect(tiers.get('a')?.retryAt).toBe(7_200_000);
    tiers.failed('b', 0, 'never');
    expect(tiers.candidates(Number.MAX_SAFE_INTEGER).map(({ url }) => url)).toEqual(['a']);
  });

  it('drops repetitions, empty tiers and what is too much', () => {
    const tiers = new TrackerTiers([[], ['a', ' a ', ''], ['a', 'b']], seededRandom(1));
    expect(tiers.trackers.map(({ url, tier }) => [url, tier])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
    expect(tiers.add('b')).toBe(false);
    expect(tiers.add('c')).toBe(true);
    expect(tiers.trackers.at(-1)).toMatchObject({ url: 'c', tier: 2 });
    const many = Array.from({ length: MAX_TRACKERS + 50 }, (_, index) => `http://${index}`);
    const full = new TrackerTiers([many], seededRandom(1));
    expect(full.size).toBe(MAX_TRACKERS);
    expect(full.add('one more')).toBe(false);
  });

  it('does nothing about trackers it does not know', () => {
    const tiers = new TrackerTiers([['a']], seededRandom(1));
    tiers.failed('x', 0);
    tiers.succeeded('x');
    expect(order(tiers)).toEqual(['a']);
  });
});
