import type { Endpoint } from '@shoal/net';
import { SimWorld, type SimHost } from '@shoal/net/sim';
import { DhtNode, type DhtOpenOptions } from '../../src/index.ts';

export const PORT = 6881;

/** A few nodes in a simulated network, each at an address of its own: 20.0.n.1, and 2a00:n::1. */
export class SmallDht {
  readonly world: SimWorld;
  readonly nodes: DhtNode[] = [];
  #hosts = 0;

  constructor(seed = 1) {
    this.world = new SimWorld({ seed });
  }

  host(): SimHost {
    const index = ++this.#hosts;
    return this.world.host({
      address: `20.0.${index}.1`,
      alsoAt: [`2a00:${index.toString(16)}::1`],
    });
  }

  /** A node that bootstraps from the first one. */
  async open(options: DhtOpenOptions = {}, host = this.host()): Promise<DhtNode> {
    const [first] = this.nodes;
    const node = await DhtNode.open({
      host,
      port: PORT,
      bootstrap: first === undefined ? [] : [{ address: '20.0.1.1', port: PORT }],
      limits: { maxNetworks: 64, maxPeers: 10_000 },
      ...options,
    });
    this.nodes.push(node);
    return node;
  }

  /** So many nodes, each bootstrapped. */
  async grow(count: number, options: DhtOpenOptions = {}): Promise<void> {
    for (let added = 0; added < count; added++) {
      const node = await this.open(options);
      await this.until(node.ready());
    }
    await this.pass(60_000);
  }

  /** Lets time pass until a promise has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    const end = await this.world.run({ until: () => settled, limit: 3_600_000 });
    if (end !== 'until') throw new Error('it takes for ever');
    return promise;
  }

  /** Somebody who speaks UDP by hand, and what was sent to him. */
  async raw(host = this.host()): Promise<{
    endpoint: Endpoint;
    got: Uint8Array[];
    send(datagram: Uint8Array, to?: Endpoint): void;
  }> {
    const got: Uint8Array[] = [];
    const socket = await host.network.bind(
      { address: '0.0.0.0', port: PORT },
      { onDatagram: (datagram) => got.push(datagram.slice()), onError: () => undefined },
    );
    return {
      endpoint: { address: host.address, port: PORT },
      got,
      send: (datagram, to = { address: '20.0.1.1', port: PORT }) => socket.send(datagram, to),
    };
  }

  /** Lets so many milliseconds pass. */
  async pass(milliseconds: number): Promise<void> {
    await this.world.run({ limit: milliseconds });
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}
