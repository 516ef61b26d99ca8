import { type Connection, type ConnectionHandler, type Host } from '../src/index.ts';
import { SimWorld, type SimHost } from '../src/sim/index.ts';

const MIB = 1_048_576;

/** Counts what arrives, and notes when. */
class Meter implements ConnectionHandler {
  received = 0;
  closes: (Error | undefined)[] = [];
  onArrival: (() => void) | undefined;

  constructor(connection: Connection) {
    connection.attach(this);
  }

  onData(chunk: Uint8Array): void {
    this.received += chunk.length;
    this.onArrival?.();
  }

  onDrain(): void {
    // Not looked at here.
  }

  onClose(error: Error | undefined): void {
    this.closes.push(error);
  }
}

interface Sim {
  readonly world: SimWorld;
  readonly near: SimHost;
  readonly far: SimHost;
  readonly nearMeter: Meter;
  readonly farMeter: Meter;
  readonly connection: Connection;
}

async function pairOf(world: SimWorld, near: SimHost, far: SimHost): Promise<Sim> {
  let farMeter: Meter | undefined;
  const listener = await far.network.listen({ address: '0.0.0.0', port: 0 }, (incoming) => {
    farMeter = new Meter(incoming);
  });
  let connection: Connection | undefined;
  let nearMeter: Meter | undefined;
  const to = { address: far.address, port: listener.endpoint.port };
  void near.network.connect(to).then((opened) => {
    connection = opened;
    nearMeter = new Meter(opened);
  });
  await world.run({ until: () => farMeter !== undefined });
  await listener.close();
  return { world, near, far, nearMeter: nearMeter!, farMeter: farMeter!, connection: connection! };
}

function twoHosts(
  world: SimWorld,
  options: Partial<Parameters<SimWorld['host']>[0]> = {},
): Promise<Sim> {
  return pairOf(
    world,
    world.host({ address: '10.0.0.1', ...options }),
    world.host({ address: '10.0.0.2', ...options }),
  );
}

describe('virtual time', () => {
  it('connecting takes one round trip, a byte half of one', async () => {
    const world = new SimWorld({ seed: 1 });
    const far = world.host({ address: '10.0.0.2', latency: 30 });
    const near = world.host({ address: '10.0.0.1', latency: 20 });
    await far.network.listen({ address: '10.0.0.2', port: 5 }, (incoming) => {
      new Meter(incoming).onArrival = () => events.push(`byte ${world.now}`);
    });
    const events: string[] = [];
    void near.network.connect({ address: '10.0.0.2', port: 5 }).then((connection) => {
      events.push(`connected ${world.now}`);
      new Meter(connection);
      connection.write(Uint8Array.of(1));
    });
    expect(await world.run()).toBe('idle');
    expect(events).toEqual(['connected 100', 'byte 150']);
  });

  it('stops at its limit, and at until', async () => {
    const world = new SimWorld({ seed: 1 });
    const { clock } = world.host({ address: '10.0.0.1' });
    let ticks = 0;
    clock.setRepeating(() => ticks++, 100);
    expect(await world.run({ limit: 1050 })).toBe('limit');
    expect([ticks, world.now]).toEqual([10, 1050]);
    expect(await world.run({ until: () => ticks === 15, limit: 10_000 })).toBe('until');
    expect(world.now).toBe(1500);
  });

  it('lets promises, ticks, immediates and real work settle between events', async () => {
    const world = new SimWorld({ seed: 1 });
    const { clock } = world.host({ address: '10.0.0.1' });
    const times: number[] = [];
    clock.setTimer(() => {
      const release = world.hold();
      void (async () => {
        for (let turn = 0; turn < 5; turn++) {
          await Promise.resolve();
          await new Promise((resolve) => setImmediate(resolve));
          await new Promise<void>((resolve) => process.nextTick(resolve));
        }
        // Real time, as a worker takes it.
        await new Promise((resolve) => setTimeout(resolve, 5));
        times.push(clock.now());
        release();
      })();
    }, 10);
    clock.setTimer(() => times.push(clock.now()), 11);
    await world.run();
    expect(times).toEqual([10, 11]);
  });

  it('ends the run with what a timer throws', async () => {
    const world = new SimWorld({ seed: 1 });
    const { clock } = world.host({ address: '10.0.0.1' });
    clock.setTimer(() => {
      throw new Error('thrown by a timer');
    }, 1);
    await expect(world.run()).rejects.toThrow('thrown by a timer');
    expect(await world.run()).toBe('idle');
  });

  it('keeps thousands of timers in order, cancelled or not', async () => {
    const world = new SimWorld({ seed: 1 });
    const { clock, random } = world.host({ address: '10.0.0.1' });
    const fired: number[] = [];
    let expected = 0;
    for (let count = 0; count < 5000; count++) {
      const delay = random.integer(1000);
      const timer = clock.setTimer(() => fired.push(clock.now()), delay);
      if (count % 5 === 0) expected++;
      else timer.cancel();
    }
    await world.run();
    expect(fired.length).toBe(expected);
    expect(fired).toEqual([...fired].sort((one, other) => one - other));
  });
});

