import { nodeNetwork } from '../src/index.ts';
import type { DatagramSocket, Endpoint, Network } from '../src/index.ts';
import { SimWorld } from '../src/sim/index.ts';

const quiet = { onDatagram: () => undefined, onError: () => undefined };

/** A port that IPv4 has to itself, then IPv6. */
async function both(network: Network): Promise<DatagramSocket[]> {
  const four = await network.bind({ address: '0.0.0.0', port: 0 }, quiet);
  const { port } = four.endpoint;
  await expect(network.bind({ address: '::', port }, quiet)).rejects.toMatchObject({
    code: 'ERR_NET_ADDRESS_IN_USE',
  });
  return [four, await network.bind({ address: '::', port }, quiet, { ipv6Only: true })];
}

/** Whether this machine has IPv6. */
async function hasIPv6(): Promise<boolean> {
  try {
    await using _ = await nodeNetwork.bind({ address: '::1', port: 0 }, quiet);
    return true;
  } catch {
    return false;
  }
}

describe('options of bind', () => {
  it('share a port between the families, on Node', async () => {
    if (!(await hasIPv6())) return;
    for (const socket of await both(nodeNetwork)) await socket.close();
  });

  it('share a port between the families, in the simulation', async () => {
    const world = new SimWorld({ seed: 1 });
    const host = world.host({ address: '10.0.0.1', alsoAt: ['2001:db8::1'] });
    const other = world.host({ address: '10.0.0.2', alsoAt: ['2001:db8::2'] });
    const came: string[] = [];
    const take = (name: string) => ({
      onDatagram: (_: Uint8Array, from: Endpoint) => came.push(`${name} ${from.address}`),
      onError: () => undefined,
    });
    await host.network.bind({ address: '::', port: 5 }, take('::'), { ipv6Only: true });
    await host.network.bind({ address: '0.0.0.0', port: 5 }, take('0.0.0.0'));
    const socket = await other.network.bind({ address: '::', port: 5 }, quiet);
    socket.send(Uint8Array.of(1), { address: '10.0.0.1', port: 5 });
    socket.send(Uint8Array.of(1), { address: '2001:db8::1', port: 5 });
    await world.run({ limit: 1000 });
    expect(came.sort()).toEqual(['0.0.0.0 10.0.0.2', ':: 2001:db8::2']);
  });

  it('leave what cannot be sent untold, and go on', async () => {
    const errors: Error[] = [];
    let arrived: (datagram: Uint8Array) => void = () => undefined;
    const answer = new Promise<Uint8Array>((resolve) => {
      arrived = resolve;
    });
    await using near = await nodeNetwork.bind(
      { address: '127.0.0.1', port: 0 },
      { onDatagram: () => undefined, onError: (error) => errors.push(error) },
      { tellSendErrors: false },
    );
    await using far = await nodeNetwork.bind(
      { address: '127.0.0.1', port: 0 },
      { onDatagram: (datagram) => arrived(Uint8Array.from(datagram)), onError: () => undefined },
    );
    // Broadcast is not permitted without an option that nobody has set.
    near.send(Uint8Array.of(1), { address: '255.255.255.255', port: 9 });
    near.send(Uint8Array.of(2), far.endpoint);
    expect([...(await answer)]).toEqual([2]);
    expect(errors).toEqual([]);
  });
});
