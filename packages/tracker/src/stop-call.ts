import type { Clock, Reach } from '@shoal/net';
import type { AnnounceScheduler } from './announce-scheduler.ts';
import { TrackerError } from './errors.ts';
import { URGENCY } from './schedule/announce-turns.ts';
import type { AnnounceTask } from './schedule/announce-turns.ts';
import { trackerKey, unreachable } from './schedule/tracker-key.ts';
import type { Sleeper } from './schedule/wake-queue.ts';
import type { AnnounceRequest, TrackerClient } from './types.ts';

/** What is said to one tracker at the end. */
export interface StopCallOptions {
  readonly client: TrackerClient;
  readonly clock: Clock;
  readonly scheduler: AnnounceScheduler;
  readonly url: string;
  readonly reach: Reach | undefined;
  /** Said one after the other; `stopped` is the last. */
  readonly requests: readonly AnnounceRequest[];
  /** Milliseconds for all of it, the wait for its turn included. */
  readonly timeout: number;
  /** It was said, or it could not be. Called once. */
  readonly ended: () => void;
}

/** Says `stopped` to one tracker, in its turn and within its time. */
export class StopCall implements Sleeper, AnnounceTask {
  wakeAt = 0;
  wakeSlot = -1;
  readonly #options: StopCallOptions;
  #call: AbortController | undefined;
  #over = false;

  constructor(options: StopCallOptions) {
    this.#options = options;
  }

  start(): void {
    const { scheduler, clock, timeout, url } = this.#options;
    scheduler.wakes.set(this, clock.now() + timeout);
    if (scheduler.turns.enqueue(this, trackerKey(url), URGENCY.stopped) !== undefined) this.#end();
  }

  /** @internal The time is over. */
  onWake(): void {
    const { turns } = this.#options.scheduler;
    turns.withdraw(this);
    const call = this.#call;
    this.#end();
    if (call === undefined) return;
    turns.finished(this, 'abandoned');
    call.abort(new TrackerError('ERR_TRACKER_TIMEOUT', 'The tracker did not answer in time'));
  }

  /** @internal */
  onRefused(): void {
    this.#end();
  }

  /** @internal */
  onTurn(): void {
    this.#call = new AbortController();
    void this.#say(this.#call.signal);
  }

  async #say(signal: AbortSignal): Promise<void> {
    const { client, url, reach, requests, scheduler } = this.#options;
    let failure: Error | undefined;
    for (const request of requests) {
      try {
        await client.announce(url, request, { signal, reach });
        failure = undefined;
      } catch (error) {
        // A tracker that will not count the download still hears that we go.
        failure = error instanceof Error ? error : new Error(String(error));
      }
      if (this.#over) return;
    }
    this.#end();
    scheduler.turns.finished(this, failure === undefined ? 'answered' : unreachable(failure));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.scheduler.wakes.delete(this);
    this.#options.ended();
  }
}
