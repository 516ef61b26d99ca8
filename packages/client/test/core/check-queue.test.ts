import { CheckQueue } from '../../src/check-queue.ts';
import { settle } from './support.ts';

/** A check that ends when it is told to. */
function checkOf() {
  let started = false;
  let end: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const over = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const run = (): Promise<void> => {
    started = true;
    return over;
  };
  return { run, end: () => end(), fail: (error: Error) => fail(error), started: () => started };
}

describe('CheckQueue', () => {
  it('runs a few checks at a time, in order, whether they succeed or not', async () => {
    const queue = new CheckQueue(2);
    const { signal } = new AbortController();
    const checks = [1, 2, 3, 4].map(() => checkOf());
    const results = checks.map(({ run }) => queue.run(run, signal));
    const states = () => checks.map(({ started }) => started());
    await settle();
    expect(states()).toEqual([true, true, false, false]);
    const broken = new Error('broken');
    checks[1]?.fail(broken);
    await expect(results[1]).rejects.toBe(broken);
    await settle();
    expect(states()).toEqual([true, true, true, false]);
    checks[0]?.end();
    await settle();
    expect(states()).toEqual([true, true, true, true]);
    checks[2]?.end();
    checks[3]?.end();
    await Promise.all([results[0], results[2], results[3]]);
    const again = checkOf();
    void queue.run(again.run, signal);
    await settle();
    expect(again.started()).toBe(true);
  });

  it('lets go who does not want to wait any longer', async () => {
    const queue = new CheckQueue(1);
    const first = checkOf();
    const running = queue.run(first.run, new AbortController().signal);
    const abort = new AbortController();
    const second = checkOf();
    const waiting = queue.run(second.run, abort.signal);
    const third = checkOf();
    const last = queue.run(third.run, new AbortController().signal);
    const reason = new Error('no longer');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(queue.run(second.run, abort.signal)).rejects.toBe(reason);
    first.end();
    await running;
    third.end();
    await last;
    expect(second.started()).toBe(false);
  });
});
