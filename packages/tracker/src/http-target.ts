import { TrackerError } from './errors.ts';
import { MAX_REQUEST_URL_LENGTH, splitUrl } from './url.ts';

/** One HTTP request's worth of URL: where to connect and what to ask for. */
export interface HttpTarget {
  readonly protocol: 'http:' | 'https:';
  /** DNS name, or IP literal without brackets. */
  readonly hostname: string;
  /** 1–65535. */
  readonly port: number;
  /** Path and query as they go into the request line. */
  readonly path: string;
  /** Protocol, host and port: what credentials belong to. */
  readonly origin: string;
  /** Host and port for messages: without path and query, which may hold a passkey. */
  readonly host: string;
  /** Value of the Authorization header, from credentials in the URL. */
  readonly authorization: string | undefined;
}

function decodeCredential(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function fromUrl(url: URL, path: string, withCredentials: boolean): HttpTarget {
  const { protocol } = url;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TrackerError(
      'ERR_TRACKER_SCHEME_UNSUPPORTED',
      `A web client cannot talk to trackers of the scheme "${protocol}"`,
    );
  }
  const user = `${decodeCredential(url.username)}:${decodeCredential(url.password)}`;
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (protocol === 'http:' ? 80 : 443) : Number(url.port),
    path,
    origin: url.origin,
    host: url.host,
    authorization:
      withCredentials && user !== ':' ? `Basic ${Buffer.from(user).toString('base64')}` : undefined,
  };
}

function parseUrl(text: string, base?: string): URL {
  try {
    return new URL(text, base);
  } catch (cause) {
    throw new TrackerError('ERR_TRACKER_URL', 'The tracker URL cannot be read', { cause });
  }
}

/**
 * Reads the URL of a request to a tracker. Host names in other scripts are converted (IDNA) and odd spellings of IP addresses normalised;
 * path and query stay as they are written.
 *
 * @throws TrackerError `ERR_TRACKER_URL`, `ERR_TRACKER_SCHEME_UNSUPPORTED`
 */
export function httpTarget(url: string): HttpTarget {
  const { scheme, authority, path, query } = splitUrl(url, MAX_REQUEST_URL_LENGTH);
  const origin = parseUrl(`${scheme}://${authority}/`);
  const target = fromUrl(
    origin,
    `${path === '' ? '/' : path}${query === undefined ? '' : `?${query}`}`,
    true,
  );
  if (target.hostname === '' || target.port === 0) {
    throw new TrackerError('ERR_TRACKER_URL', 'The tracker URL names no host or port');
  }
  return target;
}

/**
 * Where a redirect leads. Credentials go along only to the same origin, and none are taken from the redirect itself.
 *
 * @throws TrackerError `ERR_TRACKER_REDIRECT`
 */
export function redirectTarget(from: HttpTarget, location: string): HttpTarget {
  let target: HttpTarget;
  try {
    const url = parseUrl(location, `${from.origin}${from.path}`);
    target = fromUrl(url, `${url.pathname}${url.search}`, false);
  } catch (cause) {
    throw new TrackerError(
      'ERR_TRACKER_REDIRECT',
      `The tracker ${from.host} redirects to an address that is not of the web`,
      { cause },
    );
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new TrackerError(
      'ERR_TRACKER_REDIRECT',
      `The tracker ${from.host} redirects from https to http, where others could read along`,
    );
  }
  return target.origin === from.origin ? { ...target, authorization: from.authorization } : target;
}
