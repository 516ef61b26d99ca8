import type { Clock } from '@shoal/net';
import { TrackerError } from '../errors.ts';
import { Gate } from '../gate.ts';

/** What a call is doing. */
export interface CallWork<T> {
  /** What the caller gets. */
  readonly result: Promise<T>;
  /** Settles when nothing is under way any more, which may be later. */
  readonly ended: Promise<unknown>;
}

/** The calls of a client: each in its turn, under its deadline, and ended with the client or by its own signal. */
export class UdpCalls {
  readonly #clock: Clock;
  readonly #gate: Gate;
  readonly #open = new Set<AbortController>();
  #closed = false;

  constructor(clock: Clock, maxConcurrent: number) {
    this.#clock = clock;
    this.#gate = new Gate(Math.max(1, maxConcurrent));
  }

  /**
   * Begins `work` when there is room. Its signal is aborted by the caller's, with `ERR_TRACKER_TIMEOUT` after `timeout`
   * milliseconds of work, and with `ERR_TRACKER_CLOSED`.
   */
  async run<T>(
    host: string,
    timeout: number,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<CallWork<T>>,
  ): Promise<T> {
    signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    const call = new AbortController();
    const forward = (): void => call.abort(signal?.reason);
    signal?.addEventListener('abort', forward, { once: true });
    this.#open.add(call);
    const leave = (): void => {
      signal?.removeEventListener('abort', forward);
      this.#open.delete(call);
    };
    try {
      await this.#gate.enter(call.signal);
    } catch (error) {
      leave();
      throw error;
    }
    const deadline = this.#clock.setTimer(() => call.abort(timeoutError(host, timeout)), timeout);
    const end = (): void => {
      deadline.cancel();
      this.#gate.leave();
      leave();
    };
    let begun: CallWork<T>;
    try {
      begun = await work(call.signal);
    } catch (error) {
      end();
      throw error;
    }
    begun.ended.then(end, end);
    return begun.result;
  }

  close(): void {
    this.#closed = true;
    const reason = closedError();
    for (const call of this.#open) call.abort(reason);
  }
}

export function closedError(): TrackerError {
  return new TrackerError('ERR_TRACKER_CLOSED', 'The tracker client was closed');
}

export function timeoutError(host: string, timeout: number): TrackerError {
  return new TrackerError(
    'ERR_TRACKER_TIMEOUT',
    `The tracker ${host} did not answer within ${timeout} ms`,
  );
}
