import type { Clock } from '@shoal/net';
import { AnnounceTurns } from './schedule/announce-turns.ts';
import { WakeQueue } from './schedule/wake-queue.ts';

/** Announces under way at once that may be answered any moment. */
export const DEFAULT_MAX_ANNOUNCES = 64;
/** Announces under way besides those, whose trackers have been silent for 3 s. */
export const DEFAULT_MAX_SLOW_ANNOUNCES = 192;
/** Announces under way at one tracker. */
export const DEFAULT_MAX_ANNOUNCES_PER_TRACKER = 8;
/** Announces begun in a second: 10,000 torrents that start together take 200 s. */
export const DEFAULT_MAX_ANNOUNCE_RATE = 50;

/** Options of {@link AnnounceScheduler}. */
export interface AnnounceSchedulerOptions {
  readonly clock: Clock;
  /** Default {@link DEFAULT_MAX_ANNOUNCES}. */
  readonly maxConcurrent?: number;
  /** Default {@link DEFAULT_MAX_SLOW_ANNOUNCES}. */
  readonly maxSlow?: number;
  /** Default {@link DEFAULT_MAX_ANNOUNCES_PER_TRACKER}. */
  readonly maxPerTracker?: number;
  /** A second; `stopped` does not count. Default {@link DEFAULT_MAX_ANNOUNCE_RATE}. */
  readonly maxRate?: number;
}

/**
 * The schedule that all announcers of a client share: one timer wakes them, and each announce waits for its turn. It does no I/O
 * and reads no clock but the one it is given.
 */
export class AnnounceScheduler {
  /** @internal */
  readonly wakes: WakeQueue;
  /** @internal */
  readonly turns: AnnounceTurns;

  constructor(options: AnnounceSchedulerOptions) {
    this.wakes = new WakeQueue(options.clock);
    this.turns = new AnnounceTurns(options.clock, this.wakes, {
      maxConcurrent: options.maxConcurrent ?? DEFAULT_MAX_ANNOUNCES,
      maxSlow: options.maxSlow ?? DEFAULT_MAX_SLOW_ANNOUNCES,
      maxPerTracker: options.maxPerTracker ?? DEFAULT_MAX_ANNOUNCES_PER_TRACKER,
      maxRate: options.maxRate ?? DEFAULT_MAX_ANNOUNCE_RATE,
    });
  }

  /** Announces that wait for their turn. */
  get waiting(): number {
    return this.turns.waiting;
  }

  /** Announces under way. */
  get running(): number {
    return this.turns.running;
  }
}
