import { parseAddress } from '../address.ts';
import type { Endpoint } from '../endpoint.ts';

/** Letters that only a spelling to be normalised has: a dotted quad inside IPv6, or a zone. */
const ODD_SPELLING = /:.*[.%]/;

/** The canonical form of an address as the system gives it. */
export function systemAddress(text: string): string {
  // The system's own spelling is canonical but for embedded IPv4 addresses and zones.
  if (!ODD_SPELLING.test(text)) return text;
  const zone = text.indexOf('%');
  return parseAddress(zone < 0 ? text : text.slice(0, zone)) ?? text;
}

/** An endpoint of what a Node socket says of itself; undefined when it has none (any more). */
export function systemEndpoint(
  address: string | undefined,
  port: number | undefined,
): Endpoint | undefined {
  if (address === undefined || port === undefined) return undefined;
  return { address: systemAddress(address), port };
}
