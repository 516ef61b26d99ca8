import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import type { Connection, ConnectOptions, Listener, ListenOptions } from '../contracts.ts';
import { addressKind } from '../address-kind.ts';
import { isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { systemClock } from './clock.ts';
import {
  acceptShared,
  adoptAccepted,
  receiveEvents,
  sharedBufferRead,
  type Receiver,
} from './receive.ts';
import { RefusedConnections } from './refused.ts';
import { systemEndpoint } from './system-endpoint.ts';
import { reportStrayError, toNetError } from './system-error.ts';
import { TcpConnection, type TcpLimits } from './tcp-connection.ts';

/** Milliseconds an attempt to connect may take by default. */
export const DEFAULT_CONNECT_TIMEOUT = 10_000;
/** Default of {@link ListenOptions.backlog}, as Node's. */
const DEFAULT_BACKLOG = 511;
/** Milliseconds of silence after which the system probes whether the peer is alive. */
const KEEP_ALIVE_DELAY = 60_000;

/** How sockets are made. */
export interface TcpOptions extends TcpLimits {
  /** Whether accepted sockets receive into the shared buffer. */
  readonly adopt: boolean;
  /** Milliseconds that a refused connection is held. */
  readonly refusalHold: number;
}

function noBytes(): void {
  // Nothing is read before a connection is there to take it.
}

/** Opens a connection: `Network.connect`. */
export function connectTcp(
  to: Endpoint,
  options: ConnectOptions,
  tcp: TcpOptions,
): Promise<Connection> {
  const { signal, bind, timeout = DEFAULT_CONNECT_TIMEOUT } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (!isEndpoint(to) || to.port === 0) {
      throw new NetError('ERR_NET_INVALID_ENDPOINT', 'connecting: that is no valid endpoint');
    }
    const receiver: Receiver = { receive: noBytes };
    let socket: Socket;
    try {
      socket = connectSocket({
        host: to.address,
        port: to.port,
        ...(bind === undefined ? {} : { localAddress: bind }),
        allowHalfOpen: true,
        autoSelectFamily: false,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_DELAY,
        onread: sharedBufferRead(receiver),
      });
    } catch (error) {
      throw toNetError(error, 'connecting to', to);
    }
    socket.pause();

    const timer = setTimeout(() => {
      fail(new NetError('ERR_NET_TIMEOUT', `connecting: no answer within ${timeout} ms`));
    }, timeout);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.off('connect', onConnect);
    };
    const fail = (reason: Error): void => {
      settle();
      // Destroying may still emit an error, which would be thrown if nobody listened.
      socket.on('error', noBytes);
      socket.destroy();
      reject(reason);
    };
    const onAbort = (): void => fail(signal?.reason as Error);
    const onError = (error: Error): void => fail(toNetError(error, 'connecting to', to));
    const onConnect = (): void => {
      const local = systemEndpoint(socket.localAddress, socket.localPort);
      if (local === undefined) {
        fail(new NetError('ERR_NET_RESET', 'connecting: the connection broke at once'));
        return;
      }
      settle();
      const connection = new TcpConnection(socket, 'outgoing', local, to, tcp);
      receiver.receive = (chunk) => connection.receive(chunk);
      resolve(connection);
    };
    socket.on('error', onError);
    socket.on('connect', onConnect);
    signal?.addEventListener('abort', onAbort);
  });
}

/** The socket to read an accepted connection by. */
function readable(accepted: Socket, receiver: Receiver, tcp: TcpOptions): Socket {
  const adopted = tcp.adopt ? adoptAccepted(accepted, receiver) : undefined;
  if (adopted === undefined) receiveEvents(accepted, receiver);
  return adopted ?? accepted;
}

/**
 * Makes a connection of an accepted socket, or undefined when the peer is gone already.
 * @param listening the address the server has, where it is that of every connection
 */
function acceptSocket(
  socket: Socket,
  receiver: Receiver,
  listening: Endpoint | undefined,
  tcp: TcpOptions,
): TcpConnection | undefined {
  const local = listening ?? systemEndpoint(socket.localAddress, socket.localPort);
  const remote = systemEndpoint(socket.remoteAddress, socket.remotePort);
  if (local === undefined || remote === undefined) {
    socket.on('error', noBytes);
    socket.destroy();
    return undefined;
  }
  const connection = new TcpConnection(socket, 'incoming', local, remote, tcp);
  receiver.receive = (chunk) => connection.receive(chunk);
  return connection;
}

class TcpListener implements Listener {
  readonly endpoint: Endpoint;
  readonly #server: Server;
  readonly #refused: RefusedConnections;
  #closing: Promise<void> | undefined;

  constructor(server: Server, endpoint: Endpoint, refused: RefusedConnections) {
    this.#server = server;
    this.#refused = refused;
    this.endpoint = endpoint;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close();
      this.#refused.close();
      // The server's own 'close' event may wait for the connections, which live on; the port is free already.
      setImmediate(resolve);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Listens for connections: `Network.listen`. */
export function listenTcp(
  at: Endpoint,
  accept: (connection: Connection) => void,
  options: ListenOptions,
  tcp: TcpOptions,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    if (!isEndpoint(at)) {
      throw new NetError('ERR_NET_INVALID_ENDPOINT', 'listening: that is no valid endpoint');
    }
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY,
    });
    // The system is asked for the local address only where it may be one of several.
    let local: Endpoint | undefined;
    const take = (socket: Socket, receiver: Receiver): void => {
      const connection = acceptSocket(socket, receiver, local, tcp);
      if (connection === undefined) return;
      try {
        accept(connection);
      } catch (error) {
        connection.destroy();
        reportStrayError(error);
        return;
      }
      if (!connection.attached) connection.destroy();
    };
    server.on('connection', (accepted) => {
      const receiver: Receiver = { receive: noBytes };
      take(readable(accepted, receiver, tcp), receiver);
    });
    const onError = (error: Error): void => reject(toNetError(error, 'listening on', at));
    server.once('error', onError);
    server.listen(
      { host: at.address, port: at.port, backlog: options.backlog ?? DEFAULT_BACKLOG },
      () => {
        server.off('error', onError);
        // A failed accept (out of files, peer gone) costs that connection only; the listener goes on.
        server.on('error', reportStrayError);
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : at.port;
        const endpoint = { address: at.address, port };
        if (addressKind(at.address) !== 'unspecified') local = endpoint;
        const { refuses } = options;
        const refused = new RefusedConnections(tcp.refusalHold, systemClock);
        if (tcp.adopt) {
          const refusing = refuses === undefined ? undefined : { refuses, refused };
          acceptShared(server, KEEP_ALIVE_DELAY / 1000, take, refusing);
        }
        resolve(new TcpListener(server, endpoint, refused));
      },
    );
  });
}
