import { type Endpoint, type Random, readUint32 } from '@shoal/net';
import { parseUdpReply, UDP_ANNOUNCE, UDP_CONNECT, UDP_ERROR, UDP_SCRAPE } from './packets.ts';
import type { UdpReply } from './packets.ts';

/** Bytes of the shortest reply: action and transaction id. */
const SHORTEST_REPLY = 8;

/** Someone who waits for a reply. */
export interface UdpTransaction {
  /** Whom it was asked of; a reply from elsewhere is none. */
  readonly endpoint: Endpoint;
  /** What was asked; a reply to something else is none, except for an error. */
  readonly kind: 'connect' | 'announce' | 'scrape';
  /** The reply; a view of the datagram, valid only during the call. */
  onReply(reply: UdpReply): void;
}

/** What has arrived, by what became of it. */
export interface UdpReplyCounts {
  /** Replies that were waited for, errors among them. */
  readonly replies: number;
  /** Too short, or of an action there is not. */
  readonly malformed: number;
  /** Of a transaction there is not: late, forged, or not for us. */
  readonly unknown: number;
  /** Of a transaction with someone else, or with another action: forged, or from a confused tracker. */
  readonly mismatched: number;
}

const ACTIONS = { connect: UDP_CONNECT, announce: UDP_ANNOUNCE, scrape: UDP_SCRAPE };

/** Transactions that await a reply. What does not fit one of them, in id, sender and action, changes nothing but a count. */
export class UdpTransactions {
  readonly #random: Random;
  readonly #open = new Map<number, UdpTransaction>();
  readonly #counts = { replies: 0, malformed: 0, unknown: 0, mismatched: 0 };

  constructor(random: Random) {
    this.#random = random;
  }

  get counts(): UdpReplyCounts {
    return { ...this.#counts };
  }

  get size(): number {
    return this.#open.size;
  }

  /** Gives the transaction an id that nobody can guess. It stays open until {@link close}. */
  open(transaction: UdpTransaction): number {
    let id: number;
    do id = this.#random.integer(2 ** 32);
    while (this.#open.has(id));
    this.#open.set(id, transaction);
    return id;
  }

  close(id: number): void {
    this.#open.delete(id);
  }

  /** Hands a datagram to the transaction it answers. False when it has the id of none. */
  dispatch(datagram: Uint8Array, from: Endpoint): boolean {
    if (datagram.length < SHORTEST_REPLY) {
      this.#counts.malformed += 1;
      return false;
    }
    const transaction = this.#open.get(readUint32(datagram, 4));
    if (transaction === undefined) {
      this.#counts.unknown += 1;
      return false;
    }
    const action = readUint32(datagram, 0);
    const { endpoint, kind } = transaction;
    if (
      from.port !== endpoint.port ||
      from.address !== endpoint.address ||
      (action !== ACTIONS[kind] && action !== UDP_ERROR)
    ) {
      this.#counts.mismatched += 1;
      return true;
    }
    const reply = parseUdpReply(datagram, from.address.includes(':') ? 6 : 4);
    if (reply === undefined) {
      this.#counts.malformed += 1;
      return true;
    }
    this.#counts.replies += 1;
    transaction.onReply(reply);
    return true;
  }
}
