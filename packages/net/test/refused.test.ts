import { MAX_REFUSED_HELD, RefusedConnections } from '../src/node/refused.ts';
import { SimWorld } from '../src/sim/index.ts';

class Held {
  closed = 0;
  close(): void {
    this.closed += 1;
  }
}

const many = (count: number): Held[] => Array.from({ length: count }, () => new Held());
const closedOf = (held: readonly Held[]): number[] => held.map(({ closed }) => closed);

function refusing(hold: number) {
  const world = new SimWorld({ seed: 1 });
  const { clock } = world.host({ address: '10.0.0.1' });
  return { world, refused: new RefusedConnections(hold, clock) };
}

describe('RefusedConnections', () => {
  it('ends each once, when its time is over, and leaves no timer', async () => {
    const { world, refused } = refusing(3_000);
    const [first, second] = [new Held(), new Held()];
    refused.add(first);
    await world.run({ limit: 2_100 });
    refused.add(second);
    expect(closedOf([first, second])).toEqual([0, 0]);
    await world.run({ limit: 1_000 });
    expect(closedOf([first, second])).toEqual([1, 0]);
    expect(await world.run({ limit: 3_000 })).toBe('idle');
    expect(closedOf([first, second])).toEqual([1, 1]);
  });

  it('holds a bounded number: the one held longest makes room', () => {
    const { refused } = refusing(3_000);
    const held = many(MAX_REFUSED_HELD + 2);
    for (const each of held) refused.add(each);
    expect(closedOf(held).lastIndexOf(1)).toBe(1);
  });

  it('ends all when it is closed, and what comes later at once', async () => {
    const { world, refused } = refusing(3_000);
    const held = many(3);
    for (const each of held) refused.add(each);
    refused.close();
    const late = new Held();
    refused.add(late);
    expect(closedOf([...held, late])).toEqual([1, 1, 1, 1]);
    expect(await world.run()).toBe('idle');
  });

  it('ends at once without a time to hold', () => {
    const held = new Held();
    refusing(0).refused.add(held);
    expect(held.closed).toBe(1);
  });
});
