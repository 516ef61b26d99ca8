import type { DatagramHandler, Endpoint } from '../src/index.ts';
import { nodeNetwork } from '../src/index.ts';
import { SimWorld } from '../src/sim/index.ts';

const GROUP = { address: '239.192.152.143', port: 6771 };

class Box implements DatagramHandler {
  readonly heard: string[] = [];
  readonly senders: Endpoint[] = [];
  readonly errors: Error[] = [];
  onDatagram(datagram: Uint8Array, from: Endpoint): void {
    this.heard.push(Buffer.from(datagram).toString());
    this.senders.push(from);
    if (this.heard.at(-1) === 'bad') throw new Error('thrown by onDatagram');
  }
  onError(error: Error): void {
    this.errors.push(error);
  }
}

describe('a simulated multicast group', () => {
  const worldOf = async () => {
    const world = new SimWorld({ seed: 1 });
    const hosts = [
      world.host({ address: '10.0.0.1', lan: 'home' }),
      world.host({ address: '10.0.0.2', lan: 'home' }),
      world.host({ address: '10.0.1.1', lan: 'office' }),
      world.host({ address: '10.0.2.1' }),
    ];
    const boxes = hosts.map(() => new Box());
    const sockets = await Promise.all(
      hosts.map((host, index) => host.network.join(GROUP, boxes[index]!)),
    );
    return { world, hosts, boxes, sockets };
  };

  it('reaches the members in the same local network, the sender too', async () => {
    const { world, boxes, sockets } = await worldOf();
    const bytes = Buffer.from('hello');
    sockets[0]!.send(bytes);
    bytes.fill(0);
    await world.run({ limit: 100 });
    expect(boxes.map(({ heard }) => heard)).toEqual([['hello'], ['hello'], [], []]);
    expect(boxes[1]!.senders[0]!.address).toBe('10.0.0.1');
    sockets[3]!.send(Buffer.from('alone'));
    await world.run({ limit: 100 });
    expect(boxes.map(({ heard }) => heard.length)).toEqual([1, 1, 0, 1]);
  });

  it('is left by closing', async () => {
    const { world, boxes, sockets } = await worldOf();
    await sockets[1]![Symbol.asyncDispose]();
    sockets[0]!.send(Buffer.from('one'));
    sockets[1]!.send(Buffer.from('two'));
    await world.run({ limit: 100 });
    expect(boxes.map(({ heard }) => heard)).toEqual([['one'], [], [], []]);
  });

  it('tells onError what onDatagram throws', async () => {
    const { world, boxes, sockets } = await worldOf();
    sockets[0]!.send(Buffer.from('bad'));
    sockets[0]!.send(Buffer.from('good'));
    await world.run({ limit: 100 });
    expect(boxes[0]!.errors.map(({ message }) => message)).toEqual(['thrown by onDatagram']);
    expect(boxes[1]!.heard).toEqual(['bad', 'good']);
  });

  it('is none where the address is none, or the host has no such family', async () => {
    const { hosts } = await worldOf();
    const join = (group: Endpoint, bind?: string) =>
      hosts[0]!.network.join(group, new Box(), bind === undefined ? {} : { bind });
    const invalid = { code: 'ERR_NET_INVALID_ENDPOINT' };
    await expect(join({ address: '10.0.0.9', port: 6771 })).rejects.toMatchObject(invalid);
    await expect(join({ ...GROUP, port: 0 })).rejects.toMatchObject(invalid);
    const unsupported = { code: 'ERR_NET_UNSUPPORTED' };
    await expect(join({ address: 'ff15::efc0:988f', port: 6771 })).rejects.toMatchObject(
      unsupported,
    );
    await expect(join(GROUP, '10.0.0.2')).rejects.toMatchObject(unsupported);
  });
});

describe("Node's multicast", () => {
  // What sends to groups runs in the interop harness, where there is no network but the machine itself.
  it('refuses what is no group, and an interface that is none', async () => {
    const invalid = { code: 'ERR_NET_INVALID_ENDPOINT' };
    await expect(
      nodeNetwork.join({ address: '127.0.0.1', port: 6771 }, new Box()),
    ).rejects.toMatchObject(invalid);
    await expect(nodeNetwork.join({ ...GROUP, port: 0 }, new Box())).rejects.toMatchObject(invalid);
    await expect(nodeNetwork.join(GROUP, new Box(), { bind: '192.0.2.77' })).rejects.toMatchObject({
      code: 'ERR_NET_UNSUPPORTED',
    });
  });
});
