import { Buffer } from 'node:buffer';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '@shoal/net';
import { addressToBytes, parseAddress } from '@shoal/net';
import { readAnnounce, readScrape } from './announce-query.ts';
import type { AnnounceParameters } from './announce-query.ts';
import { byteString } from './query.ts';
import { compactReply, dictionaryReply, failureReply, scrapeReply } from './reply.ts';
import {
  DEFAULT_HEADERS_TIMEOUT,
  DEFAULT_KEEP_ALIVE_TIMEOUT,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_SCRAPE,
  MAX_PIPELINED,
  MAX_REQUEST_HEAD,
  SOCKET_TIMEOUT,
} from './server-options.ts';
import type { TrackerServerOptions } from './server-options.ts';
import type { SwarmAnswer, SwarmRefusal } from './store/swarm-store.ts';
import { isPromise, NOT_TRACKED, OUT_OF_ORDER, type Tracking } from './tracking.ts';

/** The address and port of a peer in compact form, from the text Node gives; undefined when the socket is gone. */
function endpointOf(remote: string | undefined, port: number): Buffer | undefined {
  const literal = remote === undefined ? undefined : parseAddress(remote.split('%')[0] ?? remote);
  return literal === undefined ? undefined : withPort(addressToBytes(literal), port);
}

function withPort(address: Uint8Array, port: number): Buffer {
  const endpoint = Buffer.allocUnsafe(address.length + 2);
  endpoint.set(address);
  endpoint[address.length] = port >>> 8;
  endpoint[address.length + 1] = port & 0xff;
  return endpoint;
}

/** What a server over HTTP has seen since it was made. */
export interface HttpServerCounts {
  readonly announces: number;
  readonly scrapes: number;
  readonly failures: number;
}

/** The tracker over HTTP: `/announce` and `/scrape` (BEP 3, 7, 23, 24, 48), and `/stats` when asked for. */
export class HttpService {
  readonly #tracking: Tracking;
  readonly #maxScrape: number;
  /** The text of `/stats`; undefined: there is none. */
  readonly #stats: (() => string | Promise<string>) | undefined;
  readonly #server: Server;
  /** Requests of each connection that wait behind another. */
  readonly #pipelined = new WeakMap<Socket, number>();
  #announces = 0;
  #scrapes = 0;
  #failures = 0;

  constructor(
    tracking: Tracking,
    options: TrackerServerOptions,
    stats: (() => string | Promise<string>) | undefined,
  ) {
    this.#tracking = tracking;
    this.#maxScrape = options.maxScrape ?? DEFAULT_MAX_SCRAPE;
    this.#stats = stats;
    const headersTimeout = options.headersTimeout ?? DEFAULT_HEADERS_TIMEOUT;
    // Loaded here: a client, which comes in the same package, may do without it.
    const { createServer } = process.getBuiltinModule('node:http');
    this.#server = createServer(
      {
        maxHeaderSize: MAX_REQUEST_HEAD,
        headersTimeout,
        requestTimeout: headersTimeout,
        keepAliveTimeout: options.keepAliveTimeout ?? DEFAULT_KEEP_ALIVE_TIMEOUT,
        connectionsCheckingInterval: Math.max(100, Math.min(1000, headersTimeout / 2)),
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
    this.#server.timeout = SOCKET_TIMEOUT;
  }

  get counts(): HttpServerCounts {
    return { announces: this.#announces, scrapes: this.#scrapes, failures: this.#failures };
  }

  /** Rejects with the system's error. */
  async listen(port: number, address: string | undefined): Promise<Endpoint> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#tracking.onError(error));
    const bound = this.#server.address();
    return bound === null || typeof bound === 'string'
      ? { address: address ?? '::', port }
      : { address: parseAddress(bound.address) ?? bound.address, port: bound.port };
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isTooMany(request.socket, response)) return;
    const url = request.url ?? '/';
    if (request.method !== 'GET') {
      // The body, if any, is not read.
      this.#failures += 1;
      response.writeHead(405, { Allow: 'GET', Connection: 'close', 'Content-Length': 0 }).end();
      return;
    }
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const query = mark === -1 ? url.length : mark + 1;
    if (path === '/announce') {
      this.#announce(request, response, url, query);
    } else if (path === '/scrape') {
      this.#scrape(response, url, query);
    } else if (path === '/stats' && this.#stats !== undefined) {
      this.#settle(response, this.#stats, (text) => this.#send(response, text, 'application/json'));
    } else {
      this.#failures += 1;
      response.writeHead(404, { 'Content-Length': 0 }).end();
    }
  }

