import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createRawServer } from 'node:net';
import type { AddressInfo, Server as RawServer, Socket } from 'node:net';

/** Servers of a test, closed together at its end. */
export class TestServers {
  readonly #servers: (Server | RawServer)[] = [];
  readonly #sockets = new Set<Socket>();

  /** A web server on a free loopback port; gives its origin. */
  async http(
    serve: (request: IncomingMessage, response: ServerResponse) => void,
    address = '127.0.0.1',
  ): Promise<string> {
    return this.#listen(createServer(serve), address);
  }

  /** A server that speaks as the test likes; gives its origin. */
  async raw(serve: (socket: Socket) => void): Promise<string> {
    return this.#listen(
      createRawServer((socket) => {
        socket.on('error', () => undefined);
        serve(socket);
      }),
      '127.0.0.1',
    );
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers
        .splice(0)
        .map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }

  async #listen(server: Server | RawServer, address: string): Promise<string> {
    this.#servers.push(server);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    const { port } = server.address() as AddressInfo;
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }
}
