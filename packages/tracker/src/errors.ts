/** Every code a {@link TrackerError} can carry; the README says what each asks of the caller. */
export type TrackerErrorCode =
  | 'ERR_TRACKER_URL'
  | 'ERR_TRACKER_SCHEME_UNSUPPORTED'
  | 'ERR_TRACKER_REQUEST'
  | 'ERR_TRACKER_TIMEOUT'
  | 'ERR_TRACKER_CONNECTION'
  | 'ERR_TRACKER_ADDRESS'
  | 'ERR_TRACKER_REDIRECT'
  | 'ERR_TRACKER_HTTP_STATUS'
  | 'ERR_TRACKER_TOO_LARGE'
  | 'ERR_TRACKER_ENCODING'
  | 'ERR_TRACKER_RESPONSE'
  | 'ERR_TRACKER_FAILURE'
  | 'ERR_TRACKER_SCRAPE_UNSUPPORTED'
  | 'ERR_TRACKER_CLOSED'
  | 'ERR_TRACKER_LISTEN';

/** Options of {@link TrackerError}. */
export interface TrackerErrorOptions extends ErrorOptions {
  /** When the tracker may be asked again: seconds from now, or `'never'` (BEP 31, or an HTTP `Retry-After`). */
  readonly retryIn?: number | 'never' | undefined;
}

/** Base class of everything this package throws or rejects with. */
export class TrackerError extends Error {
  /** What went wrong, to switch on. */
  readonly code: TrackerErrorCode;
  /** When the tracker may be asked again: seconds from now, or `'never'`; undefined when it did not say. */
  readonly retryIn: number | 'never' | undefined;

  constructor(code: TrackerErrorCode, message: string, options: TrackerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryIn = options.retryIn;
  }
}

/** The tracker answered, and said no: code `ERR_TRACKER_FAILURE` (BEP 3 `failure reason`). */
export class TrackerFailure extends TrackerError {
  /** The tracker's own words, fit for a terminal. May be empty. */
  readonly reason: string;

  constructor(reason: string, retryIn?: number | 'never') {
    super(
      'ERR_TRACKER_FAILURE',
      reason === ''
        ? 'The tracker refused the request and gave no reason'
        : `The tracker refused the request: ${reason}`,
      { retryIn },
    );
    this.reason = reason;
  }
}

/** The tracker's web server answered with a status other than 200: code `ERR_TRACKER_HTTP_STATUS`. */
export class TrackerHttpStatusError extends TrackerError {
  /** The HTTP status code, 100–999. */
  readonly status: number;
  /** The beginning of the body, fit for a terminal. May be empty. */
  readonly excerpt: string;

  constructor(status: number, excerpt: string, host: string, retryIn?: number | 'never') {
    super(
      'ERR_TRACKER_HTTP_STATUS',
      `The tracker ${host} answered with HTTP status ${status}${excerpt === '' ? '' : `: ${excerpt}`}`,
      { retryIn },
    );
    this.status = status;
    this.excerpt = excerpt;
  }
}
