import { endpointKey } from '@shoal/net';
import type { Clock, Endpoint } from '@shoal/net';
import { TrackerFailure } from '../errors.ts';
import { sanitizeBytes } from '../text.ts';
import { encodeConnectRequest } from './packets.ts';
import type { UdpReply } from './packets.ts';
import type { UdpTransaction, UdpTransactions } from './transactions.ts';

/** Milliseconds for which a connection id may be used (BEP 15). */
export const CONNECTION_LIFETIME = 60_000;
/** Milliseconds before a request is sent again for the first time; doubled with each further one (BEP 15). */
export const FIRST_RETRANSMISSION = 15_000;
/** Milliseconds for which an endpoint that never answered is tried last (30 minutes: the usual interval of announces). */
const SILENCE_MEMORY = 30 * 60_000;
/** Trackers remembered; a client rarely knows more than a few hundred. */
const MAX_TRACKERS = 4096;

/** Someone who waits for a connection id of any of several endpoints. */
export interface ConnectionWaiter {
  connected(endpoint: Endpoint): void;
  connectFailed(error: TrackerFailure): void;
}

/** A connection id in use. */
export interface ConnectionId {
  readonly id: bigint;
  /** Clock time in milliseconds at which it arrived. */
  readonly since: number;
}

/** What is known of one endpoint. */
class Tracker implements UdpTransaction {
  readonly endpoint: Endpoint;
  readonly kind = 'connect';
  readonly waiters = new Set<ConnectionWaiter>();
  connection: ConnectionId | undefined;
  /** While a reply to a connect request is waited for. */
  transactionId: number | undefined;
  sentAt = -Infinity;
  silentUntil = 0;
  readonly #replied: (tracker: Tracker, reply: UdpReply) => void;

  constructor(endpoint: Endpoint, replied: (tracker: Tracker, reply: UdpReply) => void) {
    this.endpoint = endpoint;
    this.#replied = replied;
  }

  onReply(reply: UdpReply): void {
    this.#replied(this, reply);
  }
}

/**
 * Connection ids of all trackers (BEP 15), and how they are got: whoever needs one of an endpoint that has none waits for the
 * same connect request as all the others, so that a tracker gets one, and a dead one at most one in 15 s.
 */
export class UdpConnections {
  readonly #clock: Clock;
  readonly #transactions: UdpTransactions;
  readonly #send: (datagram: Uint8Array, to: Endpoint) => void;
  readonly #trackers = new Map<string, Tracker>();

  constructor(
    clock: Clock,
    transactions: UdpTransactions,
    send: (datagram: Uint8Array, to: Endpoint) => void,
  ) {
    this.#clock = clock;
    this.#transactions = transactions;
    this.#send = send;
  }

  /** The connection id of an endpoint that may still be used. */
  get(endpoint: Endpoint): ConnectionId | undefined {
    const connection = this.#trackers.get(endpointKey(endpoint))?.connection;
    if (connection === undefined) return undefined;
    return this.#clock.now() - connection.since < CONNECTION_LIFETIME ? connection : undefined;
  }

  /** The tracker does not know this id (any more); a newer one stays. */
  forget(endpoint: Endpoint, connection: ConnectionId): void {
    const tracker = this.#trackers.get(endpointKey(endpoint));
    if (tracker?.connection === connection) tracker.connection = undefined;
  }

  /** Asks for a connection id, unless that was done lately, and tells `waiter` of it until {@link leave}. */
  connect(endpoint: Endpoint, waiter: ConnectionWaiter): void {
    const tracker = this.#trackerAt(endpoint);
    tracker.waiters.add(waiter);
    const now = this.#clock.now();
    const age = now - tracker.sentAt;
    if (tracker.transactionId !== undefined && age < FIRST_RETRANSMISSION) return;
    if (age > CONNECTION_LIFETIME) this.#endTransaction(tracker);
    tracker.transactionId ??= this.#transactions.open(tracker);
    tracker.sentAt = now;
    this.#send(encodeConnectRequest(tracker.transactionId), endpoint);
  }

  /** Waits no longer. A reply that comes late is still good for the next who needs it. */
  leave(endpoint: Endpoint, waiter: ConnectionWaiter): void {
    this.#trackers.get(endpointKey(endpoint))?.waiters.delete(waiter);
  }

  /** No answer came from these for as long as a call lasted. One that gave a connection id is not to blame. */
  silent(endpoints: readonly Endpoint[]): void {
    const until = this.#clock.now() + SILENCE_MEMORY;
    for (const endpoint of endpoints) {
      if (this.get(endpoint) === undefined) this.#trackerAt(endpoint).silentUntil = until;
    }
  }

  answered(endpoint: Endpoint): void {
    this.#trackerAt(endpoint).silentUntil = 0;
  }

  /** The endpoint did not answer lately. */
  isSilent(endpoint: Endpoint): boolean {
    const tracker = this.#trackers.get(endpointKey(endpoint));
    return tracker !== undefined && tracker.silentUntil > this.#clock.now();
  }

  #trackerAt(endpoint: Endpoint): Tracker {
    const key = endpointKey(endpoint);
    const known = this.#trackers.get(key);
    if (known !== undefined) {
      // Used last, so forgotten last.
      this.#trackers.delete(key);
      this.#trackers.set(key, known);
      return known;
    }
    for (const [oldest, forgotten] of this.#trackers) {
      if (this.#trackers.size < MAX_TRACKERS) break;
      if (forgotten.waiters.size > 0) continue;
      this.#endTransaction(forgotten);
      this.#trackers.delete(oldest);
    }
    const tracker = new Tracker(endpoint, (replier, reply) => this.#replied(replier, reply));
    this.#trackers.set(key, tracker);
    return tracker;
  }

  #replied(tracker: Tracker, reply: UdpReply): void {
    this.#endTransaction(tracker);
    const waiters = [...tracker.waiters];
    tracker.waiters.clear();
    tracker.silentUntil = 0;
    if (reply.kind === 'connect') {
      tracker.connection = { id: reply.connectionId, since: this.#clock.now() };
      for (const waiter of waiters) waiter.connected(tracker.endpoint);
    } else if (reply.kind === 'error') {
      const failure = new TrackerFailure(sanitizeBytes(reply.message));
      for (const waiter of waiters) waiter.connectFailed(failure);
    }
  }

  #endTransaction(tracker: Tracker): void {
    if (tracker.transactionId !== undefined) this.#transactions.close(tracker.transactionId);
    tracker.transactionId = undefined;
  }
}
