import { Buffer } from 'node:buffer';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Endpoint, Random, Timer } from '@shoal/net';
import {
  addressToBytes,
  formatEndpoint,
  parseAddress,
  systemClock,
  systemRandom,
} from '@shoal/net';
import { TrackerError } from '../errors.ts';
import { readAnnounce, readScrape } from './announce-query.ts';
import type { AnnounceParameters } from './announce-query.ts';
import { MemorySwarmStore } from './memory-store.ts';
import { byteString } from './query.ts';
import { compactReply, dictionaryReply, failureReply, scrapeReply } from './reply.ts';
import {
  DEFAULT_HEADERS_TIMEOUT,
  DEFAULT_KEEP_ALIVE_TIMEOUT,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_NUMWANT,
  DEFAULT_MAX_SCRAPE,
  DEFAULT_SERVER_INTERVAL,
  DEFAULT_SERVER_MIN_INTERVAL,
  DEFAULT_SERVER_NUMWANT,
  EXPIRE_PERIOD,
  INTERVAL_JITTER,
  MAX_PIPELINED,
  MAX_REQUEST_HEAD,
  SOCKET_TIMEOUT,
} from './server-options.ts';
import type { TrackerListenOptions, TrackerServerOptions } from './server-options.ts';
import type { SwarmAnswer, SwarmRefusal, SwarmStore } from './store.ts';

/** The port trackers traditionally listen on. */
const DEFAULT_PORT = 6969;

/** Counts since the server was made. */
export interface TrackerServerCounts {
  readonly announces: number;
  readonly scrapes: number;
  /** Requests answered with a failure reason or an HTTP error. */
  readonly failures: number;
}

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

/** Why a port cannot be had, in words. */
function listenFailure(cause: Error): string {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return 'the port is taken';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    case 'EACCES':
      return 'not permitted';
    default:
      return cause.message;
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** A tracker over HTTP: `/announce` and `/scrape` (BEP 3, 7, 23, 24, 48), and `/stats` when asked for. */
export class TrackerServer implements AsyncDisposable {
  readonly #options: TrackerServerOptions;
  readonly #store: SwarmStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #interval: number;
  readonly #minInterval: number;
  readonly #maxNumwant: number;
  readonly #server: Server;
  /** Requests of each connection that wait behind another. */
  readonly #pipelined = new WeakMap<Socket, number>();
  #sweep: Timer | undefined;
  #expiring = false;
  #endpoint: Endpoint | undefined;
  #closing: Promise<void> | undefined;
  #announces = 0;
  #scrapes = 0;
  #failures = 0;

  constructor(options: TrackerServerOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#interval = Math.max(1, Math.floor(options.interval ?? DEFAULT_SERVER_INTERVAL));
    this.#minInterval = Math.min(
      this.#interval,
      Math.max(1, Math.floor(options.minInterval ?? DEFAULT_SERVER_MIN_INTERVAL)),
    );
    this.#maxNumwant = options.maxNumwant ?? DEFAULT_MAX_NUMWANT;
    this.#store =
      options.store ??
      new MemorySwarmStore({ peerLifetime: 2 * this.#interval, random: this.#random });
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

  /** Where it listens. Undefined before {@link listen} and after {@link close}. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  get counts(): TrackerServerCounts {
    return { announces: this.#announces, scrapes: this.#scrapes, failures: this.#failures };
  }

  /**
   * Begins to listen and tells where.
   *
   * @throws TrackerError `ERR_TRACKER_LISTEN` when the port cannot be had, or the server listens or was closed already
   */
  async listen({ port = DEFAULT_PORT, address }: TrackerListenOptions = {}): Promise<Endpoint> {
    if (this.#server.listening || this.#closing !== undefined) {
      throw new TrackerError('ERR_TRACKER_LISTEN', 'A tracker server can be started only once');
    }
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error): void =>
        reject(
          new TrackerError(
            'ERR_TRACKER_LISTEN',
            `The tracker cannot listen on ${formatEndpoint({ address: address ?? '::', port })}: ${listenFailure(cause)}`,
            { cause },
          ),
        );
      this.#server.once('error', onError);
      this.#server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
        this.#server.removeListener('error', onError);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#options.onError?.(error));
    const bound = this.#server.address();
    this.#endpoint =
      bound === null || typeof bound === 'string'
        ? { address: address ?? '::', port }
        : { address: parseAddress(bound.address) ?? bound.address, port: bound.port };
    this.#sweep = this.#clock.setRepeating(() => this.#expire(), EXPIRE_PERIOD);
    return this.#endpoint;
  }

  /** Stops listening and ends all connections. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#sweep?.cancel();
      this.#endpoint = undefined;
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
    } else if (path === '/stats' && this.#options.stats === true) {
      this.#stats(response);
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
    const parameters = readAnnounce(url, query, this.#options.honourIp === true);
    if (typeof parameters === 'string') {
      this.#refuse(response, parameters);
      return;
    }
    const { allow } = this.#options;
    if (allow === undefined) {
      this.#record(request, response, parameters);
      return;
    }
    this.#settle(
      response,
      () => allow(byteString(parameters.infoHash)),
      (allowed) => {
        if (allowed) this.#record(request, response, parameters);
        else this.#refuse(response, 'This torrent is not tracked here');
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
    const wanted = Math.min(parameters.numwant ?? DEFAULT_SERVER_NUMWANT, this.#maxNumwant);
    this.#settle<SwarmAnswer | SwarmRefusal>(
      response,
      () =>
        this.#store.announce({
          infoHash,
          peerId,
          endpoint,
          seed: left === 0,
          event,
          wanted,
          withIds: !compact && !noPeerId,
          now: this.#clock.now(),
        }),
      (answer) => {
        if ('refused' in answer) {
          this.#refuse(response, answer.refused);
          return;
        }
        const jitter = Math.floor(this.#random.next() * INTERVAL_JITTER * this.#interval);
        const interval = Math.max(this.#minInterval, this.#interval - jitter);
        const terms = { interval, minInterval: this.#minInterval, endpoint };
        this.#send(
          response,
          compact ? compactReply(answer, terms) : dictionaryReply(answer, terms),
        );
      },
    );
  }

  #scrape(response: ServerResponse, url: string, query: number): void {
    this.#scrapes += 1;
    const infoHashes = readScrape(url, query, this.#options.maxScrape ?? DEFAULT_MAX_SCRAPE);
    if (typeof infoHashes === 'string') {
      this.#refuse(response, infoHashes);
      return;
    }
    this.#settle(
      response,
      () => this.#store.scrape(infoHashes),
      (figures) => this.#send(response, scrapeReply(infoHashes, figures)),
    );
  }

  #stats(response: ServerResponse): void {
    this.#settle(
      response,
      () => this.#store.figures(),
      (figures) =>
        this.#send(response, JSON.stringify({ ...figures, ...this.counts }), 'application/json'),
    );
  }

  /** Goes on at once where the answer is there at once; errors become a failure reason. */
  #settle<T>(response: ServerResponse, ask: () => T | Promise<T>, next: (value: T) => void): void {
    const fail = (error: unknown): void => {
      this.#options.onError?.(error);
      if (!response.headersSent) this.#refuse(response, 'The tracker is out of order');
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

  #expire(): void {
    if (this.#expiring) return;
    const fail = (error: unknown): void => this.#options.onError?.(error);
    try {
      const done = this.#store.expire(this.#clock.now());
      if (!isPromise(done)) return;
      this.#expiring = true;
      done.catch(fail).finally(() => {
        this.#expiring = false;
      });
    } catch (error) {
      fail(error);
    }
  }
}
