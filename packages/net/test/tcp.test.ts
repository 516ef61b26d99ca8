import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createNodeNetwork,
  nodeNetwork,
  systemClock,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
} from '../src/index.ts';
import { RECEIVE_BUFFER_BYTES } from '../src/node/receive.ts';
import { MAX_REFUSED_HELD } from '../src/node/refused.ts';

const LOOPBACK = { address: '127.0.0.1', port: 0 };

class Sink implements ConnectionHandler {
  readonly buffers = new Set<ArrayBufferLike>();
  readonly closed: Promise<Error | undefined>;
  received = 0;
  #close: (error: Error | undefined) => void = () => undefined;

  constructor(connection: Connection) {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    connection.attach(this);
  }

  onData(chunk: Uint8Array): void {
    this.buffers.add(chunk.buffer);
    this.received += chunk.length;
  }

  onDrain(): void {
    // Not looked at here.
  }

  onClose(error: Error | undefined): void {
    this.#close(error);
  }
}

/** A plain Node server, to which a connection of ours is opened. */
async function withPlainServer(
  body: (at: Endpoint, accepted: Promise<Socket>) => Promise<void>,
): Promise<void> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  try {
    await body({ address: '127.0.0.1', port }, accepted);
  } finally {
    server.close();
  }
}

/** A connection that is over, and whether what handled it can still be reached by way of it. */
async function endedConnection(): Promise<{ connection: Connection; handler: WeakRef<Sink> }> {
  let ended: Connection | undefined;
  let handler: WeakRef<Sink> | undefined;
  await withPlainServer(async (at, accepted) => {
    ended = await nodeNetwork.connect(at);
    const sink = new Sink(ended);
    handler = new WeakRef(sink);
    (await accepted).destroy();
    await sink.closed;
  });
  if (ended === undefined || handler === undefined) throw new Error('it did not connect');
  return { connection: ended, handler };
}

describe('a connection that is over', () => {
  it('keeps nothing alive of what handled it', async () => {
    const { connection, handler } = await endedConnection();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await nextTurn();
    collect();
    expect(handler.deref()).toBeUndefined();
    expect(connection.closed).toBe(true);
    expect(() => new Sink(connection)).toThrow('the connection already has a handler');
  });
});

describe('receiving', () => {
  it.each([
    ['shared' as const, 1],
    ['events' as const, undefined],
  ])(
    '%s: accepted and opened connections use the buffers they should',
    async (receive, expected) => {
      const network = createNodeNetwork({ receive });
      const sinks: Sink[] = [];
      const listener = await network.listen(LOOPBACK, (connection) => {
        sinks.push(new Sink(connection));
        connection.write(new Uint8Array(500_000));
      });
      for (let count = 0; count < 2; count++) {
        const connection = await network.connect(listener.endpoint);
        const sink = new Sink(connection);
        sinks.push(sink);
        connection.write(new Uint8Array(500_000), () => connection.close());
        await sink.closed;
      }
      await Promise.all(sinks.map((sink) => sink.closed));
      await listener.close();
      const accepted = new Set(
        sinks.filter((_, index) => index % 2 === 0).flatMap((sink) => [...sink.buffers]),
      );
      if (expected === 1) {
        // One buffer for all connections of both directions: the fast path is in use on this Node.
        expect(new Set(sinks.flatMap((sink) => [...sink.buffers])).size).toBe(1);
        expect([...accepted][0]!.byteLength).toBe(RECEIVE_BUFFER_BYTES);
      } else {
        expect(accepted.size).toBeGreaterThan(1);
      }
    },
  );
});

describe('addresses', () => {
  it('listening on :: takes both families, and shows IPv4 as IPv4', async () => {
    const remotes: Endpoint[] = [];
    const listener = await nodeNetwork.listen({ address: '::', port: 0 }, (connection) => {
      remotes.push(connection.remote, connection.local);
      new Sink(connection);
      connection.close();
    });
    const { port } = listener.endpoint;
    for (const address of ['127.0.0.1', '::1']) {
      const connection = await nodeNetwork.connect({ address, port });
      const sink = new Sink(connection);
      await sink.closed;
    }
    await listener.close();
    expect(remotes.map((remote) => remote.address)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '::1',
      '::1',
    ]);
  });
});

describe('refusing', () => {
  it('ends a connection before anything is made of it, and takes the next one', async () => {
    const asked: Endpoint[] = [];
    let accepted = 0;
    const listener = await createNodeNetwork({ refusalHold: 0 }).listen(
      LOOPBACK,
      (connection) => {
        accepted += 1;
        new Sink(connection);
      },
      {
        refuses: (from) => {
          asked.push(from);
          return asked.length === 1;
        },
      },
    );
    const refused = await nodeNetwork.connect(listener.endpoint);
    await new Sink(refused).closed;
    expect(accepted).toBe(0);
    const taken = await nodeNetwork.connect(listener.endpoint);
    const sink = new Sink(taken);
    while (accepted === 0) await nextTurn();
    expect(asked).toEqual([refused.local, taken.local]);
    taken.close();
    await sink.closed;
    await listener.close();
  });

  it('holds a bounded number of connections unread, and ends them with the listener', async () => {
    const listener = await createNodeNetwork({ refusalHold: 600_000 }).listen(
      LOOPBACK,
      (connection) => new Sink(connection),
      { refuses: () => true },
    );
    const sinks: Sink[] = [];
    for (let index = 0; index <= MAX_REFUSED_HELD; index += 1) {
      const connection = await nodeNetwork.connect(listener.endpoint);
      sinks.push(new Sink(connection));
    }
    const ended: number[] = [];
    const all = sinks.map(({ closed }, index) => closed.then(() => ended.push(index)));
    await sinks[0]?.closed;
    expect(ended).toEqual([0]);
    await listener.close();
    await Promise.all(all);
  });

  it('ends a connection whose refusal throws, and says so', async () => {
    const { emitWarning } = process;
    const warnings: string[] = [];
    process.emitWarning = (warning: string | Error) => void warnings.push(String(warning));
    try {
      const network = createNodeNetwork({ refusalHold: 0 });
      const listener = await network.listen(LOOPBACK, (connection) => new Sink(connection), {
        refuses: () => {
          throw new Error('cannot tell');
        },
      });
      const connection = await nodeNetwork.connect(listener.endpoint);
      await new Sink(connection).closed;
      await listener.close();
      expect(warnings).toEqual(['Error: cannot tell']);
    } finally {
      process.emitWarning = emitWarning;
    }
  });
});

