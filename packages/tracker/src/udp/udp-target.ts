import { parseAddress } from '@shoal/net';
import { TrackerError } from '../errors.ts';
import { MAX_URL_LENGTH, splitUrl } from '../url.ts';

/** What a `udp:` URL says. */
export interface UdpTarget {
  /** DNS name in ASCII, or IP literal without brackets. */
  readonly hostname: string;
  /** 1–65535. */
  readonly port: number;
  /** Host and port for messages: without path and query, which may hold a passkey. */
  readonly host: string;
  /** Path and query for BEP 41, in printable ASCII; undefined when the URL has neither. */
  readonly urlData: string | undefined;
}

/**
 * Reads the URL of a tracker over UDP: `udp://host:port/path?query`. The port has no default. Host names in other scripts are
 * converted (IDNA); path and query stay as they are written.
 *
 * @throws TrackerError `ERR_TRACKER_URL`, `ERR_TRACKER_SCHEME_UNSUPPORTED`
 */
export function udpTarget(url: string): UdpTarget {
  const { scheme, authority, path, query } = splitUrl(url);
  if (scheme !== 'udp') {
    throw new TrackerError(
      'ERR_TRACKER_SCHEME_UNSUPPORTED',
      `A client over UDP cannot talk to trackers of the scheme "${scheme}"`,
    );
  }
  const port = Number(/:(\d{1,5})$/.exec(authority)?.[1] ?? 0);
  if (port < 1 || port > 65535) {
    throw new TrackerError('ERR_TRACKER_URL', 'The URL of a tracker over UDP must name a port');
  }
  let name: string;
  try {
    // Only schemes of the web have their host names converted and checked.
    name = new URL(`http://${authority}/`).hostname;
  } catch (cause) {
    throw new TrackerError('ERR_TRACKER_URL', 'The tracker URL cannot be read', { cause });
  }
  const urlData = query === undefined ? path : `${path}?${query}`;
  if (urlData.length > MAX_URL_LENGTH) {
    throw new TrackerError(
      'ERR_TRACKER_URL',
      `Path and query of a tracker URL may have at most ${MAX_URL_LENGTH} characters`,
    );
  }
  const hostname = name.replace(/^\[|\]$/g, '');
  return {
    hostname: parseAddress(hostname) ?? hostname,
    port,
    host: `${name}:${port}`,
    urlData: urlData === '' ? undefined : urlData,
  };
}
