import type { Connection, ConnectionHandler } from '../contracts.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { FIN, type Chunk } from './chunk.ts';
import type { Flow, Link } from './link.ts';
import { SendQueue } from './send-queue.ts';
import type { Path } from './path.ts';
import type { SimEvent } from './event-queue.ts';
import type { SimKernel } from './kernel.ts';

/** Where a connection's bytes go through. */
export interface Route {
  readonly uplink: Link;
  readonly downlink: Link;
  readonly path: Path;
  readonly from: ByteCounter;
  readonly to: ByteCounter;
}

/** Keeps count of the payload bytes of a host. */
export interface ByteCounter {
  sentBytes: number;
  receivedBytes: number;
}

/**
 * One side of a simulated connection. Bytes wait in the send queue until the uplink takes them in chunks, travel for the
 * path's latency, queue at the receiver's downlink and are handed to its handler. At most a window of bytes is between
 * the send queue and the handler.
 */
export class SimConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly direction: 'incoming' | 'outgoing';

  readonly #kernel: SimKernel;
  readonly #route: Route;
  #peer: SimConnection | undefined;
  #handler: ConnectionHandler | undefined;
  #state: 'open' | 'closing' | 'ended' = 'open';
  #over = false;
  #error: Error | undefined;

  readonly #queue = new SendQueue();
  #corked = 0;
  #needDrain = false;
  /** Bytes sent that the peer has not acknowledged as consumed. */
  #unacknowledged = 0;
  #finSent = false;

  #paused = false;
  #peerEnded = false;
  /** Chunks that have arrived and wait for the handler. */
  #arrived: Chunk[] = [];
  #delivering: SimEvent | undefined;
  /** Bytes consumed that have not been acknowledged to the peer. */
  #consumed = 0;
  #closeTimer: SimEvent | undefined;

  readonly #sending: Flow<Chunk> = {
    waiting: false,
    next: () => this.#nextToSend(),
    ready: () => this.#canSend(),
    sent: (chunk) => this.#depart(chunk),
  };
  readonly #incoming: Chunk[] = [];
  readonly #receiving: Flow<Chunk> = {
    waiting: false,
    next: () => this.#incoming.shift(),
    ready: () => this.#incoming.length > 0,
    sent: (chunk) => this.#arrive(chunk),
  };

  constructor(
    kernel: SimKernel,
    direction: 'incoming' | 'outgoing',
    local: Endpoint,
    remote: Endpoint,
    route: Route,
  ) {
    this.#kernel = kernel;
    this.direction = direction;
    this.local = local;
    this.remote = remote;
    this.#route = route;
  }

  /** Ties the two sides together. */
  static pair(one: SimConnection, other: SimConnection): void {
    one.#peer = other;
    other.#peer = one;
  }

  get closed(): boolean {
    return this.#state !== 'open';
  }

  get pendingBytes(): number {
    return this.#queue.bytes;
  }

  get attached(): boolean {
    return this.#handler !== undefined;
  }

  attach(handler: ConnectionHandler): void {
    if (this.#handler !== undefined) {
      throw new NetError('ERR_NET_ALREADY_ATTACHED', 'the connection already has a handler');
    }
    this.#handler = handler;
    if (this.#over) this.#soon(() => this.#tellClose());
    else this.#deliverSoon();
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean {
    if (this.#state !== 'open') {
      if (written !== undefined) this.#soon(() => this.#guard(() => written(this.#closedError())));
      return false;
    }
    this.#queue.add(bytes, written);
    if (this.#corked === 0) this.#route.uplink.offer(this.#sending);
    if (this.#queue.bytes <= this.#kernel.limits.watermark) return true;
    this.#needDrain = true;
    return false;
  }

  cork(): void {
    this.#corked++;
  }

  uncork(): void {
    if (this.#corked === 0) return;
    this.#corked--;
    if (this.#corked === 0 && this.#canSend()) this.#route.uplink.offer(this.#sending);
  }

  pause(): void {
    if (this.#state === 'open') this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliverSoon();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#corked = 0;
    this.#paused = false;
    this.#route.uplink.offer(this.#sending);
    this.#deliverSoon();
    this.#closeTimer = this.#kernel.at(this.#kernel.now + this.#kernel.limits.closeTimeout, () => {
      if (this.#queue.bytes === 0) this.#end(undefined);
      else
        this.#end(
          new NetError('ERR_NET_TIMEOUT', 'closing the connection: the peer does not read'),
        );
    });
  }

  destroy(error?: Error): void {
    this.#end(error);
  }

  /** The network has given up on getting bytes through. */
  timeOut(): void {
    this.#end(new NetError('ERR_NET_TIMEOUT', 'the connection broke: no answer for too long'));
  }

  /** The peer, or its host, has broken the connection. */
  reset(): void {
    const error = new NetError('ERR_NET_RESET', 'the other side broke the connection');
    this.#end(this.#peerEnded ? undefined : error, false);
  }

  #canSend(): boolean {
    if (this.#state === 'ended' || this.#corked > 0) return false;
    if (this.#queue.hasBytes) return this.#unacknowledged < this.#route.path.window;
    return this.#queue.length > 0 || (this.#state === 'closing' && !this.#finSent);
  }

  #nextToSend(): Chunk | undefined {
    if (!this.#canSend()) return undefined;
    if (!this.#queue.hasBytes && this.#queue.length === 0) {
      this.#finSent = true;
      return FIN;
    }
    const room = Math.min(
      this.#queue.bytes,
      this.#route.path.window - this.#unacknowledged,
      this.#route.uplink.itemLimit,
    );
    const chunk = this.#kernel.chunks.data(room === 0 ? 0 : this.#kernel.chunks.length(room));
    const done = this.#queue.take(chunk.bytes);
    this.#unacknowledged += chunk.bytes.length;
    for (const written of done) this.#guard(written);
    if (this.#needDrain && this.#queue.bytes < this.#kernel.limits.watermark) {
      this.#needDrain = false;
      if (this.#state === 'open') this.#guard(() => this.#handler?.onDrain());
    }
    // A write without bytes is answered in its turn, but nothing travels for it.
    return chunk.bytes.length === 0 ? this.#nextToSend() : chunk;
  }

  #depart(chunk: Chunk): void {
    const peer = this.#peer;
    // What was queued on the line when the connection was destroyed is lost.
    if (peer === undefined || this.#lost) return;
    this.#route.from.sentBytes += chunk.bytes.length;
    this.#route.path.carry(this, chunk.cost, () => {
      this.#route.to.receivedBytes += chunk.bytes.length;
      peer.#incoming.push(chunk);
      this.#route.downlink.offer(peer.#receiving);
    });
    if (chunk.kind === 'fin') this.#endIfDone();
  }

  /** The connection was broken rather than closed. */
  get #lost(): boolean {
    return this.#state === 'ended' && !this.#finSent;
  }

  #arrive(chunk: Chunk): void {
    if (this.#state === 'ended') {
      this.#kernel.chunks.recycle(chunk);
      // Nobody is here any more to take the bytes: TCP answers with a reset.
      if (chunk.kind === 'data') this.#tellReset();
      return;
    }
    this.#kernel.fingerprint.bytes(chunk.bytes);
    this.#arrived.push(chunk);
    if (this.#delivering === undefined) this.#deliver();
  }

  #deliverSoon(): void {
    if (this.#arrived.length === 0) return;
    this.#delivering ??= this.#soon(() => {
      this.#delivering = undefined;
      this.#deliver();
    });
  }

  #deliver(): void {
    const handler = this.#handler;
    if (handler === undefined && this.#state === 'open') return;
    while (!this.#paused && this.#state !== 'ended') {
      const chunk = this.#arrived.shift();
      if (chunk === undefined) break;
      if (chunk.kind === 'fin') {
        this.#peerEnded = true;
        this.close();
        this.#endIfDone();
        break;
      }
      if (this.#state === 'open') this.#guard(() => handler?.onData(chunk.bytes));
      this.#acknowledge(chunk.bytes.length);
      this.#kernel.chunks.recycle(chunk);
    }
  }

  #acknowledge(bytes: number): void {
    this.#consumed += bytes;
    // One acknowledgement for a quarter of the window: fewer events, and the sender is never stuck, since it waits
    // only when a whole window is out.
    if (this.#consumed * 4 < this.#route.path.window) return;
    const acknowledged = this.#consumed;
    const peer = this.#peer;
    this.#consumed = 0;
    if (peer === undefined) return;
    this.#kernel.at(this.#kernel.now + this.#route.path.latency(), () => {
      peer.#unacknowledged -= acknowledged;
      if (peer.#canSend()) peer.#route.uplink.offer(peer.#sending);
    });
  }

  #endIfDone(): void {
    if (this.#finSent && this.#peerEnded) this.#end(undefined, false);
  }

  #tellReset(): void {
    const peer = this.#peer;
    if (peer !== undefined) this.#route.path.carry(this, FIN.cost, () => peer.reset());
  }

  #end(error: Error | undefined, tellPeer = !this.#finSent): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#error = error;
    if (this.#closeTimer !== undefined) this.#kernel.cancel(this.#closeTimer);
    for (const chunk of this.#arrived) this.#kernel.chunks.recycle(chunk);
    this.#arrived = [];
    if (tellPeer) this.#tellReset();
    this.#soon(() => {
      this.#over = true;
      const lost = this.#queue.clear();
      const closed = this.#closedError();
      for (const written of lost) this.#guard(() => written(closed));
      if (this.#handler !== undefined) this.#tellClose();
    });
  }

  #tellClose(): void {
    // What onClose throws has nowhere to go but out of the run, where the test sees it.
    this.#kernel.callOrReport(() => this.#handler?.onClose(this.#error));
  }

  #closedError(): NetError {
    const options = this.#error === undefined ? undefined : { cause: this.#error };
    return new NetError('ERR_NET_CLOSED', 'the connection is closed', options);
  }

  #soon(action: () => void): SimEvent {
    return this.#kernel.at(this.#kernel.now, action);
  }

  /** Calls code of the connection's user: what it throws ends this connection and nothing else. */
  #guard(callback: () => void): void {
    try {
      this.#kernel.call(callback);
    } catch (thrown) {
      if (this.#over) this.#kernel.report(thrown);
      else
        this.#end(
          thrown instanceof Error ? thrown : new Error(`a handler threw ${String(thrown)}`),
        );
    }
  }
}