  /** Ends a connection that goes on asking without waiting for its answers; what it has sent already is not answered. */
  #isTooMany(socket: Socket, response: ServerResponse): boolean {
    if (socket.destroyed) return true;
    // A response gets its socket when those before it are done.
    if (response.socket !== null) return false;
    const waiting = (this.#pipelined.get(socket) ?? 0) + 1;
    if (waiting > MAX_PIPELINED) {
      this.#failures += 1;
      socket.destroy();
      return true;
    }
    this.#pipelined.set(socket, waiting);
    response.once('close', () => {
      this.#pipelined.set(socket, (this.#pipelined.get(socket) ?? 1) - 1);
    });
    return false;
  }

  #announce(request: IncomingMessage, response: ServerResponse, url: string, query: number): void {
    this.#announces += 1;
    const parameters = readAnnounce(url, query, this.#tracking.honourIp);
    if (typeof parameters === 'string') {
      this.#refuse(response, parameters);
      return;
    }
    const { allow } = this.#tracking;
    if (allow === undefined) {
      this.#record(request, response, parameters);
      return;
    }
    this.#settle(
      response,
      () => allow(byteString(parameters.infoHash)),
      (allowed) => {
        if (allowed) this.#record(request, response, parameters);
        else this.#refuse(response, NOT_TRACKED);
      },
    );
  }

  #record(
    request: IncomingMessage,
    response: ServerResponse,
    parameters: AnnounceParameters,
  ): void {
    const { infoHash, peerId, port, left, event, compact, noPeerId, address } = parameters;
    const endpoint =
      address === undefined
        ? endpointOf(request.socket.remoteAddress, port)
        : withPort(address, port);
    if (endpoint === undefined) {
      response.destroy();
      return;
    }
    const wanted = this.#tracking.wanted(parameters.numwant);
    this.#settle<SwarmAnswer | SwarmRefusal>(
      response,
      () =>
        this.#tracking.store.announce({
          infoHash,
          peerId,
          endpoint,
          seed: left === 0,
          event,
          wanted,
          withIds: !compact && !noPeerId,
          now: this.#tracking.clock.now(),
        }),
      (answer) => {
        if ('refused' in answer) {
          this.#refuse(response, answer.refused);
          return;
        }
        const { minInterval } = this.#tracking;
        const terms = { interval: this.#tracking.nextInterval(), minInterval, endpoint };
        this.#send(
          response,
          compact ? compactReply(answer, terms) : dictionaryReply(answer, terms),
        );
      },
    );
  }

  #scrape(response: ServerResponse, url: string, query: number): void {
    this.#scrapes += 1;
    const infoHashes = readScrape(url, query, this.#maxScrape);
    if (typeof infoHashes === 'string') {
      this.#refuse(response, infoHashes);
      return;
    }
    this.#settle(
      response,
      () => this.#tracking.store.scrape(infoHashes),
      (figures) => this.#send(response, scrapeReply(infoHashes, figures)),
    );
  }

  /** Goes on at once where the answer is there at once; errors become a failure reason. */
  #settle<T>(response: ServerResponse, ask: () => T | Promise<T>, next: (value: T) => void): void {
    const fail = (error: unknown): void => {
      this.#tracking.onError(error);
      if (!response.headersSent) this.#refuse(response, OUT_OF_ORDER);
    };
    try {
      const value = ask();
      if (isPromise(value)) value.then(next).then(undefined, fail);
      else next(value);
    } catch (error) {
      fail(error);
    }
  }

  #refuse(response: ServerResponse, reason: string): void {
    this.#failures += 1;
    this.#send(response, failureReply(reason));
  }

  /** `body` is a byte string. */
  #send(response: ServerResponse, body: string, type = 'text/plain'): void {
    response.sendDate = false;
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
    response.end(body, 'latin1');
  }
}
