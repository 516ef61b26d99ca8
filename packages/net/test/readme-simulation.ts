import { SimWorld } from '../src/sim/index.ts';

/** An hour of a slow line, in a moment: 1,000 bytes a second arrive at the other end. */
export async function simulate(): Promise<{ received: number; virtualSeconds: number }> {
  const world = new SimWorld({ seed: 1 });
  const server = world.host({ address: '10.0.0.1', latency: 20 });
  const client = world.host({ address: '10.0.0.2', latency: 80, bandwidthUp: 1_000 });

  let received = 0;
  await server.network.listen({ address: '0.0.0.0', port: 6881 }, (connection) => {
    connection.attach({
      onData: (chunk) => (received += chunk.length),
      onDrain: () => undefined,
      onClose: () => undefined,
    });
  });

  const opening = client.network.connect({ address: '10.0.0.1', port: 6881 });
  void opening.then((connection) => {
    connection.attach({
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => undefined,
    });
    connection.write(new Uint8Array(3_600_000));
  });

  await world.run({ until: () => received === 3_600_000, limit: 2 * 3_600_000 });
  return { received, virtualSeconds: Math.round(world.now / 1000) };
}
