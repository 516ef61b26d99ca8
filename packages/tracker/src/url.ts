import { TrackerError } from './errors.ts';
import { checkAnnounce, checkHash } from './request-check.ts';
import type { AnnounceRequest } from './types.ts';

/** Characters of a tracker URL; longer ones are refused. Servers commonly stop at 8 KiB, and parameters come on top. */
export const MAX_URL_LENGTH = 4096;

/** Characters of a URL with all parameters: a scrape of 64 info-hashes has 4,700 besides the tracker's own part. */
export const MAX_REQUEST_URL_LENGTH = 3 * MAX_URL_LENGTH;

/** For each byte how it stands in a URL: RFC 3986 unreserved characters as they are, all others as %XX. */
const ESCAPED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9\-._~]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** Escapes bytes for a URL: RFC 3986 unreserved characters stay, every other byte becomes `%XX` in upper case. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += ESCAPED[byte] ?? '';
  return text;
}

/** A URL cut into pieces that are kept as they were written. */
export interface UrlParts {
  /** Lower case, without the colon. */
  readonly scheme: string;
  /** Credentials, host and port, as written. */
  readonly authority: string;
  /** Empty or beginning with `/`. */
  readonly path: string;
  /** Without the `?`; undefined when there is none. */
  readonly query: string | undefined;
}

const encoder = new TextEncoder();

/** Escapes what may not stand in a request line, and nothing else, so that a passkey arrives as it was written. */
function escapeForRequestLine(text: string): string {
  return text.replace(/[^\u0021-\u007e]+/gu, (run) => escapeBytes(encoder.encode(run)));
}

/**
 * Splits an absolute URL `scheme://authority/path?query#fragment` without changing a byte of path and query, except that
 * what is not printable ASCII is escaped. The fragment is dropped. (`URL` would rewrite quotes, dots and backslashes.)
 *
 * @throws TrackerError `ERR_TRACKER_URL`
 */
export function splitUrl(url: string, maxLength: number = MAX_URL_LENGTH): UrlParts {
  const text = url.trim();
  if (text.length > maxLength) {
    throw new TrackerError(
      'ERR_TRACKER_URL',
      `A tracker URL may be at most ${maxLength} characters long; this one has ${text.length}`,
    );
  }
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/su.exec(text);
  const [, scheme, authority, path, query] = match ?? [];
  if (scheme === undefined || authority === undefined || authority === '') {
    throw new TrackerError('ERR_TRACKER_URL', 'A tracker URL must look like scheme://host/path');
  }
  // A backslash or a control character here makes two parsers see two different hosts.
  if (/[\s\\\p{Cc}]/u.test(authority)) {
    throw new TrackerError(
      'ERR_TRACKER_URL',
      'The host of a tracker URL holds a character that no host may hold',
    );
  }
  return {
    scheme: scheme.toLowerCase(),
    authority,
    path: escapeForRequestLine(path ?? ''),
    query: query === undefined ? undefined : escapeForRequestLine(query),
  };
}

/**
 * The URL can say nothing to whoever is there but what an announce says: path `/announce`, no query and no credentials.
 *
 * @throws TrackerError `ERR_TRACKER_URL`
 */
export function isPlainAnnounce(url: string): boolean {
  const { authority, path, query } = splitUrl(url);
  return path === '/announce' && query === undefined && !authority.includes('@');
}

function joinUrl(parts: UrlParts, path: string, parameters: string): string {
  const own = parts.query ?? '';
  const separator = own === '' || own.endsWith('&') || parameters === '' ? '' : '&';
  const query = `${own}${separator}${parameters}`;
  return `${parts.scheme}://${parts.authority}${path}${query === '' && parts.query === undefined ? '' : `?${query}`}`;
}

function countText(value: number | bigint): string {
  return (typeof value === 'bigint' ? value : BigInt(Math.floor(value))).toString();
}

/**
 * The query parameters of an announce, in the order trackers are used to.
 *
 * @throws TrackerError `ERR_TRACKER_REQUEST` when a field is out of its range
 */
export function announceQuery(request: AnnounceRequest): string {
  checkAnnounce(request);
  const { port, numwant, key, trackerId } = request;
  let query =
    `info_hash=${escapeBytes(request.infoHash)}` +
    `&peer_id=${escapeBytes(request.peerId)}` +
    `&port=${port}` +
    `&uploaded=${countText(request.uploaded)}` +
    `&downloaded=${countText(request.downloaded)}` +
    `&left=${countText(request.left)}`;
  if (request.event !== undefined) query += `&event=${request.event}`;
  query += request.compact === false ? '&compact=0' : '&compact=1';
  if (request.noPeerId !== false) query += '&no_peer_id=1';
  if (numwant !== undefined) query += `&numwant=${numwant}`;
  if (key !== undefined) {
    query += `&key=${(key >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;
  }
  if (trackerId !== undefined) query += `&trackerid=${escapeBytes(trackerId)}`;
  for (const name of ['ip', 'ipv4', 'ipv6'] as const) {
    const value = request[name];
    if (value !== undefined) query += `&${name}=${escapeBytes(encoder.encode(value))}`;
  }
  return query;
}

/**
 * The URL of an announce: the tracker's announce URL with the request's parameters appended. The URL's own query (a
 * passkey, for instance) is kept byte for byte; a fragment is dropped.
 *
 * @throws TrackerError `ERR_TRACKER_URL`, `ERR_TRACKER_REQUEST`
 */
export function announceUrl(url: string, request: AnnounceRequest): string {
  const parts = splitUrl(url);
  return joinUrl(parts, parts.path === '' ? '/' : parts.path, announceQuery(request));
}

/** The announce URL of a tracker with the path of its scrapes; undefined when it cannot be scraped. */
function scrapeParts(url: string): UrlParts | undefined {
  const parts = splitUrl(url);
  const last = parts.path.lastIndexOf('/') + 1;
  if (last === 0 || !parts.path.startsWith('announce', last)) return undefined;
  const path = `${parts.path.slice(0, last)}scrape${parts.path.slice(last + 'announce'.length)}`;
  return { ...parts, path };
}

/**
 * Where a tracker is scraped: the announce URL with the `announce` at the beginning of the last part of its path replaced
 * by `scrape` (BEP 48). Undefined when the path has none there, which means that the tracker cannot be scraped.
 *
 * @throws TrackerError `ERR_TRACKER_URL`
 */
export function scrapeUrl(url: string): string | undefined {
  const parts = scrapeParts(url);
  return parts && joinUrl(parts, parts.path, '');
}

/**
 * The URL of a scrape for `infoHashes` (20 bytes each), or undefined when the tracker cannot be scraped.
 *
 * @throws TrackerError `ERR_TRACKER_URL`, `ERR_TRACKER_REQUEST`
 */
export function scrapeRequestUrl(
  url: string,
  infoHashes: readonly Uint8Array[],
): string | undefined {
  const parts = scrapeParts(url);
  if (parts === undefined) return undefined;
  const query = infoHashes
    .map((hash) => `info_hash=${escapeBytes(checkHash(hash, 'infoHash'))}`)
    .join('&');
  return joinUrl(parts, parts.path, query);
}
