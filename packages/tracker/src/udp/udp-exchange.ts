import type { Clock, Endpoint, Timer } from '@shoal/net';
import { TrackerFailure } from '../errors.ts';
import { sanitizeBytes } from '../text.ts';
import { FIRST_RETRANSMISSION } from './connections.ts';
import type { ConnectionId, ConnectionWaiter, UdpConnections } from './connections.ts';
import type { UdpReply } from './packets.ts';
import type { UdpTransaction, UdpTransactions } from './transactions.ts';

/** How often a request is sent again (BEP 15); with 15 · 2ⁿ s between, the last wait is 64 minutes. */
const MAX_RETRANSMISSIONS = 8;
/** Milliseconds of silence after which the next address of a host is tried as well. */
const ADDRESS_DELAY = 1_500;
/** What trackers say when they do not know a connection id (any more). */
const CONNECTION_REFUSED = /connection|expired/i;

/** What exchanges share. */
export interface ExchangeContext {
  readonly clock: Clock;
  readonly transactions: UdpTransactions;
  readonly connections: UdpConnections;
  send(datagram: Uint8Array, to: Endpoint): void;
}

/** A question to one host. */
export interface Question<K extends 'announce' | 'scrape' = 'announce' | 'scrape'> {
  readonly kind: K;
  /** The packet; a new one, as the connection id changes from one try to the next. */
  encode(connectionId: bigint, transactionId: number): Uint8Array;
}

/** The reply that answers a question. */
export type UdpReplyOf<K extends Question['kind']> = Extract<UdpReply, { readonly kind: K }>;

/** What an exchange ends with. The reply is a view of the datagram, valid only during the call. */
export interface ExchangeOutcome<K extends Question['kind']> {
  answered(reply: UdpReplyOf<K>): void;
  failed(error: TrackerFailure): void;
  /** The last retransmission was in vain. */
  gaveUp(): void;
}

/**
 * One question to one host, from the connection id to the answer (BEP 15). The addresses of the host are asked for a connection
 * one after the other, and the question goes to the first that gives one. What is not answered is sent again after 15 · 2ⁿ s, n
 * counting all tries; when the connection id has run out meanwhile, a new one is asked for first.
 */
export class UdpExchange<K extends Question['kind']> implements ConnectionWaiter, UdpTransaction {
  readonly kind: K;
  readonly #context: ExchangeContext;
  readonly #endpoints: readonly Endpoint[];
  readonly #question: Question<K>;
  readonly #outcome: ExchangeOutcome<K>;
  readonly #transactionId: number;
  #timer: Timer | undefined;
  /** Retransmissions so far: the n of BEP 15. */
  #retransmissions = 0;
  /** Addresses asked for a connection in this round. */
  #asked = 0;
  /** The connection the question went over last. */
  #used: ConnectionId | undefined;
  /** The connection was there before this exchange, so the tracker may have been started anew since. */
  #borrowed = false;
  /** Whom the question went to last. */
  #endpoint: Endpoint;
  #reconnected = false;
  #over = false;

  /** `endpoints`: at least one, in the order in which they are to be tried. */
  constructor(
    context: ExchangeContext,
    endpoints: readonly [Endpoint, ...Endpoint[]],
    question: Question<K>,
    outcome: ExchangeOutcome<K>,
  ) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#endpoint = endpoints[0];
    this.#question = question;
    this.#outcome = outcome;
    this.kind = question.kind;
    this.#transactionId = context.transactions.open(this);
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  start(): void {
    const open = this.#endpoints.find((each) => this.#context.connections.get(each) !== undefined);
    if (open === undefined) {
      this.#connect();
    } else {
      this.#borrowed = true;
      this.#ask(open);
    }
  }

  /** Ends it without an outcome. Idempotent. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#context.transactions.close(this.#transactionId);
    this.#leave();
  }

  /** @internal A connection id is there. */
  connected(endpoint: Endpoint): void {
    this.#leave();
    this.#borrowed = false;
    this.#ask(endpoint);
  }

  /** @internal */
  connectFailed(error: TrackerFailure): void {
    this.cancel();
    this.#outcome.failed(error);
  }

  /** @internal */
  onReply(reply: UdpReply): void {
    if (reply.kind === 'error') {
      this.#refused(new TrackerFailure(sanitizeBytes(reply.message)));
    } else if (this.#isAnswer(reply)) {
      this.cancel();
      this.#context.connections.answered(this.#endpoint);
      this.#outcome.answered(reply);
    }
  }

  #isAnswer(reply: UdpReply): reply is UdpReplyOf<K> {
    return reply.kind === this.kind;
  }

  #refused(error: TrackerFailure): void {
    const used = this.#used;
    // A tracker that was started anew does not know our connection id. That is no refusal of what was asked.
    if (used !== undefined && !this.#reconnected && CONNECTION_REFUSED.test(error.reason)) {
      this.#reconnected = true;
      this.#context.connections.forget(this.#endpoint, used);
      this.#connect();
      return;
    }
    this.cancel();
    this.#context.connections.answered(this.#endpoint);
    this.#outcome.failed(error);
  }

  /** Begins a round of connecting: one address after the other. */
  #connect(): void {
    this.#asked = 0;
    this.#connectNext();
  }

  #connectNext(): void {
    const endpoint = this.#endpoints[this.#asked];
    if (endpoint === undefined) return;
    this.#asked += 1;
    // Set first: the tracker may answer during the call that asks it.
    const round = FIRST_RETRANSMISSION * 2 ** this.#retransmissions;
    if (this.#asked < this.#endpoints.length) {
      this.#after(ADDRESS_DELAY, () => this.#connectNext());
    } else {
      this.#after(round - (this.#asked - 1) * ADDRESS_DELAY, () => this.#tryAgain());
    }
    this.#context.connections.connect(endpoint, this);
  }

  #ask(endpoint: Endpoint): void {
    const connection = this.#context.connections.get(endpoint);
    if (connection === undefined) {
      this.#connect();
      return;
    }
    this.#endpoint = endpoint;
    this.#used = connection;
    this.#after(FIRST_RETRANSMISSION * 2 ** this.#retransmissions, () => this.#tryAgain());
    this.#context.send(this.#question.encode(connection.id, this.#transactionId), endpoint);
  }

  #tryAgain(): void {
    if (this.#retransmissions === MAX_RETRANSMISSIONS) {
      this.cancel();
      this.#outcome.gaveUp();
      return;
    }
    const { connections } = this.#context;
    this.#retransmissions += 1;
    this.#leave();
    // Some trackers say nothing to a connection id they do not know.
    if (this.#borrowed && this.#used !== undefined) connections.forget(this.#endpoint, this.#used);
    const open = connections.get(this.#endpoint);
    if (open === undefined) this.#connect();
    else this.#ask(this.#endpoint);
  }

  #after(delay: number, action: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#context.clock.setTimer(action, delay);
  }

  #leave(): void {
    for (const endpoint of this.#endpoints) this.#context.connections.leave(endpoint, this);
  }
}
