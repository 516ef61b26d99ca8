import { seededRandom } from '@shoal/net';
import { Announcer, type AnnouncerOptions, AnnounceScheduler, TrackerError } from '../src/index.ts';
import { announceResponse, FakeClient } from './support/fake-client.ts';
import { ManualClock } from './support/manual-clock.ts';

const A = 'udp://a.invalid:80/announce';
const B = 'http://b.invalid/announce';
const C = 'udp://c.invalid:80/announce';
/** Milliseconds after which a tracker counts as silent, and after which its client gives up. */
const SILENT = 3_000;
const TIMEOUT = 20_000;

function setUp(options: Partial<AnnouncerOptions> = {}) {
  const clock = new ManualClock();
  const client = new FakeClient();
  const after = async <T>(time: number, value: T): Promise<T> => {
    await new Promise<void>((resolve) => clock.setTimer(resolve, time));
    return value;
  };
  const dead = (): Promise<Error> =>
    after(TIMEOUT, new TrackerError('ERR_TRACKER_TIMEOUT', 'no answer'));
  const late = (time: number) => () =>
    after(time, announceResponse({ peers: [{ address: '192.0.2.7', port: time }] }));
  const found: string[] = [];
  const scheduler = new AnnounceScheduler({ clock });
  const announcer = new Announcer({
    client,
    clock,
    scheduler,
    random: seededRandom(1),
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
    port: 6881,
    trackers: [[A], [B], [C]],
    stats: () => ({ uploaded: 0, downloaded: 0, left: 1000 }),
    onPeers: (peers, url) => {
      if (peers.length > 0) found.push(new URL(url).hostname);
    },
    ...options,
  });
  const states = (): string[] => announcer.trackers.map(({ state }) => state);
  return { clock, client, announcer, scheduler, states, found, dead, late };
}

describe('a silent tracker', () => {
  it('is not waited for: the next tier is asked meanwhile', async () => {
    const { clock, client, announcer, states, dead } = setUp();
    client.on(A, dead);
    announcer.start();
    await clock.advance(SILENT - 1);
    expect(client.take()).toEqual(['a.invalid started']);
    await clock.advance(1);
    expect(client.take()).toEqual(['b.invalid started']);
    expect(states()).toEqual(['announcing', 'working', 'idle']);
    await clock.advance(TIMEOUT);
    expect(states()).toEqual(['failing', 'working', 'idle']);
    // The one that answered is used from now on, the first one tried again when it is time for an announce.
    await clock.advance(1_800_000);
    expect(client.take()).toEqual(['a.invalid started', 'b.invalid -']);
  });

  it('is used when its answer comes after all, with the peers of both', async () => {
    const { clock, client, announcer, states, found, late } = setUp();
    client.on(A, late(10_000)).on(B, late(100));
    announcer.start();
    await clock.advance(12_000);
    expect(client.take()).toEqual(['a.invalid started', 'b.invalid started']);
    expect(found).toEqual(['b.invalid', 'a.invalid']);
    expect(states()).toEqual(['working', 'working', 'idle']);
    await clock.advance(1_800_000);
    expect(client.take()).toEqual(['a.invalid -']);
    const stopped = announcer.stop();
    await clock.advance(TIMEOUT);
    await stopped;
    expect(client.take().sort()).toEqual(['a.invalid stopped', 'b.invalid stopped']);
  });

  it('leaves one of an earlier tier in use that has answered by then', async () => {
    const { clock, client, announcer, states, late } = setUp();
    client.on(A, late(4_000)).on(B, late(9_000));
    announcer.start();
    await clock.advance(15_000);
    expect(client.take()).toEqual(['a.invalid started', 'b.invalid started']);
    expect(states()).toEqual(['working', 'working', 'idle']);
    await clock.advance(1_800_000);
    expect(client.take()).toEqual(['a.invalid -']);
  });

  it('is told of a completed download once, whoever answers', async () => {
    const { clock, client, announcer, late } = setUp();
    client.on(A, late(10_000)).on(B, late(5_000));
    announcer.start();
    await clock.advance(4_000);
    announcer.completed();
    await clock.advance(60_000);
    expect(client.take()).toEqual([
      'a.invalid started',
      'b.invalid started',
      'c.invalid started',
      'c.invalid completed',
    ]);
    await clock.advance(1_900_000);
    expect(client.take().filter((said) => /completed|started/.test(said))).toEqual([]);
  });

  it('is one of a few whose answers are awaited, however many there are', async () => {
    const urls = Array.from({ length: 9 }, (_, index) => `udp://dead${index}.invalid:80/announce`);
    const { clock, client, announcer, scheduler, dead } = setUp({
      trackers: [...urls.map((url) => [url]), [B]],
    });
    for (const url of urls) client.on(url, dead);
    announcer.start();
    let most = 0;
    let time = 0;
    for (; announcer.trackers.at(-1)?.state !== 'working' && time < 300_000; time += 500) {
      await clock.advance(500);
      most = Math.max(most, scheduler.running);
    }
    expect(most).toBe(4);
    // One after the other they would take three minutes.
    expect(time).toBeLessThan(50_000);
    await clock.advance(TIMEOUT);
    expect(scheduler.running).toBe(0);
    expect(client.take()).toHaveLength(10);
  });

  it('is waited for where the order is to be kept', async () => {
    const { clock, client, announcer, dead } = setUp({ inOrder: () => true });
    client.on(A, dead);
    announcer.start();
    await clock.advance(TIMEOUT - 1);
    expect(client.take()).toEqual(['a.invalid started']);
    await clock.advance(1);
    expect(client.take()).toEqual(['b.invalid started']);
  });

  it('is waited for where there is no other, and tried again', async () => {
    const { clock, client, announcer, dead } = setUp({ trackers: [[A]] });
    client.on(A, dead);
    announcer.start();
    await clock.advance(TIMEOUT);
    expect(client.take()).toEqual(['a.invalid started']);
    await clock.advance(16_000);
    expect(client.take()).toEqual(['a.invalid started']);
  });

  it('hears that we go, as it may know us', async () => {
    const { clock, client, announcer, scheduler, dead } = setUp();
    client.on(A, dead).on(C, dead).on(B, dead);
    announcer.start();
    await clock.advance(4_000);
    const asked = [...client.calls];
    client.take();
    const stopped = announcer.stop();
    for (const { signal } of asked) expect(signal?.aborted).toBe(true);
    await clock.advance(5_000);
    await stopped;
    expect(client.take().sort()).toEqual(['a.invalid stopped', 'b.invalid stopped']);
    await clock.advance(TIMEOUT);
    expect([scheduler.running, scheduler.waiting]).toEqual([0, 0]);
    announcer.start();
    await clock.advance(0);
    expect(client.take()).toEqual(['a.invalid started']);
  });

  it('makes nobody wait who has not been given a turn there', async () => {
    const { clock, client, announcer, scheduler, dead } = setUp();
    client.on(A, dead);
    const others = [1, 2].map((seed) => {
      const { announcer: other } = setUp({
        client,
        clock,
        scheduler,
        random: seededRandom(seed),
        trackers: [[A]],
      });
      return other;
    });
    for (const other of others) other.start();
    await clock.advance(1_000);
    expect(client.take()).toHaveLength(2);
    announcer.start();
    await clock.advance(SILENT);
    expect(client.take()).toEqual(['b.invalid started']);
    // It has another one by now, and does not ask there any more.
    expect(scheduler.waiting).toBe(0);
  });
});
