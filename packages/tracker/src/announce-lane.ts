import type { Clock } from '@shoal/net';
import { AnnounceAttempt, type AttemptOwner } from './announce-attempt.ts';
import { DEFAULT_MIN_INTERVAL } from './announce-options.ts';
import type { AnnounceScheduler } from './announce-scheduler.ts';
import type { Urgency } from './schedule/announce-turns.ts';
import type { Sleeper } from './schedule/wake-queue.ts';
import type { TierTracker, TrackerTiers } from './tiers.ts';
import type { TrackerSession } from './tracker-session.ts';
import type { AnnounceEvent, AnnounceResponse } from './types.ts';

/** What a lane needs of the announcer it belongs to. */
export interface LaneContext {
  readonly clock: Clock;
  readonly scheduler: AnnounceScheduler;
  readonly tiers: TrackerTiers;
  /** The next tracker is asked when one has failed, and not before. */
  inOrder(): boolean;
  sessionOf(url: string): TrackerSession;
  urgencyOf(event: AnnounceEvent | undefined): Urgency;
  /** Asks one tracker. Resolves with what it answered or why it did not; never rejects. */
  ask(
    session: TrackerSession,
    event: AnnounceEvent | undefined,
    signal: AbortSignal,
  ): Promise<AnnounceResponse | Error>;
  /** The tracker was not even asked, as it cannot be reached. */
  notAsked(session: TrackerSession, error: Error): void;
  /** The tracker confirmed that it knows of the completed download. */
  completedDelivered(session: TrackerSession): void;
  changed(session: TrackerSession): void;
}

/** Clock milliseconds of an answer's interval, in seconds, from `now`. */
function after(now: number, seconds: number): number {
  return now + seconds * 1000;
}

/** No round is under way. */
const NO_PLACES: readonly TierTracker[] = [];

/** Silent trackers of a torrent whose answers are awaited while the next one is asked: the first that works of five takes 12 s. */
const MAX_SILENT = 4;

/**
 * One line of announces in time: a round goes through the trackers in order until one answers, then waits for its interval;
 * when none answers, it waits for the first back-off to end. One lane serves all tiers, or a single tracker of them.
 *
 * A dead tracker shows by its silence, for a quarter of a minute or more. A round does not wait that long: the next tracker is asked
 * while the answer of a silent one may still come. Where both answer, the one of the earlier tier is the one that is used.
 */
export class AnnounceLane implements Sleeper, AttemptOwner {
  wakeAt = 0;
  wakeSlot = -1;
  readonly #context: LaneContext;
  readonly #only: string | undefined;
  /** The trackers of the round under way, and how far it has come. */
  #places = NO_PLACES;
  #next = 0;
  /** The attempt that the round waits for. */
  #asking: AnnounceAttempt | undefined;
  /** Attempts that it waits for no longer, and that may still succeed, also when the round is over. */
  readonly #silent: AnnounceAttempt[] = [];
  /** The tracker that answered last, and so the one that is waited for. */
  #current: TrackerSession | undefined;

  constructor(context: LaneContext, only?: string) {
    this.#context = context;
    this.#only = only;
  }

