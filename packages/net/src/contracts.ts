import type { Endpoint } from './endpoint.ts';

/**
 * What a {@link Connection} calls as bytes and events arrive. One object serves a connection for its whole life, so that
 * the hot path allocates no closures.
 */
export interface ConnectionHandler {
  /**
   * Bytes have arrived. `chunk` is a view of a buffer that is reused: it is valid only during the call, and whatever is
   * to be kept must be copied out.
   */
  onData(chunk: Uint8Array): void;
  /** The bytes waiting to be sent have fallen below the watermark after {@link Connection.write} had said `false`. */
  onDrain(): void;
  /**
   * The connection is over; nothing is called after this. `error` is undefined when either side closed it in order.
   */
  onClose(error: Error | undefined): void;
}

/** An ordered, reliable stream of bytes to one peer: TCP, later uTP, or the simulated network. */
export interface Connection {
  /** This side. */
  readonly local: Endpoint;
  /** The other side. */
  readonly remote: Endpoint;
  /** Which side opened it. */
  readonly direction: 'incoming' | 'outgoing';
  /** Nothing can be written any more: either side has begun to close, or the connection is over. */
  readonly closed: boolean;
  /** Bytes accepted by {@link write} and not yet handed to the operating system. */
  readonly pendingBytes: number;
  /** Names the receiver of events. Called once, in the same tick in which the connection was obtained. */
  attach(handler: ConnectionHandler): void;
  /**
   * Queues bytes. The memory belongs to the connection until `written` is called (with the error when the connection
   * ended first), so a pooled buffer can be taken back there. Returns `false` once {@link pendingBytes} passes the
   * watermark; {@link ConnectionHandler.onDrain} follows. Writing to a closed connection only calls `written`.
   */
  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean;
  /** Between `cork` and `uncork` writes are gathered and then leave in as few system calls as possible. */
  cork(): void;
  /** Ends what {@link cork} began; each `cork` needs one. */
  uncork(): void;
  /** Stops reading, so that the sender is slowed down; {@link ConnectionHandler.onData} is not called until `resume`. */
  pause(): void;
  /** Ends what {@link pause} began. */
  resume(): void;
  /** Sends what is queued, then ends the connection. Idempotent. */
  close(): void;
  /** Ends the connection at once; queued bytes are lost. Idempotent. */
  destroy(error?: Error): void;
}

/** Accepts connections on one endpoint until it is closed. */
export interface Listener extends AsyncDisposable {
  /** Where it really listens: the port is known even when 0 was asked for. */
  readonly endpoint: Endpoint;
  /** Stops accepting. Connections already accepted live on. Idempotent. */
  close(): Promise<void>;
}

/** Options of {@link Network.connect}. */
export interface ConnectOptions {
  /** Ends the attempt; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which an attempt that got no answer fails with `ERR_NET_TIMEOUT`. Default 10,000. */
  readonly timeout?: number;
  /** Local IP literal to connect from. */
  readonly bind?: string;
}

/** Options of {@link Network.listen}. */
export interface ListenOptions {
  /** Most connections waiting to be accepted by the operating system. Default 511. */
  readonly backlog?: number;
  /**
   * Whether a connection from there is not to be had at all. Where the system tells who connects before anything is made of it, that is
   * asked first, and nothing is read of the connection, which is ended without a word, at once or after some seconds: a flood costs a
   * fraction then. Others come to `accept` all the same.
   */
  readonly refuses?: (from: Endpoint) => boolean;
}

/** A socket for datagrams. */
export interface DatagramSocket extends AsyncDisposable {
  readonly endpoint: Endpoint;
  /**
   * Sends one datagram of at most 65,507 bytes. Like UDP itself it promises nothing: what cannot be sent is dropped, and
   * a local failure is reported to {@link DatagramHandler.onError}.
   */
  send(datagram: Uint8Array, to: Endpoint): void;
  close(): Promise<void>;
}

/** What a {@link DatagramSocket} calls. `datagram` is valid only during the call. */
export interface DatagramHandler {
  /** A datagram has arrived. What this throws goes to {@link onError}. */
  onDatagram(datagram: Uint8Array, from: Endpoint): void;
  /** Sending or receiving failed; the socket lives on. */
  onError(error: Error): void;
}

/** Options of {@link Network.bind}. */
export interface BindOptions {
  /** Keeps a socket on `::` from serving IPv4 as well, so that another one can have the port there. Default false. */
  readonly ipv6Only?: boolean;
  /**
   * Whether {@link DatagramHandler.onError} hears of what the system would not send. Default true; a server of very many small
   * answers saves a tenth of its CPU without.
   */
  readonly tellSendErrors?: boolean;
}

/** A place in a multicast group, on every interface that can. */
export interface MulticastSocket extends AsyncDisposable {
  /** The group, and the port all its members use. */
  readonly group: Endpoint;
  /**
   * Sends one datagram to the group over every interface. It does not leave the local network, and comes back to the sender, too.
   * Like any datagram it may be lost.
   */
  send(datagram: Uint8Array): void;
  close(): Promise<void>;
}

/** Options of {@link Network.join}. */
export interface JoinOptions {
  /** IP literal of the one interface to use. Default: all, that of the machine itself included. */
  readonly bind?: string;
}

/** The ways to the world outside: implemented by Node's sockets and by the simulated network. */
export interface Network {
  /** Opens a connection. Rejects with a `NetError`. The caller attaches a handler before it awaits anything else. */
  connect(to: Endpoint, options?: ConnectOptions): Promise<Connection>;
  /**
   * Listens for connections. `accept` is called for each with the connection not yet reading; it must attach a handler, or
   * destroy the connection, before it returns.
   */
  listen(
    at: Endpoint,
    accept: (connection: Connection) => void,
    options?: ListenOptions,
  ): Promise<Listener>;
  /** Opens a datagram socket. */
  bind(at: Endpoint, handler: DatagramHandler, options?: BindOptions): Promise<DatagramSocket>;
  /**
   * Joins a multicast group; others on this machine may be members with the same port. Rejects with a `NetError`:
   * `ERR_NET_UNSUPPORTED` where no interface takes part.
   */
  join(group: Endpoint, handler: DatagramHandler, options?: JoinOptions): Promise<MulticastSocket>;
}

/** A pending call made with {@link Clock.setTimer}. */
export interface Timer {
  /** The call will not be made. Idempotent; harmless after it was made. */
  cancel(): void;
}

/** Time, handed in so that the same engine runs in real time and in virtual time. */
export interface Clock {
  /** Monotonic time in milliseconds from an arbitrary start. */
  now(): number;
  /** Wall time in milliseconds since 1970-01-01T00:00Z; may jump. */
  wallTime(): number;
  /** Calls `callback` once, after `delay` milliseconds. A pending timer does not keep the process alive. */
  setTimer(callback: () => void, delay: number): Timer;
  /** Calls `callback` every `period` milliseconds until cancelled. Does not keep the process alive. */
  setRepeating(callback: () => void, period: number): Timer;
}

/** Randomness, handed in so that a run repeats from its seed. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** An integer in [0, limit). `limit` is 1 to 2^32. */
  integer(limit: number): number;
  /** `length` bytes. */
  bytes(length: number): Uint8Array;
}

/** Everything protocol code may need of the world it runs in. */
export interface Host {
  /** Sockets. */
  readonly network: Network;
  /** Time. */
  readonly clock: Clock;
  /** Randomness. */
  readonly random: Random;
}
