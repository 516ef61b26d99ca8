import type { Clock, Endpoint, Random, Timer } from '@shoal/net';
import type { KrpcErrorMessage, KrpcResponse, QueryBody } from '../krpc/index.ts';
import { MAX_WAITING_QUERIES } from '../limits.ts';
import { sameId } from '../node-id.ts';
import { Latency } from './latency.ts';

/** Why a query came to nothing. `id` means that somebody else answered than was asked. */
export type FailureReason = 'timeout' | 'id' | 'error' | 'busy' | 'closed';

/** A query on its way: what is asked of whom, and who hears of what comes of it. Exactly one of the last two is called. */
export interface OutgoingQuery {
  readonly endpoint: Endpoint;
  /** Whose answer it must be; undefined where the id is not known yet. */
  readonly expectedId: Uint8Array | undefined;
  /** Made when the query leaves. */
  body(): QueryBody;
  /** It takes longer than usual. May be followed by an answer. */
  onSlow?(): void;
  onResponse(response: KrpcResponse): void;
  /** `error` is what the node said, where that is the reason; valid during the call, like a response. */
  onFailure(reason: FailureReason, error?: KrpcErrorMessage): void;
}

/** Whom transactions are for. */
export interface TransactionHost {
  /** Sends the query under this transaction id. */
  send(query: OutgoingQuery, transaction: Uint8Array): void;
  /** Whoever was asked has answered, perhaps with another id than expected. Called before the query hears of it. */
  onAnswered(endpoint: Endpoint, response: KrpcResponse): void;
  /** Whoever was asked has not answered. */
  onTimedOut(endpoint: Endpoint): void;
}

/** What became of messages that answer something. */
export interface TransactionCounts {
  sent: number;
  answered: number;
  timedOut: number;
  /** With a transaction id that is not in use: late, or made up. */
  unmatched: number;
  /** With the right transaction id, from an address that was not asked. */
  wrongAddress: number;
  /** With another id than the node has. */
  wrongId: number;
}

/** Bytes of a transaction id: enough that it cannot be guessed by trying. */
const TRANSACTION_BYTES = 4;
/** Timers are not set more finely, milliseconds. */
const MIN_TIMER_MS = 20;

interface Flight {
  readonly query: OutgoingQuery;
  readonly sentAt: number;
  readonly slowAt: number;
  readonly failsAt: number;
}

/**
 * The queries under way: a bounded number of them, each answered by the node that was asked, or failed after a while. One timer
 * serves all, as they fail about in the order in which they were sent.
 */
export class Transactions {
  readonly counts: TransactionCounts = {
    sent: 0,
    answered: 0,
    timedOut: 0,
    unmatched: 0,
    wrongAddress: 0,
    wrongId: 0,
  };
  readonly latency = new Latency();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #host: TransactionHost;
  readonly #maxInFlight: number;
  /** By transaction id, oldest first. */
  readonly #flights = new Map<number, Flight>();
  /** Those that are not slow yet, oldest first. */
  readonly #fresh = new Map<number, Flight>();
  #waiting: OutgoingQuery[] = [];
  #waitingFrom = 0;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #closed = false;

