import type { DatagramSocket, Endpoint, Network } from '@shoal/net';
import { DhtError } from './errors.ts';
import { familyOf, type Family } from './krpc/index.ts';

const ANY_IPV4_ADDRESS = '0.0.0.0';
const ANY_ADDRESS = '::';

/** The UDP sockets of a node that was opened with addresses, at most one of each family. */
export class OwnSockets {
  /** Families they serve. */
  readonly families: readonly Family[];
  readonly #addresses: readonly string[];
  readonly #servesBoth: boolean;
  readonly #sockets = new Map<Family, DatagramSocket>();

  /** @throws DhtError `ERR_DHT_OPTION` */
  constructor(addresses: readonly string[]) {
    const byFamily = new Map(addresses.map((address) => [familyOf(address), address]));
    if (byFamily.size !== addresses.length || byFamily.size === 0) {
      throw new DhtError(
        'ERR_DHT_OPTION',
        'addresses: one of each family at most, and one at least',
      );
    }
    // A socket on '::' serves IPv4, too, and there cannot be another one on the same port beside it.
    this.#servesBoth =
      byFamily.get(6) === ANY_ADDRESS && (byFamily.get(4) ?? ANY_IPV4_ADDRESS) === ANY_IPV4_ADDRESS;
    this.#addresses = this.#servesBoth ? [ANY_ADDRESS] : addresses;
    this.families = this.#servesBoth ? [4, 6] : [...byFamily.keys()];
  }

  get endpoints(): readonly Endpoint[] {
    return [...new Set(this.#sockets.values())].map(({ endpoint }) => endpoint);
  }

  /**
   * Binds them, all to the same port.
   * @throws NetError; nothing is bound then
   */
  async bind(
    network: Network,
    port: number,
    onDatagram: (datagram: Uint8Array, from: Endpoint) => void,
  ): Promise<void> {
    // What cannot be sent is lost, as anything is that is sent by UDP.
    const handler = { onDatagram, onError: (): void => undefined };
    let bound = port;
    try {
      for (const address of this.#addresses) {
        const socket = await network.bind({ address, port: bound }, handler);
        this.#sockets.set(familyOf(address), socket);
        bound = socket.endpoint.port;
        if (this.#servesBoth) this.#sockets.set(4, socket);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    this.#sockets.get(familyOf(to.address))?.send(datagram, to);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
  }
}
