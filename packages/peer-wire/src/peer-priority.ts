import { addressToBytes, crc32c } from '@shoal/net';
import type { Endpoint } from '@shoal/net';

/** What is kept of an address byte outside the part that is always kept: every other bit (BEP 40). */
const PARTIAL_MASK = 0x55;

/**
 * The canonical priority of the connection between two endpoints (BEP 40): an unsigned 32-bit integer, the same whichever
 * side computes it. Where there are too many candidates, those with the higher priority are preferred; so that both
 * sides agree, our own endpoint must be the one the peer sees.
 *
 * The BEP is silent about an IPv4 and an IPv6 address together; the IPv4 address then counts as its IPv4-mapped form, so
 * that any two endpoints have a priority. Throws a `NetError` for an address that is no IP literal.
 */
export function peerPriority(a: Endpoint, b: Endpoint): number {
  let first = addressToBytes(a.address);
  let second = addressToBytes(b.address);
  if (first.length !== second.length) {
    first = toIPv6(first);
    second = toIPv6(second);
  }
  const shared = sharedBytes(first, second);
  if (shared === first.length) {
    const [low, high] = a.port < b.port ? [a.port, b.port] : [b.port, a.port];
    return crc32c(Uint8Array.of(low >>> 8, low, high >>> 8, high));
  }
  // Kept whole are the first 2 bytes of IPv4 and 6 of IPv6; if those are the same, one byte more than is the same.
  const least = first.length === 4 ? 2 : 6;
  const whole = shared < least ? least : shared + 1;
  mask(first, whole);
  mask(second, whole);
  const hashed = new Uint8Array(first.length * 2);
  const ordered = Buffer.compare(first, second) <= 0;
  hashed.set(ordered ? first : second);
  hashed.set(ordered ? second : first, first.length);
  return crc32c(hashed);
}

function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  let shared = 0;
  while (shared < a.length && a[shared] === b[shared]) shared++;
  return shared;
}

function mask(bytes: Uint8Array, whole: number): void {
  for (let i = whole; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) & PARTIAL_MASK;
}

function toIPv6(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes);
}
