import { OpenTurns } from '../../src/open-turns.ts';

describe('OpenTurns', () => {
  it('lets a few through in each turn of the event loop, in the order of asking', async () => {
    const turns = new OpenTurns();
    const opened: number[] = [];
    const all = Array.from({ length: 200 }, (_, index) =>
      turns.next().then(() => opened.push(index)),
    );
    await Promise.resolve();
    expect(opened).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened.length).toBeGreaterThan(0);
    expect(opened.length).toBeLessThan(200);
    await Promise.all(all);
    expect(opened).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });
});
