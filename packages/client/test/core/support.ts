import type {
  Clock,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Endpoint,
  Listener,
  Network,
  Timer,
} from '@shoal/net';
import { NetError } from '@shoal/net';

/** Lets promise reactions run until nothing more happens on its own. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

interface Entry {
  at: number;
  order: number;
  callback: () => void;
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #order = 0;
  readonly #entries = new Set<Entry>();

  /** Timers that have yet to fire. */
  get pending(): number {
    return this.#entries.size;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimer(callback: () => void, delay: number): Timer {
    const entry = { at: this.#now + Math.max(0, delay), order: this.#order++, callback };
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }

  setRepeating(callback: () => void, period: number): Timer {
    let cancelled = false;
    let timer: Timer;
    const again = (): void => {
      timer = this.setTimer(() => {
        callback();
        if (!cancelled) again();
      }, period);
    };
    again();
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Moves time on by `milliseconds`, making the calls that fall due on the way. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const [next] = [...this.#entries].sort((a, b) => a.at - b.at || a.order - b.order);
      if (next === undefined || next.at > end) break;
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** A connection whose other end is the test. */
export class FakeConnection implements Connection {
  readonly local: Endpoint = { address: '10.0.0.1', port: 6881 };
  readonly remote: Endpoint;
  readonly direction: Connection['direction'];
  readonly sent: Uint8Array[] = [];
  closed = false;
  paused = false;
  /** Why it was destroyed. */
  error: Error | undefined;
  /** `close` was called, not `destroy`. */
  inOrder = false;
  pendingBytes = 0;
  handler: ConnectionHandler | undefined;

  constructor(
    direction: Connection['direction'] = 'outgoing',
    remote: Endpoint = { address: '20.0.0.1', port: 1000 },
  ) {
    this.direction = direction;
    this.remote = remote;
  }

  /** The other end sends bytes; as the transports do, an error of the handler ends the connection. */
  receive(bytes: Uint8Array): void {
    try {
      this.handler?.onData(bytes);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  attach(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array, written?: (error?: Error) => void): boolean {
    this.sent.push(bytes.slice());
    written?.();
    return true;
  }

  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    this.inOrder = !this.closed;
    this.#end(undefined);
  }

  destroy(error?: Error): void {
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    this.handler?.onClose(error);
  }
}

interface Attempt {
  readonly to: Endpoint;
  readonly signal: AbortSignal | undefined;
  readonly bind: string | undefined;
  /** The other side answers. */
  succeed(): FakeConnection;
  /** Nobody answers. */
  fail(): void;
}

/** A network in which the test decides what becomes of everything. */
export class FakeNetwork implements Network {
  readonly attempts: Attempt[] = [];
  /** Ports that are taken. */
  readonly busy = new Set<number>();
  /** Addresses the machine does not have. */
  readonly missing = new Set<string>();
  readonly listening: Endpoint[] = [];
  #accept: ((connection: Connection) => void) | undefined;

  connect(to: Endpoint, { signal, bind }: ConnectOptions = {}): Promise<Connection> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      this.attempts.push({
        to,
        signal,
        bind,
        succeed: () => {
          const connection = new FakeConnection('outgoing', to);
          resolve(connection);
          return connection;
        },
        fail: () => reject(new NetError('ERR_NET_REFUSED', 'refused')),
      });
    });
  }

  async listen(at: Endpoint, accept: (connection: Connection) => void): Promise<Listener> {
    await Promise.resolve();
    if (this.missing.has(at.address)) {
      throw new NetError('ERR_NET_ADDRESS_NOT_AVAILABLE', `no ${at.address}`);
    }
    if (this.busy.has(at.port)) throw new NetError('ERR_NET_ADDRESS_IN_USE', `${at.port} is taken`);
    this.listening.push(at);
    this.#accept = accept;
    const close = async (): Promise<void> => {
      await Promise.resolve();
      this.#accept = undefined;
    };
    return { endpoint: at, close, [Symbol.asyncDispose]: close };
  }

  /** Somebody connects. */
  arrive(remote?: Endpoint): FakeConnection {
    const connection = new FakeConnection('incoming', remote);
    if (this.#accept === undefined) throw new Error('nobody listens');
    this.#accept(connection);
    return connection;
  }

  join(): Promise<never> {
    return Promise.reject(new Error('no groups'));
  }

  bind(): Promise<never> {
    return Promise.reject(new Error('no datagrams here'));
  }
}

/** A handler that writes down what it hears. */
export class RecordingHandler implements ConnectionHandler {
  readonly heard: string[] = [];

  onData(chunk: Uint8Array): void {
    this.heard.push(`data ${Buffer.from(chunk).toString('latin1')}`);
  }

  onDrain(): void {
    this.heard.push('drain');
  }

  onClose(error: Error | undefined): void {
    this.heard.push(`close ${error?.message ?? 'in order'}`);
  }
}
