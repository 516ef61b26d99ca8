import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { AddressGuard, isIPv6Address, type Reach } from '@shoal/net';
import { TrackerError, TrackerFailure, TrackerHttpStatusError } from './errors.ts';
import { Gate } from './gate.ts';
import { Agents, exchange } from './http-exchange.ts';
import type { ExchangeSettings, HttpAnswer } from './http-exchange.ts';
import { httpTarget, redirectTarget } from './http-target.ts';
import type { HttpTarget } from './http-target.ts';
import { MAX_RETRY_IN } from './limits.ts';
import type { ResponseLimits } from './limits.ts';
import { parseAnnounceResponse, parseScrapeResponse } from './response.ts';
import { sanitizeBytes } from './text.ts';
import type {
  AnnounceRequest,
  AnnounceResponse,
  ScrapeFile,
  ScrapeResponse,
  TrackerCallOptions,
  TrackerClient,
} from './types.ts';
import { announceUrl, isPlainAnnounce, scrapeRequestUrl } from './url.ts';
import { VERSION } from './version.ts';

/** Milliseconds from the first attempt to connect to the last byte of the answer, redirects included. */
export const DEFAULT_TIMEOUT = 15_000;
/** The same for `stopped`: someone is waiting for the program to end. */
export const DEFAULT_STOP_TIMEOUT = 5_000;
/** Bytes of an answer, before and after unpacking: ten times the largest full scrape of a common tracker page. */
export const DEFAULT_MAX_BODY_LENGTH = 2 * 1024 * 1024;
/** Redirects followed for one request; trackers that moved need one or two. */
export const DEFAULT_MAX_REDIRECTS = 5;
/** Requests under way at once, so that they do not use up the sockets: as many as an `AnnounceScheduler` lets through. */
export const DEFAULT_MAX_CONCURRENT = 256;
/** Info-hashes in one scrape request, which keeps its URL below 8 KiB; more are asked for in turn. */
export const SCRAPE_BATCH = 64;
/** Characters of an error page that are kept for the message. */
const EXCERPT_TEXT_LENGTH = 120;

/** Options of {@link HttpTrackerClient}. */
export interface HttpTrackerClientOptions {
  /** Milliseconds for one call. Default {@link DEFAULT_TIMEOUT}. */
  readonly timeout?: number;
  /** Milliseconds for an announce of `stopped`. Default {@link DEFAULT_STOP_TIMEOUT}. */
  readonly stopTimeout?: number;
  /** Bytes. Default {@link DEFAULT_MAX_BODY_LENGTH}. */
  readonly maxBodyLength?: number;
  /** Default {@link DEFAULT_MAX_REDIRECTS}; 0 follows none. */
  readonly maxRedirects?: number;
  /** Requests at once; others wait. Default {@link DEFAULT_MAX_CONCURRENT}. */
  readonly maxConcurrent?: number;
  /** Local IP literal to connect from; also decides the address family. */
  readonly bind?: string;
  /** Address family to connect over. Default 0: whichever answers first. */
  readonly family?: 0 | 4 | 6;
  /** Keep connections for the next announce. Default false: the next one is half an hour away. */
  readonly keepAlive?: boolean;
  /** Default `Shoal/<version>`. */
  readonly userAgent?: string;
  /** What is taken from answers. */
  readonly limits?: Partial<ResponseLimits>;
  /** Certificates to trust for `https:` trackers, in PEM, instead of Node's own list. */
  readonly ca?: string | readonly string[];
  /** Resolves names. Default: the system's resolver. */
  readonly lookup?: LookupFunction;
  /** Addresses that are not connected to: an IP filter. */
  readonly isBlocked?: (address: string) => boolean;
  /** Whether an address may be connected to, given who named it. Default `isWithinReach` of `@shoal/net`. */
  readonly isWithinReach?: (address: string, reach: Reach) => boolean;
}

/** Seconds from `Retry-After`; the form with a date is left alone. */
function readRetryAfter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text)
    ? Math.min(Number(text), MAX_RETRY_IN)
    : undefined;
}

function statusError(answer: HttpAnswer, target: HttpTarget): TrackerHttpStatusError {
  let retryIn: number | 'never' | undefined = readRetryAfter(answer.retryAfter);
  let excerpt: string | undefined;
  try {
    parseAnnounceResponse(answer.body);
  } catch (error) {
    // Some trackers say properly why, and choose a fitting status as well.
    if (error instanceof TrackerFailure) {
      excerpt = error.reason;
      retryIn = error.retryIn ?? retryIn;
    }
  }
  excerpt ??= sanitizeBytes(answer.body)
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, EXCERPT_TEXT_LENGTH);
  return new TrackerHttpStatusError(answer.status, excerpt, target.host, retryIn);
}

/** Where a tracker may be that was named so: at a local address only what can be nothing but a tracker. */
function reachOf(url: string, { reach = 'any' }: TrackerCallOptions): Reach {
  return reach === 'local' && !isPlainAnnounce(url) ? 'public' : reach;
}

/** A redirect to a place that may not be asked is the redirecting tracker's fault. */
function redirectError(error: unknown): unknown {
  if (!(error instanceof TrackerError) || error.code !== 'ERR_TRACKER_ADDRESS') return error;
  return new TrackerError(
    'ERR_TRACKER_REDIRECT',
    'The tracker redirects to an address that it may not lead to',
    { cause: error },
  );
}

/**
 * Announces to and scrapes trackers over HTTP and HTTPS.
 *
 * It stands on `node:http`, not on `fetch`, which refuses ports that trackers use and cannot choose a local address.
 */
