import type { Clock, Timer } from '@shoal/net';
import { DEFAULT_MIN_INTERVAL } from './announce-options.ts';
import type { TierTracker, TrackerTiers } from './tiers.ts';
import type { TrackerSession } from './tracker-session.ts';
import type { AnnounceEvent, AnnounceResponse } from './types.ts';

/** What a lane needs of the announcer it belongs to. */
export interface LaneContext {
  readonly clock: Clock;
  readonly tiers: TrackerTiers;
  sessionOf(url: string): TrackerSession;
  /** Asks one tracker. Resolves with what it answered or why it did not; never rejects. */
  ask(
    session: TrackerSession,
    event: AnnounceEvent | undefined,
    signal: AbortSignal,
  ): Promise<AnnounceResponse | Error>;
  /** The tracker confirmed that it knows of the completed download. */
  completedDelivered(session: TrackerSession): void;
  changed(session: TrackerSession): void;
}

/** Clock milliseconds of an answer's interval, in seconds, from `now`. */
function after(now: number, seconds: number): number {
  return now + seconds * 1000;
}

/**
 * One line of announces in time: a round goes through the trackers in order until one answers, then waits for its interval;
 * when none answers, it waits for the first back-off to end. One lane serves all tiers, or a single tracker of them.
 */
export class AnnounceLane {
  readonly #context: LaneContext;
  readonly #only: string | undefined;
  #timer: Timer | undefined;
  #wakeAt = Infinity;
  #round: AbortController | undefined;
  /** The tracker that answered last, and so the one that is waited for. */
  #current: TrackerSession | undefined;

  constructor(context: LaneContext, only?: string) {
    this.#context = context;
    this.#only = only;
  }

  /** Begins a round now, unless one is under way; a round under way looks for new events when it ends. */
  wake(): void {
    if (this.#round === undefined) this.#schedule(this.#context.clock.now());
  }

  /** Begins a round as soon as the tracker in use permits it. */
  update(): void {
    if (this.#round !== undefined || this.#current === undefined) return;
    const at = Math.max(this.#context.clock.now(), this.#current.notBefore);
    if (at < this.#wakeAt) this.#schedule(at);
  }

  /** Ends the round under way and plans no other. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeAt = Infinity;
    this.#current = undefined;
    this.#round?.abort(new Error('The announcer was stopped'));
    this.#round = undefined;
  }

  #schedule(at: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeAt = at;
    if (at === Infinity) return;
    const delay = Math.max(0, at - this.#context.clock.now());
    this.#timer = this.#context.clock.setTimer(() => {
      this.#timer = undefined;
      this.#wakeAt = Infinity;
      void this.#run();
    }, delay);
  }

  #places(): readonly TierTracker[] {
    const { trackers } = this.#context.tiers;
    return this.#only === undefined ? trackers : trackers.filter(({ url }) => url === this.#only);
  }

  async #run(): Promise<void> {
    const round = new AbortController();
    this.#round = round;
    const { clock } = this.#context;
    let next: number | undefined;
    for (const place of this.#places()) {
      if (place.retryAt > clock.now()) continue;
      const session = this.#context.sessionOf(place.url);
      if (session.nextEvent === undefined && session.notBefore > clock.now()) {
        // It works and wants to be left alone: that is no reason to go on to the next one.
        next = session.notBefore;
        break;
      }
      const answered = await this.#announce(session, round.signal);
      if (round.signal.aborted) return;
      if (answered !== undefined) {
        next = answered;
        break;
      }
    }
    this.#round = undefined;
    this.#schedule(next ?? this.#firstRetry());
  }

  /** When the first tracker that is being left alone may be asked again. */
  #firstRetry(): number {
    return Math.min(Infinity, ...this.#places().map(({ retryAt }) => retryAt));
  }

  /** Asks one tracker; gives the time of the next announce when it answered well. */
  async #announce(session: TrackerSession, signal: AbortSignal): Promise<number | undefined> {
    const { clock, tiers } = this.#context;
    const event = session.nextEvent;
    session.announcing = true;
    session.starting ||= event === 'started';
    session.nextAt = undefined;
    this.#context.changed(session);
    const answer = await this.#context.ask(session, event, signal);
    if (signal.aborted) return undefined;

    const now = clock.now();
    session.announcing = false;
    session.starting = false;
    let next: number | undefined;
    if (answer instanceof Error) {
      const place = tiers.get(session.url);
      session.nextAt =
        place === undefined || place.retryAt === Infinity ? undefined : place.retryAt;
    } else {
      session.started = true;
      if (event === 'completed') this.#context.completedDelivered(session);
      const minInterval = answer.minInterval ?? Math.min(answer.interval, DEFAULT_MIN_INTERVAL);
      session.notBefore = after(now, minInterval);
      next =
        session.nextEvent === undefined ? after(now, Math.max(answer.interval, minInterval)) : now;
      session.nextAt = next;
      if (this.#current !== session && this.#current !== undefined) {
        this.#current.nextAt = undefined;
        this.#context.changed(this.#current);
      }
      this.#current = session;
    }
    this.#context.changed(session);
    return next;
  }
}
