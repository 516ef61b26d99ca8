import type {
  AnnounceRequest,
  AnnounceResponse,
  ScrapeResponse,
  TrackerCallOptions,
  TrackerClient,
} from '../../src/index.ts';

export function announceResponse(changes: Partial<AnnounceResponse> = {}): AnnounceResponse {
  return {
    interval: 1800,
    minInterval: undefined,
    peers: [],
    namedPeers: [],
    complete: undefined,
    incomplete: undefined,
    downloaded: undefined,
    trackerId: undefined,
    externalIp: undefined,
    warning: undefined,
    ...changes,
  };
}

export interface Call {
  url: string;
  request: AnnounceRequest;
  signal: AbortSignal | undefined;
}

type Behaviour = (
  request: AnnounceRequest,
) => AnnounceResponse | Error | Promise<AnnounceResponse | Error>;

/** Trackers that answer as a test says, and a record of what they were asked. */
export class FakeClient implements TrackerClient {
  readonly calls: Call[] = [];
  readonly #behaviours = new Map<string, Behaviour>();

  /** What the tracker at `url` does from now on. Trackers not named answer well. */
  on(url: string, behaviour: Behaviour | AnnounceResponse | Error): this {
    this.#behaviours.set(url, typeof behaviour === 'function' ? behaviour : () => behaviour);
    return this;
  }

  /** The calls so far as `host event`, and forgets them. */
  take(): string[] {
    return this.calls
      .splice(0)
      .map(({ url, request }) => `${new URL(url).hostname} ${request.event ?? '-'}`);
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    { signal }: TrackerCallOptions = {},
  ): Promise<AnnounceResponse> {
    this.calls.push({ url, request, signal });
    const answer = await (this.#behaviours.get(url)?.(request) ?? announceResponse());
    signal?.throwIfAborted();
    if (answer instanceof Error) throw answer;
    return answer;
  }

  scrape(): Promise<ScrapeResponse> {
    return Promise.reject(new Error('not asked for'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
