import { setMaxListeners } from 'node:events';
import { LookupQueue, type LookupPriority } from '../src/lookup/lookup-queue.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Tasks that run until they are told to end. */
function tasks(queue: LookupQueue) {
  const running: { name: string; end: () => void }[] = [];
  const started: string[] = [];
  const add = (name: string, priority: LookupPriority, signal = never): Promise<void> =>
    queue.run(priority, signal, () => {
      started.push(name);
      return new Promise((resolve) => running.push({ name, end: resolve }));
    });
  const endOne = async (): Promise<void> => {
    running.shift()?.end();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { add, endOne, started };
}

describe('LookupQueue', () => {
  it('runs so many at the same time, in order', async () => {
    const queue = new LookupQueue(2, 10);
    const { add, endOne, started } = tasks(queue);
    for (const name of ['a', 'b', 'c', 'd']) void add(name, 'normal');
    await endOne();
    expect(started).toEqual(['a', 'b', 'c']);
    expect([queue.running, queue.waiting]).toEqual([2, 1]);
    await endOne();
    await endOne();
    await endOne();
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('prefers what somebody waits for, and lets nobody starve', async () => {
    const queue = new LookupQueue(1, 100);
    const { add, endOne, started } = tasks(queue);
    void add('first', 'low');
    for (let count = 0; count < 10; count++) {
      void add(`low ${count}`, 'low');
      void add(`normal ${count}`, 'normal');
      void add(`high ${count}`, 'high');
    }
    for (let count = 0; count < 14; count++) await endOne();
    const count = (kind: string): number =>
      started.slice(1).filter((name) => name.startsWith(kind)).length;
    expect([count('high'), count('normal'), count('low')]).toEqual([8, 4, 2]);
    for (let rest = 0; rest < 20; rest++) await endOne();
    expect(started).toHaveLength(31);
  });

  it('forgets what was called off, and refuses what is too much', async () => {
    const queue = new LookupQueue(1, 2);
    const { add, endOne, started } = tasks(queue);
    void add('a', 'normal');
    const controller = new AbortController();
    const off = add('b', 'high', controller.signal);
    void add('c', 'low');
    await expect(add('d', 'high')).rejects.toMatchObject({ code: 'ERR_DHT_BUSY' });
    controller.abort(new Error('never mind'));
    await expect(off).rejects.toThrow('never mind');
    expect(queue.waiting).toBe(1);
    await endOne();
    expect(started).toEqual(['a', 'c']);
    await expect(add('e', 'high', controller.signal)).rejects.toThrow('never mind');
  });

  it('goes on when a task fails', async () => {
    const queue = new LookupQueue(1, 2);
    await expect(queue.run('high', never, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(await queue.run('high', never, () => Promise.resolve(3))).toBe(3);
  });
});