  get #isInRound(): boolean {
    return this.#places !== NO_PLACES;
  }

  /** Begins a round now; one under way looks for new events when it ends, or right away when it still waits for its turn. */
  wake(): void {
    const attempt = this.#asking;
    if (!this.#isInRound) {
      this.#sleepUntil(this.#context.clock.now());
    } else if (attempt?.isRunning === false) {
      const refusal = attempt.queue();
      if (refusal !== undefined) attempt.onRefused(refusal);
    }
  }

  /** Begins a round as soon as the tracker in use permits it. */
  update(): void {
    if (this.#isInRound || this.#current === undefined) return;
    const at = Math.max(this.#context.clock.now(), this.#current.notBefore);
    if (this.wakeSlot < 0 || at < this.wakeAt) this.#sleepUntil(at);
  }

  /** Ends the round under way and plans no other. */
  stop(): void {
    this.#context.scheduler.wakes.delete(this);
    this.#current = undefined;
    this.#endRound();
    for (const attempt of this.#silent.splice(0)) attempt.abandon();
  }

  /** @internal */
  onWake(): void {
    const { trackers } = this.#context.tiers;
    this.#places =
      this.#only === undefined ? trackers : trackers.filter(({ url }) => url === this.#only);
    this.#next = 0;
    this.#goOn();
  }

  /** @internal */
  silent(attempt: AnnounceAttempt): void {
    if (attempt !== this.#asking || this.#context.inOrder()) return;
    // One that has worked is slow, or has news of us to count: there is no hurry, and no need for another one.
    if (attempt.session.started) return;
    this.#asking = undefined;
    this.#silent.push(attempt);
    this.#goOn();
  }

  /** @internal */
  refused(attempt: AnnounceAttempt, error: Error): void {
    this.#forget(attempt);
    this.#refused(attempt.session, error);
  }

  /** @internal */
  answered(
    attempt: AnnounceAttempt,
    event: AnnounceEvent | undefined,
    answer: AnnounceResponse | Error,
  ): void {
    this.#forget(attempt);
    if (answer instanceof Error) this.#showRetry(attempt.session);
    else this.#succeeded(attempt.session, event, answer);
  }

  /** @internal */
  settled(): void {
    if (this.#isInRound && this.#asking === undefined) this.#goOn();
  }

  #sleepUntil(at: number): void {
    const { wakes } = this.#context.scheduler;
    if (at === Infinity) wakes.delete(this);
    else wakes.set(this, at);
  }

  /** On to the next tracker that may be asked; to sleep when there is none. */
  #goOn(): void {
    const now = this.#context.clock.now();
    while (this.#silent.length < MAX_SILENT) {
      const place = this.#places[this.#next];
      if (place === undefined) break;
      this.#next += 1;
      const session = this.#context.sessionOf(place.url);
      if (place.retryAt > now || this.#silent.some((other) => other.session === session)) continue;
      if (session.nextEvent === undefined && session.notBefore > now) {
        // It works and wants to be left alone: that is no reason to go on to the next one.
        this.#endRound();
        this.#sleepUntil(session.notBefore);
        return;
      }
      const attempt = new AnnounceAttempt(this.#context, session, this);
      this.#asking = attempt;
      const refusal = attempt.queue();
      if (refusal === undefined) return;
      this.#asking = undefined;
      this.#refused(session, refusal);
    }
    if (this.#silent.length > 0) return;
    // When the first tracker that is being left alone may be asked again.
    const retryAt = Math.min(Infinity, ...this.#places.map((place) => place.retryAt));
    this.#endRound();
    this.#sleepUntil(retryAt);
  }

  /** What has been asked may still be answered; what has not is not asked any more. */
  #endRound(): void {
    this.#places = NO_PLACES;
    this.#next = 0;
    if (this.#asking !== undefined) this.#silent.push(this.#asking);
    this.#asking = undefined;
    for (const attempt of this.#silent.filter(({ isRunning }) => !isRunning)) {
      this.#forget(attempt);
      attempt.abandon();
    }
  }

  #forget(attempt: AnnounceAttempt): void {
    if (attempt === this.#asking) this.#asking = undefined;
    const at = this.#silent.indexOf(attempt);
    if (at >= 0) this.#silent.splice(at, 1);
  }

  #refused(session: TrackerSession, error: Error): void {
    this.#context.notAsked(session, error);
    this.#showRetry(session);
  }

  #showRetry(session: TrackerSession): void {
    const retryAt = this.#context.tiers.get(session.url)?.retryAt ?? Infinity;
    session.nextAt = retryAt === Infinity ? undefined : retryAt;
    this.#context.changed(session);
  }

  /** Ends the round and plans the next one. */
  #succeeded(
    session: TrackerSession,
    event: AnnounceEvent | undefined,
    { interval, minInterval: named }: AnnounceResponse,
  ): void {
    const now = this.#context.clock.now();
    session.started = true;
    if (event === 'completed') this.#context.completedDelivered(session);
    const minInterval = named ?? Math.min(interval, DEFAULT_MIN_INTERVAL);
    session.notBefore = after(now, minInterval);
    if (!this.#isInRound && !this.#isPreferred(session)) {
      // Another one is in use by now, and stays so.
      this.#context.changed(session);
      return;
    }
    const next =
      session.nextEvent === undefined ? after(now, Math.max(interval, minInterval)) : now;
    session.nextAt = next;
    if (this.#current !== session && this.#current !== undefined) {
      this.#current.nextAt = undefined;
      this.#context.changed(this.#current);
    }
    this.#current = session;
    this.#endRound();
    this.#sleepUntil(next);
    this.#context.changed(session);
  }

  /** It is of an earlier tier than the one in use. */
  #isPreferred({ url }: TrackerSession): boolean {
    const { tiers } = this.#context;
    const current = this.#current && tiers.get(this.#current.url);
    return current === undefined || (tiers.get(url)?.tier ?? Infinity) < current.tier;
  }
}
