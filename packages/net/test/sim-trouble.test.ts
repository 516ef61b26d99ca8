import { SimWorld, WALL_TIME_AT_START, type SimHost } from '../src/sim/index.ts';

const MIB = 1_048_576;

/** Sends bytes from one host to the other; the answer tells how long that took, in virtual ms. */
async function transfer(
  world: SimWorld,
  near: SimHost,
  far: SimHost,
  length: number,
): Promise<number> {
  let received = 0;
  const nothing = (): void => undefined;
  const listener = await far.network.listen({ address: '0.0.0.0', port: 0 }, (incoming) =>
    incoming.attach({
      onData: (chunk) => (received += chunk.length),
      onDrain: nothing,
      onClose: nothing,
    }),
  );
  const to = { address: far.address, port: listener.endpoint.port };
  const start = world.now;
  void near.network.connect(to).then((connection) => {
    connection.attach({ onData: nothing, onDrain: nothing, onClose: nothing });
    connection.write(new Uint8Array(length));
  });
  const end = await world.run({ until: () => received === length, limit: 600_000 });
  expect(end).toBe('until');
  return world.now - start;
}

describe('loss on a stream', () => {
  const timed = (streamLoss: number, latency: number): Promise<number> => {
    const world = new SimWorld({ seed: 3 });
    const near = world.host({ address: '10.0.0.1', latency, streamLoss, bandwidthUp: MIB });
    return transfer(world, near, world.host({ address: '10.0.0.2', latency }), 2 * MIB);
  };

  it('delays it and takes nothing away, the more the longer the way is', async () => {
    const clean = await timed(0, 10);
    const near = await timed(0.02, 10);
    const far = await timed(0.02, 50);
    expect(near).toBeGreaterThan(2 * clean);
    // 8 segments in a round trip of 200 ms, and one more now and then for what is lost.
    expect(far).toBeGreaterThan(((2 * MIB) / (8 * 1_448)) * 200);
    expect(far).toBeGreaterThan(2 * near);
  });

  it('is refused where nothing would ever arrive', () => {
    const world = new SimWorld({ seed: 3 });
    for (const streamLoss of [1, -0.1, Number.NaN]) {
      expect(() => world.host({ address: '10.0.0.1', streamLoss })).toThrow(RangeError);
    }
  });
});

describe('a partition', () => {
  it('lets nothing through between its sides, all within them, and all once it is over', async () => {
    const world = new SimWorld({ seed: 4 });
    const [a, b, c, d] = [1, 2, 3, 4].map((last) => world.host({ address: `10.0.0.${last}` }));
    const heal = world.partition([a!, b!], [c!, '10.0.0.4']);
    await transfer(world, a!, b!, 1000);
    await transfer(world, c!, d!, 1000);
    for (const [near, far] of [
      [a!, c!],
      [d!, b!],
    ] as const) {
      await far.network.listen({ address: '0.0.0.0', port: 7 }, (connection) =>
        connection.destroy(),
      );
      const attempt = near.network.connect({ address: far.address, port: 7 });
      const refused = expect(attempt).rejects.toMatchObject({ code: 'ERR_NET_TIMEOUT' });
      await world.run({ limit: 20_000 });
      await refused;
    }
    heal();
    await transfer(world, a!, c!, 1000);
    await transfer(world, d!, b!, 1000);
  });
});

describe('the clock of a host', () => {
  it('leaps: what is due by then goes off at once, in its order, and the rest keeps its distance', async () => {
    const world = new SimWorld({ seed: 5 });
    const host = world.host({ address: '10.0.0.1' });
    const other = world.host({ address: '10.0.0.2' });
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name} ${world.now}`);
    host.clock.setTimer(note('late'), 5_000);
    host.clock.setTimer(note('soon'), 2_000);
    host.clock.setTimer(note('after'), 20_000);
    host.clock.setTimer(note('never'), 4_000).cancel();
    const repeating = host.clock.setRepeating(note('again'), 3_000);
    other.clock.setTimer(note('other'), 5_000);
    await world.run({ limit: 1_000 });
    host.leap(9_000);
    expect(host.clock.now()).toBe(10_000);
    expect(other.clock.now()).toBe(1_000);
    await world.run({ limit: 4_500 });
    repeating.cancel();
    await world.run({ limit: 60_000 });
    expect(fired).toEqual([
      'soon 1000',
      'again 1000',
      'late 1000',
      'again 4000',
      'other 5000',
      'after 11000',
    ]);
    expect(() => host.leap(-1)).toThrow(RangeError);
  });

  it('shows another wall time, and timers do not care', async () => {
    const world = new SimWorld({ seed: 5 });
    const host = world.host({ address: '10.0.0.1' });
    let fired = 0;
    host.clock.setTimer(() => (fired = world.now), 1_000);
    host.setWallTime(WALL_TIME_AT_START - 86_400_000);
    expect(host.clock.wallTime()).toBe(WALL_TIME_AT_START - 86_400_000);
    await world.run({ limit: 2_000 });
    expect(fired).toBe(1_000);
    expect(host.clock.wallTime()).toBe(WALL_TIME_AT_START - 86_399_000);
  });
});

describe('the fingerprint of a run', () => {
  const print = async (seed: number, byte: number): Promise<string> => {
    const world = new SimWorld({ seed });
    const [near, far] = [1, 2].map((last) => world.host({ address: `10.0.0.${last}` }));
    await far!.network.listen({ address: '0.0.0.0', port: 7 }, (incoming) =>
      incoming.attach({ onData: () => 0, onDrain: () => 0, onClose: () => 0 }),
    );
    void near!.network.connect({ address: far!.address, port: 7 }).then((connection) => {
      connection.attach({ onData: () => 0, onDrain: () => 0, onClose: () => 0 });
      connection.write(Uint8Array.of(1, 2, byte));
    });
    await world.run({ limit: 1_000 });
    return world.fingerprint;
  };

  it('is equal where all is equal, and not where a byte or a chance is other', async () => {
    const one = await print(1, 3);
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(await print(1, 3)).toBe(one);
    expect(await print(1, 4)).not.toBe(one);
    expect(await print(2, 3)).not.toBe(one);
  });
});
