/**
 * Which of two ids is closer to a third one by the metric of Kademlia, the exclusive or (BEP 5): negative for `a`, positive for
 * `b`, 0 where they are the same. All three have the same length.
 */
export function compareDistance(a: Uint8Array, b: Uint8Array, to: Uint8Array): number {
  for (let at = 0; at < to.length; at++) {
    const byte = to[at] ?? 0;
    const difference = ((a[at] ?? 0) ^ byte) - ((b[at] ?? 0) ^ byte);
    if (difference !== 0) return difference;
  }
  return 0;
}
