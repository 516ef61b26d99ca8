import { AnnounceTurns, URGENCY } from '../../src/schedule/announce-turns.ts';
import type { AnnounceTask, TurnLimits, Urgency } from '../../src/schedule/announce-turns.ts';
import { WakeQueue } from '../../src/schedule/wake-queue.ts';
import { ManualClock } from '../support/manual-clock.ts';

const error = new Error('silent');

function setUp(limits: Partial<TurnLimits> = {}) {
  const clock = new ManualClock();
  const turns = new AnnounceTurns(clock, new WakeQueue(clock), {
    maxConcurrent: 64,
    maxSlow: 192,
    maxPerTracker: 8,
    maxRate: 50,
    ...limits,
  });
  const begun: string[] = [];
  const refused: string[] = [];
  const tasks = new Map<string, AnnounceTask>();
  /** `name` is the tracker and a number. */
  const enqueue = (name: string, urgency: Urgency = URGENCY.regular): Error | undefined => {
    const task = tasks.get(name) ?? {
      onTurn: () => begun.push(name),
      onRefused: () => refused.push(name),
    };
    tasks.set(name, task);
    return turns.enqueue(task, name.charAt(0), urgency);
  };
  const finish = (name: string, outcome: 'answered' | 'abandoned' | Error = 'answered'): void => {
    const task = tasks.get(name);
    if (task !== undefined) turns.finished(task, outcome);
  };
  const withdraw = (name: string): void => {
    const task = tasks.get(name);
    if (task !== undefined) turns.withdraw(task);
  };
  /** A tracker that has answered, and so has all its room. */
  const prove = (tracker: string): void => {
    enqueue(`${tracker}-`);
    finish(`${tracker}-`);
    enqueue(`${tracker}+`);
    begun.splice(0);
  };
  return { clock, turns, begun, refused, enqueue, finish, withdraw, prove };
}

