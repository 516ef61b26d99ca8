import type { Endpoint } from '@shoal/net';
import type { NodeInfo } from '../krpc/index.ts';
import { BAD_AFTER_FAILURES, QUESTIONABLE_AFTER_MS } from '../limits.ts';

/** A node we know. Times are those of the clock, milliseconds. */
export class Contact implements NodeInfo {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
  /** Its id follows from its address (BEP 42), or it is on a local network. */
  readonly secure: boolean;
  /** Its line, see `networkOf`; undefined where lines are not counted. */
  readonly network: string | undefined;
  /** Whether it has answered a query of ours, ever. Only such nodes are told to others. */
  answered = false;
  /** When it last answered or, having answered before, asked. */
  lastSeen: number;
  /** Queries in a row it did not answer. */
  failures = 0;
  /** A ping is under way. */
  pinging = false;

  constructor(node: NodeInfo, secure: boolean, network: string | undefined, now: number) {
    this.id = node.id;
    this.endpoint = node.endpoint;
    this.secure = secure;
    this.network = network;
    this.lastSeen = now;
  }

  /** It has answered, and shown signs of life within 15 minutes (BEP 5). */
  isGood(now: number): boolean {
    return this.answered && this.failures === 0 && now - this.lastSeen < QUESTIONABLE_AFTER_MS;
  }

  get isBad(): boolean {
    return this.failures >= BAD_AFTER_FAILURES;
  }
}
