import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import type { BindOptions, DatagramHandler, DatagramSocket } from '../contracts.ts';
import { formatEndpoint, isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { systemAddress } from './system-endpoint.ts';
import { reportStrayError, toNetError } from './system-error.ts';

/** Largest payload of one UDP datagram over IPv4, in bytes. */
export const DATAGRAM_MAX = 65_507;

/** Bytes of the memory datagrams are copied to before they are sent: the largest one, or some two hundred small ones. */
const SEND_MEMORY = 65_536;

/** Addresses are literals: answering at once spares each datagram a turn of the event loop. */
const literalLookup: NonNullable<SocketOptions['lookup']> = (hostname, _options, callback) => {
  callback(null, hostname, hostname.includes(':') ? 6 : 4);
};

class NodeDatagramSocket implements DatagramSocket {
  readonly endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #handler: DatagramHandler;
  readonly #family: 4 | 6;
  readonly #tellSendErrors: boolean;
  /** The system mostly takes a datagram within the call; then the memory of the copy can be used again. */
  #memory = Buffer.allocUnsafeSlow(SEND_MEMORY);
  #used = 0;
  /** The last sender, whose endpoint needs no check when it is answered. */
  #lastFrom: Endpoint | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    socket: Socket,
    endpoint: Endpoint,
    handler: DatagramHandler,
    family: 4 | 6,
    tellSendErrors: boolean,
  ) {
    this.#socket = socket;
    this.endpoint = endpoint;
    this.#handler = handler;
    this.#family = family;
    this.#tellSendErrors = tellSendErrors;
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
    const { length } = datagram;
    const at = this.#copy(datagram);
    if (!this.#tellSendErrors) {
      this.#socket.send(this.#memory, at, length, to.port, address);
      return;
    }
    this.#socket.send(this.#memory, at, length, to.port, address, (error) => {
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

  /** Copies the datagram to where it can stay until it is sent; gives its place in the memory. */
  #copy(datagram: Uint8Array): number {
    const { length } = datagram;
    if (this.#used + length > this.#memory.length) {
      // What still waits to be sent keeps its memory.
      if (this.#socket.getSendQueueCount() > 0) this.#memory = Buffer.allocUnsafeSlow(SEND_MEMORY);
      this.#used = 0;
    }
    const at = this.#used;
    this.#memory.set(datagram, at);
    this.#used = at + length;
    return at;
  }

  /** The address as this socket must spell it, or undefined, with the error told, when it cannot send there. */
  #reachable(to: Endpoint): string | undefined {
    if (to.port === 0 || (to !== this.#lastFrom && !isEndpoint(to))) {
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
    const from = { address: systemAddress(address), port };
    this.#lastFrom = from;
    try {
      this.#handler.onDatagram(datagram, from);
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
  { ipv6Only = false, tellSendErrors = true }: BindOptions,
  receiveBuffer: number,
): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    if (!isEndpoint(at)) {
      throw new NetError('ERR_NET_INVALID_ENDPOINT', 'binding: that is no valid endpoint');
    }
    const family = at.address.includes(':') ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: literalLookup,
      ipv6Only: ipv6Only && family === 6,
    });
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
      const endpoint = { address: at.address, port };
      resolve(new NodeDatagramSocket(socket, endpoint, handler, family, tellSendErrors));
    });
  });
}
