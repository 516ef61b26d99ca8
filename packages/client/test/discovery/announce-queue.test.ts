import { AnnounceQueue } from '../../src/discovery/announce-queue.ts';
import type { Sought } from '../../src/discovery/peer-service.ts';

const sought = (): Sought => ({
  names: { v1: new Uint8Array(20), v2: undefined },
  needsPeers: false,
  isSeed: false,
  found: () => undefined,
  warning: () => undefined,
});

describe('whose turn it is to be announced', () => {
  const queueOf = (count: number) => {
    const queue = new AnnounceQueue({ period: 1_000, shortPeriod: 100 });
    const all = Array.from({ length: count }, sought);
    for (const each of all) queue.add(each);
    return { queue, all };
  };

  it('comes at once, and then once a period', () => {
    const { queue, all } = queueOf(2);
    expect(queue.take(0, 10)).toEqual(all);
    expect(queue.take(999, 10)).toEqual([]);
    expect(queue.take(1_000, 10)).toEqual(all);
  });

  it('comes to everybody, those first that wait longest', () => {
    const { queue, all } = queueOf(5);
    expect(queue.take(0, 2)).toEqual(all.slice(0, 2));
    expect(queue.take(1, 2)).toEqual(all.slice(2, 4));
    const late = sought();
    queue.add(late);
    expect(queue.take(2, 2)).toEqual([all[4], late]);
    expect(queue.take(3, 2)).toEqual([]);
    expect(queue.take(1_500, 3)).toEqual(all.slice(0, 3));
    expect(queue.take(1_500, 3)).toEqual([all[3], all[4], late]);
  });

  it('comes earlier where peers are short, but not at once again', () => {
    const { queue, all } = queueOf(1);
    queue.take(0, 1);
    queue.hurry(all[0]!);
    expect(queue.take(99, 1)).toEqual([]);
    expect(queue.take(100, 1)).toEqual(all);
    expect(queue.take(1_099, 1)).toEqual([]);
    expect(queue.take(1_100, 1)).toEqual(all);
  });

  it('is over when it is left, and is none of a stranger', () => {
    const { queue, all } = queueOf(1);
    queue.add(all[0]!);
    expect(queue.size).toBe(1);
    queue.delete(all[0]!);
    queue.hurry(all[0]!);
    expect([queue.size, queue.has(all[0]!)]).toEqual([0, false]);
    expect(queue.take(0, 1)).toEqual([]);
  });
});
