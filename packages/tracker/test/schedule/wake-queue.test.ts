import fc from 'fast-check';
import { WakeQueue } from '../../src/schedule/wake-queue.ts';
import type { Sleeper } from '../../src/schedule/wake-queue.ts';
import { ManualClock } from '../support/manual-clock.ts';

class Test implements Sleeper {
  wakeAt = 0;
  wakeSlot = -1;
  readonly woken: number[] = [];
  readonly clock: ManualClock;
  readonly then: (self: Test) => void;

  constructor(clock: ManualClock, then: (self: Test) => void = () => undefined) {
    this.clock = clock;
    this.then = then;
  }

  onWake(): void {
    this.woken.push(this.clock.now());
    this.then(this);
  }
}

describe('WakeQueue', () => {
  it('wakes each at its time, with one timer', async () => {
    const step = fc.record({
      who: fc.nat(20),
      what: fc.constantFrom('set', 'set', 'delete', 'wait'),
      delay: fc.nat(100),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock();
        const queue = new WakeQueue(clock);
        const sleepers = Array.from({ length: 21 }, () => new Test(clock));
        const expected = sleepers.map(() => ({ at: Infinity, woken: [] as number[] }));
        const waitUntil = async (time: number): Promise<void> => {
          await clock.advance(time - clock.now());
          for (const each of expected) {
            if (each.at > clock.now()) continue;
            each.woken.push(each.at);
            each.at = Infinity;
          }
        };
        for (const { who, what, delay } of steps) {
          const sleeper = sleepers[who] as Test;
          const each = expected[who] ?? { at: 0 };
          if (what === 'wait') {
            await waitUntil(clock.now() + delay);
          } else if (what === 'delete') {
            queue.delete(sleeper);
            each.at = Infinity;
          } else {
            each.at = clock.now() + delay;
            queue.set(sleeper, each.at);
          }
          expect(queue.size).toBe(expected.filter(({ at }) => at < Infinity).length);
          expect(clock.pending).toBe(queue.size === 0 ? 0 : 1);
        }
        await waitUntil(clock.now() + 200);
        expect(sleepers.map(({ woken }) => woken)).toEqual(expected.map(({ woken }) => woken));
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('wakes nobody who was let sleep by another one of the same time', async () => {
    const clock = new ManualClock();
    const queue = new WakeQueue(clock);
    const second = new Test(clock);
    const first = new Test(clock, () => queue.delete(second));
    queue.set(first, clock.now() + 5);
    queue.set(second, clock.now() + 5);
    await clock.advance(10);
    expect([first.woken.length, second.woken.length]).toEqual([1, 0]);
  });

  it('is not held up by one that wants to be woken at once, again and again', async () => {
    const clock = new ManualClock();
    const queue = new WakeQueue(clock);
    let times = 0;
    const eager = new Test(clock, (self) => {
      times += 1;
      if (times < 10) queue.set(self, clock.now());
    });
    const other = new Test(clock);
    queue.set(eager, clock.now());
    queue.set(other, clock.now() + 1);
    await clock.advance(1);
    expect([times, other.woken.length]).toEqual([10, 1]);
  });

  it('goes on with the others when one throws', async () => {
    const clock = new ManualClock();
    const queue = new WakeQueue(clock);
    const thrower = new Test(clock, () => {
      throw new Error('mine');
    });
    const other = new Test(clock);
    queue.set(thrower, clock.now());
    queue.set(other, clock.now());
    await expect(clock.advance(0)).rejects.toThrow('mine');
    await clock.advance(0);
    expect(other.woken).toHaveLength(1);
  });

  it('sleeps on when the clock is early', async () => {
    const clock = new ManualClock();
    let early = true;
    const queue = new WakeQueue({
      now: () => clock.now(),
      wallTime: () => 0,
      setRepeating: (callback, period) => clock.setRepeating(callback, period),
      setTimer: (callback, delay) => {
        const timer = clock.setTimer(callback, early ? delay - 1 : delay);
        early = false;
        return timer;
      },
    });
    const sleeper = new Test(clock);
    const at = clock.now() + 10;
    queue.set(sleeper, at);
    await clock.advance(100);
    expect(sleeper.woken).toEqual([at]);
  });
});
