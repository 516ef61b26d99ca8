import type { Random } from '@shoal/net';
import { ID_BYTES } from './krpc/index.ts';

/** Bits of a node id. */
export const ID_BITS = ID_BYTES * 8;

/** How many bits two ids have in common from the first on: 0 to 160. */
export function commonPrefix(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < ID_BYTES; at++) {
    const difference = (one[at] ?? 0) ^ (other[at] ?? 0);
    if (difference !== 0) return at * 8 + Math.clz32(difference) - 24;
  }
  return ID_BITS;
}

/** Negative when `one` is closer to `target` than `other` is, by XOR; positive when it is farther; 0 for the same id. */
export function compareDistance(one: Uint8Array, other: Uint8Array, target: Uint8Array): number {
  for (let at = 0; at < ID_BYTES; at++) {
    const left = one[at] ?? 0;
    const right = other[at] ?? 0;
    if (left === right) continue;
    const bits = target[at] ?? 0;
    return (left ^ bits) - (right ^ bits);
  }
  return 0;
}

/** Whether two ids are the same. */
export function sameId(one: Uint8Array, other: Uint8Array): boolean {
  for (let at = 0; at < ID_BYTES; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** A random id that has exactly the first `bits` bits in common with `id`; at least them when `bits` is 160. */
export function randomIdNear(id: Uint8Array, bits: number, random: Random): Uint8Array {
  const result = random.bytes(ID_BYTES);
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) result[at] = id[at] ?? 0;
  if (bits >= ID_BITS) return result;
  const kept = bits & 7;
  // The byte in which they part: the upper bits are kept, the next one differs, the rest is chance.
  const keptMask = (0xff00 >> kept) & 0xff;
  const differing = 0x80 >> kept;
  const own = id[whole] ?? 0;
  const free = (result[whole] ?? 0) & ~keptMask & ~differing & 0xff;
  result[whole] = (own & keptMask) | (~own & differing) | free;
  return result;
}
