import assert from 'node:assert/strict';
import type { Clock } from '../contracts.ts';
import type { ComplianceCase } from './rig.ts';

function wait(clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(resolve, delay);
  });
}

/** What every clock must do. Real clocks need something else to keep the process alive meanwhile. */
export const clockCases: readonly ComplianceCase[] = [
  {
    name: 'does not go backwards, and no timer comes early',
    run: async ({ near: { clock } }) => {
      const start = clock.now();
      await wait(clock, 20);
      // Timers count in whole milliseconds; the clock does not.
      assert.ok(clock.now() - start >= 19, `20 ms took ${clock.now() - start}`);
      assert.ok(clock.wallTime() > Date.UTC(2020, 0, 1) - 1);
    },
  },
  {
    name: 'calls timers in the order of their times',
    run: async ({ near: { clock } }) => {
      const order: number[] = [];
      const all = [30, 1, 15].map((delay) => wait(clock, delay).then(() => order.push(delay)));
      await Promise.all(all);
      assert.deepEqual(order, [1, 15, 30]);
    },
  },
  {
    name: 'does not call a cancelled timer',
    run: async ({ near: { clock } }) => {
      let calls = 0;
      const timer = clock.setTimer(() => calls++, 1);
      const repeating = clock.setRepeating(() => calls++, 1);
      timer.cancel();
      timer.cancel();
      repeating.cancel();
      await wait(clock, 20);
      assert.equal(calls, 0);
      const fired = clock.setTimer(() => calls++, 0);
      await wait(clock, 10);
      fired.cancel();
      assert.equal(calls, 1);
    },
  },
  {
    name: 'repeats until cancelled, also from within the call',
    run: async ({ near: { clock } }) => {
      let calls = 0;
      await new Promise<void>((resolve) => {
        const timer = clock.setRepeating(() => {
          calls++;
          if (calls < 3) return;
          timer.cancel();
          resolve();
        }, 2);
      });
      await wait(clock, 20);
      assert.equal(calls, 3);
    },
  },
];

/** What every source of randomness must do. */
export const randomCases: readonly ComplianceCase[] = [
  {
    name: 'stays within its bounds and fills them',
    run: ({ near: { random } }) => {
      let sum = 0;
      const counts = new Array<number>(10).fill(0);
      for (let draw = 0; draw < 20_000; draw++) {
        const value = random.next();
        assert.ok(value >= 0 && value < 1);
        sum += value;
        const integer = random.integer(10);
        assert.ok(Number.isInteger(integer) && integer >= 0 && integer < 10);
        counts[integer] = (counts[integer] ?? 0) + 1;
      }
      assert.ok(Math.abs(sum / 20_000 - 0.5) < 0.02);
      assert.ok(counts.every((count) => Math.abs(count - 2000) < 300));
      assert.equal(random.integer(1), 0);
      assert.ok(random.integer(2 ** 32) < 2 ** 32);
      for (const limit of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
        assert.throws(() => random.integer(limit), RangeError);
      }
      return Promise.resolve();
    },
  },
  {
    name: 'gives bytes of any length',
    run: ({ near: { random } }) => {
      for (const length of [0, 1, 3, 4, 5, 20, 1000]) {
        assert.equal(random.bytes(length).length, length);
      }
      assert.equal(new Set(random.bytes(100_000)).size, 256);
      return Promise.resolve();
    },
  },
];
