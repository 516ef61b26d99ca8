import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { addressKind } from '../address-kind.ts';
import type { DatagramHandler, JoinOptions, MulticastSocket } from '../contracts.ts';
import { isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { isNear, ownNetworks } from './near.ts';
import { systemAddress } from './system-endpoint.ts';
import { reportStrayError, toNetError } from './system-error.ts';

/** Interfaces used at most: some machines have hundreds of virtual ones. */
const MAX_INTERFACES = 16;
/** Routers a datagram may pass: none, so that it stays on the local network. */
const HOPS = 1;

/** An interface, as the system's calls for multicast name it. */
interface Interface {
  readonly name: string;
  /** Where datagrams are sent from. */
  readonly bind: string;
}

/** The interfaces of a family; of each, the first address that will do. */
function interfacesOf(family: 4 | 6, only: string | undefined): Interface[] {
  const found: Interface[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const own = addresses?.find(
      (each) => each.family === `IPv${family}` && (only === undefined || each.address === only),
    );
    if (own === undefined) continue;
    found.push(
      family === 4 ? { name: own.address, bind: own.address } : { name: `::%${name}`, bind: '::' },
    );
  }
  return found.slice(0, MAX_INTERFACES);
}

class NodeMulticastSocket implements MulticastSocket {
  readonly group: Endpoint;
  readonly #handler: DatagramHandler;
  readonly #receiver: Socket;
  readonly #family: 4 | 6;
  readonly #only: string | undefined;
  /** By the name of the interface. */
  readonly #senders = new Map<string, Socket>();
  /** The networks that members can be in. */
  #networks: readonly string[] = [];
  #closing: Promise<void> | undefined;

  constructor(
    receiver: Socket,
    group: Endpoint,
    handler: DatagramHandler,
    only: string | undefined,
  ) {
    this.#receiver = receiver;
    this.group = group;
    this.#handler = handler;
    this.#family = group.address.includes(':') ? 6 : 4;
    this.#only = only;
    receiver.on('message', (datagram, from) => this.#receive(datagram, from));
    receiver.on('error', (error) => this.#tellError(error));
  }

  /** Joins on the interfaces that have come, and forgets those that are gone. Gives how many there are. */
  refresh(): number {
    const found = new Map(interfacesOf(this.#family, this.#only).map((each) => [each.name, each]));
    this.#networks = ownNetworks();
    for (const [name, socket] of this.#senders) {
      if (found.has(name)) continue;
      this.#senders.delete(name);
      socket.close();
    }
    for (const each of found.values()) if (!this.#senders.has(each.name)) this.#add(each);
    return this.#senders.size;
  }

  send(datagram: Uint8Array): void {
    if (this.#closing !== undefined) return;
    this.refresh();
    const copy = Buffer.from(datagram);
    const { address, port } = this.group;
    for (const socket of this.#senders.values()) {
      socket.send(copy, 0, copy.length, port, address, (error) => {
        if (error !== null) this.#tellError(error);
      });
    }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(
      [this.#receiver, ...this.#senders.values()].map(
        (socket) => new Promise<void>((resolve) => socket.close(() => resolve())),
      ),
    ).then(() => undefined);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** An interface that takes no part in multicast is left out. */
  #add({ name, bind }: Interface): void {
    try {
      this.#receiver.addMembership(this.group.address, name);
    } catch (error) {
      // An interface that went and came again is a member still.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return;
    }
    const socket = createSocket({ type: this.#family === 6 ? 'udp6' : 'udp4' });
    const drop = (): void => {
      if (this.#senders.delete(name)) socket.close();
    };
    socket.on('error', (error) => {
      drop();
      this.#tellError(error);
    });
    this.#senders.set(name, socket);
    socket.bind({ address: bind, port: 0, exclusive: true }, () => {
      try {
        socket.setMulticastInterface(name);
        socket.setMulticastTTL(HOPS);
        socket.setMulticastLoopback(true);
      } catch {
        drop();
      }
    });
  }

  #receive(datagram: Uint8Array, { address, port }: Endpoint): void {
    if (this.#closing !== undefined) return;
    const sender = systemAddress(address);
    // Sent to our port from elsewhere, not to the group.
    if (!isNear(sender, this.#networks)) return;
    try {
      this.#handler.onDatagram(datagram, { address: sender, port });
    } catch (thrown) {
      this.#tellError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #tellError(error: Error): void {
    if (this.#closing !== undefined) return;
    try {
      this.#handler.onError(toNetError(error, 'multicast with', this.group));
    } catch (thrown) {
      reportStrayError(thrown);
    }
  }
}

/** `Network.join`: one socket receives for all interfaces, and one sends for each. */
export function joinGroup(
  group: Endpoint,
  handler: DatagramHandler,
  { bind }: JoinOptions = {},
): Promise<MulticastSocket> {
  return new Promise((resolve, reject) => {
    if (!isEndpoint(group) || group.port === 0 || addressKind(group.address) !== 'multicast') {
      throw new NetError('ERR_NET_INVALID_ENDPOINT', 'joining: that is no multicast group');
    }
    const family = group.address.includes(':') ? 6 : 4;
    const receiver = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      reuseAddr: true,
      ipv6Only: family === 6,
    });
    const onError = (error: Error): void => {
      receiver.close();
      reject(toNetError(error, 'joining', group));
    };
    receiver.once('error', onError);
    const wildcard = family === 6 ? '::' : '0.0.0.0';
    receiver.bind({ address: wildcard, port: group.port, exclusive: true }, () => {
      receiver.off('error', onError);
      const socket = new NodeMulticastSocket(receiver, group, handler, bind);
      if (socket.refresh() > 0) {
        resolve(socket);
        return;
      }
      void socket.close();
      reject(new NetError('ERR_NET_UNSUPPORTED', 'joining: no interface takes part in multicast'));
    });
  });
}