describe('bandwidth', () => {
  it.each([
    ['the sender', { bandwidthUp: MIB }],
    ['the receiver', { bandwidthDown: MIB }],
  ])('of %s bounds a transfer', async (_who, options) => {
    const world = new SimWorld({ seed: 2 });
    const { connection, farMeter } = await twoHosts(world, options);
    const start = world.now;
    connection.write(new Uint8Array(10 * MIB));
    await world.run({ until: () => farMeter.received === 10 * MIB });
    const seconds = (world.now - start) / 1000;
    expect(seconds).toBeGreaterThan(9.9);
    expect(seconds).toBeLessThan(10.3);
  });

  it('is shared fairly by the connections of a host', async () => {
    const world = new SimWorld({ seed: 3 });
    const seeder = world.host({ address: '10.0.0.1', bandwidthUp: MIB });
    const pairs: Sim[] = [];
    for (let index = 2; index < 6; index++) {
      pairs.push(await pairOf(world, seeder, world.host({ address: `10.0.0.${index}` })));
    }
    for (const { connection } of pairs) connection.write(new Uint8Array(8 * MIB));
    await world.run({ limit: 8000 });
    for (const { farMeter } of pairs) {
      expect(farMeter.received / MIB).toBeGreaterThan(1.8);
      expect(farMeter.received / MIB).toBeLessThan(2.2);
    }
    expect(seeder.sentBytes / MIB).toBeCloseTo(8, 0);
  });

  it('is bounded by the window over a long way', async () => {
    const world = new SimWorld({ seed: 4, window: 100_000 });
    const { connection, farMeter } = await twoHosts(world, { latency: 50 });
    connection.write(new Uint8Array(10 * MIB));
    const start = farMeter.received;
    await world.run({ limit: 10_000 });
    // A window each round trip of 200 ms.
    const rate = (farMeter.received - start) / 10;
    expect(rate).toBeGreaterThan(350_000);
    expect(rate).toBeLessThan(510_000);
  });
});

