import { startEarly } from '../src/early.ts';

describe('startEarly', () => {
  it('starts the threads that a command will need', async () => {
    for (const args of [
      ['create', 'x'],
      ['download', 'x'],
      ['verify', 'x'],
      ['seed', 'x', '--check'],
    ]) {
      const { hashThreads, diskThreads } = startEarly(args);
      expect([hashThreads !== undefined, diskThreads !== undefined]).toEqual([
        args[0] === 'create',
        args[0] !== 'create',
      ]);
      await using threads = await (hashThreads ?? diskThreads);
      expect(threads?.take()?.threadId).toBeGreaterThan(0);
    }
  });

  it('starts nothing for anything else', () => {
    for (const args of [
      [],
      ['info', 'x'],
      ['seed', 'x'],
      ['download', 'x', '--list-files'],
      ['create', '--help'],
      ['x', 'create'],
    ]) {
      expect(startEarly(args)).toEqual({});
    }
  });
});
