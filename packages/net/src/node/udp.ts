import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import type { DatagramHandler, DatagramSocket } from '../contracts.ts';
import { formatEndpoint, isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { systemAddress } from './system-endpoint.ts';
import { reportStrayError, toNetError } from './system-error.ts';

/** Largest payload of one UDP datagram over IPv4, in bytes. */
export const DATAGRAM_MAX = 65_507;

/** Addresses are literals: answering at once spares each datagram a turn of the event loop. */
const literalLookup: NonNullable<SocketOptions['lookup']> = (hostname, _options, callback) => {
  callback(null, hostname, hostname.includes(':') ? 6 : 4);
};

class NodeDatagramSocket implements DatagramSocket {
  readonly endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #handler: DatagramHandler;
  readonly #family: 4 | 6;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, endpoint: Endpoint, handler: DatagramHandler, family: 4 | 6) {
    this.#socket = socket;
    this.endpoint = endpoint;
    this.#handler = handler;
    this.#family = family;
    socket.on('message', (datagram, from) => this.#receive(datagram, from.address, from.port));
    socket.on('error', (error) => this.#tellError(toNetError(error, 'datagram socket')));
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    if (this.#closing !== undefined) return;
    const address = this.#reachable(to);
    if (address === undefined) return;
    if (datagram.length > DATAGRAM_MAX) {
      const message = `a datagram has at most ${DATAGRAM_MAX} bytes, not ${datagram.length}`;
      this.#laterError(new NetError('ERR_NET_DATAGRAM_TOO_LARGE', message));
      return;
    }
    // The copy lets the caller reuse its buffer at once; the system may take the bytes later.
    const copy = Buffer.from(datagram);
    this.#socket.send(copy, 0, copy.length, to.port, address, (error) => {
      if (error !== null) this.#tellError(toNetError(error, 'sending a datagram to', to));
    });
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The address as this socket must spell it, or undefined, with the error told, when it cannot send there. */
  #reachable(to: Endpoint): string | undefined {
    if (!isEndpoint(to) || to.port === 0) {
      this.#laterError(
        new NetError('ERR_NET_INVALID_ENDPOINT', 'sending a datagram: that is no valid endpoint'),
      );
      return undefined;
    }
    const family = to.address.includes(':') ? 6 : 4;
    if (family === this.#family) return to.address;
    // A socket on '::' serves both families; IPv4 goes by its IPv6-mapped form.
    if (this.endpoint.address === '::') return `::ffff:${to.address}`;
    const message = `sending a datagram to ${formatEndpoint(to)}: the socket is of the other address family`;
    this.#laterError(new NetError('ERR_NET_UNREACHABLE', message));
    return undefined;
  }

  #receive(datagram: Uint8Array, address: string, port: number): void {
    if (this.#closing !== undefined) return;
    try {
      this.#handler.onDatagram(datagram, { address: systemAddress(address), port });
    } catch (thrown) {
      this.#tellError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #laterError(error: NetError): void {
    process.nextTick(() => this.#tellError(error));
  }

  #tellError(error: Error): void {
    if (this.#closing !== undefined) return;
    try {
      this.#handler.onError(error);
    } catch (thrown) {
      reportStrayError(thrown);
    }
  }
}

/** Opens a datagram socket: `Network.bind`. `receiveBuffer` is in bytes. */
export function bindUdp(
  at: Endpoint,
  handler: DatagramHandler,
  receiveBuffer: number,
): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    if (!isEndpoint(at)) {
      throw new NetError('ERR_NET_INVALID_ENDPOINT', 'binding: that is no valid endpoint');
    }
    const family = at.address.includes(':') ? 6 : 4;
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: literalLookup });
    const onError = (error: Error): void => {
      socket.close();
      reject(toNetError(error, 'binding to', at));
    };
    socket.once('error', onError);
    socket.bind({ address: at.address, port: at.port, exclusive: true }, () => {
      socket.off('error', onError);
      try {
        socket.setRecvBufferSize(receiveBuffer);
      } catch {
        // Only a wish: with the system's own size a burst may lose some datagrams.
      }
      const { port } = socket.address();
      resolve(new NodeDatagramSocket(socket, { address: at.address, port }, handler, family));
    });
  });
}
