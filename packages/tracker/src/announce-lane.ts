import type { Clock } from '@shoal/net';
import { DEFAULT_MIN_INTERVAL } from './announce-options.ts';
import type { AnnounceScheduler } from './announce-scheduler.ts';
import type { AnnounceTask, TurnOutcome, Urgency } from './schedule/announce-turns.ts';
import { trackerKey, unreachable } from './schedule/tracker-key.ts';
import type { Sleeper } from './schedule/wake-queue.ts';
import type { TierTracker, TrackerTiers } from './tiers.ts';
import type { TrackerSession } from './tracker-session.ts';
import type { AnnounceEvent, AnnounceResponse } from './types.ts';

/** What a lane needs of the announcer it belongs to. */
export interface LaneContext {
  readonly clock: Clock;
  readonly scheduler: AnnounceScheduler;
  readonly tiers: TrackerTiers;
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

/**
 * One line of announces in time: a round goes through the trackers in order until one answers, then waits for its interval;
 * when none answers, it waits for the first back-off to end. One lane serves all tiers, or a single tracker of them.
 */
export class AnnounceLane implements Sleeper, AnnounceTask {
  wakeAt = 0;
  wakeSlot = -1;
  readonly #context: LaneContext;
  readonly #only: string | undefined;
  /** The trackers of the round under way, and how far it has come. */
  #places = NO_PLACES;
  #next = 0;
  /** Whose turn it is, in a round. */
  #turn: TrackerSession | undefined;
  /** The announce under way. */
  #call: AbortController | undefined;
  /** The tracker that answered last, and so the one that is waited for. */
  #current: TrackerSession | undefined;

  constructor(context: LaneContext, only?: string) {
    this.#context = context;
    this.#only = only;
  }

  /** Begins a round now; one under way looks for new events when it ends, or right away when it still waits for its turn. */
  wake(): void {
    const session = this.#turn;
    if (session === undefined) {
      this.#sleepUntil(this.#context.clock.now());
    } else if (this.#call === undefined) {
      const refusal = this.#queue(session);
      if (refusal !== undefined) this.onRefused(refusal);
    }
  }

  /** Begins a round as soon as the tracker in use permits it. */
  update(): void {
    if (this.#turn !== undefined || this.#current === undefined) return;
    const at = Math.max(this.#context.clock.now(), this.#current.notBefore);
    if (this.wakeSlot < 0 || at < this.wakeAt) this.#sleepUntil(at);
  }

  /** Ends the round under way and plans no other. */
  stop(): void {
    const { wakes, turns } = this.#context.scheduler;
    wakes.delete(this);
    turns.withdraw(this);
    this.#call?.abort(new Error('The announcer was stopped'));
    if (this.#call !== undefined) turns.finished(this, 'abandoned');
    this.#call = undefined;
    this.#current = undefined;
    this.#endRound();
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
  onTurn(): void {
    const session = this.#turn;
    if (session === undefined) return;
    const event = session.nextEvent;
    session.announcing = true;
    session.starting ||= event === 'started';
    session.nextAt = undefined;
    const call = new AbortController();
    this.#call = call;
    this.#context.changed(session);
    void this.#context.ask(session, event, call.signal).then((answer) => {
      if (!call.signal.aborted) this.#answered(session, event, answer);
    });
  }

  /** @internal */
  onRefused(error: Error): void {
    const session = this.#turn;
    if (session === undefined) return;
    this.#refused(session, error);
    this.#goOn();
  }

  #sleepUntil(at: number): void {
    const { wakes } = this.#context.scheduler;
    if (at === Infinity) wakes.delete(this);
    else wakes.set(this, at);
  }

  /** On to the next tracker that may be asked; to sleep when there is none. */
  #goOn(): void {
    const now = this.#context.clock.now();
    for (
      let place = this.#places[this.#next];
      place !== undefined;
      place = this.#places[this.#next]
    ) {
      this.#next += 1;
      if (place.retryAt > now) continue;
      const session = this.#context.sessionOf(place.url);
      if (session.nextEvent === undefined && session.notBefore > now) {
        // It works and wants to be left alone: that is no reason to go on to the next one.
        this.#endRound();
        this.#sleepUntil(session.notBefore);
        return;
      }
      this.#turn = session;
      const refusal = this.#queue(session);
      if (refusal === undefined) return;
      this.#refused(session, refusal);
    }
    // When the first tracker that is being left alone may be asked again.
    const retryAt = Math.min(Infinity, ...this.#places.map((place) => place.retryAt));
    this.#endRound();
    this.#sleepUntil(retryAt);
  }

  #endRound(): void {
    this.#turn = undefined;
    this.#places = NO_PLACES;
    this.#next = 0;
  }

  /** Waits for the turn at a tracker. Gives an error when there is no point in that. */
  #queue(session: TrackerSession): Error | undefined {
    const { turns } = this.#context.scheduler;
    const urgency = this.#context.urgencyOf(session.nextEvent);
    return turns.enqueue(this, trackerKey(session.url), urgency);
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

  #answered(
    session: TrackerSession,
    event: AnnounceEvent | undefined,
    answer: AnnounceResponse | Error,
  ): void {
    this.#call = undefined;
    session.announcing = false;
    session.starting = false;
    const outcome: TurnOutcome = answer instanceof Error ? unreachable(answer) : 'answered';
    if (answer instanceof Error) this.#showRetry(session);
    else this.#succeeded(session, event, answer);
    // After the plans are made, as this may give the next one its turn.
    this.#context.scheduler.turns.finished(this, outcome);
    if (answer instanceof Error) this.#goOn();
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
}