describe('trouble', () => {
  it('a cut holds a stream up, and nothing is lost when it heals', async () => {
    const world = new SimWorld({ seed: 5 });
    const { connection, farMeter, nearMeter, near, far } = await twoHosts(world, {
      bandwidthUp: MIB,
    });
    connection.write(new Uint8Array(2 * MIB));
    await world.run({ limit: 500 });
    world.cut(near, far);
    await world.run({ limit: 1000 });
    const during = farMeter.received;
    await world.run({ limit: 60_000 });
    expect(farMeter.received).toBe(during);
    expect(during).toBeLessThan(MIB);
    world.heal(near, '10.0.0.2');
    await world.run({ limit: 10_000 });
    expect(farMeter.received).toBe(2 * MIB);
    expect(nearMeter.closes).toEqual([]);
  });

  it('a cut that lasts breaks the connection of who wants to send', async () => {
    const world = new SimWorld({ seed: 5, retransmitTimeout: 30_000 });
    const { connection, nearMeter, near, far } = await twoHosts(world);
    world.cut(near, far);
    connection.write(Uint8Array.of(1));
    expect(await world.run()).toBe('idle');
    expect(nearMeter.closes).toMatchObject([{ code: 'ERR_NET_TIMEOUT' }]);
    expect(world.now).toBeGreaterThan(30_000);
  });

  it('a host that is down cannot be connected to until it is up', async () => {
    const world = new SimWorld({ seed: 6 });
    const { near, far } = await twoHosts(world);
    await far.network.listen({ address: '::', port: 7 }, (incoming) => new Meter(incoming));
    const outcomes: string[] = [];
    const attempt = (): void => {
      near.network.connect({ address: far.address, port: 7 }, { timeout: 1000 }).then(
        (connection) => {
          outcomes.push('connected');
          connection.destroy();
        },
        (error: unknown) => outcomes.push((error as { code: string }).code),
      );
    };
    far.down();
    attempt();
    await world.run();
    far.up();
    attempt();
    await world.run();
    expect(outcomes).toEqual(['ERR_NET_TIMEOUT', 'connected']);
  });

  it('knows no way to an address that nobody has', async () => {
    const world = new SimWorld({ seed: 6 });
    const attempt = world
      .host({ address: '10.0.0.1' })
      .network.connect({ address: '10.9.9.9', port: 1 });
    const outcome = expect(attempt).rejects.toMatchObject({ code: 'ERR_NET_UNREACHABLE' });
    await world.run();
    await outcome;
  });

  it('a NAT lets out, and in only what answers', async () => {
    const world = new SimWorld({ seed: 7 });
    const open = world.host({ address: '10.0.0.1' });
    const hidden = world.host({ address: '10.0.0.2', nat: true });
    const got: string[] = [];
    const box = (name: string) => ({
      onDatagram: (datagram: Uint8Array) => void got.push(`${name} ${datagram[0]}`),
      onError: (error: Error) => void got.push(error.message),
    });
    const inside = await hidden.network.bind({ address: '0.0.0.0', port: 9 }, box('hidden'));
    const outside = await open.network.bind({ address: '0.0.0.0', port: 9 }, box('open'));
    outside.send(Uint8Array.of(1), { address: hidden.address, port: 9 });
    await world.run();
    inside.send(Uint8Array.of(2), { address: open.address, port: 9 });
    await world.run();
    outside.send(Uint8Array.of(3), { address: hidden.address, port: 9 });
    await world.run();
    expect(got).toEqual(['open 2', 'hidden 3']);
    expect((await pairOf(world, hidden, open)).farMeter.closes).toEqual([]);
  });

  it('datagrams get lost and overtake each other, in the measure asked for', async () => {
    const world = new SimWorld({ seed: 8 });
    const near = world.host({ address: '10.0.0.1', loss: 0.1, reorder: 0.2 });
    const far = world.host({ address: '10.0.0.2', loss: 0.1 });
    const got: number[] = [];
    const handler = {
      onDatagram: (datagram: Uint8Array) => void got.push(datagram[0]! * 256 + datagram[1]!),
      onError: () => undefined,
    };
    await far.network.bind({ address: '10.0.0.2', port: 1 }, handler);
    const socket = await near.network.bind({ address: '10.0.0.1', port: 1 }, handler);
    for (let count = 0; count < 2000; count++) {
      world.at(count, () =>
        socket.send(Uint8Array.of(count >> 8, count & 255), { address: far.address, port: 1 }),
      );
    }
    await world.run();
    expect(got.length / 2000).toBeGreaterThan(0.77);
    expect(got.length / 2000).toBeLessThan(0.85);
    const late = got.filter((value, index) => index > 0 && value < got[index - 1]!).length;
    expect(late).toBeGreaterThan(100);
    expect(new Set(got).size).toBe(got.length);
  });

  it('what onClose throws ends the run, not the world', async () => {
    const world = new SimWorld({ seed: 9 });
    const { connection, nearMeter } = await twoHosts(world);
    nearMeter.onClose = () => {
      throw new Error('thrown by onClose');
    };
    connection.destroy();
    await expect(world.run()).rejects.toThrow('thrown by onClose');
  });

  it('spoils a view that is kept beyond onData', async () => {
    const world = new SimWorld({ seed: 10 });
    const { connection, farMeter } = await twoHosts(world);
    let kept: Uint8Array | undefined;
    farMeter.onData = (chunk) => {
      kept = chunk;
    };
    connection.write(Uint8Array.of(1));
    await world.run();
    expect([...kept!]).toEqual([0xdd]);
  });
});

/** A chain of hosts that pass on what they get, with promises in between; answers a trace of all arrivals. */
async function gossip(seed: number): Promise<string> {
  const world = new SimWorld({ seed });
  const trace: string[] = [];
  const hosts: Host[] = [];
  for (let index = 0; index < 6; index++) {
    const address = `10.0.0.${index + 1}`;
    const host = world.host({ address, bandwidthUp: 300_000, latency: 5 + index });
    hosts.push(host);
    await host.network.listen({ address, port: 1 }, (incoming) => {
      const meter = new Meter(incoming);
      meter.onArrival = () => {
        trace.push(`${world.now.toFixed(6)} ${index} ${meter.received}`);
        void Promise.resolve()
          .then(() => new Promise((resolve) => setImmediate(resolve)))
          .then(() => incoming.write(new Uint8Array(1 + host.random.integer(5000))));
      };
    });
  }
  for (const [index, host] of hosts.entries()) {
    const to = { address: `10.0.0.${((index + 1) % hosts.length) + 1}`, port: 1 };
    void host.network.connect(to).then((connection) => {
      const meter = new Meter(connection);
      meter.onArrival = () => connection.write(new Uint8Array(1 + host.random.integer(5000)));
      connection.write(new Uint8Array(1));
    });
  }
  await world.run({ limit: 500 });
  return trace.join('\n');
}

describe('a seed', () => {
  it('repeats a run exactly, and another gives another', async () => {
    const first = await gossip(11);
    expect(first.length).toBeGreaterThan(1000);
    expect(await gossip(11)).toBe(first);
    expect(await gossip(12)).not.toBe(first);
  });
});
