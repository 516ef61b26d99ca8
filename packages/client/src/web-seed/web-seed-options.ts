import type { WebTransport } from './web-transport.ts';

/** Options of `ClientOptions.webSeeds`. Every number has its default and reason in {@link webSeedDefaults}. */
export interface WebSeedOptions {
  /** Requests under way at once, over all torrents. */
  readonly maxRequests?: number;
  /** Of these, to one server (scheme, host and port). */
  readonly maxRequestsPerServer?: number;
  /** Of these, to one web seed of one torrent. */
  readonly maxRequestsPerSeed?: number;
  /** Who makes the requests; default: HTTP and HTTPS. It is closed with the client. */
  readonly transport?: WebTransport;
}

/** The bounds of web seeds: one place, each with its unit and reason. */
export const webSeedDefaults = {
  /** Requests. With runs of {@link maxRunBytes} each they hold half of the memory for pieces at most. */
  maxRequests: 16,
  /** Requests. Browsers have six; servers count more as an attack. */
  maxRequestsPerServer: 6,
  /** Requests: enough to fill the pauses between one answer and the next. */
  maxRequestsPerSeed: 4,
  /** Web seeds of one torrent that are used; lists beyond that are mirrors nobody needs at once. */
  maxSeeds: 32,
  /** Bytes of the first request of a seed, of which nothing is known yet. */
  firstRunBytes: 512 * 1024,
  /** Bytes of a request: less costs more in headers and pauses than it is worth ... */
  minRunBytes: 64 * 1024,
  /** ... and more gains nothing, and holds memory. */
  maxRunBytes: 4 * 1024 * 1024,
  /** Milliseconds one request shall take: long beside its pauses, short enough to change one's mind. */
  runTime: 3_000,
  /** Bytes of blocks that others owe, asked for by a seed that has nothing else to do. */
  owedRunBytes: 256 * 1024,
  /** Milliseconds a seed has nothing to do before it is asked for what others owe. */
  idleTime: 5_000,
  /** Milliseconds of the end-game that blocks may take to come; those that would take longer are left to others. */
  endGameTime: 5_000,
  /** Milliseconds from a request to the head of its answer, names, connection and redirects included. */
  answerTimeout: 30_000,
  /** Milliseconds of a body without a byte. */
  silenceTimeout: 20_000,
  /** Bytes per second of a body, measured over {@link rateTime}: slower is of no use, and may be meant to hold us. */
  minRate: 1_024,
  /** Milliseconds. */
  rateTime: 30_000,
  /** Milliseconds of waiting after a first failure; each further one in a row doubles it ... */
  firstPause: 2_000,
  /** ... up to this. */
  maxPause: 600_000,
  /** Milliseconds that a `Retry-After` may ask for. */
  maxRetryAfter: 3_600_000,
  /** Corrupt pieces after which a seed is banned: a mirror may have one damaged file. */
  maxCorruptPieces: 3,
  /** Files in a row that a server says it has not before that counts as a failure. */
  maxMissingInARow: 16,
  /** Redirects of one request. */
  maxRedirects: 5,
  /** Redirects remembered of one seed, so that not every request takes the way through them. */
  maxRememberedRedirects: 64,
  /** Bytes of an answer's header lines. */
  maxHeaderBytes: 16 * 1024,
  /** Of what a server without ranges must send for a file, the part that must be of use: less is waste. */
  usefulPart: 0.5,
  /** Bytes that are fetched whole from a server without ranges, however little of it is of use. */
  smallFile: 256 * 1024,
} as const;
