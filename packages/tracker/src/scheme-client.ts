import type { Host } from '@shoal/net';
import { TrackerError } from './errors.ts';
import { HttpTrackerClient } from './http-client.ts';
import type { HttpTrackerClientOptions } from './http-client.ts';
import type {
  AnnounceRequest,
  AnnounceResponse,
  ScrapeResponse,
  TrackerCallOptions,
  TrackerClient,
} from './types.ts';
import { closedError } from './udp/udp-calls.ts';
import { UdpTrackerClient } from './udp/udp-client.ts';
import type { UdpTrackerSettings } from './udp/udp-options.ts';
import { splitUrl } from './url.ts';

/** A client, or what opens it at the first call. */
type ClientOrOpener = TrackerClient | (() => Promise<TrackerClient>);

/** Opens a client when it is first needed; once for all that wait, and again after a failure. */
class LazyClient {
  readonly #open: () => Promise<TrackerClient>;
  #client: Promise<TrackerClient> | undefined;
  #closed = false;

  constructor(client: ClientOrOpener) {
    if (typeof client === 'function') {
      this.#open = client;
    } else {
      this.#open = () => Promise.resolve(client);
      this.#client = this.#open();
    }
  }

  get(): Promise<TrackerClient> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#client === undefined) {
      const opening = this.#open();
      this.#client = opening;
      opening.catch(() => {
        if (this.#client === opening) this.#client = undefined;
      });
    }
    return this.#client;
  }

  async close(): Promise<void> {
    this.#closed = true;
    // One that could not be opened needs no closing.
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }
}

/** Hands each call to the client that serves the URL's scheme; closing it closes them all. */
export class SchemeTrackerClient implements TrackerClient {
  readonly #clients: ReadonlyMap<string, LazyClient>;

  /**
   * `clients`: by scheme in lower case and without the colon, such as `http` or `udp`. A function opens its client at the first
   * call that needs it.
   */
  constructor(clients: Readonly<Record<string, ClientOrOpener>>) {
    const known = new Map<ClientOrOpener, LazyClient>();
    const lazy = (client: ClientOrOpener): LazyClient => {
      const made = known.get(client) ?? new LazyClient(client);
      known.set(client, made);
      return made;
    };
    this.#clients = new Map(
      Object.entries(clients).map(([scheme, client]) => [scheme, lazy(client)]),
    );
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    options?: TrackerCallOptions,
  ): Promise<AnnounceResponse> {
    return (await this.#clientOf(url)).announce(url, request, options);
  }

  async scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    options?: TrackerCallOptions,
  ): Promise<ScrapeResponse> {
    return (await this.#clientOf(url)).scrape(url, infoHashes, options);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.#clients.values())].map((client) => client.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws TrackerError `ERR_TRACKER_SCHEME_UNSUPPORTED`, `ERR_TRACKER_URL` */
  async #clientOf(url: string): Promise<TrackerClient> {
    const { scheme } = splitUrl(url);
    const client = this.#clients.get(scheme);
    if (client === undefined) {
      throw new TrackerError(
        'ERR_TRACKER_SCHEME_UNSUPPORTED',
        `Trackers of the scheme "${scheme}" are not supported (only ${[...this.#clients.keys()].join(', ')})`,
      );
    }
    return client.get();
  }
}

/** Options of {@link createTrackerClient}. */
export interface TrackerClientOptions extends HttpTrackerClientOptions {
  /** Sockets, clock and randomness for trackers over UDP. Default: Node's. Trackers of the web are always asked over Node's. */
  readonly host?: Host;
  /** The rest of what concerns UDP; or a client, which is closed with this one. */
  readonly udp?: UdpTrackerSettings | UdpTrackerClient;
}

/**
 * A client for every kind of tracker this package can talk to: `http`, `https` and `udp`. Sockets for UDP are opened by the first
 * call that needs them.
 */
export function createTrackerClient(options: TrackerClientOptions = {}): SchemeTrackerClient {
  const { host, udp, bind } = options;
  const web = new HttpTrackerClient(options);
  return new SchemeTrackerClient({
    http: web,
    https: web,
    udp:
      udp instanceof UdpTrackerClient
        ? udp
        : () =>
            UdpTrackerClient.open({
              ...udp,
              ...(host === undefined ? {} : { host }),
              ...(bind === undefined ? {} : { bind }),
            }),
  });
}