describe('ending', () => {
  it('close() ends with a time-out when the peer does not read', () =>
    withPlainServer(async (at, accepted) => {
      const network = createNodeNetwork({ closeTimeout: 50 });
      const connection = await network.connect(at);
      const sink = new Sink(connection);
      const peer = await accepted;
      const answered = new Promise<Error | undefined>((resolve) => {
        connection.write(new Uint8Array(64_000_000), resolve);
      });
      connection.close();
      expect(await sink.closed).toMatchObject({ code: 'ERR_NET_TIMEOUT' });
      expect(await answered).toMatchObject({ code: 'ERR_NET_CLOSED' });
      peer.on('error', () => undefined).destroy();
    }));

  it('close() ends when the peer keeps its side open', () =>
    withPlainServer(async (at, accepted) => {
      const network = createNodeNetwork({ closeTimeout: 50 });
      const connection = await network.connect(at);
      const sink = new Sink(connection);
      const peer = await accepted;
      connection.close();
      expect(await sink.closed).toBeUndefined();
      peer.destroy();
    }));

  it('a reset is told as such', () =>
    withPlainServer(async (at, accepted) => {
      const connection = await nodeNetwork.connect(at);
      const sink = new Sink(connection);
      (await accepted).resetAndDestroy();
      expect(await sink.closed).toMatchObject({
        name: 'NetError',
        code: 'ERR_NET_RESET',
        cause: { code: 'ECONNRESET' },
      });
    }));

  it('a plain socket gets all that was queued, and the end', async () => {
    const listener = await nodeNetwork.listen(LOOPBACK, (connection) => {
      new Sink(connection);
      connection.write(new Uint8Array(3_000_000));
      connection.close();
    });
    const socket = connect(listener.endpoint.port, '127.0.0.1');
    let received = 0;
    socket.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
    });
    await once(socket, 'close');
    await listener.close();
    expect(received).toBe(3_000_000);
  });
});

describe('errors without a receiver', () => {
  it('become warnings, and end nothing', async () => {
    const { emitWarning } = process;
    const warnings: unknown[][] = [];
    const told = new Promise<void>((resolve) => {
      process.emitWarning = (...warning: unknown[]) => {
        if (warnings.push(warning) === 2) resolve();
      };
    });
    const fromAccept = new Error('thrown by accept');
    const fromClose = new Error('thrown by onClose');
    let accepts = 0;
    const listener = await nodeNetwork.listen(LOOPBACK, (connection) => {
      accepts++;
      if (accepts === 1) throw fromAccept;
      const sink = new Sink(connection);
      sink.onClose = () => {
        throw fromClose;
      };
      connection.close();
    });
    for (let count = 0; count < 2; count++) {
      await new Sink(await nodeNetwork.connect(listener.endpoint)).closed;
    }
    await listener.close();
    await told;
    process.emitWarning = emitWarning;
    expect(warnings).toEqual([
      [String(fromAccept), expect.objectContaining({ type: 'NetWarning' })],
      [String(fromClose), expect.objectContaining({ type: 'NetWarning' })],
    ]);
  });
});

describe('datagrams', () => {
  it('a socket on :: talks to both families', async () => {
    const froms: string[] = [];
    let wake: () => void = () => undefined;
    const handler = {
      onDatagram: (_datagram: Uint8Array, from: Endpoint): void => {
        froms.push(from.address);
        wake();
      },
      onError: (error: Error): void => {
        froms.push(error.message);
        wake();
      },
    };
    const both = await nodeNetwork.bind({ address: '::', port: 0 }, handler);
    const four = await nodeNetwork.bind(LOOPBACK, handler);
    const six = await nodeNetwork.bind({ address: '::1', port: 0 }, handler);
    both.send(Uint8Array.of(1), four.endpoint);
    both.send(Uint8Array.of(1), six.endpoint);
    four.send(Uint8Array.of(1), { address: '127.0.0.1', port: both.endpoint.port });
    while (froms.length < 3) await new Promise<void>((resolve) => (wake = resolve));
    expect(froms.sort()).toEqual(['127.0.0.1', '127.0.0.1', '::1']);
    froms.length = 0;
    four.send(Uint8Array.of(1), six.endpoint);
    while (froms.length < 1) await new Promise<void>((resolve) => (wake = resolve));
    expect(froms[0]).toContain('other address family');
    await Promise.all([both.close(), four.close(), six.close()]);
  });
});

describe('systemClock', () => {
  it('does not fire a timer of more than 2^31 ms at once', async () => {
    let fired = false;
    const timer = systemClock.setTimer(() => {
      fired = true;
    }, 2 ** 40);
    await new Promise((resolve) => setTimeout(resolve, 5));
    timer.cancel();
    expect(fired).toBe(false);
  });
});
