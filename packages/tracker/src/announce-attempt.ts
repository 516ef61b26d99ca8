import type { LaneContext } from './announce-lane.ts';
import type { AnnounceTask } from './schedule/announce-turns.ts';
import { trackerKey, unreachable } from './schedule/tracker-key.ts';
import type { TrackerSession } from './tracker-session.ts';
import type { AnnounceEvent, AnnounceResponse } from './types.ts';

/** Who hears how an attempt goes. */
export interface AttemptOwner {
  /** Its tracker has said nothing for a while; the attempt goes on. */
  silent(attempt: AnnounceAttempt): void;
  /** It is over, as the tracker cannot be reached. */
  refused(attempt: AnnounceAttempt, error: Error): void;
  /** It is over. */
  answered(
    attempt: AnnounceAttempt,
    event: AnnounceEvent | undefined,
    answer: AnnounceResponse | Error,
  ): void;
  /** The room it took is free again. */
  settled(): void;
}

/** One announce to one tracker: it waits for its turn, then for the answer. */
export class AnnounceAttempt implements AnnounceTask {
  readonly session: TrackerSession;
  readonly #context: LaneContext;
  readonly #owner: AttemptOwner;
  #call: AbortController | undefined;

  constructor(context: LaneContext, session: TrackerSession, owner: AttemptOwner) {
    this.#context = context;
    this.session = session;
    this.#owner = owner;
  }

  /** The tracker is being asked. */
  get isRunning(): boolean {
    return this.#call !== undefined;
  }

  /** Waits for the turn; again with what is to be said now. Gives an error when there is no point in that. */
  queue(): Error | undefined {
    const { url, nextEvent } = this.session;
    const urgency = this.#context.urgencyOf(nextEvent);
    return this.#context.scheduler.turns.enqueue(this, trackerKey(url), urgency);
  }

  /** Nobody wants the answer any more. */
  abandon(): void {
    const { turns } = this.#context.scheduler;
    turns.withdraw(this);
    if (this.#call === undefined) return;
    this.#call.abort(new Error('The announcer was stopped'));
    this.#call = undefined;
    turns.finished(this, 'abandoned');
  }

  /** @internal */
  onTurn(): void {
    const { session } = this;
    const event = session.nextEvent;
    session.announcing = true;
    session.starting ||= event === 'started';
    session.nextAt = undefined;
    const call = new AbortController();
    this.#call = call;
    this.#context.changed(session);
    void this.#context.ask(session, event, call.signal).then((answer) => {
      if (!call.signal.aborted) this.#answered(event, answer);
    });
  }

  /** @internal */
  onSilent(): void {
    this.#owner.silent(this);
  }

  /** @internal */
  onRefused(error: Error): void {
    this.#owner.refused(this, error);
    this.#owner.settled();
  }

  #answered(event: AnnounceEvent | undefined, answer: AnnounceResponse | Error): void {
    this.#call = undefined;
    this.session.announcing = false;
    this.session.starting = false;
    this.#owner.answered(this, event, answer);
    // After the plans are made, as this may give the next one its turn.
    const outcome = answer instanceof Error ? unreachable(answer) : 'answered';
    this.#context.scheduler.turns.finished(this, outcome);
    this.#owner.settled();
  }
}