  constructor(clock: Clock, random: Random, maxInFlight: number, host: TransactionHost) {
    this.#clock = clock;
    this.#random = random;
    this.#maxInFlight = maxInFlight;
    this.#host = host;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  /** Queries that wait until fewer are under way. */
  get waiting(): number {
    return this.#waiting.length - this.#waitingFrom;
  }

  /** Sends the query now or when there is room for it. */
  start(query: OutgoingQuery): void {
    if (this.#closed) {
      query.onFailure('closed');
    } else if (this.#flights.size < this.#maxInFlight) {
      this.#launch(query);
    } else if (this.waiting < MAX_WAITING_QUERIES) {
      this.#waiting.push(query);
    } else {
      query.onFailure('busy');
    }
  }

  /** Gives a response or an error to whoever waits for it; false when nobody does. */
  settle(message: KrpcResponse | KrpcErrorMessage, from: Endpoint): boolean {
    const key = keyOf(message.transaction);
    const flight = key === undefined ? undefined : this.#flights.get(key);
    if (key === undefined || flight === undefined) {
      this.counts.unmatched++;
      return false;
    }
    const { query } = flight;
    const { endpoint, expectedId } = query;
    if (endpoint.port !== from.port || endpoint.address !== from.address) {
      this.counts.wrongAddress++;
      return false;
    }
    this.#land(key);
    if (message.kind === 'error') {
      this.counts.answered++;
      query.onFailure('error', message);
    } else {
      this.latency.sample(this.#clock.now() - flight.sentAt);
      this.#host.onAnswered(endpoint, message);
      if (expectedId === undefined || sameId(expectedId, message.id)) {
        this.counts.answered++;
        query.onResponse(message);
      } else {
        this.counts.wrongId++;
        query.onFailure('id');
      }
    }
    this.#launchWaiting();
    return true;
  }

  /** All that is under way fails. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    const waiting = this.#waiting.slice(this.#waitingFrom);
    const flights = [...this.#flights.values()];
    this.#waiting = [];
    this.#waitingFrom = 0;
    this.#flights.clear();
    this.#fresh.clear();
    for (const { query } of flights) query.onFailure('closed');
    for (const query of waiting) query.onFailure('closed');
  }

  #launch(query: OutgoingQuery): void {
    let key = this.#random.integer(2 ** 32);
    while (this.#flights.has(key)) key = this.#random.integer(2 ** 32);
    const now = this.#clock.now();
    const { patience, timeout } = this.latency;
    const flight = { query, sentAt: now, slowAt: now + patience, failsAt: now + timeout };
    this.#flights.set(key, flight);
    this.#fresh.set(key, flight);
    this.counts.sent++;
    this.#host.send(query, bytesOf(key));
    this.#arm();
  }

  #land(key: number): void {
    this.#flights.delete(key);
    this.#fresh.delete(key);
  }

  #launchWaiting(): void {
    while (this.#flights.size < this.#maxInFlight && !this.#closed) {
      const query = this.#waiting[this.#waitingFrom];
      if (query === undefined) break;
      this.#waitingFrom++;
      this.#launch(query);
    }
    if (this.#waitingFrom > 0 && this.#waitingFrom * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#waitingFrom);
      this.#waitingFrom = 0;
    }
  }

  #arm(): void {
    const slowAt = first(this.#fresh)?.slowAt ?? Infinity;
    const failsAt = first(this.#flights)?.failsAt ?? Infinity;
    const at = Math.min(slowAt, failsAt);
    // An earlier timer looks again by itself.
    if (at === Infinity || at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    const delay = Math.max(MIN_TIMER_MS, at - this.#clock.now());
    this.#timer = this.#clock.setTimer(() => this.#onTimer(), delay);
  }

  #onTimer(): void {
    this.#timerAt = Infinity;
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [key, flight] of this.#fresh) {
      if (flight.slowAt > now) break;
      this.#fresh.delete(key);
      flight.query.onSlow?.();
    }
    for (const [key, flight] of this.#flights) {
      if (flight.failsAt > now) break;
      this.#land(key);
      this.counts.timedOut++;
      this.#host.onTimedOut(flight.query.endpoint);
      flight.query.onFailure('timeout');
    }
    this.#launchWaiting();
    if (!this.#closed) this.#arm();
  }
}

function first(flights: ReadonlyMap<number, Flight>): Flight | undefined {
  for (const flight of flights.values()) return flight;
  return undefined;
}

function bytesOf(key: number): Uint8Array {
  return Uint8Array.of(key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255);
}

function keyOf(transaction: Uint8Array): number | undefined {
  if (transaction.length !== TRANSACTION_BYTES) return undefined;
  const [first = 0, second = 0, third = 0, fourth = 0] = transaction;
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
}
