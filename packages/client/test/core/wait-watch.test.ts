import { EventEmitter } from 'node:events';
import type { TorrentProgress, TorrentState } from '../../src/events.ts';
import { waitForState } from '../../src/wait.ts';
import { watchProgress } from '../../src/watch.ts';
import { ManualClock, settle } from './support.ts';

/** A torrent that has a state and nothing else. */
class Stub extends EventEmitter<{ state: [] }> {
  state: TorrentState = 'checking';
  error: Error | undefined;

  become(state: TorrentState, error?: Error): void {
    this.state = state;
    this.error = error;
    this.emit('state');
  }

  progress(): TorrentProgress {
    return { state: this.state } as TorrentProgress;
  }
}

const isSeeding = (state: TorrentState): boolean => state === 'seeding';

describe('waitForState', () => {
  it('resolves at once where the state is reached, else when it is', async () => {
    const torrent = new Stub();
    let over = false;
    const waiting = waitForState(torrent, isSeeding, {}).then(() => {
      over = true;
    });
    torrent.become('downloading');
    await settle();
    expect(over).toBe(false);
    torrent.become('seeding');
    await waiting;
    await waitForState(torrent, isSeeding, {});
    expect(torrent.listenerCount('state')).toBe(0);
  });

  it('rejects with the error of the torrent', async () => {
    const torrent = new Stub();
    const failure = new Error('disk full');
    const waiting = waitForState(torrent, isSeeding, {});
    torrent.become('error', failure);
    await expect(waiting).rejects.toBe(failure);
    await expect(waitForState(torrent, isSeeding, {})).rejects.toBe(failure);
    torrent.become('error');
    await expect(waitForState(torrent, isSeeding, {})).rejects.toMatchObject({
      code: 'ERR_CLIENT_FAILED',
    });
    expect(torrent.listenerCount('state')).toBe(0);
  });

  it('rejects when the torrent is closed', async () => {
    const torrent = new Stub();
    const waiting = waitForState(torrent, isSeeding, {});
    torrent.become('closed');
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLIENT_TORRENT_CLOSED' });
  });

  it("rejects with the signal's reason, before or during the wait", async () => {
    const torrent = new Stub();
    const abort = new AbortController();
    const waiting = waitForState(torrent, isSeeding, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(waitForState(torrent, isSeeding, { signal: abort.signal })).rejects.toThrow(
      'enough',
    );
    expect(torrent.listenerCount('state')).toBe(0);
  });
});

describe('watchProgress', () => {
  function watch(options = {}) {
    const torrent = new Stub();
    const clock = new ManualClock();
    const seen: [number, TorrentState][] = [];
    const start = clock.now();
    const done = (async () => {
      for await (const { state } of watchProgress(torrent, clock, options)) {
        seen.push([clock.now() - start, state]);
      }
    })();
    return { torrent, clock, seen, done };
  }

  it('gives a snapshot at once, at intervals and on every change of state, and ends when it is closed', async () => {
    const { torrent, clock, seen, done } = watch({ interval: 100 });
    await clock.advance(150);
    torrent.become('downloading');
    await clock.advance(120);
    torrent.become('closed');
    await done;
    expect(seen).toEqual([
      [0, 'checking'],
      [100, 'checking'],
      [150, 'downloading'],
      [250, 'downloading'],
      [270, 'closed'],
    ]);
    expect(torrent.listenerCount('state')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('looks once a second by default, and goes on in state error', async () => {
    const { torrent, clock, seen, done } = watch();
    torrent.become('error', new Error('disk full'));
    await clock.advance(2_000);
    expect(seen.at(-1)).toEqual([2_000, 'error']);
    torrent.become('closed');
    await done;
  });

  it('ends without an error when the signal fires', async () => {
    const abort = new AbortController();
    const { torrent, clock, seen, done } = watch({ signal: abort.signal });
    await clock.advance(10);
    abort.abort();
    await done;
    expect(seen).toHaveLength(1);
    expect(torrent.listenerCount('state')).toBe(0);
    expect(clock.pending).toBe(0);
    await watch({ signal: abort.signal }).done;
  });

  it('leaves nothing behind when the loop is left', async () => {
    const torrent = new Stub();
    const clock = new ManualClock();
    for await (const { state } of watchProgress(torrent, clock)) {
      expect(state).toBe('checking');
      break;
    }
    expect(torrent.listenerCount('state')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('misses no change that comes while a snapshot is looked at', async () => {
    const torrent = new Stub();
    const clock = new ManualClock();
    const states: TorrentState[] = [];
    for await (const { state } of watchProgress(torrent, clock)) {
      states.push(state);
      if (states.length === 1) torrent.become('seeding');
      else break;
    }
    expect(states).toEqual(['checking', 'seeding']);
  });
});
