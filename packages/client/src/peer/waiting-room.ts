import type { Clock, Connection, ConnectionHandler, Timer } from '@shoal/net';
import { clientDefaults } from '../options.ts';
import { networkOf } from './network-of.ts';
import type { OpenConnections } from './open-connections.ts';

/** Connections that are looked at without delay after a quiet time: as many as may be in their handshake. */
export const ACCEPT_BURST: number = clientDefaults.maxPendingIncoming;
/**
 * Connections a second that are looked at in the long run: each costs up to 1 ms, so a flood takes 2 % of a core. Those that
 * bring the handshake of a torrent that is here do not count, so that thousands may be connected to at once, nor what their hosts tried
 * before it, unless they break the protocol later.
 */
export const ACCEPT_RATE = 20;

/** Connections that wait. Each has a descriptor and the system's buffers; they count as connections of the client as well. */
export const MAX_WAITING = 384;
/**
 * Connections of one address (an IPv6 network) among them; loopback has no such limit. A new one takes the place of its oldest, which
 * may long be closed: that is not seen without reading.
 */
export const MAX_WAITING_PER_ADDRESS = 4;

/** Milliseconds after which whoever waits is let go: by then every client has given up. */
export const MAX_WAITING_TIME = 30_000;

/** Milliseconds between two looks while anybody waits. */
const RELEASE_PERIOD = 100;

/** A connection of which nothing is read before its turn. */
export class Waiting implements ConnectionHandler {
  readonly connection: Connection;
  readonly network: string;
  /** Monotonic ms. */
  readonly since: number;
  readonly notBefore: number;
  /** Takes all events from its turn on. */
  next: ConnectionHandler | undefined;
  readonly #gone: (waiting: Waiting) => void;

  constructor(
    connection: Connection,
    since: number,
    notBefore: number,
    gone: (waiting: Waiting) => void,
  ) {
    this.connection = connection;
    this.network = networkOf(connection.remote.address);
    this.since = since;
    this.notBefore = notBefore;
    this.#gone = gone;
    connection.pause();
    connection.attach(this);
  }

  onData(chunk: Uint8Array): void {
    this.next?.onData(chunk);
  }

  onDrain(): void {
    this.next?.onDrain();
  }

  onClose(error: Error | undefined): void {
    this.#gone(this);
    this.next?.onClose(error);
  }
}

export interface WaitingRoomOptions {
  readonly clock: Clock;
  readonly connections: OpenConnections;
  /** How many more connections the client may have now, those that wait here not counted. */
  readonly freeConnections: () => number;
  /** No connection of an address is too many. */
  readonly isShared: (address: string) => boolean;
  /** It is somebody's turn: from now on all events go to what this answers. */
  readonly begin: (waiting: Waiting) => void;
}

/**
 * Where incoming connections are let wait when more come than can be looked at without the transfers suffering. Nothing is read of
 * them, so that they cost next to nothing, and whoever waits does not come back: a flood that is thrown out at once comes again at
 * once. The last to come is served first, as those that wait for long are the least likely to be honest. While there is no place left
 * whoever comes is refused, which is as good a chance as to come and be thrown out for the next one, and cheaper.
 */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** The first to come first. */
  readonly #waiting = new Set<Waiting>();
  #timer: Timer | undefined;
  /** Connections that may be looked at. */
  #turns = ACCEPT_BURST;
  #filledAt: number;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    this.#filledAt = options.clock.now();
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** There is no place left. */
  get isFull(): boolean {
    return this.#waiting.size > 0 && this.#waiting.size >= this.#most;
  }

  /** May a connection be looked at now? */
  hasTurn(now: number): boolean {
    this.#turns = Math.min(
      ACCEPT_BURST,
      this.#turns + ((now - this.#filledAt) * ACCEPT_RATE) / 1000,
    );
    this.#filledAt = now;
    return this.#turns >= 1;
  }

  /** Takes a turn, where there is one. */
  takeTurn(now: number): boolean {
    if (!this.hasTurn(now)) return false;
    this.#turns -= 1;
    return true;
  }

  /** Whoever had a turn was worth it: somebody else may have one, too. */
  giveBackTurn(): void {
    this.#turns = Math.min(ACCEPT_BURST, this.#turns + 1);
  }

  /** Whoever was worth its turn broke the protocol later: the turn counts after all. Many at once keep others waiting for four seconds. */
  chargeTurn(): void {
    this.#turns = Math.max(-ACCEPT_BURST, this.#turns - 1);
  }

  /** Lets a connection wait for its turn, which does not come before `notBefore` (monotonic ms). */
  add(connection: Connection, notBefore: number): void {
    const now = this.#options.clock.now();
    this.#makeRoomOf(connection.remote.address);
    this.#waiting.add(new Waiting(connection, now, notBefore, this.#gone));
    this.#shrink();
    if (this.#waiting.size > 0) {
      this.#timer ??= this.#options.clock.setRepeating(() => this.#run(), RELEASE_PERIOD);
    }
  }

  /** Ends all that wait. */
  close(): void {
    for (const waiting of [...this.#waiting]) {
      // Whoever closes the client waits until nothing of it is left.
      this.#options.connections.add(waiting.connection);
      this.#end(waiting);
    }
  }

  #run(): void {
    const { clock, begin, freeConnections } = this.#options;
    const now = clock.now();
    this.#shrink();
    for (const waiting of this.#waiting) {
      if (now - waiting.since < MAX_WAITING_TIME) break;
      this.#end(waiting);
    }
    // With the last connection that the client may have nobody could be let in.
    const due = [...this.#waiting].filter(({ notBefore }) => notBefore <= now);
    while (freeConnections() > 0) {
      const waiting = due.pop();
      if (waiting === undefined || !this.takeTurn(now)) break;
      this.#leave(waiting);
      begin(waiting);
    }
  }

  get #most(): number {
    return Math.min(MAX_WAITING, this.#options.freeConnections());
  }

  /** What others need is not kept by those who wait. */
  #shrink(): void {
    const most = this.#most;
    for (const waiting of this.#waiting) {
      if (this.#waiting.size <= most) return;
      this.#end(waiting);
    }
  }

  #makeRoomOf(address: string): void {
    if (this.#options.isShared(address)) return;
    const network = networkOf(address);
    let count = 0;
    let oldest: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.network !== network) continue;
      oldest ??= waiting;
      count += 1;
    }
    if (oldest !== undefined && count >= MAX_WAITING_PER_ADDRESS) this.#end(oldest);
  }

  #end(waiting: Waiting): void {
    this.#leave(waiting);
    waiting.connection.destroy();
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #gone = (waiting: Waiting): void => {
    this.#leave(waiting);
    if (waiting.next === undefined) this.#options.connections.delete(waiting.connection);
  };
}
