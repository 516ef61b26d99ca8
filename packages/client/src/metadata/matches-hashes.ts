import { createHash } from 'node:crypto';
import type { InfoHashes } from '../info-hashes.ts';

/** Whether an info dictionary has the hashes a magnet link names: one of them, or both. */
export function matchesHashes(bytes: Uint8Array, { v1, v2 }: InfoHashes): boolean {
  if (v1 === undefined && v2 === undefined) return false;
  return isHash('sha1', bytes, v1) && isHash('sha256', bytes, v2);
}

function isHash(
  algorithm: 'sha1' | 'sha256',
  bytes: Uint8Array,
  wanted: Uint8Array | undefined,
): boolean {
  if (wanted === undefined) return true;
  return createHash(algorithm).update(bytes).digest().equals(wanted);
}