export class HttpTrackerClient implements TrackerClient {
  readonly #timeout: number;
  readonly #stopTimeout: number;
  readonly #maxRedirects: number;
  readonly #limits: Partial<ResponseLimits>;
  readonly #settings: ExchangeSettings;
  readonly #rules: Pick<HttpTrackerClientOptions, 'isBlocked' | 'isWithinReach'>;
  readonly #gate: Gate;
  readonly #calls = new Set<AbortController>();
  #closed = false;

  constructor(options: HttpTrackerClientOptions = {}) {
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
    this.#stopTimeout = options.stopTimeout ?? DEFAULT_STOP_TIMEOUT;
    this.#maxRedirects = options.maxRedirects ?? DEFAULT_MAX_REDIRECTS;
    this.#limits = options.limits ?? {};
    const { isBlocked, isWithinReach } = options;
    this.#rules = {
      ...(isBlocked === undefined ? {} : { isBlocked }),
      ...(isWithinReach === undefined ? {} : { isWithinReach }),
    };
    this.#gate = new Gate(Math.max(1, options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT));
    const { bind, ca } = options;
    this.#settings = {
      agents: new Agents({
        keepAlive: options.keepAlive ?? false,
        ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
      }),
      userAgent: options.userAgent ?? `Shoal/${VERSION}`,
      maxBodyLength: options.maxBodyLength ?? DEFAULT_MAX_BODY_LENGTH,
      localAddress: bind,
      family: bind === undefined ? (options.family ?? 0) : isIPv6Address(bind) ? 6 : 4,
      lookup: options.lookup ?? systemLookup,
    };
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    options: TrackerCallOptions = {},
  ): Promise<AnnounceResponse> {
    const timeout = request.event === 'stopped' ? this.#stopTimeout : this.#timeout;
    const reach = reachOf(url, options);
    const body = await this.#get(announceUrl(url, request), reach, timeout, options.signal);
    return parseAnnounceResponse(body, this.#limits);
  }

  /** Large sets are asked for in batches of {@link SCRAPE_BATCH}, one after the other; an empty one asks for all there is. */
  async scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    options: TrackerCallOptions = {},
  ): Promise<ScrapeResponse> {
    const files = new Map<string, ScrapeFile>();
    let minRequestInterval: number | undefined;
    // At least one question: without info-hashes it is for everything the tracker has.
    for (let at = 0; at === 0 || at < infoHashes.length; at += SCRAPE_BATCH) {
      const target = scrapeRequestUrl(url, infoHashes.slice(at, at + SCRAPE_BATCH));
      if (target === undefined) {
        throw new TrackerError(
          'ERR_TRACKER_SCRAPE_UNSUPPORTED',
          'This tracker cannot be scraped: its URL does not end in "announce"',
        );
      }
      const reach = reachOf(url, options);
      const body = await this.#get(target, reach, this.#timeout, options.signal);
      const answer = parseScrapeResponse(body, this.#limits);
      for (const [hash, file] of answer.files) files.set(hash, file);
      minRequestInterval = answer.minRequestInterval ?? minRequestInterval;
    }
    return { files, minRequestInterval };
  }

  close(): Promise<void> {
    this.#closed = true;
    const reason = new TrackerError('ERR_TRACKER_CLOSED', 'The tracker client was closed');
    for (const call of this.#calls) call.abort(reason);
    this.#settings.agents.destroy();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One call from its place in the queue to the body of the final answer, under one deadline. */
  async #get(
    url: string,
    reach: Reach,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const target = httpTarget(url);
    signal?.throwIfAborted();
    if (this.#closed) {
      throw new TrackerError('ERR_TRACKER_CLOSED', 'The tracker client was closed');
    }
    const call = new AbortController();
    const forward = (): void => call.abort(signal?.reason);
    signal?.addEventListener('abort', forward, { once: true });
    this.#calls.add(call);
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#gate.enter(call.signal);
      try {
        timer = setTimeout(() => {
          call.abort(
            new TrackerError(
              'ERR_TRACKER_TIMEOUT',
              `The tracker ${target.host} did not answer within ${timeout} ms`,
            ),
          );
        }, timeout);
        return await this.#follow(target, reach, call.signal);
      } finally {
        this.#gate.leave();
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', forward);
      this.#calls.delete(call);
    }
  }

  async #follow(first: HttpTarget, reach: Reach, signal: AbortSignal): Promise<Uint8Array> {
    const { lookup } = this.#settings;
    const guard = new AddressGuard({ lookup, reach, ...this.#rules });
    const visited = new Set<string>();
    let target = first;
    for (;;) {
      visited.add(target.origin + target.path);
      const answer = await exchange(target, this.#settings, guard, signal).catch(
        (error: unknown) => {
          throw visited.size > 1 ? redirectError(error) : error;
        },
      );
      if (answer.status === 200) return answer.body;
      if (answer.status < 300 || answer.status >= 400 || answer.location === undefined) {
        throw statusError(answer, target);
      }
      const next = redirectTarget(target, answer.location);
      if (visited.has(next.origin + next.path)) {
        throw new TrackerError(
          'ERR_TRACKER_REDIRECT',
          `The tracker ${first.host} redirects in a circle`,
        );
      }
      if (visited.size > this.#maxRedirects) {
        throw new TrackerError(
          'ERR_TRACKER_REDIRECT',
          `The tracker ${first.host} redirects more than ${this.#maxRedirects} times`,
        );
      }
      guard.redirectedBy(answer.address);
      target = next;
    }
  }
}
