import { seededRandom } from '@shoal/net';
import { Announcer, AnnounceScheduler, TrackerError } from '../src/index.ts';
import type { AnnouncerOptions } from '../src/index.ts';
import { announceResponse, FakeClient } from './support/fake-client.ts';
import { ManualClock } from './support/manual-clock.ts';

const ALIVE = 'udp://alive.invalid:80/announce';
const DEAD = 'udp://dead.invalid:80/announce';
const OTHER = 'http://other.invalid/announce';
/** What a client waits for a tracker over UDP. */
const TIMEOUT = 20_000;
const RATE = 50;

class Torrents {
  readonly clock = new ManualClock();
  readonly client = new FakeClient();
  readonly scheduler = new AnnounceScheduler({ clock: this.clock });
  readonly announcers: Announcer[] = [];
  /** Clock seconds since the start at which each call was made, by tracker. */
  readonly at: Record<string, number[]> = {};
  readonly #begin = this.clock.now();

  constructor() {
    const silence = async (): Promise<Error> => {
      await new Promise<void>((resolve) => this.clock.setTimer(resolve, TIMEOUT));
      return new TrackerError('ERR_TRACKER_TIMEOUT', 'no answer');
    };
    const answer = async (): Promise<ReturnType<typeof announceResponse>> => {
      await new Promise<void>((resolve) => this.clock.setTimer(resolve, 40));
      return announceResponse();
    };
    const note =
      <T>(url: string, behave: () => Promise<T>) =>
      (): Promise<T> => {
        (this.at[url] ??= []).push((this.clock.now() - this.#begin) / 1000);
        return behave();
      };
    this.client
      .on(ALIVE, note(ALIVE, answer))
      .on(OTHER, note(OTHER, answer))
      .on(DEAD, note(DEAD, silence));
  }

  add(count: number, options: Partial<AnnouncerOptions>): void {
    for (let n = 0; n < count; n += 1) {
      this.announcers.push(
        new Announcer({
          client: this.client,
          clock: this.clock,
          scheduler: this.scheduler,
          random: seededRandom(n),
          infoHash: new Uint8Array(20),
          peerId: new Uint8Array(20),
          port: 6881,
          trackers: [[ALIVE]],
          stats: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
          onPeers: () => undefined,
          ...options,
        }),
      );
    }
  }

  start(): void {
    for (const announcer of this.announcers) announcer.start();
  }

  working(url: string): number {
    return this.announcers.filter(({ trackers }) =>
      trackers.some((tracker) => tracker.url === url && tracker.state === 'working'),
    ).length;
  }

  /** Most calls to a tracker in any second. */
  rate(url: string): number {
    const seconds = new Map<number, number>();
    for (const at of this.at[url] ?? []) {
      seconds.set(Math.floor(at), (seconds.get(Math.floor(at)) ?? 0) + 1);
    }
    return Math.max(0, ...seconds.values());
  }
}

describe('AnnounceScheduler', () => {
  it('starts thousands of torrents without a flood, with a few timers, and keeps them spread', async () => {
    const torrents = new Torrents();
    torrents.add(3000, {});
    torrents.start();
    // One for all who wait, one for each announce under way.
    expect(torrents.clock.pending).toBe(1);
    await torrents.clock.advance(10_000);
    expect(torrents.clock.pending).toBeLessThan(20);
    expect(torrents.working(ALIVE)).toBeLessThan(10 * RATE + RATE);
    await torrents.clock.advance(52_000);
    expect(torrents.working(ALIVE)).toBe(3000);
    expect(torrents.rate(ALIVE)).toBeLessThanOrEqual(2 * RATE);
    expect(torrents.clock.pending).toBe(1);
    await torrents.clock.advance(1_900_000);
    expect(torrents.at[ALIVE]).toHaveLength(6000);
    expect(torrents.rate(ALIVE)).toBeLessThanOrEqual(2 * RATE);
  });

  it('gets thousands of torrents past a dead tracker, which is in the way of no other', async () => {
    const torrents = new Torrents();
    torrents.add(1000, { trackers: [[DEAD], [ALIVE]] });
    torrents.add(500, { trackers: [[OTHER]] });
    torrents.start();
    await torrents.clock.advance(12_000);
    // Nobody waits for the end of its silence: all that holds them up is the bound of announces in a second.
    expect(torrents.working(OTHER) + torrents.working(ALIVE)).toBeGreaterThan(11 * RATE);
    expect(torrents.at[DEAD]).toHaveLength(2);
    await torrents.clock.advance(24_000);
    expect(torrents.working(OTHER)).toBe(500);
    expect(torrents.working(ALIVE)).toBeGreaterThan(995);
    await torrents.clock.advance(TIMEOUT + 6_000);
    // But for whoever finds out whether it is still dead.
    expect(torrents.working(ALIVE)).toBeGreaterThan(995);
    await torrents.clock.advance(TIMEOUT);
    expect(torrents.working(ALIVE)).toBe(1000);
    // In half an hour a dead tracker is tried now and then, not by each of them.
    const tried = torrents.at[DEAD]?.length ?? 0;
    await torrents.clock.advance(1_800_000);
    expect((torrents.at[DEAD]?.length ?? 0) - tried).toBeLessThan(1_800 / 20 + 2);
  });

  it('lets one that looks for peers begin before thousands of seeds', async () => {
    const torrents = new Torrents();
    torrents.add(1000, {});
    torrents.start();
    await torrents.clock.advance(2_000);
    let found = false;
    torrents.add(1, {
      stats: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      onPeers: () => (found = true),
    });
    torrents.announcers.at(-1)?.start();
    await torrents.clock.advance(100);
    expect(found).toBe(true);
  });

  it('ends within its time, whether or not all could say so', async () => {
    const torrents = new Torrents();
    torrents.add(1500, {});
    torrents.start();
    await torrents.clock.advance(60_000);
    torrents.client.take();
    let ended = 0;
    for (const announcer of torrents.announcers) {
      void announcer.stop({ timeout: 5_000 }).then(() => (ended += 1));
    }
    await torrents.clock.advance(5_000);
    expect(ended).toBe(1500);
    const said = torrents.client.take();
    expect(new Set(said)).toEqual(new Set(['alive.invalid stopped']));
    // Eight at a time, 40 ms each.
    expect(said.length).toBeGreaterThan(990);
    await torrents.clock.advance(1_000);
    expect(torrents.clock.pending).toBe(0);
    expect([torrents.scheduler.waiting, torrents.scheduler.running]).toEqual([0, 0]);
  });

  it('lets a torrent that starts, stops and starts again have its turns', async () => {
    const torrents = new Torrents();
    torrents.add(1, { trackers: [[DEAD], [ALIVE]] });
    const [announcer] = torrents.announcers;
    announcer?.start();
    await torrents.clock.advance(1_000);
    const stopped = announcer?.stop();
    await torrents.clock.advance(1_000);
    await stopped;
    announcer?.start();
    await torrents.clock.advance(TIMEOUT + 1_000);
    expect(torrents.working(ALIVE)).toBe(1);
    expect(torrents.scheduler.running).toBe(0);
  });
});
