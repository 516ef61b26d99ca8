import type { Socket } from 'node:net';
import type { Connection, ConnectionHandler } from '../contracts.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { reportStrayError, toNetError } from './system-error.ts';

/** What a connection needs to know of the network it belongs to. */
export interface TcpLimits {
  /** Bytes waiting to be sent at which `write` begins to answer false. */
  readonly watermark: number;
  /** Milliseconds `close()` waits for the queue to leave and for the peer's FIN before it ends the connection anyway. */
  readonly closeTimeout: number;
}

/** One call of {@link TcpConnection.write} that the operating system has not taken yet. */
interface PendingWrite {
  readonly length: number;
  readonly written: ((error?: Error) => void) | undefined;
}

/** The handler of a connection that is over. */
const GONE: ConnectionHandler = {
  onData: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/**
 * A TCP connection over a Node socket. The socket must be paused, allow half-open, and be given to no one else.
 *
 * Its life: `open` → `closing` (a FIN was received, or `close()` called: the queue still leaves, what comes in is thrown
 * away) → `ended`. `onClose` is called from the socket's 'close' event, once nothing of the socket is left.
 */
export class TcpConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly direction: 'incoming' | 'outgoing';

  readonly #socket: Socket;
  readonly #limits: TcpLimits;
  #handler: ConnectionHandler | undefined;
  #state: 'open' | 'closing' | 'ended' = 'open';
  /** The peer has sent its FIN: what fails afterwards is no error, the connection was ended in order. */
  #peerEnded = false;
  #paused = false;
  #needDrain = false;
  #pendingBytes = 0;
  /** Writes in the order of the calls; those before `#firstWrite` are done. */
  #writes: PendingWrite[] = [];
  #firstWrite = 0;
  #error: Error | undefined;
  /** The socket is gone. */
  #over = false;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    direction: 'incoming' | 'outgoing',
    local: Endpoint,
    remote: Endpoint,
    limits: TcpLimits,
  ) {
    this.#socket = socket;
    this.direction = direction;
    this.local = local;
    this.remote = remote;
    this.#limits = limits;
    socket.on('error', (error) => this.#fail(toNetError(error, 'connection with', remote)));
    socket.on('end', () => {
      this.#peerEnded = true;
      this.close();
    });
    socket.on('close', () => this.#finish());
  }

  get closed(): boolean {
    return this.#state !== 'open';
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether the connection has been taken into use, or ended. */
  get attached(): boolean {
    return this.#handler !== undefined;
  }

  attach(handler: ConnectionHandler): void {
    if (this.#handler !== undefined) {
      throw new NetError('ERR_NET_ALREADY_ATTACHED', 'the connection already has a handler');
    }
    this.#handler = handler;
    if (this.#over) process.nextTick(() => this.#tellClose());
    else if (!this.#paused) this.#socket.resume();
  }

  /** Called by whoever reads the socket. */
  receive(chunk: Uint8Array): void {
    if (this.#state !== 'open' || this.#handler === undefined) return;
    try {
      this.#handler.onData(chunk);
    } catch (error) {
      this.#destroyThrown(error);
    }
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean {
    if (this.#state !== 'open') {
      if (written !== undefined) process.nextTick(() => this.#call(written, this.#closedError()));
      return false;
    }
    this.#writes.push({ length: bytes.length, written });
    this.#pendingBytes += bytes.length;
    this.#socket.write(bytes, this.#onWritten);
    if (this.#pendingBytes <= this.#limits.watermark) return true;
    this.#needDrain = true;
    return false;
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    if (this.#paused || this.#state !== 'open') return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#handler !== undefined && this.#state === 'open') this.#socket.resume();
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (this.#peerEnded && this.#pendingBytes === 0) {
      // Nothing is left to leave or to come: what would be shut down first can be closed at once.
      this.#socket.destroy();
      return;
    }
    // The peer's FIN is only seen by reading on; and closing with unread bytes makes TCP send a reset, which would cost
    // the peer what it has not read yet of our last bytes.
    this.#socket.resume();
    while (this.#socket.writableCorked > 0) this.#socket.uncork();
    this.#socket.end();
    this.#closeTimer = setTimeout(() => {
      if (this.#pendingBytes > 0) {
        this.#fail(
          new NetError('ERR_NET_TIMEOUT', 'closing the connection: the peer does not read'),
        );
      } else {
        this.#socket.destroy();
      }
    }, this.#limits.closeTimeout).unref();
  }

  destroy(error?: Error): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#error = error;
    this.#socket.destroy();
  }

  /** One shared callback for all writes: the stream answers them in order, so none needs a closure of its own. */
  readonly #onWritten = (error?: Error | null): void => {
    // Once the socket is destroyed, Node reports success also for what was lost, and the system may hold the memory
    // until 'close': #finish answers for the rest.
    if (this.#state === 'ended' || (error !== undefined && error !== null)) return;
    const write = this.#writes[this.#firstWrite];
    if (write === undefined) return;
    this.#firstWrite++;
    if (this.#firstWrite === this.#writes.length) {
      this.#writes = [];
      this.#firstWrite = 0;
    } else if (this.#firstWrite >= 64 && this.#firstWrite * 2 >= this.#writes.length) {
      this.#writes = this.#writes.slice(this.#firstWrite);
      this.#firstWrite = 0;
    }
    this.#pendingBytes -= write.length;
    if (write.written !== undefined) this.#call(write.written, undefined);
    if (this.#needDrain && this.#pendingBytes < this.#limits.watermark && this.#state === 'open') {
      this.#needDrain = false;
      try {
        this.#handler?.onDrain();
      } catch (thrown) {
        this.#destroyThrown(thrown);
      }
    }
  };

  #call(written: (error?: Error) => void, error: Error | undefined): void {
    try {
      if (error === undefined) written();
      else written(error);
    } catch (thrown) {
      if (this.#over) reportStrayError(thrown);
      else this.#destroyThrown(thrown);
    }
  }

  #destroyThrown(thrown: unknown): void {
    const error =
      thrown instanceof Error
        ? thrown
        : new Error(`a handler threw ${String(thrown)}`, { cause: thrown });
    if (this.#state === 'ended') return;
    this.destroy(error);
  }

  #fail(error: NetError): void {
    if (this.#state === 'ended') return;
    // After the peer's FIN a reset only says that it does not want our rest: that is its way of closing.
    const inOrder = this.#peerEnded && error.code === 'ERR_NET_RESET';
    this.destroy(inOrder ? undefined : error);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#state = 'ended';
    clearTimeout(this.#closeTimer);
    const lost = this.#writes.slice(this.#firstWrite);
    this.#writes = [];
    this.#firstWrite = 0;
    this.#pendingBytes = 0;
    if (lost.length > 0) {
      const error = this.#closedError();
      for (const { written } of lost) if (written !== undefined) this.#call(written, error);
    }
    if (this.#handler !== undefined) this.#tellClose();
  }

  #tellClose(): void {
    const handler = this.#handler;
    // A socket outlives its end by many small garbage collections; the peer and torrent behind it must not with it.
    this.#handler = GONE;
    try {
      handler?.onClose(this.#error);
    } catch (thrown) {
      reportStrayError(thrown);
    }
  }

  #closedError(): NetError {
    const options = this.#error === undefined ? undefined : { cause: this.#error };
    return new NetError('ERR_NET_CLOSED', 'the connection is closed', options);
  }
}
