import { parseAddress } from './address.ts';
import type { Endpoint } from './endpoint.ts';

/** Highest port number. */
export const PORT_MAX = 65_535;

const ENDPOINT = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):(0|[1-9][0-9]{0,4})$/;

/**
 * Reads `1.2.3.4:80` or `[::1]:80`; undefined when it is neither. Host names are not endpoints. The address comes out in
 * canonical form; port 0 is accepted.
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = ENDPOINT.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  // Brackets are for IPv6 only, although an IPv4-mapped one inside them comes out as IPv4.
  if (bracketed !== undefined && !bracketed.includes(':')) return undefined;
  const address = parseAddress(bracketed ?? plain ?? '');
  const port = Number(digits);
  if (address === undefined || port > PORT_MAX) return undefined;
  return { address, port };
}

/** Writes an endpoint as `1.2.3.4:80` or `[::1]:80`. */
export function formatEndpoint(endpoint: Endpoint): string {
  const { address, port } = endpoint;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A string that two endpoints share exactly when they are the same: for keys of maps and sets. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address}|${endpoint.port}`;
}

/** True when the address is an IP literal in canonical form and the port an integer of 0–65535. */
export function isEndpoint(endpoint: Endpoint): boolean {
  const { address, port } = endpoint;
  return (
    Number.isInteger(port) && port >= 0 && port <= PORT_MAX && parseAddress(address) === address
  );
}
