import type { Clock, Timer } from '@shoal/net';
import type {
  WebAnswer,
  WebExchange,
  WebHandler,
  WebRequest,
  WebTransport,
} from '../../src/index.ts';
import { fileUrl } from '../../src/web-seed/seed-url.ts';
import type { TestTorrent } from '../disk/fixture.ts';

/** What a simulated server says to a request. */
export interface SimAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  /** The connection breaks after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Nothing comes after so many bytes of the body; -1: not even a head. */
  readonly silentAfter?: number;
  /** Where redirects have led. */
  readonly url?: string;
}

export type SimServer = (request: WebRequest) => SimAnswer;

export interface SimWebOptions {
  /** Milliseconds to the head of an answer. */
  readonly latency?: number;
  /** Bytes per second of one answer. */
  readonly rate?: number;
}

/** Bytes that come at once. */
const CHUNK = 20_000;

/** The web as one client sees it, in virtual time: a server for each origin. */
export class SimWeb implements WebTransport {
  readonly requests: WebRequest[] = [];
  readonly #servers = new Map<string, { server: SimServer; options: SimWebOptions }>();
  readonly #clock: () => Clock;
  /** Most requests at once. */
  peak = 0;
  sentBytes = 0;
  pauses = 0;
  aborts = 0;
  active = 0;

  constructor(clock: () => Clock) {
    this.#clock = clock;
  }

  serve(origin: string, server: SimServer, options: SimWebOptions = {}): this {
    this.#servers.set(origin, { server, options });
    return this;
  }

  open(request: WebRequest, handler: WebHandler): WebExchange {
    this.requests.push(request);
    this.active += 1;
    this.peak = Math.max(this.peak, this.active);
    const served = this.#servers.get(new URL(request.url).origin);
    return new SimExchange(this, this.#clock(), request, handler, served?.server, served?.options);
  }

  close(): void {
    // Nothing is kept.
  }

  /** Bytes asked for of each URL, in the order of the requests: `first-last`, or `all`. */
  asked(): Map<string, string[]> {
    const asked = new Map<string, string[]>();
    for (const { url, range } of this.requests) {
      const text = range === undefined ? 'all' : `${range.first}-${range.last}`;
      asked.set(url, [...(asked.get(url) ?? []), text]);
    }
    return asked;
  }

  /** Sum of the ranges asked for. */
  get askedBytes(): number {
    return this.requests.reduce(
      (sum, { range }) => sum + (range === undefined ? 0 : range.last - range.first + 1),
      0,
    );
  }
}

class SimExchange implements WebExchange {
  readonly #web: SimWeb;
  readonly #clock: Clock;
  readonly #handler: WebHandler;
  readonly #answer: SimAnswer | undefined;
  readonly #rate: number;
  readonly #request: WebRequest;
  #timer: Timer | undefined;
  #at = 0;
  #isPaused = false;
  #isWaiting = false;
  #isOver = false;

  constructor(
    web: SimWeb,
    clock: Clock,
    request: WebRequest,
    handler: WebHandler,
    server: SimServer | undefined,
    { latency = 20, rate = 1_000_000 }: SimWebOptions = {},
  ) {
    this.#web = web;
    this.#clock = clock;
    this.#request = request;
    this.#handler = handler;
    this.#rate = rate;
    this.#answer = server?.(request);
    this.#timer = clock.setTimer(() => this.#head(), latency);
  }

  pause(): void {
    if (!this.#isPaused) this.#web.pauses += 1;
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#timer = this.#clock.setTimer(() => this.#chunk(), 0);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#web.aborts += 1;
    this.#over();
  }

  #head(): void {
    const answer = this.#answer;
    if (answer === undefined) {
      this.#over();
      this.#handler.onFail('The server cannot be reached', false);
      return;
    }
    if (answer.silentAfter === -1) return;
    const { status, headers = {}, url = this.#request.url } = answer;
    const head: WebAnswer = { status, headers, url, publicOnly: this.#request.publicOnly };
    if (this.#handler.onAnswer(head)) this.#next();
    else if (!this.#isOver) this.#over();
  }

  #next(): void {
    const left = Math.min(CHUNK, (this.#answer?.body?.length ?? 0) - this.#at);
    this.#timer = this.#clock.setTimer(() => this.#chunk(), (left / this.#rate) * 1000);
  }

  #chunk(): void {
    if (this.#isOver) return;
    if (this.#isPaused) {
      this.#isWaiting = true;
      return;
    }
    const {
      body = new Uint8Array(0),
      cutAfter = Infinity,
      silentAfter = Infinity,
    } = this.#answer ?? {};
    if (this.#at >= cutAfter) {
      this.#over();
      this.#handler.onFail('The connection was lost', false);
      return;
    }
    if (this.#at >= silentAfter) return;
    const end = Math.min(this.#at + CHUNK, body.length, cutAfter, silentAfter);
    const chunk = body.slice(this.#at, end);
    this.#at = end;
    this.#web.sentBytes += chunk.length;
    if (chunk.length > 0) this.#handler.onData(chunk);
    this.#goOn(body.length);
  }

  #goOn(length: number): void {
    if (this.#isOver) return;
    if (this.#at < length) {
      this.#next();
      return;
    }
    this.#over();
    this.#handler.onEnd();
  }

  #over(): void {
    this.#isOver = true;
    this.#web.active -= 1;
    this.#timer?.cancel();
  }
}

export interface FileServerOptions {
  /** Answers ranges; else every answer is the whole file. Default true. */
  readonly ranges?: boolean;
  /** Indices of files that are not there. */
  readonly missing?: readonly number[];
}

/** A server that has the files of a torrent below a URL. */
export function fileServer(
  base: string,
  torrent: TestTorrent,
  { ranges = true, missing = [] }: FileServerOptions = {},
): SimServer {
  const files = new Map<string, number>();
  for (const { index, attributes } of torrent.info.files) {
    const url = attributes.padding ? undefined : fileUrl(new URL(base), torrent.info, index);
    if (url !== undefined && !missing.includes(index)) files.set(url, index);
  }
  return ({ url, range }) => {
    const file = files.get(url);
    if (file === undefined) return { status: 404 };
    const bytes = torrent.fileBytes(file);
    if (range === undefined || !ranges) {
      return { status: 200, headers: { 'content-length': `${bytes.length}` }, body: bytes };
    }
    return ranged(bytes, range);
  };
}

/** A right answer to a request for a range of these bytes. */
export function ranged(
  bytes: Uint8Array,
  { first, last }: { readonly first: number; readonly last: number },
): SimAnswer {
  if (last >= bytes.length) return { status: 416 };
  const headers = {
    'content-range': `bytes ${first}-${last}/${bytes.length}`,
    'content-length': `${last - first + 1}`,
  };
  return { status: 206, headers, body: bytes.subarray(first, last + 1) };
}