describe('AnnounceTurns', () => {
  it('bounds announces at one tracker, fewer while it has not answered', () => {
    const { begun, enqueue, finish, turns } = setUp();
    for (let n = 0; n < 12; n += 1) enqueue(`a${n}`);
    expect(begun).toEqual(['a0', 'a1']);
    finish('a0');
    expect(begun).toHaveLength(9);
    finish('a1');
    expect(begun).toHaveLength(10);
    expect([turns.running, turns.waiting]).toEqual([8, 2]);
  });

  it('bounds announces in all, and takes trackers in rotation', () => {
    const { begun, enqueue, finish } = setUp({ maxConcurrent: 3 });
    for (let n = 0; n < 3; n += 1) enqueue(`a${n}`);
    for (const name of ['b0', 'b1', 'c0', 'c1']) enqueue(name);
    expect(begun).toEqual(['a0', 'a1', 'b0']);
    finish('a0');
    finish('a1');
    finish('b0');
    expect(begun.slice(3)).toEqual(['b1', 'c0', 'a2']);
  });

  it('lets those begin first that cannot wait', () => {
    const { begun, enqueue, finish } = setUp({ maxConcurrent: 1 });
    enqueue('a0');
    enqueue('a1', URGENCY.regular);
    enqueue('b1', URGENCY.started);
    enqueue('a2', URGENCY.leeching);
    enqueue('b2', URGENCY.completed);
    enqueue('a3', URGENCY.stopped);
    for (let n = 0; n < 6; n += 1) finish(begun.at(-1) ?? '');
    expect(begun).toEqual(['a0', 'a3', 'b2', 'a2', 'b1', 'a1']);
  });

  it('changes the urgency of one that waits, and forgets one that does not want to any more', () => {
    const { begun, enqueue, finish, withdraw, turns } = setUp({ maxConcurrent: 1 });
    enqueue('a0');
    for (const name of ['a1', 'a2', 'a3']) enqueue(name);
    enqueue('a3', URGENCY.completed);
    withdraw('a1');
    withdraw('a1');
    finish('a0');
    finish('a3');
    expect(begun).toEqual(['a0', 'a3', 'a2']);
    finish('a2');
    expect([turns.running, turns.waiting]).toEqual([0, 0]);
  });

  it('spreads announces over time, but not the last ones', async () => {
    const { begun, enqueue, finish, clock } = setUp({ maxRate: 10, maxPerTracker: 1000 });
    const all = Array.from({ length: 40 }, (_, n) => `${String.fromCharCode(97 + (n % 20))}${n}`);
    for (const name of all) enqueue(name);
    expect(begun).toHaveLength(10);
    await clock.advance(1000);
    expect(begun).toHaveLength(20);
    enqueue('z1', URGENCY.stopped);
    expect(begun.at(-1)).toBe('z1');
    for (const name of begun) finish(name);
    await clock.advance(2000);
    expect(begun).toHaveLength(41);
    for (const name of begun) finish(name);
    expect(clock.pending).toBe(0);
  });

  it('does not let slow trackers be in the way of the others', async () => {
    const { begun, enqueue, clock } = setUp({ maxConcurrent: 4, maxSlow: 4 });
    for (const name of ['a0', 'a1', 'b0', 'b1', 'c0', 'd0', 'e0', 'f0', 'g0']) enqueue(name);
    expect(begun).toHaveLength(4);
    await clock.advance(3_000);
    // Nobody answers at all: that is as many as there may ever be.
    expect(begun).toHaveLength(8);
    await clock.advance(100_000);
    expect(begun).toHaveLength(8);
  });

  it('turns everybody away from a tracker that two could not reach', async () => {
    const { begun, refused, enqueue, finish, clock } = setUp();
    for (let n = 0; n < 5; n += 1) enqueue(`a${n}`);
    enqueue('b0');
    await clock.advance(4_000);
    finish('a0', error);
    expect([begun, refused]).toEqual([['a0', 'a1', 'b0', 'a2'], []]);
    finish('a1', error);
    expect(begun).toHaveLength(4);
    // One has just begun, and may yet be answered.
    expect(refused).toEqual([]);
    finish('a2', error);
    expect(refused).toEqual(['a3', 'a4']);
    expect(enqueue('a5')).toBe(error);
    expect(enqueue('b1')).toBeUndefined();
    await clock.advance(10_000);
    // One finds out whether it is back, and others wait for that a little.
    expect(enqueue('a6')).toBeUndefined();
    expect(enqueue('a7')).toBeUndefined();
    expect(begun.slice(4)).toEqual(['b1', 'a6']);
    await clock.advance(3_000);
    expect(refused.slice(2)).toEqual(['a7']);
    expect(enqueue('a8')).toBe(error);
    finish('a6');
    expect(enqueue('a9')).toBeUndefined();
    expect(begun.at(-1)).toBe('a9');
  });

  it('lets one after the other find out whether a tracker is back', async () => {
    const { begun, refused, enqueue, finish, clock } = setUp();
    for (const name of ['a0', 'a1']) enqueue(name);
    for (const name of ['a0', 'a1']) finish(name, error);
    await clock.advance(10_000);
    for (const name of ['a2', 'a3']) enqueue(name);
    finish('a2', 'abandoned');
    expect(begun.slice(2)).toEqual(['a2', 'a3']);
    enqueue('a4');
    finish('a3', error);
    expect(refused).toEqual(['a4']);
  });

  it('forgives a failure among answers', () => {
    const { begun, enqueue, finish, prove, refused } = setUp();
    prove('a');
    for (let n = 0; n < 20; n += 1) enqueue(`a${n}`);
    for (let n = 0; n < 12; n += 1) finish(begun[n] ?? '', n % 2 === 0 ? error : 'answered');
    expect(refused).toEqual([]);
    expect(begun.length).toBeGreaterThan(15);
  });
});
