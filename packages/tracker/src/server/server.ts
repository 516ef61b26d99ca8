import type { Endpoint, Network, Timer } from '@shoal/net';
import { formatEndpoint, nodeNetwork } from '@shoal/net';
import { TrackerError } from '../errors.ts';
import { HttpService } from './http-service.ts';
import {
  DEFAULT_UDP_BURST,
  DEFAULT_UDP_RATE,
  EXPIRE_PERIOD,
  type TrackerListenOptions,
  type TrackerServerOptions,
} from './server-options.ts';
import { Tracking } from './tracking.ts';
import { listenUdp, type UdpListener } from './udp/udp-listener.ts';
import type { UdpServerCounts } from './udp/udp-responder.ts';

/** The port trackers traditionally listen on. */
const DEFAULT_PORT = 6969;
/** Ports tried where any will do and both TCP and UDP must have it. */
const PORT_TRIES = 10;

/** Counts since the server was made. */
export interface TrackerServerCounts {
  /** Over HTTP and UDP. */
  readonly announces: number;
  /** Over HTTP and UDP. */
  readonly scrapes: number;
  /** Requests answered with a failure reason, an HTTP error, or an error over UDP. */
  readonly failures: number;
  /** What came over UDP; undefined where it does not listen there. */
  readonly udp: UdpServerCounts | undefined;
}

/** Why a port cannot be had, in words. */
function listenFailure(cause: Error): string {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
    case 'ERR_NET_ADDRESS_IN_USE':
      return 'the port is taken';
    case 'EADDRNOTAVAIL':
    case 'ERR_NET_ADDRESS_NOT_AVAILABLE':
      return 'this machine does not have that address';
    case 'EACCES':
    case 'ERR_NET_PERMISSION':
      return 'not permitted';
    default:
      return cause.message;
  }
}

function codeOf(cause: Error): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}

/** The addresses UDP is served on where HTTP is served on `address`: sockets of their own for the two families. */
function udpAddresses(address: string | undefined): readonly string[] {
  return address === undefined || address === '::' ? ['0.0.0.0', '::'] : [address];
}

/** A tracker over HTTP (BEP 3, 7, 23, 24, 48) and UDP (BEP 15), with one store. */
export class TrackerServer implements AsyncDisposable {
  readonly #options: TrackerServerOptions;
  readonly #network: Network;
  readonly #tracking: Tracking;
  #http: HttpService | undefined;
  #udp: UdpListener | undefined;
  #sweep: Timer | undefined;
  #endpoint: Endpoint | undefined;
  #started = false;
  #closing: Promise<void> | undefined;

  constructor(options: TrackerServerOptions = {}) {
    this.#options = options;
    this.#network = options.network ?? nodeNetwork;
    this.#tracking = new Tracking(options);
  }

  /** Where it listens. Undefined before {@link listen} and after {@link close}. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  get counts(): TrackerServerCounts {
    const http = this.#http?.counts;
    const udp = this.#udp?.counts;
    return {
      announces: (http?.announces ?? 0) + (udp?.announces ?? 0),
      scrapes: (http?.scrapes ?? 0) + (udp?.scrapes ?? 0),
      failures: (http?.failures ?? 0) + (udp?.failures ?? 0),
      udp,
    };
  }

  /**
   * Begins to listen and tells where. HTTP and UDP get the same port.
   *
   * @throws TrackerError `ERR_TRACKER_LISTEN` when the port cannot be had, or the server listens or was closed already
   */
  async listen(options: TrackerListenOptions = {}): Promise<Endpoint> {
    const { port = DEFAULT_PORT, address, http = true, udp = false } = options;
    if (this.#started || this.#isClosed()) {
      throw new TrackerError('ERR_TRACKER_LISTEN', 'A tracker server can be started only once');
    }
    if (!http && !udp) {
      throw new TrackerError('ERR_TRACKER_LISTEN', 'A tracker server needs HTTP, UDP or both');
    }
    this.#started = true;
    const endpoint = await this.#open(port, address, http, udp);
    if (this.#isClosed()) {
      await this.#closeServices();
      throw new TrackerError('ERR_TRACKER_LISTEN', 'The tracker server was closed');
    }
    const { clock } = this.#tracking;
    this.#sweep = clock.setRepeating(() => this.#tracking.expire(), EXPIRE_PERIOD);
    this.#endpoint = endpoint;
    return endpoint;
  }

  /** Stops listening and ends all connections. Idempotent. */
  close(): Promise<void> {
    this.#sweep?.cancel();
    this.#endpoint = undefined;
    this.#closing ??= this.#closeServices();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A method, because it may change while something is awaited. */
  #isClosed(): boolean {
    return this.#closing !== undefined;
  }

  async #open(
    port: number,
    address: string | undefined,
    http: boolean,
    udp: boolean,
  ): Promise<Endpoint> {
    for (let tries = 1; ; tries += 1) {
      try {
        const endpoint = http ? await this.#openHttp(port, address) : undefined;
        return udp ? await this.#openUdp(endpoint ?? { address, port }) : (endpoint as Endpoint);
      } catch (error) {
        await this.#closeServices();
        const cause = error as Error;
        const taken = codeOf(cause) === 'ERR_NET_ADDRESS_IN_USE';
        // A free port of TCP may be taken for UDP.
        if (port === 0 && http && taken && tries < PORT_TRIES) continue;
        this.#started = false;
        throw new TrackerError(
          'ERR_TRACKER_LISTEN',
          `The tracker cannot listen on ${formatEndpoint({ address: address ?? '::', port })}: ${listenFailure(cause)}`,
          { cause },
        );
      }
    }
  }

  async #openHttp(port: number, address: string | undefined): Promise<Endpoint> {
    const stats = this.#options.stats === true ? () => this.#stats() : undefined;
    this.#http = new HttpService(this.#tracking, this.#options, stats);
    return this.#http.listen(port, address);
  }

  async #openUdp(at: { address: string | undefined; port: number }): Promise<Endpoint> {
    this.#udp = await listenUdp(this.#network, udpAddresses(at.address), at.port, {
      tracking: this.#tracking,
      rate: this.#options.udpRate ?? DEFAULT_UDP_RATE,
      burst: this.#options.udpBurst ?? DEFAULT_UDP_BURST,
    });
    return { address: at.address ?? '::', port: this.#udp.endpoint.port };
  }

  async #closeServices(): Promise<void> {
    await Promise.all([this.#http?.close(), this.#udp?.close()]);
  }

  async #stats(): Promise<string> {
    return JSON.stringify({ ...(await this.#tracking.store.figures()), ...this.counts });
  }
}
