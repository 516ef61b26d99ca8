import { seededRandom } from '@shoal/net';
import {
  Announcer,
  DEFAULT_MIN_INTERVAL,
  TrackerError,
  TrackerFailure,
  UNCONFIRMED_STOP_WAIT,
} from '../src/index.ts';
import type { AnnouncerOptions, AnnounceResponse, TrackerStatus } from '../src/index.ts';
import { announceResponse, FakeClient } from './support/fake-client.ts';
import { text } from './support/hex.ts';
import { ManualClock, settle } from './support/manual-clock.ts';

const A = 'http://a.invalid/announce';
const B = 'http://b.invalid/announce';
const C = 'http://c.invalid/announce';
const down = new TrackerError('ERR_TRACKER_CONNECTION', 'down');

function setUp(options: Partial<AnnouncerOptions> = {}) {
  const clock = new ManualClock();
  const client = new FakeClient();
  const stats = { uploaded: 0, downloaded: 0, left: 1000 };
  const peers: string[] = [];
  const statuses: TrackerStatus[] = [];
  const announcer = new Announcer({
    client,
    clock,
    random: seededRandom(1),
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
    port: 6881,
    trackers: [[A]],
    stats: () => stats,
    onPeers: (found) => peers.push(...found.map(({ address, port }) => `${address}:${port}`)),
    onStatus: (status) => statuses.push(status),
    ...options,
  });
  return { clock, client, stats, peers, statuses, announcer };
}

