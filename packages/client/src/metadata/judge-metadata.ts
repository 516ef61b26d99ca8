import { createHash } from 'node:crypto';
import type { InfoHashes } from '../info-hashes.ts';

/**
 * What an info dictionary is to a magnet link: `right` has all the hashes it names, `wrong` none of them. `contradictory` has one
 * of two: the link names two torrents at once, as nobody can make up bytes for a hash.
 */
export type HashVerdict = 'right' | 'wrong' | 'contradictory';

/** Compares an info dictionary with the hashes a magnet link names: one of them, or both. */
export function judgeMetadata(bytes: Uint8Array, { v1, v2 }: InfoHashes): HashVerdict {
  const digest = digestsOf(bytes);
  const verdicts: boolean[] = [];
  if (v1 !== undefined) {
    // Some name a v2 torrent as handshakes do, by the first 20 bytes of its SHA-256, where a SHA-1 should stand.
    verdicts.push(digest('sha1').equals(v1) || digest('sha256').subarray(0, v1.length).equals(v1));
  }
  if (v2 !== undefined) verdicts.push(digest('sha256').equals(v2));
  if (!verdicts.includes(true)) return 'wrong';
  return verdicts.includes(false) ? 'contradictory' : 'right';
}

/** Each digest is made when it is first asked for, and once: metadata may have 30 MiB. */
function digestsOf(bytes: Uint8Array): (algorithm: 'sha1' | 'sha256') => Buffer {
  const digests = new Map<string, Buffer>();
  return (algorithm) => {
    const known = digests.get(algorithm) ?? createHash(algorithm).update(bytes).digest();
    digests.set(algorithm, known);
    return known;
  };
}
