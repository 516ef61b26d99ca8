/** One request for bytes of the web. */
export interface WebRequest {
  /** Where to ask. */
  readonly url: string;
  /** The web seed's own URL: its credentials go along to its own origin, and nowhere else. */
  readonly base: string;
  /** The bytes wanted, both included; undefined: all there are, without a `Range` header. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** Only addresses of the public internet may be connected to. */
  readonly publicOnly: boolean;
}

/** The head of an answer that is not a redirect. */
export interface WebAnswer {
  readonly status: number;
  /** Header lines by lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where it came from, after redirects. */
  readonly url: string;
  /** Redirects from there may lead to public addresses only. */
  readonly publicOnly: boolean;
}

/** Hears of one request. After `onAnswer` has said false, `onEnd`, `onFail` or {@link WebExchange.abort} nothing is called any more. */
export interface WebHandler {
  /** @returns whether the body is wanted */
  onAnswer(answer: WebAnswer): boolean;
  /** The next bytes of the body as they came, never unpacked. They stay valid. */
  onData(chunk: Uint8Array): void;
  /** The body has come whole. */
  onEnd(): void;
  /** No answer, or not all of it. `isFinal`: asking again is of no use. `reason` is for a person. */
  onFail(reason: string, isFinal: boolean): void;
}

/** A request under way. */
export interface WebExchange {
  /** Reads no more of the body for now, so that the server has to wait: `onData` is not called before {@link resume}. */
  pause(): void;
  resume(): void;
  /** Ends it; idempotent. */
  abort(): void;
}

/** Makes requests. It calls no handler before `open` has returned. */
export interface WebTransport {
  open(request: WebRequest, handler: WebHandler): WebExchange;
  /** Other addresses may not be connected to than before: connections that are kept may lead there. */
  blockedChanged?(): void;
  /** Ends all requests, and closes all connections. */
  close(): void;
}
