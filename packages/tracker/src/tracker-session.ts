import type { TierTracker } from './tiers.ts';
import type { TrackerStatus } from './announce-options.ts';
import type { AnnounceEvent, AnnounceResponse } from './types.ts';

/** What one tracker has been told, and has said, since the announcer was started. */
export class TrackerSession {
  readonly url: string;
  /** `started` has been answered. */
  started = false;
  /** `started` is under way, so the tracker may know this peer already. */
  starting = false;
  /** The download has ended in this run, and this tracker has not confirmed to know. */
  owesCompleted = false;
  trackerId: Uint8Array | undefined;
  /** Clock time before which the tracker asked not to be called out of turn. */
  notBefore = 0;
  announcing = false;
  /** Clock time of the next announce planned to it. */
  nextAt: number | undefined;
  error: Error | undefined;
  #answer: AnnounceResponse | undefined;
  #answeredAt: number | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** What the next announce has to report. */
  get nextEvent(): AnnounceEvent | undefined {
    if (!this.started) return 'started';
    return this.owesCompleted ? 'completed' : undefined;
  }

  answered(answer: AnnounceResponse, wallTime: number): void {
    this.#answer = answer;
    this.#answeredAt = wallTime;
    this.error = undefined;
    this.trackerId = answer.trackerId ?? this.trackerId;
  }

  /** Forgets what belongs to one run between `start` and `stop`; figures and the tracker id stay. */
  reset(): void {
    this.started = false;
    this.starting = false;
    this.owesCompleted = false;
    this.announcing = false;
    this.nextAt = undefined;
  }

  /** `toWallTime` converts from clock time. */
  status(place: TierTracker, toWallTime: (time: number) => number): TrackerStatus {
    return {
      url: this.url,
      tier: place.tier,
      state: this.#state(place),
      error: this.error,
      warning: this.#answer?.warning,
      nextAnnounce: this.nextAt === undefined ? undefined : toWallTime(this.nextAt),
      lastAnnounce: this.#answeredAt,
      seeds: this.#answer?.complete,
      leechers: this.#answer?.incomplete,
      downloaded: this.#answer?.downloaded,
      peers:
        this.#answer === undefined ? 0 : this.#answer.peers.length + this.#answer.namedPeers.length,
    };
  }

  #state(place: TierTracker): TrackerStatus['state'] {
    if (this.announcing) return 'announcing';
    if (place.retryAt === Infinity) return 'disabled';
    if (this.error !== undefined) return 'failing';
    return this.started ? 'working' : 'idle';
  }
}