describe('Announcer', () => {
  it('says started, hands over peers, and comes back at the interval', async () => {
    const { announcer, clock, client, peers } = setUp();
    client.on(A, announceResponse({ interval: 900, peers: [{ address: '192.0.2.1', port: 5 }] }));
    announcer.start();
    announcer.start();
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid started']);
    expect(peers).toEqual(['192.0.2.1:5']);
    await clock.advance(899_999);
    expect(client.take()).toEqual([]);
    await clock.advance(1);
    expect(client.take()).toEqual(['a.invalid -']);
  });

  it('reports current figures, the same key, and the tracker id it was given', async () => {
    const { announcer, clock, client, stats } = setUp({ numwant: 7, ip: '192.0.2.9' });
    client.on(A, announceResponse({ interval: 900, trackerId: text('id') }));
    announcer.start();
    await clock.advance(0);
    stats.uploaded = 5;
    stats.left = 10;
    await clock.advance(900_000);
    const [first, second] = client.calls;
    expect(first?.request).toMatchObject({ uploaded: 0, left: 1000, numwant: 7, ip: '192.0.2.9' });
    expect(first?.request.trackerId).toBeUndefined();
    expect(second?.request).toMatchObject({ uploaded: 5, left: 10, trackerId: text('id') });
    expect(first?.request.key).toEqual(expect.any(Number));
    expect(second?.request.key).toBe(first?.request.key);
  });

  it('keeps the minimum interval when it is longer than the interval', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, announceResponse({ interval: 60, minInterval: 600 }));
    announcer.start();
    await clock.advance(599_999);
    expect(client.take()).toHaveLength(1);
    await clock.advance(1);
    expect(client.take()).toHaveLength(1);
  });

  it('says completed once, at once, and goes on regularly', async () => {
    const { announcer, clock, client, stats } = setUp();
    announcer.start();
    await clock.advance(1000);
    stats.left = 0;
    announcer.completed();
    announcer.completed();
    await clock.advance(1800_000);
    announcer.completed();
    await clock.advance(1000);
    expect(client.take()).toEqual(['a.invalid started', 'a.invalid completed', 'a.invalid -']);
  });

  it('says completed before stopped when both come at once', async () => {
    const { announcer, clock, client, stats } = setUp();
    announcer.start();
    await clock.advance(1000);
    stats.left = 0;
    announcer.completed();
    const stopped = announcer.stop();
    await clock.advance(1000);
    await stopped;
    expect(client.take()).toEqual([
      'a.invalid started',
      'a.invalid completed',
      'a.invalid stopped',
    ]);
  });

  it('says completed after a started that is still under way', async () => {
    const { announcer, clock, client } = setUp();
    let answer: (value: AnnounceResponse) => void = () => undefined;
    client.on(A, ({ event }) =>
      event === 'started' ? new Promise((resolve) => (answer = resolve)) : announceResponse(),
    );
    announcer.start();
    await clock.advance(0);
    announcer.completed();
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid started']);
    answer(announceResponse());
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid completed']);
  });

  it('tries completed again until it is heard', async () => {
    const { announcer, clock, client } = setUp();
    announcer.start();
    await clock.advance(0);
    client.on(A, down);
    announcer.completed();
    await clock.advance(0);
    client.on(A, announceResponse());
    await clock.advance(15_000);
    expect(client.take()).toEqual([
      'a.invalid started',
      'a.invalid completed',
      'a.invalid completed',
    ]);
  });

  it('never says completed for a torrent that was a seed when it started', async () => {
    const { announcer, clock, client } = setUp({
      stats: () => ({ uploaded: 0, downloaded: 0, left: 0n }),
    });
    announcer.start();
    await clock.advance(0);
    announcer.completed();
    await clock.advance(10_000);
    expect(client.take()).toEqual(['a.invalid started']);
  });

  it('asks out of turn only after the minimum interval', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, announceResponse({ minInterval: 120 }));
    announcer.start();
    await clock.advance(10_000);
    client.take();
    announcer.update();
    await clock.advance(109_999);
    expect(client.take()).toEqual([]);
    await clock.advance(1);
    expect(client.take()).toEqual(['a.invalid -']);
    await clock.advance(500_000);
    announcer.update();
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid -']);
  });

  it('takes a default for a minimum interval that is not given', async () => {
    const { announcer, clock, client } = setUp();
    announcer.start();
    await clock.advance(0);
    announcer.update();
    client.take();
    await clock.advance(DEFAULT_MIN_INTERVAL * 1000 - 1);
    expect(client.take()).toEqual([]);
    await clock.advance(1);
    expect(client.take()).toHaveLength(1);
  });

  it('goes to the next tier on failure, and tells that one started as well', async () => {
    const { announcer, clock, client, statuses } = setUp({ trackers: [[A], [B]] });
    client.on(A, down);
    announcer.start();
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid started', 'b.invalid started']);
    expect(announcer.trackers.map(({ url, state, tier }) => [url, state, tier])).toEqual([
      [A, 'failing', 0],
      [B, 'working', 1],
    ]);
    expect(statuses.find(({ url, state }) => url === A && state === 'failing')?.error).toBe(down);
    client.on(A, announceResponse());
    await clock.advance(1800_000);
    expect(client.take()).toEqual(['a.invalid started']);
  });

  it('treats a failure reason like a failure and honours retry in', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, new TrackerFailure('busy', 600));
    announcer.start();
    await clock.advance(599_000);
    expect(client.take()).toHaveLength(1);
    await clock.advance(1_000);
    expect(client.take()).toHaveLength(1);
  });

  it.each([
    new TrackerFailure('not a tracker', 'never'),
    new TrackerError('ERR_TRACKER_SCHEME_UNSUPPORTED', 'wss'),
  ])('gives up for good on $code', async (error) => {
    const { announcer, clock, client } = setUp();
    client.on(A, error);
    announcer.start();
    await clock.advance(48 * 3600_000);
    expect(client.take()).toHaveLength(1);
    expect(announcer.trackers[0]?.state).toBe('disabled');
    expect(clock.pending).toBe(0);
  });

  it('backs off from trackers that stay away, up to half an hour', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, down);
    announcer.start();
    await clock.advance(24 * 3600_000);
    // 15 s · 2ⁿ reaches the limit with the seventh; then two an hour, or a few more for the jitter.
    const count = client.take().length;
    expect(count).toBeGreaterThan(24 * 2);
    expect(count).toBeLessThan(24 * 3 + 10);
  });

  it('announces to all when asked to, each on its own schedule', async () => {
    const { announcer, clock, client } = setUp({ trackers: [[A, B], [C]], announceToAll: true });
    client.on(A, announceResponse({ interval: 600 })).on(B, down);
    announcer.start();
    await clock.advance(0);
    expect(client.take().sort()).toEqual([
      'a.invalid started',
      'b.invalid started',
      'c.invalid started',
    ]);
    announcer.completed();
    await clock.advance(0);
    expect(client.take().sort()).toEqual(['a.invalid completed', 'c.invalid completed']);
    await clock.advance(600_000);
    const later = client.take();
    expect(later.filter((call) => call.startsWith('a'))).toEqual(['a.invalid -']);
    expect(later.filter((call) => call.startsWith('c'))).toEqual([]);
  });

  it('says stopped to those that were told started, with numwant 0, and leaves no timer', async () => {
    const { announcer, clock, client } = setUp({ trackers: [[A], [B], [C]] });
    client.on(A, down);
    announcer.start();
    await clock.advance(0);
    client.on(A, announceResponse());
    await clock.advance(1800_000);
    client.take();
    const stopped = announcer.stop();
    expect(announcer.stop()).toBe(stopped);
    const [first] = client.calls;
    expect(first?.request).toMatchObject({ event: 'stopped', numwant: 0 });
    await clock.advance(0);
    await stopped;
    expect(client.take().sort()).toEqual(['a.invalid stopped', 'b.invalid stopped']);
    expect(clock.pending).toBe(0);
    await clock.advance(24 * 3600_000);
    expect(client.take()).toEqual([]);
  });

  it('says nothing to a tracker that never answered', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, down);
    announcer.start();
    await clock.advance(1000);
    client.take();
    await announcer.stop();
    expect(client.take()).toEqual([]);
  });

  it('does not wait for ever when stopping', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, ({ event }) =>
      event === 'stopped' ? new Promise(() => undefined) : announceResponse(),
    );
    announcer.start();
    await clock.advance(0);
    let over = false;
    void announcer.stop({ timeout: 3000 }).then(() => (over = true));
    await clock.advance(2999);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(over).toBe(true);
    expect(client.calls.at(-1)?.signal?.aborted).toBe(true);
  });

  it('ends an announce under way when stopping, and waits only briefly then', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, () => new Promise(() => undefined));
    announcer.start();
    await clock.advance(0);
    let over = false;
    void announcer.stop().then(() => (over = true));
    expect(client.calls[0]?.signal?.aborted).toBe(true);
    await clock.advance(UNCONFIRMED_STOP_WAIT);
    expect(over).toBe(true);
    expect(client.take()).toEqual(['a.invalid started', 'a.invalid stopped']);
  });

  it('does not stop what was not started', async () => {
    const { announcer, client } = setUp();
    await announcer.stop();
    expect(client.take()).toEqual([]);
  });

  it('can be started again, in order after the stop', async () => {
    const { announcer, clock, client } = setUp();
    announcer.start();
    await clock.advance(0);
    let heard: (value: AnnounceResponse) => void = () => undefined;
    client.on(A, ({ event }) =>
      event === 'stopped' ? new Promise((resolve) => (heard = resolve)) : announceResponse(),
    );
    const stopped = announcer.stop();
    announcer.start();
    await clock.advance(100);
    expect(client.take()).toEqual(['a.invalid started', 'a.invalid stopped']);
    heard(announceResponse());
    await stopped;
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid started']);
  });

  it('takes in further trackers while it runs', async () => {
    const { announcer, clock, client } = setUp({ trackers: [] });
    announcer.start();
    await clock.advance(0);
    expect(announcer.addTracker(B)).toBe(true);
    expect(announcer.addTracker(B)).toBe(false);
    await clock.advance(0);
    expect(client.take()).toEqual(['b.invalid started']);
    announcer.addTracker(C);
    await clock.advance(0);
    expect(client.take()).toEqual([]);
  });

  it('tells the user interface what it needs', async () => {
    const { announcer, clock, client } = setUp();
    client.on(A, announceResponse({ complete: 3, incomplete: 4, downloaded: 5, warning: 'hm' }));
    announcer.start();
    await clock.advance(0);
    expect(announcer.trackers).toEqual([
      {
        url: A,
        tier: 0,
        state: 'working',
        error: undefined,
        warning: 'hm',
        nextAnnounce: clock.wallTime() + 1800_000,
        lastAnnounce: clock.wallTime(),
        seeds: 3,
        leechers: 4,
        downloaded: 5,
        peers: 0,
      },
    ]);
    await settle();
  });
});
