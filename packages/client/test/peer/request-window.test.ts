import { BLOCK_LENGTH } from '@shoal/peer-wire';
import {
  DEFAULT_PEER_QUEUE,
  INITIAL_DEPTH,
  MAX_DEPTH,
  MIN_DEPTH,
  RequestWindow,
  SNUB_TIME,
} from '../../src/peer/request-window.ts';

/**
 * A link with `latency` ms from a request to the begin of its block and `rate` bytes/s; the window is kept full.
 * Answers the depth and the blocks received after `time` ms.
 */
function run(
  window: RequestWindow,
  link: { latency: number; rate: number; time: number; start?: number },
): { depth: number; blocks: number; deepest: number } {
  const perBlock = (BLOCK_LENGTH * 1000) / link.rate;
  const queue: number[] = [];
  let now = link.start ?? 0;
  const end = now + link.time;
  let free = now;
  let blocks = 0;
  let deepest = 0;
  for (;;) {
    const room = window.depth(now) - queue.length;
    deepest = Math.max(deepest, window.depth(now));
    if (room > 0) {
      window.onRequest(now, room);
      for (let request = 0; request < room; request++) queue.push(now);
    }
    const asked = queue[0];
    if (asked === undefined) throw new Error('the pipeline ran dry');
    free = Math.max(free, asked + link.latency) + perBlock;
    if (free > end) return { depth: window.depth(end), blocks, deepest };
    now = free;
    queue.shift();
    window.onBlock(now, BLOCK_LENGTH);
    blocks++;
  }
}

describe('RequestWindow', () => {
  it('begins small', () => {
    expect(new RequestWindow().depth(0)).toBe(INITIAL_DEPTH);
  });

  it('fills a long fat pipe quickly and does not go far beyond it', () => {
    const window = new RequestWindow();
    // 10 MB/s × 100 ms = 61 blocks.
    const { depth, blocks } = run(window, { latency: 100, rate: 10e6, time: 3000 });
    expect(depth).toBeGreaterThan(90);
    expect(depth).toBeLessThan(160);
    expect(blocks).toBeGreaterThan(0.7 * ((10e6 * 3) / BLOCK_LENGTH));
  });

  it('stays at 32 to 64 on loopback', () => {
    const { depth, deepest } = run(new RequestWindow(), { latency: 0.2, rate: 700e6, time: 500 });
    expect(depth).toBeGreaterThanOrEqual(32);
    expect(deepest).toBeLessThanOrEqual(64);
  });

  it('asks a slow peer for about three seconds in advance, and never for less than the floor', () => {
    const { depth } = run(new RequestWindow(), { latency: 50, rate: 40_000, time: 60_000 });
    expect(depth).toBeGreaterThanOrEqual(7);
    expect(depth).toBeLessThanOrEqual(9);
    const slow = run(new RequestWindow(), { latency: 50, rate: 5000, time: 120_000 });
    expect(slow.depth).toBe(MIN_DEPTH);
  });

  it('is bounded by what the peer queues, and by its own maximum', () => {
    const link = { latency: 500, rate: 100e6, time: 6000 };
    expect(run(new RequestWindow(), link).depth).toBe(DEFAULT_PEER_QUEUE);
    const small = new RequestWindow();
    small.setPeerQueue(20);
    expect(run(small, link).deepest).toBe(20);
    const large = new RequestWindow();
    large.setPeerQueue(100_000);
    expect(run(large, link).depth).toBe(MAX_DEPTH);
    for (const nonsense of [0, -1, Number.NaN, 1.5]) large.setPeerQueue(nonsense);
    expect(large.depth(9e9)).toBe(MAX_DEPTH);
  });

  it('shrinks when the peer becomes slow', () => {
    const window = new RequestWindow();
    run(window, { latency: 100, rate: 10e6, time: 3000 });
    const { depth } = run(window, { latency: 100, rate: 50_000, time: 60_000, start: 3000 });
    expect(depth).toBeLessThan(20);
  });

  it('is snubbed after a minute in which blocks were owed, and recovers with a block', () => {
    const window = new RequestWindow();
    window.onRequest(0, 8);
    const snubs: number[] = [];
    for (let now = 0; now <= 130_000; now += 1000) if (window.checkSnubbed(now)) snubs.push(now);
    expect(snubs).toEqual([SNUB_TIME, 2 * SNUB_TIME]);
    expect(window.snubbed).toBe(true);
    expect(window.depth(130_000)).toBe(1);
    window.onBlock(131_000, BLOCK_LENGTH);
    expect(window.snubbed).toBe(false);
    expect(window.depth(131_000)).toBe(INITIAL_DEPTH);
  });

  it('does not count the time in which nothing was owed', () => {
    const window = new RequestWindow();
    window.onRequest(0, 1);
    for (let now = 0; now <= 30_000; now += 1000) window.checkSnubbed(now);
    for (let now = 600_000; now < 620_000; now += 1000)
      expect(window.checkSnubbed(now)).toBe(false);
    window.onBlock(620_000, BLOCK_LENGTH);
    for (let now = 620_000; now < 675_000; now += 1000)
      expect(window.checkSnubbed(now)).toBe(false);
  });

  it('estimates how long a request may take', () => {
    const window = new RequestWindow();
    expect(window.requestTime()).toBe(SNUB_TIME);
    run(window, { latency: 20, rate: 10e6, time: 1000 });
    expect(window.requestTime()).toBe(5000);
    const slow = new RequestWindow();
    run(slow, { latency: 20, rate: 20_000, time: 60_000 });
    expect(slow.requestTime()).toBeGreaterThan(8000);
    expect(slow.requestTime()).toBeLessThanOrEqual(SNUB_TIME);
  });

  it('forgets requests that will not be answered', () => {
    const window = new RequestWindow();
    window.onRequest(0, 8);
    window.onForget(8);
    window.onRequest(5000, 1);
    window.onBlock(5100, BLOCK_LENGTH);
    // 100 ms for a block: the four seconds of silence do not count.
    expect(window.depth(5100)).toBeGreaterThan(INITIAL_DEPTH);
    window.onReset();
    window.onForget(3);
    expect(window.depth(6000)).toBeGreaterThanOrEqual(MIN_DEPTH);
  });
});
