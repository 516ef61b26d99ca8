import { inOrder } from '../src/in-order.ts';

describe('inOrder', () => {
  it('gives results in order and keeps no more than the limit at work', async () => {
    let running = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 5 - (item % 5); turn += 1) await Promise.resolve();
      running -= 1;
      return item * 2;
    };
    const results: number[] = [];
    for await (const result of inOrder([0, 1, 2, 3, 4, 5, 6], 3, work)) results.push(result);
    expect(results).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(most).toBe(3);
  });
});
