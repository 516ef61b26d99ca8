import type { BlockRequests } from './block-requests.ts';

/** What is looked at of a peer. */
interface Asked {
  readonly requests: Pick<BlockRequests, 'fill' | 'isStarved' | 'lapse' | 'lapses'>;
  flush(): void;
}

/**
 * Once a second: where a peer that has what we want could not be asked for it for a while, because others owe everything there is
 * memory for, what they owe for too long is taken back and offered to those who wait: first to who has let the least lapse.
 */
export function relieveStarved(peers: Iterable<Asked>, now: number): void {
  const starved: Asked[] = [];
  for (const peer of peers) if (peer.requests.isStarved(now)) starved.push(peer);
  if (starved.length === 0) return;
  for (const { requests } of peers) requests.lapse(now);
  starved.sort((one, other) => one.requests.lapses - other.requests.lapses);
  for (const { requests } of starved) requests.fill(now);
  for (const peer of peers) peer.flush();
}
