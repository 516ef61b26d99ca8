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
import { splitUrl } from './url.ts';

/** Hands each call to the client that serves the URL's scheme; closing it closes them all. */
export class SchemeTrackerClient implements TrackerClient {
  readonly #clients: ReadonlyMap<string, TrackerClient>;

  /** `clients`: by scheme in lower case and without the colon, such as `http` or `udp`. */
  constructor(clients: Readonly<Record<string, TrackerClient>>) {
    this.#clients = new Map(Object.entries(clients));
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    options?: TrackerCallOptions,
  ): Promise<AnnounceResponse> {
    return this.#clientOf(url).announce(url, request, options);
  }

  async scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    options?: TrackerCallOptions,
  ): Promise<ScrapeResponse> {
    return this.#clientOf(url).scrape(url, infoHashes, options);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.#clients.values())].map((client) => client.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws TrackerError `ERR_TRACKER_SCHEME_UNSUPPORTED`, `ERR_TRACKER_URL` */
  #clientOf(url: string): TrackerClient {
    const { scheme } = splitUrl(url);
    const client = this.#clients.get(scheme);
    if (client === undefined) {
      throw new TrackerError(
        'ERR_TRACKER_SCHEME_UNSUPPORTED',
        `Trackers of the scheme "${scheme}" are not supported (only ${[...this.#clients.keys()].join(', ')})`,
      );
    }
    return client;
  }
}

/** A client for every kind of tracker this package can talk to: `http` and `https` so far. */
export function createTrackerClient(options: HttpTrackerClientOptions = {}): SchemeTrackerClient {
  const web = new HttpTrackerClient(options);
  return new SchemeTrackerClient({ http: web, https: web });
}
