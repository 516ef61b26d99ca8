import type { Connection, ConnectionHandler, Host, Listener } from '../contracts.ts';
import type { Endpoint } from '../endpoint.ts';

/** Two hosts that can reach each other, of the implementation under test. They may be the same one. */
export interface ComplianceRig {
  /** The host that connects. */
  readonly near: Host;
  /** IP literal of {@link near}. */
  readonly nearAddress: string;
  /** The host that listens. */
  readonly far: Host;
  /** IP literal by which {@link near} reaches {@link far}. */
  readonly farAddress: string;
  /** An endpoint that never answers, reached from `near`. Without it the cases that need one are passed over. */
  readonly silent?: Endpoint;
}

/** One thing every implementation must do. `run` rejects when it does not. */
export interface ComplianceCase {
  /** What must be so, as a sentence for a test report. */
  readonly name: string;
  /** Rejects when it is not so. */
  run(rig: ComplianceRig): Promise<void>;
}

interface Waiter {
  readonly met: () => boolean;
  readonly resolve: () => void;
}

/** A handler that writes down all that happens to a connection, and lets a case wait for it. */
export class Recorder implements ConnectionHandler {
  readonly connection: Connection;
  readonly chunks: Uint8Array[] = [];
  receivedBytes = 0;
  drains = 0;
  closes = 0;
  error: Error | undefined;
  /** Calls that came after `onClose`: there must be none. */
  callsAfterClose = 0;
  /** Called within `onData`, before the bytes are recorded. */
  onEach: ((chunk: Uint8Array) => void) | undefined;
  #waiters: Waiter[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
    connection.attach(this);
  }

  onData(chunk: Uint8Array): void {
    this.#count();
    this.onEach?.(chunk);
    this.chunks.push(chunk.slice());
    this.receivedBytes += chunk.length;
    this.#wake();
  }

  onDrain(): void {
    this.#count();
    this.drains++;
    this.#wake();
  }

  onClose(error: Error | undefined): void {
    this.#count();
    this.closes++;
    this.error = error;
    this.#wake();
  }

  /** Everything received, in one piece. */
  received(): Uint8Array {
    const all = new Uint8Array(this.receivedBytes);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** Resolves once `met` answers true; asked after each event of this connection and when {@link check} is called. */
  when(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ met, resolve });
    });
  }

  /** Has the waiting conditions asked again, after something else has changed. */
  check(): void {
    this.#wake();
  }

  closed(): Promise<void> {
    return this.when(() => this.closes > 0);
  }

  #count(): void {
    if (this.closes > 0) this.callsAfterClose++;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (waiter.met()) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }
}

/** Both sides of a connection. */
export interface Pair {
  readonly near: Recorder;
  readonly far: Recorder;
}

/** A listener on the far host, and the connections it has accepted. */
export class Door {
  readonly listener: Listener;
  readonly #accepted: Recorder[];
  readonly #waiting: ((recorder: Recorder) => void)[];

  private constructor(
    listener: Listener,
    accepted: Recorder[],
    waiting: ((recorder: Recorder) => void)[],
  ) {
    this.listener = listener;
    this.#accepted = accepted;
    this.#waiting = waiting;
  }

  static async open(rig: ComplianceRig): Promise<Door> {
    const accepted: Recorder[] = [];
    const waiting: ((recorder: Recorder) => void)[] = [];
    const at = { address: rig.farAddress, port: 0 };
    const listener = await rig.far.network.listen(at, (connection) => {
      const recorder = new Recorder(connection);
      const waiter = waiting.shift();
      if (waiter === undefined) accepted.push(recorder);
      else waiter(recorder);
    });
    return new Door(listener, accepted, waiting);
  }

  /** Connects, and answers both sides. One at a time. */
  async connect(rig: ComplianceRig): Promise<Pair> {
    const near = new Recorder(await rig.near.network.connect(this.listener.endpoint));
    const early = this.#accepted.shift();
    if (early !== undefined) return { near, far: early };
    const far = await new Promise<Recorder>((resolve) => {
      this.#waiting.push(resolve);
    });
    return { near, far };
  }
}

/** Runs a case's body with one connection, and cleans up whatever becomes of it. */
export async function withPair(
  rig: ComplianceRig,
  body: (pair: Pair, door: Door) => Promise<void>,
): Promise<void> {
  const door = await Door.open(rig);
  try {
    const pair = await door.connect(rig);
    try {
      await body(pair, door);
    } finally {
      pair.near.connection.destroy();
      pair.far.connection.destroy();
      await Promise.all([pair.near.closed(), pair.far.closed()]);
    }
  } finally {
    await door.listener.close();
  }
}

/** Sends a byte to and fro some times: time in which something else would have happened if it was going to. */
export async function roundTrips(pair: Pair, count: number): Promise<void> {
  const ping = Uint8Array.of(1);
  for (let trip = 0; trip < count; trip++) {
    const atFar = pair.far.receivedBytes;
    pair.near.connection.write(ping);
    await pair.far.when(() => pair.far.receivedBytes > atFar);
    const atNear = pair.near.receivedBytes;
    pair.far.connection.write(ping);
    await pair.near.when(() => pair.near.receivedBytes > atNear);
  }
}
